// The server under slow, rude, oversized and many clients, and its end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <mutex>
#include <thread>
#include <vector>

#include "hone/web/http_server.h"
#include "web/http_client.h"

namespace hone {
namespace {

using testing::Answer;
using testing::HttpClient;

HttpResponse length_of(const HttpRequest& request) {
  return {200, "text/plain", std::to_string(request.body.size())};
}

int start(HttpServer& server) {
  const auto port = server.start();
  EXPECT_TRUE(port.ok());
  return port.ok() ? *port : 0;
}

const std::string kChunked = "POST /length HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST(HttpLimits, OversizedBodiesAreRefusedAndTheAnswerArrives) {
  HttpServer server({.max_body = 1000});
  server.route("POST", "/length", length_of);
  const int port = start(server);
  EXPECT_EQ(HttpClient(port).ask("POST", "/length", std::string(1000, 'x')).body, "1000");
  // Far more than a socket buffers: the client is still sending when it is refused.
  const Answer answer = HttpClient(port).ask("POST", "/length", std::string(8 << 20, 'x'));
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.headers.at("connection"), "close");
  EXPECT_EQ(answer.message(), "a body may have 1000 bytes, not 8388608");

  HttpClient chunked(port);
  chunked.send(kChunked);
  const std::string piece = "190\r\n" + std::string(400, 'x') + "\r\n";
  chunked.send(piece + piece + piece);
  EXPECT_EQ(chunked.receive().status, 413);
  EXPECT_TRUE(chunked.ended());

  // A chunk that says it is as large as can be written.
  HttpClient huge(port);
  huge.send(kChunked + "ffffffffffffff\r\n" + std::string(2000, 'x'));
  EXPECT_EQ(huge.receive().status, 413);

  // Chunks that are nearly all framing.
  HttpClient dust(port);
  dust.send(kChunked);
  const std::string byte = "1;" + std::string(1000, 'e') + "\r\nx\r\n";
  for (int i = 0; i < 200 && dust.send(byte); ++i) {
  }
  EXPECT_EQ(dust.receive().status, 413);
}

TEST(HttpLimits, ManyLargeBodiesAtOnceAreTooMany) {
  HttpServer server({.max_body = 4000, .max_bodies = 6000});
  server.route("POST", "/length", length_of);
  const int port = start(server);
  HttpClient first(port);
  first.send("POST /length HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000\r\n\r\n" +
             std::string(3999, 'x'));
  // Until the first has been taken in, a second fits; then it does not.
  int status = 200;
  for (int i = 0; i < 1000 && status == 200; ++i) {
    status = HttpClient(port).ask("POST", "/length", std::string(3000, 'y')).status;
  }
  EXPECT_EQ(status, 503);
  first.send("x");
  EXPECT_EQ(first.receive().body, "4000");
  EXPECT_EQ(HttpClient(port).ask("POST", "/length", std::string(3000, 'y')).status, 200);  // given back
}

// One thread serves; slow clients have it until their time is over, and no longer.
TEST(HttpLimits, SlowClientsAreLeftBehind) {
  HttpServer server({.clients = 1, .head_seconds = 0.2, .body_seconds = 0.2});
  server.route("POST", "/length", length_of);
  const int port = start(server);
  HttpClient silent(port);  // says nothing at all
  HttpClient head(port);
  head.send("POST /length HTTP/1.1\r\nHo");
  HttpClient body(port);
  body.send("POST /length HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nab");
  HttpClient chunk(port);
  chunk.send(kChunked + "5\r\nab");
  EXPECT_EQ(HttpClient(port).ask("POST", "/length", "abc").body, "3");
  EXPECT_TRUE(silent.ended());
  for (HttpClient* slow : {&head, &body, &chunk}) {
    const Answer answer = slow->receive();
    EXPECT_EQ(answer.status, 408);
    EXPECT_EQ(answer.json()["error"]["type"], "invalid_request_error");
    EXPECT_TRUE(slow->ended());
  }
}

// Many that never finish their heads hold every thread, but not for long once others wait.
TEST(HttpLimits, UnfinishedHeadsMakeRoomForWhoeverWaits) {
  HttpServer server({.clients = 4, .head_seconds = 3600, .idle_seconds = 3600});
  server.route("POST", "/length", length_of);
  const int port = start(server);
  std::vector<std::unique_ptr<HttpClient>> slow;
  for (int i = 0; i < 8; ++i) {
    slow.push_back(std::make_unique<HttpClient>(port));
    if (i % 2 == 0) slow.back()->send("POST /length HTTP/1.1\r\nX:");  // the others say nothing
  }
  EXPECT_EQ(HttpClient(port).ask("POST", "/length", "abc").body, "3");
}

// A byte now and then is no progress: the time is for the whole.
TEST(HttpLimits, TricklingIsSlowToo) {
  HttpServer server({.clients = 1, .head_seconds = 0.2});
  server.route("POST", "/length", length_of);
  const int port = start(server);
  HttpClient trickle(port);
  std::jthread sender([&](const std::stop_token& stop) {
    trickle.send("POST /length HTTP/1.1\r\nX: ");
    while (!stop.stop_requested() && trickle.send("a"))
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
  });
  EXPECT_EQ(HttpClient(port).ask("POST", "/length", "abc").body, "3");
  EXPECT_EQ(trickle.receive().status, 408);
}

