// HTTP as handlers see it: plain values, whatever stands between them and the socket.
//
// Thread safety: values; safe while nobody changes them.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hone {

// Counted for a client that left before its answer, as other servers do; nobody is told it.
constexpr int kClientGone = 499;

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method;   // GET, HEAD, POST …
  std::string path;     // percent-decoded, without the query: "/verify"
  std::string query;    // after the '?', as it came
  HttpHeaders headers;  // in no particular order
  std::string body;     // whole
  // Whether the client has hung up, so that nobody waits for the answer. Any thread, while the handler runs.
  std::function<bool()> gone = [] { return false; };
  // Whether the server is stopping: an endless stream ends then. Any thread, while the handler runs.
  std::function<bool()> stopping = [] { return false; };

  // The first header of that name, in any case; empty when there is none.
  std::string_view header(std::string_view name) const;
};

// Sends a piece of a body at once. False: the client has gone or does not take it, and the rest is not
// wanted.
using HttpWriter = std::function<bool(std::string_view piece)>;

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  HttpHeaders headers = {};  // beside Content-Type, Content-Length, Transfer-Encoding and Connection
  // When set, it makes the body, in the thread of the handler after that has returned; `body` is not looked
  // at. Returns the status that it ended with, to be counted: the client was told another.
  std::function<int(const HttpWriter&)> stream = {};
};

using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

// An error in the form that OpenAI's API gives it, which its clients know how to show:
// {"error": {"message": …, "type": …, "param": null, "code": null}}. The type follows from the status:
// invalid_request_error, authentication_error, permission_error, not_found_error, rate_limit_error,
// server_error.
HttpResponse http_error(int status, std::string_view message);
// The same, naming the field at fault and what went wrong in a word; empty: null.
HttpResponse http_error(int status, std::string_view message, std::string_view param, std::string_view code);

// "Not Found" for 404.
const char* http_reason(int status);

// Whether two names are equal but for the case of ASCII letters.
bool same_name(std::string_view a, std::string_view b);

}  // namespace hone
