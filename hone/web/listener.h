// A listening TCP socket and the threads that serve what it accepts, one connection each.
//
// Threads are made as they are needed, up to `threads`; further connections wait for one, up to `waiting`;
// beyond that they are sent `refusal` and closed.
//
// Thread safety: port() and crowded() from any thread; the others from one.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "hone/base/result.h"
#include "hone/web/connection.h"

namespace hone {

struct ListenerOptions {
  std::string host = "127.0.0.1";  // a name or an address of this machine
  int port = 0;                    // 0: any free one
  std::size_t threads = 128;
  std::size_t waiting = 1024;
  std::string refusal;
};

class Listener {
 public:
  using Serve = std::function<void(Connection&)>;

  // Listens: clients can connect, and wait. Error: no such host, an address that is not this machine's, a
  // port that is taken or not ours to take.
  static Result<std::unique_ptr<Listener>> open(const ListenerOptions& options);
  Listener(Listener&&) = delete;
  Listener& operator=(Listener&&) = delete;
  ~Listener();  // stops

  // Begins to serve, once. `serve` is called from many threads and must not throw.
  void begin(Serve serve);
  int port() const;
  // Whether connections wait, and no thread is free for them.
  bool crowded() const;
  // Accepts no more, gives idle connections up, and returns when those that are served have ended.
  void stop();

 private:
  struct Impl;
  explicit Listener(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Whether every address of the name is this machine's own loopback. Error: no such name.
Result<bool> is_loopback(const std::string& host);

}  // namespace hone
