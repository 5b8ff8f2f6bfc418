// The HTTP of this server is cpp-httplib's: it reads heads, chunked bodies and lengths, and writes answers.
// Its own sockets, threads and routing are not used: there, a client that sends a byte a second holds a
// thread for ever, chunked and compressed bodies have no limit, and paths and Range are matched by recursive
// regular expressions.
#include "hone/web/http_server.h"

#include <httplib.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <map>
#include <mutex>

#include "hone/base/check.h"
#include "hone/base/log.h"
#include "hone/web/http_guard.h"
#include "hone/web/http_stream.h"
#include "hone/web/listener.h"

namespace hone {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxHead = 64 << 10;

// The library's server, for what it knows of HTTP.
class Codec : public httplib::Server {
 public:
  // False when the connection can't go on.
  bool exchange(httplib::Stream& stream, bool& closed, const std::function<void(httplib::Request&)>& set_up) {
    return process_request(stream, /*close_connection=*/false, closed, set_up);
  }
};

// Constructing the library's server ignores SIGPIPE in the whole process; nothing here needs that.
std::unique_ptr<Codec> make_codec() {
  struct sigaction before {};
  ::sigaction(SIGPIPE, nullptr, &before);
  auto codec = std::make_unique<Codec>();
  ::sigaction(SIGPIPE, &before, nullptr);
  return codec;
}

bool has_body(const std::string& method) {
  return method == "POST" || method == "PUT" || method == "PATCH" || method == "DELETE";
}

// The path of a target in absolute form, which a client may send (RFC 9112 §3.2.2).
std::string without_authority(const std::string& target) {
  if (!target.starts_with("http://")) return target;
  const std::size_t path = target.find('/', std::string_view("http://").size());
  return path == std::string::npos ? "/" : target.substr(path);
}

// The head without its Range lines, which nothing here answers.
std::string without_range(std::string_view head) {
  std::string kept;
  while (!head.empty()) {
    const std::size_t end = std::min(head.find("\r\n"), head.size() - 2) + 2;
    const std::string_view line = head.substr(0, end);
    if (!same_name(line.substr(0, 6), "range:")) kept += line;
    head.remove_prefix(end);
  }
  return kept;
}

std::string raw_answer(const HttpResponse& response) {
  return fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
      response.status, http_reason(response.status), response.content_type, response.body.size(),
      response.body);
}

struct Route {
  HttpHandler handler;
  bool open = false;
};

// One request being answered.
struct Exchange {
  Connection& connection;
  HttpRequest request = {};
  const HttpHandler* handler = nullptr;
  std::optional<HttpResponse> refusal = {};
  std::string route = "other";
  int status = 0;
  bool set_up = false;  // the head was understood
  bool body_comes = false;
  bool last = false;      // close after the answer
  bool chunks = true;     // the client knows chunked bodies
  bool streamed = false;  // answered here: what the library writes is dropped
  bool cut_off = false;   // before the stream's end
  std::int64_t held = 0;  // of max_bodies
};

// The library's callbacks know the request only by their thread.
thread_local Exchange* current = nullptr;

class ConnectionStream final : public httplib::Stream {
 public:
  explicit ConnectionStream(Connection& connection) : connection_(connection) {}
  bool is_readable() const override { return true; }
  bool is_writable() const override { return !connection_.gone(); }
  ssize_t read(char* data, std::size_t n) override { return connection_.read(data, n); }
  ssize_t write(const char* data, std::size_t n) override {
    return current->streamed ? static_cast<ssize_t>(n) : connection_.write(data, n);
  }
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return 0; }  // asked only whether select() could take it

 private:
  Connection& connection_;
};

void put(const HttpResponse& from, httplib::Response& to) {
  to.status = from.status;
  for (const auto& [name, value] : from.headers) to.set_header(name, value);
  to.set_content(from.body, from.content_type);
  current->status = from.status;
}

}  // namespace

struct HttpServer::Impl {
  HttpOptions options;
  using Routes = std::map<std::string, std::map<std::string, Route>>;  // path → method
  Routes routes;
  Observe observe;
  std::unique_ptr<Codec> codec = make_codec();
  std::unique_ptr<Listener> listener;
  std::atomic<std::int64_t> bodies{0};
  mutable std::mutex mutex;
  std::exception_ptr failure;

