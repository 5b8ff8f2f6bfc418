#include "hone/web/http_post.h"

#include <curl/curl.h>

#include <algorithm>
#include <cmath>
#include <mutex>

#include "hone/base/check.h"

namespace hone {
namespace {

constexpr std::size_t kMostBytes = std::size_t{8} << 20;

std::size_t take_piece(char* data, std::size_t size, std::size_t count, void* target) {
  auto& body = *static_cast<std::string*>(target);
  const std::size_t bytes = size * count;
  if (body.size() + bytes > kMostBytes) return 0;  // curl ends the transfer with an error
  body.append(data, bytes);
  return bytes;
}

// Proxies of the environment are for other machines.
bool is_this_machine(const std::string& url) {
  for (const char* host : {"://127.0.0.1", "://localhost", "://[::1]"}) {
    if (url.find(host) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

struct HttpPoster::Impl {
  CURL* curl = nullptr;
  ~Impl() {
    if (curl != nullptr) curl_easy_cleanup(curl);
  }
};

HttpPoster::HttpPoster() : impl_(std::make_unique<Impl>()) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  impl_->curl = curl_easy_init();
  HONE_CHECK(impl_->curl != nullptr, "libcurl gives no handle");
}
HttpPoster::HttpPoster(HttpPoster&&) noexcept = default;
HttpPoster::~HttpPoster() = default;

PostReply HttpPoster::post(const std::string& url, const std::string& bearer, const std::string& json,
                           double seconds) {
  CURL* curl = impl_->curl;
  curl_easy_reset(curl);  // keeps connections
  PostReply reply;
  curl_slist* headers = curl_slist_append(nullptr, "Content-Type: application/json");
  headers = curl_slist_append(headers, "Expect:");
  if (!bearer.empty()) headers = curl_slist_append(headers, ("Authorization: Bearer " + bearer).c_str());
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, json.data());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(json.size()));
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &take_piece);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reply.body);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "hone");
  const double milliseconds = std::clamp(std::ceil(seconds * 1000), 1.0, 1e9);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(milliseconds));
  if (is_this_machine(url)) curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");

  const CURLcode code = curl_easy_perform(curl);
  curl_slist_free_all(headers);
  if (code != CURLE_OK) {
    reply.end = code == CURLE_OPERATION_TIMEDOUT ? PostReply::End::kTimeout : PostReply::End::kFailed;
    reply.why = code == CURLE_OPERATION_TIMEDOUT ? "no answer in time"
                : code == CURLE_WRITE_ERROR      ? "its answer is too long"
                                                 : curl_easy_strerror(code);
    reply.body.clear();
    return reply;
  }
  long status = 0;
  curl_off_t wait = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &wait);
  reply.end = PostReply::End::kAnswered;
  reply.status = static_cast<int>(status);
  reply.retry_after = static_cast<double>(wait);
  return reply;
}

}  // namespace hone
