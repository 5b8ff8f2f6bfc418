// An HTTP client for POST of JSON, over libcurl: https, a deadline for the whole of a request, and a limit on
// what comes back. Redirects are not followed, for a key would follow them.
#pragma once

#include <memory>
#include <string>

namespace hone {

struct PostReply {
  enum class End {
    kAnswered,
    kTimeout,
    kFailed,  // no connection, or it ended in mid-answer
  };
  End end = End::kFailed;
  int status = 0;  // of an answer
  std::string body;
  double retry_after = 0;  // seconds that the server asks to wait
  std::string why;         // of no answer; never holds what was sent
};

// Keeps its connection for the next request. One thread.
class HttpPoster {
 public:
  HttpPoster();
  HttpPoster(HttpPoster&&) noexcept;
  ~HttpPoster();

  // bearer: sent as Authorization when not empty. seconds: from the first byte of the name's look-up to the
  // last of the answer.
  PostReply post(const std::string& url, const std::string& bearer, const std::string& json, double seconds);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hone