  void prepare_codec();
  void serve(Connection& connection);
  bool exchange(Connection& connection);
  void set_up(httplib::Request& request, Exchange& x);
  std::optional<HttpResponse> refuse(const httplib::Request& request, Exchange& x);
  Routes::const_iterator route_of(const std::string& path) const;
  std::optional<HttpResponse> read_body(Exchange& x, const httplib::ContentReader& reader);
  HttpResponse answer(const Exchange& x);
  bool tried(const Exchange& x, const std::function<void()>& call);
  void send(const HttpResponse& response, httplib::Response& to);
  void dismiss(Connection& connection, const HttpResponse& response);
};

// The route of that path, else the longest that ends in a slash and begins it.
HttpServer::Impl::Routes::const_iterator HttpServer::Impl::route_of(const std::string& path) const {
  auto found = routes.find(path);
  for (std::size_t end = path.rfind('/'); found == routes.end() && end != std::string::npos && end > 0;
       end = path.rfind('/', end - 1))
    found = routes.find(path.substr(0, end + 1));
  return found;
}

// What the head alone decides. The library's answers to lengths that are no number, twice there, or there
// beside chunks would leave the two sides to disagree about where the next request begins (RFC 9112 §6.3).
std::optional<HttpResponse> HttpServer::Impl::refuse(const httplib::Request& request, Exchange& x) {
  const std::size_t lengths = request.get_header_value_count("Content-Length");
  const std::string length = request.get_header_value("Content-Length");
  const std::string coding = request.get_header_value("Transfer-Encoding");
  const bool number =
      !length.empty() && length.size() <= 18 && length.find_first_not_of("0123456789") == std::string::npos;
  const bool chunked =
      request.get_header_value_count("Transfer-Encoding") == 1 && same_name(coding, "chunked");
  x.body_comes = lengths > 0 ? length != "0" : request.has_header("Transfer-Encoding");
  if (lengths > 1 || (lengths == 1 && (!number || request.has_header("Transfer-Encoding"))) ||
      (request.has_header("Transfer-Encoding") && !chunked)) {
    x.body_comes = true;
    return http_error(400, "Content-Length must be one number, or Transfer-Encoding be chunked, not both");
  }
  const auto path = route_of(x.request.path);
  const auto entry = [&]() -> const Route* {
    if (path == routes.end()) return nullptr;
    const auto found = path->second.find(x.request.method == "HEAD" ? "GET" : x.request.method);
    return found == path->second.end() ? nullptr : &found->second;
  }();
  if (path != routes.end()) x.route = path->first;
  if (entry == nullptr || !entry->open) {
    if (auto refusal = refusal_of(x.request, options.token, options.host)) return refusal;
  }
  if (path == routes.end()) return http_error(404, "there is no " + x.request.path.substr(0, 200));
  if (entry == nullptr) {
    std::string allowed;
    for (const auto& [method, unused] : path->second) allowed += (allowed.empty() ? "" : ", ") + method;
    HttpResponse refusal = http_error(405, fmt::format("{} takes {}", path->first, allowed));
    refusal.headers = {{"Allow", allowed}};
    return refusal;
  }
  if (request.has_header("Content-Encoding") && request.get_header_value("Content-Encoding") != "identity") {
    return http_error(415, "the body must not be compressed");
  }
  if (number && std::stoll(length) > options.max_body) {
    return http_error(413, fmt::format("a body may have {} bytes, not {}", options.max_body, length));
  }
  x.handler = &entry->handler;
  return {};
}

