// An HTTP/1.1 server: routes, limits, a token, and errors in OpenAI's form.
//
//   HttpServer server({.port = 0});
//   server.route("POST", "/verify", handler);
//   HONE_TRY(int port, server.start());
//   …
//   server.stop();
//
// What it answers by itself: 400 (not HTTP, an ambiguous length), 401 and 403 (http_guard.h), 404, 405 with
// Allow, 408 (head or body too slow), 413 (body too large), 415 (compressed), 431 (head too large), 500 (a
// handler threw), 503 (too many clients, or too many bodies at once). Connections are kept alive while no
// other client waits for a thread.
//
// Thread safety: a handler is called from many threads at once. The server's own members: from one thread,
// but for failure().
// Units: seconds, bytes.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>

#include "hone/base/result.h"
#include "hone/web/http.h"

namespace hone {

struct HttpOptions {
  std::string host = "127.0.0.1";
  int port = 0;                // 0: any free one
  std::string token = {};      // empty: none is asked for
  std::size_t clients = 128;   // served at a time, a thread for each
  std::size_t waiting = 1024;  // further ones, accepted and not yet served
  std::int64_t max_body = std::int64_t{32} << 20;
  std::int64_t max_bodies = std::int64_t{256} << 20;  // of all requests together
  double head_seconds = 10;                           // a request's head arrives in, once begun
  double body_seconds = 60;                           // its body
  double write_seconds = 60;                          // its answer is taken in
  double idle_seconds = 30;                           // between two requests of a connection
};

class HttpServer {
 public:
  // The route is the registered path, or "other" for what no route answered. Status: 499 for a client that
  // left before its answer's end; of streams what they ended with.
  using Observe = std::function<void(const std::string& route, int status, double seconds)>;

  explicit HttpServer(HttpOptions options);
  HttpServer(HttpServer&&) = delete;
  HttpServer& operator=(HttpServer&&) = delete;
  ~HttpServer();  // stops

  // GET (which answers HEAD too) or POST of exactly this path, or, where it ends in a slash ("/a/"), of all
  // below it that have no route of their own. `open`: answered without the token. Before
  // start().
  void route(const std::string& method, const std::string& path, HttpHandler handler, bool open = false);
  // Called after every answer, from its thread. Before start().
  void observe(Observe observe);

  // Begins to serve; the port. Errors: an address beyond loopback without a token; those of Listener::open.
  Result<int> start();
  // Accepts no more, lets the handlers that run finish and their answers go out.
  void stop();
  // What a handler threw that must not be gone on with (BrokenInvariant); null when none did.
  std::exception_ptr failure() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hone