// More clients than threads, each keeping its connection: an idle one makes room for one that waits.
TEST(HttpLimits, MoreClientsThanThreadsLoseNothing) {
  HttpServer server({.clients = 4, .idle_seconds = 60});
  server.route("POST", "/length", length_of);
  const int port = start(server);
  std::atomic<int> right{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 32; ++t) {
      threads.emplace_back([&, t] {
        auto client = std::make_unique<HttpClient>(port);
        for (int i = 0; i < 20; ++i) {
          const std::string body(static_cast<std::size_t>(t * 100 + i), 'x');
          Answer answer = client->ask("POST", "/length", body);
          if (answer.status == 0 || answer.headers["connection"] == "close") {
            const bool lost = answer.status == 0;  // closed while idle: a client asks again
            client = std::make_unique<HttpClient>(port);
            if (lost) answer = client->ask("POST", "/length", body);
          }
          right += answer.body == std::to_string(body.size()) ? 1 : 0;
        }
      });
    }
  }
  EXPECT_EQ(right, 32 * 20);
}

TEST(HttpLimits, ShortConnectionsLoseNothing) {
  HttpServer server({});
  server.route("POST", "/length", length_of);
  const int port = start(server);
  std::atomic<int> right{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 64; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 16; ++i)
          right += HttpClient(port).ask("POST", "/length", "abc").body == "3" ? 1 : 0;
      });
    }
  }
  EXPECT_EQ(right, 64 * 16);
}

TEST(HttpLimits, ClientsBeyondTheQueueAreToldToComeAgain) {
  std::latch entered(1), leave(1);
  HttpServer server({.clients = 1, .waiting = 1});
  server.route("POST", "/wait", [&](const HttpRequest&) -> HttpResponse {
    entered.count_down();
    leave.wait();
    return {200, "text/plain", "done"};
  });
  const int port = start(server);
  HttpClient served(port);
  served.send("POST /wait HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
  entered.wait();
  HttpClient waiting(port);
  for (int i = 0; i < 3; ++i) {
    HttpClient client(port);
    const Answer answer = client.receive();  // without asking anything
    ASSERT_EQ(answer.status, 503);
    EXPECT_EQ(answer.json()["error"]["type"], "server_error");
  }
  leave.count_down();
  EXPECT_EQ(served.receive().body, "done");
}

TEST(HttpLimits, AHandlerSeesItsClientHangUp) {
  std::latch entered(1), seen(1);
  HttpServer server({});
  server.route("POST", "/wait", [&](const HttpRequest& request) -> HttpResponse {
    EXPECT_FALSE(request.gone());
    entered.count_down();
    while (!request.gone()) std::this_thread::yield();
    seen.count_down();
    return {};
  });
  HttpClient client(start(server));
  client.send("POST /wait HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
  entered.wait();
  client.hang_up();
  seen.wait();
}

TEST(HttpLimits, StoppingFinishesWhatIsBeingAnswered) {
  std::latch entered(1), leave(1);
  HttpServer server({.idle_seconds = 60});
  server.route("POST", "/wait", [&](const HttpRequest&) -> HttpResponse {
    entered.count_down();
    leave.wait();
    return {200, "text/plain", std::string(1 << 20, 'x')};
  });
  server.route("POST", "/length", length_of);
  const int port = start(server);
  HttpClient idle(port), working(port);
  EXPECT_EQ(idle.ask("POST", "/length", "ab").body, "2");
  working.send("POST /wait HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
  entered.wait();
  std::atomic<bool> stopped{false};
  std::jthread stopper([&] {
    server.stop();
    stopped = true;
  });
  EXPECT_TRUE(idle.ended());
  for (bool accepts = true; accepts;) {
    try {
      const HttpClient late(port);
    } catch (const std::runtime_error&) {
      accepts = false;
    }
  }
  EXPECT_FALSE(stopped);
  leave.count_down();
  EXPECT_EQ(working.receive().body.size(), std::size_t{1} << 20);
  stopper.join();
  EXPECT_TRUE(stopped);
}

TEST(HttpLimits, StoppingDoesNotWaitForWhoSendsNoMore) {
  HttpServer server({.head_seconds = 3600, .body_seconds = 3600});
  server.route("POST", "/length", length_of);
  const int port = start(server);
  HttpClient head(port), body(port);
  head.send("POST /length HTTP/1.1\r\nHo");
  body.send("POST /length HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(body.receive().status, 100);
  EXPECT_EQ(HttpClient(port).ask("POST", "/length", "ab").body, "2");  // by now both are being read
  server.stop();
  EXPECT_EQ(body.receive().status, 408);
}

TEST(HttpLimits, EveryAnswerIsObserved) {
  HttpServer server({});
  server.route("POST", "/length", length_of);
  std::mutex mutex;
  std::vector<std::pair<std::string, int>> seen;
  server.observe([&](const std::string& route, int status, double seconds) {
    EXPECT_GE(seconds, 0.0);
    const std::lock_guard lock(mutex);
    seen.emplace_back(route, status);
  });
  const int port = start(server);
  HttpClient(port).ask("POST", "/length", "a");
  HttpClient(port).ask("POST", "/elsewhere/" + std::to_string(port), "a");
  HttpClient(port).ask("GET", "/length");
  HttpClient bad(port);
  bad.send("nonsense\r\n\r\n");
  bad.receive();
  server.stop();
  EXPECT_THAT(seen, ::testing::UnorderedElementsAre(std::pair{"/length", 200}, std::pair{"other", 404},
                                                    std::pair{"/length", 405}, std::pair{"other", 400}));
}

}  // namespace
}  // namespace hone
