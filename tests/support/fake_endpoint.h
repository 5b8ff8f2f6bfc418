// A chat endpoint on a loopback port that answers each request with the very bytes it is told to.
#pragma once

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "hone/base/json.h"

namespace hone::testing {

class FakeEndpoint {
 public:
  struct Request {
    std::string head;
    Json body;
    int number;  // from 0
    std::string question() const { return body.at("messages").at(0).at("content"); }
  };
  using Answer = std::function<std::string(const Request&)>;

  // `answer` is called from many threads at once.
  explicit FakeEndpoint(Answer answer)
      : answer_(std::move(answer)), fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(fd_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(fd_, 64) != 0 ||
        ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("cannot listen");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this] { accept_all(); });
  }
  FakeEndpoint(const FakeEndpoint&) = delete;
  FakeEndpoint& operator=(const FakeEndpoint&) = delete;
  ~FakeEndpoint() {
    ::shutdown(fd_, SHUT_RDWR);
    thread_.join();
    for (std::jthread& one : serving_) one.join();
    ::close(fd_);
  }

  std::string url() const { return fmt::format("http://127.0.0.1:{}/v1", port_); }
  int calls() const { return calls_; }

 private:
  void accept_all() {
    for (int client; (client = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;)
      serving_.emplace_back([this, client] { serve(client); });
  }

  // One request a connection.
  void serve(int client) {
    std::string bytes;
    char piece[4096];
    std::size_t end = std::string::npos, length = 0;
    while (end == std::string::npos || bytes.size() < end + 4 + length) {
      const ssize_t n = ::recv(client, piece, sizeof piece, 0);
      if (n <= 0) break;
      bytes.append(piece, static_cast<std::size_t>(n));
      if (end == std::string::npos && (end = bytes.find("\r\n\r\n")) != std::string::npos)
        length = std::stoul(bytes.substr(bytes.find("Content-Length: ") + 16));
    }
    if (end != std::string::npos) {
      const std::string answer =
          answer_({bytes.substr(0, end), Json::parse(bytes.substr(end + 4)), calls_++});
      for (std::size_t at = 0; at < answer.size();) {
        const ssize_t n = ::send(client, answer.data() + at, answer.size() - at, MSG_NOSIGNAL);
        if (n <= 0) break;
        at += static_cast<std::size_t>(n);
      }
    }
    ::close(client);
  }

  Answer answer_;
  int fd_, port_ = 0;
  std::atomic<int> calls_ = 0;
  std::vector<std::jthread> serving_;
  std::jthread thread_;
};

inline std::string http_answer(int status, const std::string& body, const std::string& headers = "") {
  return fmt::format("HTTP/1.1 {} Whatever\r\nContent-Length: {}\r\nConnection: close\r\n{}\r\n{}", status,
                     body.size(), headers, body);
}

// A chat completion that says this.
inline std::string chat_answer(const std::string& said, int tokens = 10, const std::string& finish = "stop") {
  const Json choice = {{"message", {{"role", "assistant"}, {"content", said}}}, {"finish_reason", finish}};
  const Json body = {{"choices", Json::array({choice})}, {"usage", {{"total_tokens", tokens}}}};
  return http_answer(200, body.dump());
}

}  // namespace hone::testing
