// /api/live: what is told, when, and when it ends.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <filesystem>

#include "hone/base/clock.h"
#include "hone/base/json.h"
#include "hone/store/run_store.h"
#include "hone/web/pages_api.h"
#include "support/temp_folder.h"

namespace hone {
namespace {

using testing::TempFolder;

struct Told {
  std::string event;
  Json data;
};

// A client that reads events as they come.
class Listening {
 public:
  explicit Listening(int port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{20, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    const std::string request = "GET /api/live HTTP/1.1\r\nHost: localhost\r\n\r\n";
    EXPECT_EQ(::send(fd_, request.data(), request.size(), 0), static_cast<ssize_t>(request.size()));
  }
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;
  ~Listening() { ::close(fd_); }

  // The next event; an empty one at the end of the stream, and after a minute. Chunk sizes stand between
  // events, on lines of their own, and are passed over like everything that is no field.
  Told next() {
    Told told;
    for (;;) {
      std::size_t end = 0;
      while ((end = buffer_.find('\n')) == std::string::npos) {
        char piece[4096];
        const ssize_t n = ::recv(fd_, piece, sizeof piece, 0);
        if (n <= 0 || seconds_since(begun_) > 60) return {};  // heartbeats come for ever
        buffer_.append(piece, static_cast<std::size_t>(n));
      }
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      if (line.starts_with("event: ")) told.event = line.substr(7);
      if (line.starts_with("data: ")) told.data = Json::parse(line.substr(6));
      if (line.empty() && !told.event.empty()) return told;
    }
  }

 private:
  int fd_;
  Clock::time_point begun_ = Clock::now();
  std::string buffer_;
};

struct Live {
  TempFolder folder;
  PagesApi api{{.runs = folder.path(), .live_seconds = 0.02}};
  HttpServer server{{}};
  int port = 0;
  Live() {
    api.add_to(server);
    auto started = server.start();
    if (!started.ok()) throw std::runtime_error(started.error().message());
    port = *started;
  }
  RunStore make(const std::string& name) {
    std::filesystem::create_directories(folder / name);
    auto store = RunStore::open(folder.path() / name / "run.db");
    if (!store.ok()) throw std::runtime_error(store.error().message());
    return *std::move(store);
  }
};

void add(RunStore& store, std::int64_t step) {
  ASSERT_TRUE(store.append({.stage = "grpo", .step = step, .metrics = {{"reward", 1}}, .groups = {}}).ok());
}

TEST(PagesLive, RunsAppearGrowAndGo) {
  Live live;
  RunStore first = live.make("first");
  Listening client(live.port);
  Told told = client.next();
  EXPECT_EQ(told.event, "run");
  EXPECT_EQ(told.data["run"], "first");
  EXPECT_EQ(client.next().event, "ready");
  add(first, 1);
  do told = client.next();
  while (told.event == "run" && told.data["stages"].empty());
  EXPECT_EQ(told.data["stages"][0]["last"], 1);
  RunStore second = live.make("second");
  do told = client.next();
  while (told.event == "run" && told.data["run"] != "second");
  EXPECT_EQ(told.event, "run");
  std::filesystem::remove_all(live.folder / "second");
  do told = client.next();
  while (told.event == "run");
  EXPECT_EQ(told.event, "gone");
  EXPECT_EQ(told.data["run"], "second");
}

TEST(PagesLive, EndsWithTheServer) {
  Live live;
  Listening client(live.port);
  EXPECT_EQ(client.next().event, "ready");
  live.server.stop();  // would wait for ever for a stream that does not end
  EXPECT_EQ(client.next().event, "");
}

TEST(PagesLive, ManyListenersHearTheSame) {
  Live live;
  RunStore store = live.make("r");
  std::vector<std::unique_ptr<Listening>> clients;
  for (int i = 0; i < 12; ++i) {
    clients.push_back(std::make_unique<Listening>(live.port));
    EXPECT_EQ(clients.back()->next().event, "run");
    EXPECT_EQ(clients.back()->next().event, "ready");
  }
  clients.resize(6);  // half of them leave
  add(store, 4);
  for (const auto& client : clients) {
    Told told;
    do told = client->next();
    while (told.event == "run" && told.data["stages"].empty());
    EXPECT_EQ(told.data["stages"][0]["last"], 4);
  }
}

}  // namespace
}  // namespace hone
