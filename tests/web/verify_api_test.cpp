// The verifiers as a service, over a real connection.
#include "hone/web/verify_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "hone/verify/rubric.h"
#include "web/http_client.h"

namespace hone {
namespace {

using testing::Answer;
using ::testing::HasSubstr;
using testing::HttpClient;

struct Service {
  StatusApi status{"1.2"};
  VerifyApi api;
  HttpServer server{HttpOptions{}};
  int port = 0;
  explicit Service(VerifyApiOptions options = {.workers = 2}) : api(std::move(options), status) {
    api.add_to(server);
    status.add_to(server);
    const auto started = server.start();
    EXPECT_TRUE(started.ok());
    port = started.ok() ? *started : 0;
  }
  Answer post(const std::string& path, const Json& body) { return post_text(path, body.dump()); }
  Answer post_text(const std::string& path, const std::string& body) {
    return HttpClient(port).ask("POST", path, body);
  }
};

TEST(VerifyApi, ARowComesBackWithItsVerdict) {
  Service service;
  const Answer answer =
      service.post_text("/verify", R"({"id":7,"reference":"\\frac{1}{2}","completion":"so \\boxed{0.5}"})");
  EXPECT_EQ(answer.status, 200);
  // The keys keep their order.
  EXPECT_THAT(answer.body, ::testing::StartsWith(R"({"id":7,"reference":"\\frac{1}{2}","completion":)"));
  EXPECT_EQ(answer.json()["status"], "correct");
  EXPECT_EQ(answer.json()["score"], 1.0);
  EXPECT_TRUE(answer.json()["ms"].is_number());
}

TEST(VerifyApi, ListsComeBackInOrder) {
  Service service({.workers = 7});
  Json rows = Json::array();
  for (int i = 0; i < 500; ++i) {
    rows.push_back(
        {{"id", i}, {"verifier", "number"}, {"reference", i}, {"completion", std::to_string(i + i % 2)}});
  }
  const Json answers = service.post("/verify", rows).json();
  ASSERT_EQ(answers.size(), 500u);
  for (int i = 0; i < 500; ++i) {
    ASSERT_EQ(answers[static_cast<std::size_t>(i)]["id"], i);
    EXPECT_EQ(answers[static_cast<std::size_t>(i)]["status"], i % 2 == 0 ? "correct" : "wrong");
  }
  EXPECT_EQ(service.post("/verify", {{"rows", rows}}).json()["rows"].size(), 500u);
  EXPECT_EQ(service.post_text("/verify", "[]").body, "[]\n");
  EXPECT_EQ(service.post_text("/verify", R"({"rows":[]})").body, "{\"rows\":[]}\n");
}

// A problem may have a field of that name.
TEST(VerifyApi, ARowMayHoldRows) {
  Service service;
  const Json answer =
      service.post("/verify", {{"rows", {1, 2}}, {"reference", "2"}, {"completion", "2"}}).json();
  EXPECT_EQ(answer["status"], "correct");
  EXPECT_EQ(answer["rows"], Json({1, 2}));
}

TEST(VerifyApi, ARowsOwnFaultIsItsVerdict) {
  Service service;
  const Json answers =
      service
          .post_text("/verify", R"([{"reference":"1"}, 5, {"verifier":"magic","completion":"1"}, null,
                                       {"reference":"1","completion":"1"}])")
          .json();
  ASSERT_EQ(answers.size(), 5u);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(answers[static_cast<std::size_t>(i)]["status"], "error") << i;
    EXPECT_EQ(answers[static_cast<std::size_t>(i)]["score"], nullptr) << i;
  }
  EXPECT_EQ(answers[1]["row"], 5);
  EXPECT_EQ(answers[4]["status"], "correct");
}

