// A client of one TCP connection that sends exactly the bytes it is told to, well-formed or not.
//
// Blocking; what does not come in twenty seconds counts as the connection's end. One thread each.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "hone/base/json.h"

namespace hone::testing {

struct Answer {
  int status = 0;                              // 0: none came
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;

  Json json() const { return Json::parse(body); }
  std::string message() const { return json().at("error").at("message"); }
};

class HttpClient {
 public:
  explicit HttpClient(int port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{20, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      throw std::runtime_error("cannot connect");
    }
  }
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  ~HttpClient() { hang_up(); }

  // False when the server does not take it any more.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }

  // The next answer; without_body for that to a HEAD request.
  Answer receive(bool without_body = false) {
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!more()) return {};
    }
    Answer answer;
    answer.status = std::stoi(buffer_.substr(9, 3));
    for (std::size_t at = buffer_.find("\r\n") + 2; at < end + 2;) {
      const std::size_t line = buffer_.find("\r\n", at), colon = buffer_.find(':', at);
      std::string name = buffer_.substr(at, colon - at);
      for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      answer.headers[name] = buffer_.substr(colon + 2, line - colon - 2);
      at = line + 2;
    }
    if (!without_body && answer.headers.contains("transfer-encoding")) {
      buffer_.erase(0, end + 4);
      return receive_chunks(answer.body) ? answer : Answer{};
    }
    const std::size_t size = without_body || !answer.headers.contains("content-length")
                                 ? 0
                                 : std::stoul(answer.headers["content-length"]);
    while (buffer_.size() < end + 4 + size) {
      if (!more()) return {};
    }
    answer.body = buffer_.substr(end + 4, size);
    buffer_.erase(0, end + 4 + size);
    return answer;
  }

  Answer ask(const std::string& method, const std::string& path, const std::string& body = "",
             const std::string& headers = "") {
    std::string text = method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n" + headers;
    if (method == "POST") text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    send(text + "\r\n" + body);
    return receive(method == "HEAD");
  }

  // The head of an answer, whose body is then read a piece at a time.
  Answer receive_head() { return receive(/*without_body=*/true); }
  // The next chunk of a chunked body; empty at its end, and when the connection has ended.
  std::string chunk() {
    std::size_t line = 0;
    while ((line = buffer_.find("\r\n")) == std::string::npos) {
      if (!more()) return "";
    }
    const std::size_t size = std::stoul(buffer_.substr(0, line), nullptr, 16);
    while (buffer_.size() < line + 2 + size + 2) {
      if (!more()) return "";
    }
    const std::string piece = buffer_.substr(line + 2, size);
    whole_ = size == 0;
    buffer_.erase(0, line + 2 + size + 2);
    return piece;
  }

  // All that comes until the connection's end.
  std::string rest() {
    while (more()) {
    }
    return std::exchange(buffer_, "");
  }

  // Waits for the server to end the connection; false when it sends something instead.
  bool ended() { return buffer_.empty() && !more(); }
  // What is still sent would meet a closed socket.
  void hang_up() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  bool receive_chunks(std::string& body) {
    whole_ = false;
    for (std::string piece; !(piece = chunk()).empty();) body += piece;
    return whole_;
  }
  bool more() {
    char piece[65536];
    const ssize_t n = ::recv(fd_, piece, sizeof piece, 0);
    if (n > 0) buffer_.append(piece, static_cast<std::size_t>(n));
    return n > 0;
  }

  int fd_;
  std::string buffer_;
  bool whole_ = false;  // the last chunk has come
};

}  // namespace hone::testing
