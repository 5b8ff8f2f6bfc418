// The server's HTTP: routes, bodies, errors, who may ask.
#include "hone/web/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <thread>

#include "hone/base/check.h"
#include "web/http_client.h"

namespace hone {
namespace {

using testing::Answer;
using ::testing::HasSubstr;
using testing::HttpClient;

HttpResponse echo(const HttpRequest& request) {
  const Json seen = {{"method", request.method},
                     {"path", request.path},
                     {"query", request.query},
                     {"x", std::string(request.header("X-Thing"))},
                     {"body", request.body}};
  return {200, "application/json", seen.dump()};
}

struct Running {
  HttpServer server;
  int port = 0;
  explicit Running(HttpOptions options = {}) : server(std::move(options)) {
    server.route("GET", "/echo", echo);
    server.route("POST", "/echo", echo);
    server.route("GET", "/open", echo, /*open=*/true);
    server.route("POST", "/throws", [](const HttpRequest& request) -> HttpResponse {
      if (request.body == "bug") throw BrokenInvariant("a bug");
      throw std::runtime_error("secret reason");
    });
  }
  Running& start() {
    auto result = server.start();
    if (!result.ok()) throw std::runtime_error(result.error().message());
    port = *result;
    return *this;
  }
};

TEST(HttpServer, AHandlerSeesTheRequest) {
  Running running;
  HttpClient client(running.start().port);
  const Answer answer = client.ask("POST", "/echo?a=1&b=%20", "{\"k\":1}", "x-thing: yes\r\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.at("content-type"), "application/json");
  EXPECT_EQ(answer.json(), (Json{{"method", "POST"},
                                 {"path", "/echo"},
                                 {"query", "a=1&b=%20"},
                                 {"x", "yes"},
                                 {"body", "{\"k\":1}"}}));
}

TEST(HttpServer, AConnectionServesManyRequests) {
  Running running;
  HttpClient client(running.start().port);
  for (int i = 0; i < 300; ++i) {
    ASSERT_EQ(client.ask("POST", "/echo", std::to_string(i)).json()["body"], std::to_string(i));
  }
  EXPECT_EQ(client.ask("GET", "/nothing").status, 404);  // an error does not end it
  EXPECT_EQ(client.ask("GET", "/echo").status, 200);
  const Answer last = client.ask("GET", "/echo", "", "Connection: close\r\n");
  EXPECT_EQ(last.headers.at("connection"), "close");
  EXPECT_TRUE(client.ended());
}

HttpResponse counting(const HttpRequest&) {
  HttpResponse response{200, "text/plain", ""};
  response.stream = [](const HttpWriter& write) {
    for (int i = 0; i < 3; ++i)
      write(std::string(static_cast<std::size_t>(i) + 10, static_cast<char>('a' + i)));
    return 200;
  };
  return response;
}

TEST(HttpServer, ABodyMayBeMadeWhileItIsSent) {
  Running running;
  running.server.route("POST", "/count", counting);
  running.server.route("GET", "/count", counting);
  HttpClient client(running.start().port);
  for (int round = 0; round < 2; ++round) {  // and the connection goes on
    const Answer answer = client.ask("POST", "/count", "{}");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.headers.at("content-type"), "text/plain");
    EXPECT_EQ(answer.headers.at("transfer-encoding"), "chunked");
    EXPECT_EQ(answer.body, "aaaaaaaaaabbbbbbbbbbbcccccccccccc");
  }
  EXPECT_EQ(client.ask("HEAD", "/count").status, 200);
  EXPECT_EQ(client.ask("GET", "/echo").status, 200);
  client.send("GET /count HTTP/1.0\r\nHost: localhost\r\n\r\n");
  const Answer old = client.receive_head();
  EXPECT_FALSE(old.headers.contains("transfer-encoding"));
  EXPECT_EQ(old.headers.at("connection"), "close");
  EXPECT_EQ(client.rest(), "aaaaaaaaaabbbbbbbbbbbcccccccccccc");
}

TEST(HttpServer, APieceArrivesBeforeTheNextIsMade) {
  Running running;
  std::promise<void> seen;
  running.server.route("GET", "/slow", [&](const HttpRequest&) {
    HttpResponse response{200, "text/plain", ""};
    response.stream = [&](const HttpWriter& write) {
      write("first");
      seen.get_future().wait();
      write("second");
      return 200;
    };
    return response;
  });
  HttpClient client(running.start().port);
  client.send("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n");
  client.receive_head();
  EXPECT_EQ(client.chunk(), "first");
  seen.set_value();
  EXPECT_EQ(client.chunk(), "second");
  EXPECT_EQ(client.chunk(), "");
}

TEST(HttpServer, AStreamEndsWhenItsClientGoesOrTheServerStops) {
  Running running;
  std::promise<void> ended;
  running.server.route("GET", "/endless", [&](const HttpRequest& request) {
    HttpResponse response{200, "text/plain", ""};
    response.stream = [&, stopping = request.stopping](const HttpWriter& write) {
      while (!stopping() && write("more")) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      if (!stopping()) ended.set_value();
      return 200;
    };
    return response;
  });
  running.start();
  {
    HttpClient client(running.port);
    client.send("GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client.receive_head();
    EXPECT_EQ(client.chunk(), "more");
  }
  ended.get_future().wait();
  HttpClient client(running.port);
  client.send("GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n");
  client.receive_head();
  running.server.stop();
  while (client.chunk() == "more") {
  }
  EXPECT_TRUE(client.ended());
}

TEST(HttpServer, AStreamThatFailsIsCutOff) {
  Running running;
  running.server.route("GET", "/fails", [&](const HttpRequest&) {
    HttpResponse response{200, "text/plain", ""};
    response.stream = [&](const HttpWriter& write) -> int {
      write("first");
      throw std::runtime_error("secret reason");
    };
    return response;
  });
  HttpClient client(running.start().port);
  EXPECT_EQ(client.ask("GET", "/fails").status, 0);  // no last chunk, so that it can't be taken for whole
  EXPECT_EQ(running.server.failure(), nullptr);
}

// What a stream ended with is counted, though its client was told 200 when it began.
TEST(HttpServer, StreamsAreCountedByTheirEnd) {
  Running running;
  std::mutex mutex;
  std::vector<int> seen;
  running.server.observe([&](const std::string&, int status, double) {
    const std::lock_guard lock(mutex);
    seen.push_back(status);
  });
  running.server.route("GET", "/late", [&](const HttpRequest&) {
    HttpResponse response{200, "text/plain", ""};
    response.stream = [](const HttpWriter& write) {
      write("first");
      return 504;
    };
    return response;
  });
  running.server.route("GET", "/endless", [&](const HttpRequest&) {
    HttpResponse response{200, "text/plain", ""};
    response.stream = [](const HttpWriter& write) {
      while (write("more")) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      return 200;
    };
    return response;
  });
  EXPECT_EQ(HttpClient(running.start().port).ask("GET", "/late").status, 200);
  {
    HttpClient client(running.port);
    client.send("GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client.receive_head();
  }
  running.server.stop();
  EXPECT_THAT(seen, ::testing::UnorderedElementsAre(504, kClientGone));
}

TEST(HttpServer, APathThatEndsInASlashTakesAllBelowIt) {
  Running running;
  const auto answers = [](const char* text) {
    return [text](const HttpRequest& request) {
      return HttpResponse{200, "text/plain", text + request.path};
    };
  };
  running.server.route("GET", "/a/", answers("below "));
  running.server.route("GET", "/a/b/", answers("deep "));
  running.server.route("GET", "/a/own", answers("own "));
  HttpClient client(running.start().port);
  EXPECT_EQ(client.ask("GET", "/a/x/y").body, "below /a/x/y");
  EXPECT_EQ(client.ask("GET", "/a/").body, "below /a/");
  EXPECT_EQ(client.ask("GET", "/a/b/c/d").body, "deep /a/b/c/d");
  EXPECT_EQ(client.ask("GET", "/a/own").body, "own /a/own");
  EXPECT_EQ(client.ask("GET", "/a").status, 404);
  EXPECT_EQ(client.ask("POST", "/a/x", "{}").status, 405);
  // A target in absolute form (RFC 9112 §3.2.2).
  EXPECT_EQ(HttpClient(running.port).ask("GET", "http://localhost/a/own").body, "own /a/own");
}

TEST(HttpServer, SeveralRequestsMayComeAtOnce) {
  Running running;
  HttpClient client(running.start().port);
  const std::string one = "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n";
  client.send(one + "a\r\n" + one + "b");  // an empty line between them is passed over
  EXPECT_EQ(client.receive().json()["body"], "a");
  EXPECT_EQ(client.receive().json()["body"], "b");
}

TEST(HttpServer, BodiesOfEveryKindComeAsTheyAre) {
  Running running;
  HttpClient client(running.start().port);
  client.send(
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3\r\nabc\r\n2;x=1\r\nde\r\n0\r\n\r\n");
  EXPECT_EQ(client.receive().json()["body"], "abcde");
  client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\n\r\n");  // no length: no body
  EXPECT_EQ(client.receive().json()["body"], "");
  // What curl -d sends by default, longer than a form may be.
  const std::string large(20000, '=');
  EXPECT_EQ(client.ask("POST", "/echo", large, "Content-Type: application/x-www-form-urlencoded\r\n")
                .json()["body"],
            large);
  const std::string part = "--b\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\nv\r\n--b--\r\n";
  EXPECT_EQ(
      client.ask("POST", "/echo", part, "Content-Type: multipart/form-data; boundary=b\r\n").json()["body"],
      part);
  EXPECT_EQ(client.ask("POST", "/echo", "zz", "Content-Encoding: gzip\r\n").status, 415);
}

TEST(HttpServer, ABodyIsAskedForWhenTheClientWaits) {
  Running running;
  HttpClient client(running.start().port);
  client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.receive().status, 100);
  client.send("ok");
  EXPECT_EQ(client.receive().json()["body"], "ok");
  client.send(
      "POST /nothing HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.receive().status, 404);  // and not 100 first
}

TEST(HttpServer, ErrorsHaveOpenAisForm) {
  Running running;
  HttpClient client(running.start().port);
  const Answer missing = client.ask("GET", "/nothing");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.headers.at("content-type"), "application/json");
  EXPECT_EQ(missing.json(), (Json{{"error",
                                   {{"message", "there is no /nothing"},
                                    {"type", "not_found_error"},
                                    {"param", nullptr},
                                    {"code", nullptr}}}}));
  const Answer method = client.ask("PUT", "/echo");
  EXPECT_EQ(method.status, 405);
  EXPECT_EQ(method.headers.at("allow"), "GET, POST");
  EXPECT_EQ(method.json()["error"]["type"], "invalid_request_error");
}

TEST(HttpServer, HeadIsGetWithoutTheBody) {
  Running running;
  HttpClient client(running.start().port);
  const Answer head = client.ask("HEAD", "/echo");
  EXPECT_EQ(head.status, 200);
  EXPECT_NE(head.headers.at("content-length"), "0");
  EXPECT_EQ(client.ask("GET", "/echo").status, 200);  // the connection is not out of step
}

// Whatever is not understood, or could be understood in two ways, ends the connection.
TEST(HttpServer, HeadsThatAreNoneAreRefused) {
  Running running;
  running.start();
  const std::string post = "POST /echo HTTP/1.1\r\nHost: localhost\r\n";
  for (const std::string& bytes :
       {std::string("hello\r\n\r\n"), std::string("GET\r\n\r\n"), std::string("BREW /echo HTTP/1.1\r\n\r\n"),
        std::string("GET /echo HTTP/9.9\r\n\r\n"), post + "Content-Length: x\r\n\r\n",
        post + "Content-Length: -1\r\n\r\n", post + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        post + "Content-Length: 99999999999999999999\r\n\r\n",
        post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        post + "Transfer-Encoding: gzip, chunked\r\n\r\n"}) {
    HttpClient client(running.port);
    client.send(bytes);
    const Answer answer = client.receive();
    EXPECT_EQ(answer.status, 400) << bytes;
    EXPECT_EQ(answer.json()["error"]["type"], "invalid_request_error") << bytes;
    EXPECT_TRUE(client.ended()) << bytes;
  }
}

TEST(HttpServer, ABodyThatNobodyReadsIsNoRequest) {
  Running running;
  HttpClient client(running.start().port);
  client.send(
      "GET /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 30\r\n\r\nGET /echo HTTP/1.1\r\nHost: "
      "a\r\n\r\n");
  EXPECT_EQ(client.receive().status, 200);
  EXPECT_TRUE(client.ended());
}

TEST(HttpServer, LongHeadersCostNothing) {
  Running running;
  running.start();
  std::string range = "bytes=0-1";
  while (range.size() < 8000) range += ",0-1";
  HttpClient client(running.port);
  for (const std::string& ranges : {range, std::string("bytes=0-3"), std::string("nonsense")}) {
    const Answer whole = client.ask("GET", "/echo", "", "Range: " + ranges + "\r\n");
    EXPECT_EQ(whole.status, 200);
    EXPECT_EQ(whole.json()["path"], "/echo");
  }
  EXPECT_EQ(client.ask("GET", "/" + std::string(8000, 'a')).status, 404);
  HttpClient other(running.port);
  EXPECT_EQ(other.ask("GET", "/" + std::string(20000, 'a')).status, 414);
  HttpClient third(running.port);
  EXPECT_EQ(third.ask("GET", "/echo", "", "X: " + std::string(100000, 'a') + "\r\n").status, 431);
}

TEST(HttpServer, WhatAHandlerThrowsIsToldToTheLogAlone) {
  Running running;
  HttpClient client(running.start().port);
  ::testing::internal::CaptureStderr();
  const Answer answer = client.ask("POST", "/throws", "x");
  ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(answer.json()["error"]["type"], "server_error");
  EXPECT_THAT(answer.body, ::testing::Not(HasSubstr("secret")));
  EXPECT_EQ(running.server.failure(), nullptr);
  EXPECT_EQ(client.ask("GET", "/echo").status, 200);
}

TEST(HttpServer, ABrokenInvariantIsKeptForTheOwner) {
  Running running;
  HttpClient client(running.start().port);
  EXPECT_EQ(client.ask("POST", "/throws", "bug").status, 500);
  ASSERT_NE(running.server.failure(), nullptr);
  EXPECT_THROW(std::rethrow_exception(running.server.failure()), BrokenInvariant);
}

TEST(HttpServer, ATokenIsAskedFor) {
  Running running({.token = "s3cret"});
  HttpClient client(running.start().port);
  const auto status = [&](const std::string& authorization) {
    return client
        .ask("GET", "/echo", "", authorization.empty() ? "" : "Authorization: " + authorization + "\r\n")
        .status;
  };
  EXPECT_EQ(status("Bearer s3cret"), 200);
  EXPECT_EQ(status("bearer  s3cret"), 200);
  EXPECT_EQ(status("Basic aG9uZTpzM2NyZXQ="), 200);  // hone:s3cret
  for (const char* wrong :
       {"", "Bearer", "Bearer ", "Bearer s3cre", "Bearer s3cret2", "Bearer S3CRET", "s3cret",
        "Basic aG9uZTpzM2NyZX", "Basic !!!!", "Basic czNjcmV0", "Digest s3cret"}) {
    EXPECT_EQ(status(wrong), 401) << wrong;
  }
  const Answer refused = client.ask("GET", "/echo");
  EXPECT_EQ(refused.headers.at("www-authenticate"), "Bearer");
  EXPECT_EQ(refused.json()["error"]["type"], "authentication_error");
  EXPECT_EQ(client.ask("GET", "/nothing").status, 401);  // what there is, is not told
  EXPECT_EQ(client.ask("GET", "/open").status, 200);
}

TEST(HttpServer, WithoutATokenNoForeignPageIsAnswered) {
  Running running;
  running.start();
  const auto status = [&](const std::string& headers) {
    HttpClient client(running.port);
    client.send("GET /echo HTTP/1.1\r\n" + headers + "\r\n");
    return client.receive().status;
  };
  for (const char* good : {"Host: localhost:1\r\n", "Host: 127.0.0.1:8643\r\n", "Host: [::1]:8643\r\n",
                           "Host: LOCALHOST\r\nOrigin: http://127.0.0.1:3000\r\n", ""}) {
    EXPECT_EQ(status(good), 200) << good;
  }
  for (const char* bad :
       {"Host: evil.example\r\n", "Host: 127.0.0.1.evil.example\r\n", "Host: localhost.evil.example\r\n",
        "Host: localhost\r\nOrigin: https://evil.example\r\n", "Host: localhost\r\nOrigin: null\r\n"}) {
    EXPECT_EQ(status(bad), 403) << bad;
  }
}

TEST(HttpServer, BeyondLoopbackOnlyWithAToken) {
  for (const char* host : {"0.0.0.0", "::"}) {
    HttpServer server({.host = host});
    const auto refused = server.start();
    ASSERT_FALSE(refused.ok());
    EXPECT_THAT(refused.error().message(), HasSubstr("--token"));
  }
  HttpServer server({.host = "0.0.0.0", .token = "t"});
  EXPECT_TRUE(server.start().ok());
}

TEST(HttpServer, AddressesThatCannotBeHadAreErrors) {
  Running running;
  running.start();
  const auto error = [](HttpOptions options) {
    HttpServer server(std::move(options));
    const auto result = server.start();
    return result.ok() ? std::string() : result.error().message();
  };
  EXPECT_THAT(error({.port = running.port}), HasSubstr("[--port] must be free"));
  EXPECT_THAT(error({.port = 70000}), HasSubstr("got 70000"));
  EXPECT_THAT(error({.host = ""}), HasSubstr("[--host]"));
  EXPECT_THAT(error({.host = "no.such.host.invalid"}), HasSubstr("[--host]"));
}

}  // namespace
}  // namespace hone