void HttpServer::Impl::set_up(httplib::Request& request, Exchange& x) {
  x.set_up = true;
  x.request.method = request.method;
  x.request.path = without_authority(request.path);
  if (const std::size_t mark = request.target.find('?'); mark != std::string::npos) {
    x.request.query = request.target.substr(mark + 1);
  }
  for (const char* own : {"REMOTE_ADDR", "REMOTE_PORT", "LOCAL_ADDR", "LOCAL_PORT"})
    request.headers.erase(own);
  x.request.headers.assign(request.headers.begin(), request.headers.end());
  x.request.gone = [&connection = x.connection] { return connection.gone(); };
  x.request.stopping = [&connection = x.connection] { return connection.stopping(); };
  x.chunks = request.version != "HTTP/1.0";
  x.refusal = refuse(request, x);
  // A body that nobody reads would be taken for the next request.
  x.last = listener->crowded() || (x.body_comes && (x.refusal || !has_body(request.method)));
  // Now the request as the library is to see it: one path, whose pattern costs nothing to match; no form or
  // multipart body that it would take apart; no compression, which costs more than a loopback's bytes.
  request.path = "/";
  if (!request.has_header("Transfer-Encoding") && !request.has_header("Content-Length")) {
    request.set_header("Content-Length", "0");  // else the library reads to the client's end
  }
  request.headers.erase("Content-Type");
  request.headers.erase("Accept-Encoding");
  if (x.refusal) request.headers.erase("Expect");  // the client need not send its body
  if (x.last) {
    request.headers.erase("Connection");
    request.set_header("Connection", "close");
  }
  x.connection.allow_read(options.body_seconds, static_cast<std::size_t>(2 * options.max_body) + kMaxHead);
}

// A refusal when the body did not come as it should.
std::optional<HttpResponse> HttpServer::Impl::read_body(Exchange& x, const httplib::ContentReader& reader) {
  bool large = false, crowded = false;
  const bool whole = reader([&](const char* data, std::size_t n) {
    large = static_cast<std::int64_t>(x.request.body.size() + n) > options.max_body;
    x.held += static_cast<std::int64_t>(n);
    crowded = (bodies += static_cast<std::int64_t>(n)) > options.max_bodies;
    if (large || crowded) return false;
    x.request.body.append(data, n);
    return true;
  });
  if (whole) return {};
  x.last = true;
  if (large || x.connection.over_allowance()) {
    return http_error(413, fmt::format("a body may have {} bytes", options.max_body));
  }
  if (crowded) return http_error(503, "too many large requests at once; try again");
  if (x.connection.gone()) return http_error(400, "the body ended early");
  if (!x.connection.read_late()) return http_error(400, "the body's chunks must be as HTTP/1.1 has them");
  return http_error(408, fmt::format("the body must be whole, and come in {} seconds", options.body_seconds));
}

// Whether the call returned.
bool HttpServer::Impl::tried(const Exchange& x, const std::function<void()>& call) {
  try {
    call();
    return true;
  } catch (const BrokenInvariant& e) {
    log_warn("{}: a bug: {}", x.route, e.what());
    const std::lock_guard lock(mutex);
    if (failure == nullptr) failure = std::current_exception();
  } catch (const std::exception& e) {
    log_warn("{}: {}", x.route, e.what());
  }
  return false;
}

HttpResponse HttpServer::Impl::answer(const Exchange& x) {
  HttpResponse response;
  if (tried(x, [&] { response = (*x.handler)(x.request); })) return response;
  return http_error(500, "the server failed at this request");
}

void HttpServer::Impl::send(const HttpResponse& response, httplib::Response& to) {
  Exchange& x = *current;
  x.connection.allow_write(options.write_seconds);
  x.last = x.last || (response.stream && !x.chunks);
  if (x.last) to.set_header("Connection", "close");
  put(response, to);
  if (!response.stream) return;
  x.streamed = true;
  const StreamForm form{x.chunks, x.last, x.request.method == "HEAD", options.write_seconds};
  x.status = 500;  // of what throws
  tried(x, [&] { x.status = send_streamed(x.connection, response, form); });
  x.cut_off = x.status == 500 || x.status == kClientGone;
}

void HttpServer::Impl::prepare_codec() {
  codec->set_pre_routing_handler([](const httplib::Request&, httplib::Response& res) {
    if (!current->refusal) return httplib::Server::HandlerResponse::Unhandled;
    put(*current->refusal, res);
    return httplib::Server::HandlerResponse::Handled;
  });
  const auto without_body = [this](const httplib::Request&, httplib::Response& res) {
    send(answer(*current), res);
  };
  const auto with_body = [this](const httplib::Request&, httplib::Response& res,
                                const httplib::ContentReader& reader) {
    auto refusal = read_body(*current, reader);
    send(refusal ? std::move(*refusal) : answer(*current), res);
  };
  codec->Get("/", without_body);
  codec->Post("/", with_body);
  // What the library refuses by itself has no body yet.
  const httplib::Server::HandlerWithResponse explain = [](const httplib::Request&, httplib::Response& res) {
    if (!res.body.empty()) return httplib::Server::HandlerResponse::Unhandled;
    put(http_error(res.status, fmt::format("not understood ({})", http_reason(res.status))), res);
    return httplib::Server::HandlerResponse::Handled;
  };
  codec->set_error_handler(explain);
  codec->set_keep_alive_timeout(static_cast<time_t>(options.idle_seconds));
  codec->set_keep_alive_max_count(1'000'000);  // only told: no connection is closed for it
}

