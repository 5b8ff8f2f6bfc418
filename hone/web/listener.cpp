#include "hone/web/listener.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace hone {
namespace {

using Addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

Result<Addresses> addresses_of(const std::string& host, int port) {
  if (host.empty()) return Error{"--host", "must be a name or an address of this machine", "an empty one"};
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int code = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found); code != 0) {
    return Error{"--host",
                 fmt::format("must be a name or an address of this machine ({})", gai_strerror(code)), host};
  }
  return Addresses(found, ::freeaddrinfo);
}

bool loopback(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    return ntohl(reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr) >> 24 == 127;
  }
  if (address.sa_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
  }
  return false;
}

// A socket that listens on the first of the addresses that takes one.
Result<int> listen_on(const ListenerOptions& options) {
  HONE_TRY(const Addresses addresses, addresses_of(options.host, options.port));
  int reason = 0;
  for (const addrinfo* a = addresses.get(); a != nullptr; a = a->ai_next) {
    const int fd = ::socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol);
    if (fd < 0) {
      reason = errno;
      continue;
    }
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(fd, a->ai_addr, a->ai_addrlen) == 0 && ::listen(fd, SOMAXCONN) == 0) return fd;
    reason = errno;
    ::close(fd);
  }
  return Error{"--port",
               fmt::format("must be free to listen on at {} ({})", options.host, std::strerror(reason)),
               std::to_string(options.port)};
}

int port_of(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  return ntohs(address.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                                             : reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

}  // namespace

Result<bool> is_loopback(const std::string& host) {
  HONE_TRY(const Addresses addresses, addresses_of(host, 0));
  for (const addrinfo* a = addresses.get(); a != nullptr; a = a->ai_next) {
    if (!loopback(*a->ai_addr)) return false;
  }
  return true;
}

struct Listener::Impl {
  ListenerOptions options;
  Serve serve;
  int fd = -1, wake = -1, port = 0;
  std::atomic<bool> stopping{false};
  mutable std::mutex mutex;
  std::condition_variable arrived;
  std::deque<int> waiting;  // accepted, without a thread
  std::size_t idle = 0;     // threads that wait for a connection
  std::vector<std::jthread> threads;
  std::jthread acceptor;

  void accept_all();
  void take(int client);
  void work();
  void refuse(int client) const;
};

// Taking in what has come spares the client a reset, which would throw the refusal away.
void Listener::Impl::refuse(int client) const {
  char heard[4096];
  while (::recv(client, heard, sizeof heard, 0) > 0) {
  }
  static_cast<void>(::send(client, options.refusal.data(), options.refusal.size(), MSG_NOSIGNAL));
  ::shutdown(client, SHUT_WR);
  ::close(client);
}

void Listener::Impl::take(int client) {
  const std::unique_lock lock(mutex);
  if (waiting.size() >= options.waiting) return refuse(client);
  waiting.push_back(client);
  if (waiting.size() > idle && threads.size() < options.threads) {
    try {
      threads.emplace_back([this] { work(); });
    } catch (const std::system_error&) {  // the system has no more: it waits for one that there is
    }
  }
  arrived.notify_one();
}

void Listener::Impl::accept_all() {
  while (!stopping) {
    pollfd both[2] = {{fd, POLLIN, 0}, {wake, POLLIN, 0}};
    if (::poll(both, 2, -1) < 0 && errno != EINTR) return;
    if (stopping) return;
    const int client = ::accept4(fd, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (client >= 0) {
      const int on = 1;
      ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      take(client);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      ::poll(both + 1, 1, 50);  // until some connection has ended
    }
  }
}

void Listener::Impl::work() {
  std::unique_lock lock(mutex);
  for (;;) {
    ++idle;
    arrived.wait(lock, [&] { return stopping || !waiting.empty(); });
    --idle;
    if (stopping) return;
    const int client = waiting.front();
    waiting.pop_front();
    lock.unlock();
    {
      Connection connection(client, stopping);
      serve(connection);
    }
    lock.lock();
  }
}

Listener::Listener(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Listener>> Listener::open(const ListenerOptions& options) {
  if (options.port < 0 || options.port > 65535) {
    return Error{"--port", "must be in [0, 65535]", std::to_string(options.port)};
  }
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  HONE_TRY(impl->fd, listen_on(options));
  std::unique_ptr<Listener> listener(new Listener(std::move(impl)));  // closes what is open
  Impl& made = *listener->impl_;
  made.wake = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (made.wake < 0) return Error{"listener", "must be able to make an eventfd", std::strerror(errno)};
  made.port = port_of(made.fd);
  return listener;
}

void Listener::begin(Serve serve) {
  impl_->serve = std::move(serve);
  impl_->acceptor = std::jthread([impl = impl_.get()] { impl->accept_all(); });
}

Listener::~Listener() {
  stop();
  if (impl_->wake >= 0) ::close(impl_->wake);
}

int Listener::port() const { return impl_->port; }

bool Listener::crowded() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->waiting.size() > impl_->idle && impl_->threads.size() >= impl_->options.threads;
}

void Listener::stop() {
  if (impl_->stopping.exchange(true)) return;
  if (impl_->wake >= 0) {
    const std::uint64_t one = 1;
    static_cast<void>(!::write(impl_->wake, &one, sizeof one));
  }
  if (impl_->acceptor.joinable()) impl_->acceptor.join();
  ::close(impl_->fd);
  {
    const std::lock_guard lock(impl_->mutex);
    for (const int client : impl_->waiting) impl_->refuse(client);
    impl_->waiting.clear();
    impl_->arrived.notify_all();
  }
  impl_->threads.clear();  // joins
}

}  // namespace hone