TEST(VerifyApi, WhatIsNoRequestIsRefused) {
  Service service;
  const auto refused = [&](const std::string& path, const std::string& body) {
    const Answer answer = service.post_text(path, body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(answer.json()["error"]["type"], "invalid_request_error");
    return answer.message();
  };
  EXPECT_THAT(refused("/verify", "{\"a\":"), HasSubstr("[body] must be valid JSON (stops being so at byte"));
  EXPECT_THAT(refused("/verify", ""), HasSubstr("must be valid JSON"));
  EXPECT_THAT(refused("/verify", "\xff\xfe"), HasSubstr("must be valid JSON"));
  EXPECT_THAT(refused("/verify", std::string(100000, '[')), HasSubstr("must nest at most"));
  EXPECT_THAT(refused("/verify", "7"), HasSubstr("must be a row or a list of rows"));
  EXPECT_THAT(refused("/verify", R"({"rows":{}})"), HasSubstr("[rows] must be a list"));
  EXPECT_THAT(refused("/get_reward", "[]"), HasSubstr("must be an object"));
  EXPECT_THAT(refused("/get_reward", "{}"), HasSubstr("[query]"));
  EXPECT_THAT(refused("/get_reward", R"({"query":"a"})"), HasSubstr("[query] must be a list"));
  EXPECT_THAT(refused("/get_reward", R"({"query":["a"],"labels":[]})"),
              HasSubstr("must be as many as query (1), got 0"));
  EXPECT_THAT(refused("/get_reward", R"({"query":["a"],"prompts":["a","b"]})"), HasSubstr("got 2"));
  EXPECT_THAT(refused("/get_reward", R"({"query":[1]})"), HasSubstr("must be texts (entry 0)"));
  EXPECT_THAT(refused("/get_reward", R"({"query":["a","b"],"prompts":["a",null]})"), HasSubstr("(entry 1)"));
}

TEST(VerifyApi, TooManyRowsAreRefused) {
  Service service({.workers = 1, .max_rows = 3});
  const Json row = {{"reference", "1"}, {"completion", "1"}};
  EXPECT_EQ(service.post("/verify", Json::array({row, row, row})).status, 200);
  const Answer refused = service.post("/verify", Json::array({row, row, row, row}));
  EXPECT_EQ(refused.status, 413);
  EXPECT_THAT(refused.message(), HasSubstr("3 rows, not 4"));
}

TEST(VerifyApi, OpenRlhfsCall) {
  Service service;
  const std::string prompt = "<|im_start|>user\nhow much?<|im_end|>\n<|im_start|>assistant\n";
  const Answer answer = service.post(
      "/get_reward",
      {{"query",
        {prompt + "It is \\boxed{4}<|im_end|>", prompt + "It is \\boxed{5}<|im_end|>", prompt + "<|im_end|>",
         prompt + "<answer>2*3</answer><|im_end|>", prompt + "\\boxed{4}", "elsewhere \\boxed{4}"}},
       {"prompts", Json::array({prompt, prompt, prompt, prompt, prompt, prompt})},
       {"labels", {"4", 4, "4", R"({"verifier":"expression","numbers":[2,3],"target":6})", nullptr, "4"}}});
  ASSERT_EQ(answer.status, 200) << answer.body;
  const Json json = answer.json();
  EXPECT_EQ(json["rewards"], Json({1.0, 0.0, 0.0, 1.0, 0.0, 0.0}));
  EXPECT_EQ(json["scores"], Json({1.0, 0.0, 0.0, 1.0, 0.0, 0.0}));
  EXPECT_EQ(json["statuses"], Json({"correct", "wrong", "unparsable", "correct", "error", "error"}));
  EXPECT_EQ(json["extra_logs"]["correct"], Json({1.0, 0.0, 0.0, 1.0, 0.0, 0.0}));
  EXPECT_EQ(json["extra_logs"]["undecided"], Json({0.0, 0.0, 0.0, 0.0, 1.0, 1.0}));
  EXPECT_EQ(json["extra_logs"]["unparsable"], Json({0.0, 0.0, 1.0, 0.0, 0.0, 0.0}));
  // Torch makes integers of 1, and has no mean of them.
  EXPECT_THAT(answer.body, HasSubstr("\"rewards\":[1.0,0.0,"));
  EXPECT_EQ(service.post_text("/get_reward", R"({"query":[],"prompts":[],"labels":[]})").json()["rewards"],
            Json::array());
}

// Sometimes only the query is sent: all of it is judged, against nothing but what the label brings.
TEST(VerifyApi, OpenRlhfsCallWithoutPrompts) {
  Service service;
  EXPECT_EQ(
      service.post("/get_reward", {{"query", {"so \\boxed{4}</s>"}}, {"labels", {"4"}}}).json()["rewards"],
      Json({1.0}));
}

TEST(VerifyApi, TheVerifiersAreThoseOfTheRubric) {
  Service service;
  const Json json = HttpClient(service.port).ask("GET", "/verifiers").json();
  EXPECT_EQ(json["default"], "math");
  std::vector<std::string> names;
  int compared = 0;
  for (const Json& verifier : json["verifiers"]) {
    names.push_back(verifier["name"]);
    EXPECT_FALSE(verifier["asks"].get<std::string>().empty());
    const auto made = make_verifier({.verifier = verifier["name"], .scale = 1.0}, 1);
    if (!made.ok()) continue;  // code and program need a sandbox, and a program to run
    ++compared;
    EXPECT_EQ(verifier["judges_correctness"], (*made)->judges_correctness()) << names.back();
  }
  EXPECT_EQ(names, known_verifiers());
  EXPECT_GE(compared, 7);
}

TEST(VerifyApi, HealthAndMetrics) {
  Service service({.workers = 3});
  service.post("/verify", Json::array({{{"reference", "1"}, {"completion", "1"}},
                                       {{"verifier", "number"}, {"reference", "1"}, {"completion", "2"}},
                                       {{"verifier", "magic"}, {"completion", "2"}},
                                       {{"verifier", 7}, {"completion", "2"}}}));
  const Json health = HttpClient(service.port).ask("GET", "/health").json();
  EXPECT_EQ(health["status"], "ok");
  EXPECT_EQ(health["version"], "1.2");
  // A request is counted once its answer is out: it may be here before it is counted.
  const std::string counted = "hone_requests_total{route=\"/verify\",status=\"200\"} 1\n";
  Answer metrics = HttpClient(service.port).ask("GET", "/metrics");
  for (int i = 0; i < 500 && metrics.body.find(counted) == std::string::npos; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    metrics = HttpClient(service.port).ask("GET", "/metrics");
  }
  EXPECT_THAT(metrics.headers.at("content-type"), ::testing::StartsWith("text/plain; version=0.0.4"));
  for (const char* line : {
           "hone_verdicts_total{verifier=\"math\",status=\"correct\"} 1\n",
           "hone_verdicts_total{verifier=\"number\",status=\"wrong\"} 1\n",
           "hone_verdicts_total{verifier=\"unknown\",status=\"error\"} 2\n",
           counted.c_str(),
           "hone_workers 3\n",
       }) {
    EXPECT_THAT(metrics.body, HasSubstr(line));
  }
}

TEST(VerifyApi, ManyClientsEachGetTheirOwn) {
  Service service({.workers = 4});
  std::atomic<int> right{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([&, t] {
        HttpClient client(service.port);
        for (int i = 0; i < 25; ++i) {
          Json rows = Json::array();
          for (int r = 0; r < i; ++r) {
            rows.push_back({{"of", t}, {"reference", r}, {"completion", std::to_string(r + (r + t) % 2)}});
          }
          const Json answers = client.ask("POST", "/verify", rows.dump()).json();
          bool good = answers.size() == rows.size();
          for (int r = 0; good && r < i; ++r) {
            const Json& answer = answers[static_cast<std::size_t>(r)];
            good = answer["of"] == t && answer["status"] == ((r + t) % 2 == 0 ? "correct" : "wrong");
          }
          right += good ? 1 : 0;
        }
      });
    }
  }
  EXPECT_EQ(right, 8 * 25);
}

}  // namespace
}  // namespace hone
