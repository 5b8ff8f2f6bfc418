// What a remote judge may do, good and bad. The endpoint is in this process.
#include "hone/web/endpoint_friend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <set>

#include "hone/base/hash.h"
#include "support/fake_endpoint.h"
#include "support/temp_folder.h"

namespace hone {
namespace {

using testing::chat_answer;
using testing::FakeEndpoint;
using ::testing::HasSubstr;
using testing::http_answer;
using ::testing::Not;
using testing::TempFolder;

constexpr const char* kKey = "sk-very-secret-0123456789";

struct Remote {
  FakeEndpoint endpoint;
  TempFolder folder;
  EndpointOptions options;

  explicit Remote(FakeEndpoint::Answer answer) : endpoint(std::move(answer)) {
    options.asked = {.judge = "endpoint", .seconds = 5, .retries = 2, .workers = 3};
    options.asked.url = endpoint.url();
    options.asked.model = "wise";
    options.name = "remote";
    options.key = kKey;
    options.run = "r";
    options.backoff_seconds = 0.001;
  }

  std::vector<std::vector<Opinion>> ask(const std::vector<std::string>& texts, std::int64_t step = 0) {
    auto judge = make_endpoint_friend(options, folder / "friends.db");
    EXPECT_TRUE(judge.ok()) << judge.error().message();
    return ask(**judge, texts, step);
  }
  static std::vector<std::vector<Opinion>> ask(Friend& judge, const std::vector<std::string>& texts,
                                               std::int64_t step = 0) {
    std::vector<JudgeQuestion> questions;
    for (const std::string& text : texts) questions.push_back({text, hash64(text)});
    const auto opinions = judge.ask(questions, step);
    EXPECT_TRUE(opinions.ok()) << opinions.error().message();
    return *opinions;
  }
};

TEST(EndpointFriend, AsksAsOpenAiDoesAndReadsTheAnswer) {
  std::string head;
  Json body;
  Remote remote([&](const FakeEndpoint::Request& request) {
    if (request.question() == "one") head = request.head, body = request.body;
    return chat_answer(request.question() == "one" ? "<answer>yes</answer>" : "I say no.");
  });
  const auto opinions = remote.ask({"one", "two"});
  EXPECT_EQ(opinions[0][0].yes, 1.0);
  EXPECT_EQ(opinions[1][0].yes, 0.0);
  EXPECT_THAT(head, HasSubstr("POST /v1/chat/completions HTTP/1.1"));
  EXPECT_THAT(head, HasSubstr(std::string("Authorization: Bearer ") + kKey));
  EXPECT_EQ(body, (Json{{"model", "wise"},
                        {"messages", Json::array({Json{{"role", "user"}, {"content", "one"}}})},
                        {"temperature", 0.0},
                        {"max_tokens", 256}}));
}

TEST(EndpointFriend, ReadsProbabilities) {
  Json body;
  Remote remote([&](const FakeEndpoint::Request& request) {
    body = request.body;
    Json likely = Json::array();
    const auto add = [&](const char* token, double p) {
      likely.push_back({{"token", token}, {"logprob", std::log(p)}});
    };
    if (request.question() == "one") add("Yes", 0.3), add(" yes", 0.3), add("no", 0.2), add("eyes", 0.1);
    if (request.question() == "two") add("maybe", 0.9);
    const Json logprobs = {{"content", Json::array({Json{{"top_logprobs", likely}}})}};
    return http_answer(200, Json{{"choices", Json::array({Json{{"logprobs", logprobs}}})}}.dump());
  });
  remote.options.asked.verdict = "probability";
  const auto opinions = remote.ask({"one", "two"});
  ASSERT_TRUE(opinions[0][0].yes);
  EXPECT_NEAR(*opinions[0][0].yes, 0.75, 1e-9);
  EXPECT_EQ(opinions[1][0].yes, std::nullopt);
  EXPECT_EQ(body["max_tokens"], 1);
  EXPECT_EQ(body["logprobs"], true);
  EXPECT_EQ(body["temperature"], 0);
}

TEST(EndpointFriend, NeitherYesNorNoIsAnAbstentionForGood) {
  Remote remote([](const FakeEndpoint::Request&) { return chat_answer("Hard to say."); });
  const auto opinions = remote.ask({"one"});
  EXPECT_EQ(opinions[0][0].yes, std::nullopt);
  EXPECT_FALSE(opinions[0][0].timed_out);
  EXPECT_THAT(opinions[0][0].why, HasSubstr("says neither yes nor no"));
  remote.ask({"one"}, 1);
  EXPECT_EQ(remote.endpoint.calls(), 1);
}

TEST(EndpointFriend, TriesAgainAfter429And500) {
  std::mutex mutex;
  std::map<std::string, int> tries;
  Remote remote([&](const FakeEndpoint::Request& request) {
    const std::lock_guard lock(mutex);
    const int n = tries[request.question()]++;
    if (n == 0) return http_answer(429, "{}");
    if (n == 1 && request.question() == "two") return http_answer(503, "later");
    return chat_answer("yes");
  });
  const auto opinions = remote.ask({"one", "two"});
  EXPECT_EQ(opinions[0][0].yes, 1.0);
  EXPECT_EQ(opinions[1][0].yes, 1.0);
  EXPECT_EQ(remote.endpoint.calls(), 5);
}

TEST(EndpointFriend, WaitsAsLongAsItIsAskedTo) {
  Remote remote([](const FakeEndpoint::Request& request) {
    return request.number == 0 ? http_answer(429, "{}", "Retry-After: 1\r\n") : chat_answer("yes");
  });
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(remote.ask({"one"})[0][0].yes, 1.0);
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
}

TEST(EndpointFriend, WhatKeepsFailingIsAnAbstention) {
  const std::vector<std::pair<std::string, std::string>> failures = {
      {http_answer(500, "oops"), "HTTP status 500"},
      {http_answer(200, "<html>"), "its answer is no JSON"},
      {http_answer(200, "{}"), "no choices[0].message.content"},
      {http_answer(200, "[1]"), "no choices[0].message.content"},
      {http_answer(200, R"({"choices":[{"message":{"content":null}}]})"), "no choices[0]"},
      {http_answer(200, R"({"choices":{"0":7}})"), "no choices[0]"},
      {http_answer(401, kKey), "HTTP status 401"},
      {http_answer(302, "", "Location: http://127.0.0.1:1/\r\n"), "HTTP status 302"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"choices\":", ""},
      {"not HTTP", ""},
      {"", ""},
  };
  for (const auto& [bytes, reason] : failures) {
    Remote remote([&](const FakeEndpoint::Request&) { return bytes; });
    const auto opinions = remote.ask({"one"});
    EXPECT_EQ(opinions[0][0].yes, std::nullopt) << bytes;
    EXPECT_FALSE(opinions[0][0].why.empty()) << bytes;
    EXPECT_THAT(opinions[0][0].why, HasSubstr(reason));
    EXPECT_THAT(opinions[0][0].why, Not(HasSubstr(kKey)));
    const bool again = reason.empty() || reason == "HTTP status 500";
    EXPECT_EQ(remote.endpoint.calls(), again ? 3 : 1) << bytes;
  }
}

TEST(EndpointFriend, TooSlowIsATimeout) {
  Remote remote([](const FakeEndpoint::Request&) {
    std::this_thread::sleep_for(std::chrono::milliseconds(400));
    return chat_answer("yes");
  });
  remote.options.asked.seconds = 0.1;
  remote.options.asked.retries = 1;
  const auto opinions = remote.ask({"one"});
  EXPECT_EQ(opinions[0][0].yes, std::nullopt);
  EXPECT_TRUE(opinions[0][0].timed_out);
}

TEST(EndpointFriend, AnUnreachableOneIsLeftAloneForTheStep) {
  Remote remote([](const FakeEndpoint::Request&) { return chat_answer("yes"); });
  remote.options.asked.url = "http://127.0.0.1:1/v1";
  remote.options.asked.retries = 0;
  std::vector<std::string> texts;
  for (int i = 0; i < 200; ++i) texts.push_back(std::to_string(i));
  int not_asked = 0;
  for (const auto& voters : remote.ask(texts)) {
    EXPECT_EQ(voters[0].yes, std::nullopt);
    not_asked += voters[0].why.starts_with("not asked: ") ? 1 : 0;
  }
  EXPECT_GE(not_asked, 150);
}

TEST(EndpointFriend, NothingIsAskedTwiceAndCopiesAreAskedApart) {
  std::atomic<int> n = 0;
  Remote remote([&](const FakeEndpoint::Request&) { return chat_answer(n++ % 2 == 0 ? "yes" : "no"); });
  remote.options.asked.copies = 2;
  remote.options.asked.workers = 1;
  remote.options.asked.temperature = 1;
  const auto first = remote.ask({"one", "two"}, 0);
  EXPECT_EQ(remote.endpoint.calls(), 4);
  EXPECT_NE(first[0][0].yes, first[0][1].yes);
  const auto later = remote.ask({"two", "one", "three"}, 5);
  EXPECT_EQ(remote.endpoint.calls(), 6);
  for (std::size_t v = 0; v < 2; ++v) {
    EXPECT_EQ(later[1][v].yes, first[0][v].yes);
    EXPECT_EQ(later[0][v].yes, first[1][v].yes);
  }
  remote.options.asked.model = "other";
  remote.ask({"one"}, 0);
  EXPECT_EQ(remote.endpoint.calls(), 8);
}

// A resumed run repeats what its step saw; a later step, and another run, ask anew.
TEST(EndpointFriend, AFailureIsKeptForItsStepUntilItIsWithdrawn) {
  std::atomic<bool> well = false;
  Remote remote(
      [&](const FakeEndpoint::Request&) { return well ? chat_answer("yes") : http_answer(500, ""); });
  EXPECT_EQ(remote.ask({"one"}, 7)[0][0].yes, std::nullopt);
  well = true;
  EXPECT_EQ(remote.ask({"one"}, 7)[0][0].yes, std::nullopt);
  EXPECT_EQ(remote.endpoint.calls(), 3);
  {
    auto judge = make_endpoint_friend(remote.options, remote.folder / "friends.db");
    ASSERT_TRUE(judge.ok());
    ASSERT_TRUE((*judge)->withdraw(7).ok());
  }
  EXPECT_EQ(remote.ask({"one"}, 7)[0][0].yes, 1.0);

  well = false;
  EXPECT_EQ(remote.ask({"two"}, 7)[0][0].yes, std::nullopt);
  well = true;
  EXPECT_EQ(remote.ask({"two"}, 70)[0][0].yes, 1.0);
  well = false;
  EXPECT_EQ(remote.ask({"three"}, 7)[0][0].yes, std::nullopt);
  well = true;
  remote.options.run = "r-2";
  EXPECT_EQ(remote.ask({"three"}, 7)[0][0].yes, 1.0);
}

TEST(EndpointFriend, SpendsNoMoreCallsThanItsCapOverEveryResume) {
  Remote remote([](const FakeEndpoint::Request& request) {
    return request.question() == "0" ? http_answer(500, "") : chat_answer("yes");
  });
  remote.options.asked.max_calls = 10;
  remote.options.asked.workers = 4;
  std::vector<std::string> texts;
  for (int i = 0; i < 6; ++i) texts.push_back(std::to_string(i));
  remote.ask(texts, 0);  // 5 answers, 3 attempts for "0"
  EXPECT_EQ(remote.endpoint.calls(), 8);
  for (int i = 6; i < 30; ++i) texts.push_back(std::to_string(i));
  int held = 0;
  std::string why;
  for (const auto& voters : remote.ask(texts, 1)) {
    held += voters[0].yes ? 1 : 0;
    if (!voters[0].yes && voters[0].why.starts_with("not asked")) why = voters[0].why;
  }
  EXPECT_EQ(remote.endpoint.calls(), 10);
  EXPECT_LE(held, 7);
  EXPECT_EQ(why, "not asked: max_calls 10 are spent");
  remote.ask(texts, 2);
  EXPECT_EQ(remote.endpoint.calls(), 10);
}

TEST(EndpointFriend, SpendsNoMoreTokensThanItsCap) {
  Remote remote([](const FakeEndpoint::Request&) { return chat_answer("yes", 40); });
  remote.options.asked.max_tokens = 100;
  remote.options.asked.workers = 1;
  remote.ask({"1", "2", "3", "4", "5"});
  EXPECT_EQ(remote.endpoint.calls(), 3);  // the third passes the cap
  EXPECT_EQ(remote.ask({"6"}, 1)[0][0].why, "not asked: max_tokens 100 are spent");
}

TEST(EndpointFriend, TheKeyIsWrittenNowhere) {
  Remote remote([](const FakeEndpoint::Request& request) {
    return chat_answer(request.number == 0 ? fmt::format("yes, {} yes", kKey) : std::string(kKey));
  });
  remote.options.asked.workers = 1;
  for (const auto& voters : remote.ask({"one", "two"})) EXPECT_THAT(voters[0].why, Not(HasSubstr("secret")));
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(remote.folder.path())) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    EXPECT_EQ(bytes.find("very-secret"), std::string::npos) << entry.path();
    ++files;
  }
  EXPECT_GE(files, 1);
}

TEST(EndpointKey, ComesFromTheEnvironment) {
  FriendOptions options{.judge = "endpoint"};
  EXPECT_EQ(*endpoint_key(options), "");
  options.key_env = "HONE_TEST_ENDPOINT_KEY";
  ::unsetenv("HONE_TEST_ENDPOINT_KEY");
  EXPECT_EQ(endpoint_key(options).error().message(),
            "[friends: key_env] the environment must hold the key in HONE_TEST_ENDPOINT_KEY, got none");
  ::setenv("HONE_TEST_ENDPOINT_KEY", kKey, 1);
  EXPECT_EQ(*endpoint_key(options), kKey);
  ::setenv("HONE_TEST_ENDPOINT_KEY", "a\nb-secret", 1);
  EXPECT_THAT(endpoint_key(options).error().message(), Not(HasSubstr("secret")));
  ::unsetenv("HONE_TEST_ENDPOINT_KEY");
}

TEST(EndpointFriend, ACacheThatCannotBeMadeIsAnError) {
  Remote remote([](const FakeEndpoint::Request&) { return chat_answer("yes"); });
  EXPECT_FALSE(make_endpoint_friend(remote.options, "/nowhere/friends.db").ok());
}

}  // namespace
}  // namespace hone