void HttpServer::Impl::dismiss(Connection& connection, const HttpResponse& response) {
  if (observe) observe("other", response.status, 0.0);
  connection.allow_write(2.0);
  const std::string text = raw_answer(response);
  if (connection.write(text.data(), text.size()) >= 0) connection.linger();
}

// Answers one request whose head is there. False: the connection is not to be used again.
bool HttpServer::Impl::exchange(Connection& connection) {
  const auto start = Clock::now();
  connection.replace_head(without_range(connection.head()));
  connection.allow_write(options.write_seconds);
  Exchange x{connection};
  ConnectionStream stream(connection);
  bool closed = false;
  current = &x;
  const bool ok = codec->exchange(stream, closed, [&](httplib::Request& r) { set_up(r, x); });
  current = nullptr;
  bodies -= x.held;
  const bool sent = ok && !x.cut_off && connection.flush();
  if (observe) observe(x.route, x.status, std::chrono::duration<double>(Clock::now() - start).count());
  if (sent && (x.last || !x.set_up)) connection.linger();
  return sent && x.set_up && !x.last && !closed;
}

void HttpServer::Impl::serve(Connection& connection) {
  const auto crowded = [this] { return listener->crowded(); };
  const auto come = Clock::now();
  const auto crowded_by_now = [&] { return Clock::now() - come > std::chrono::seconds(1) && crowded(); };
  for (bool first = true;; first = false) {
    const auto head =
        first ? connection.read_head(options.head_seconds, options.head_seconds, kMaxHead, crowded_by_now)
              : connection.read_head(options.idle_seconds, options.head_seconds, kMaxHead, crowded);
    switch (head) {
      case Connection::Head::kReady:
        break;
      case Connection::Head::kClosed:
        return;
      case Connection::Head::kTimeout:
        return dismiss(connection, http_error(408, fmt::format("a request's head must come in {} seconds, "
                                                               "in one while others wait",
                                                               options.head_seconds)));
      case Connection::Head::kTooLarge:
        return dismiss(connection,
                       http_error(431, fmt::format("a request's head may have {} bytes", kMaxHead)));
    }
    if (!exchange(connection)) return;
  }
}

HttpServer::HttpServer(HttpOptions options) : impl_(std::make_unique<Impl>()) {
  impl_->options = std::move(options);
  impl_->prepare_codec();
}

HttpServer::~HttpServer() { stop(); }

void HttpServer::route(const std::string& method, const std::string& path, HttpHandler handler, bool open) {
  HONE_CHECK(impl_->listener == nullptr, "a route after start()");
  HONE_CHECK(method == "GET" || method == "POST", "a route of {}", method);
  impl_->routes[path][method] = {std::move(handler), open};
}

void HttpServer::observe(Observe observe) {
  HONE_CHECK(impl_->listener == nullptr, "observe() after start()");
  impl_->observe = std::move(observe);
}

Result<int> HttpServer::start() {
  HONE_CHECK(impl_->listener == nullptr, "started twice");
  const HttpOptions& options = impl_->options;
  HONE_TRY(const bool local, is_loopback(options.host));
  if (!local && options.token.empty()) {
    return Error{"--host", "must be a loopback address, or come with --token: others could ask too",
                 options.host};
  }
  ListenerOptions listen{options.host, options.port, options.clients, options.waiting,
                         raw_answer(http_error(503, "too many clients at once; try again"))};
  HONE_TRY(impl_->listener, Listener::open(listen));
  impl_->listener->begin([impl = impl_.get()](Connection& c) { impl->serve(c); });
  return impl_->listener->port();
}

void HttpServer::stop() {
  if (impl_->listener != nullptr) impl_->listener->stop();
}

std::exception_ptr HttpServer::failure() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->failure;
}

}  // namespace hone
