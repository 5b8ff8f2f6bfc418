// hone serve --verify: the built program, asked as others ask it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <thread>

#include "cli/run_command.h"
#include "cli/run_program.h"
#include "cli/tiny_model.h"
#include "web/http_client.h"

namespace hone {
namespace {

using namespace hone::testing;
using ::testing::HasSubstr;

// The program while it serves; its port is the one it prints.
class Serving {
 public:
  explicit Serving(std::vector<std::string> arguments = {}) {
    arguments.insert(arguments.begin(), {HONE_BINARY, "serve", "--verify", "--port", "0"});
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, (folder_ / "out").c_str(), O_WRONLY | O_CREAT, 0600);
    posix_spawn_file_actions_addopen(&actions, 2, (folder_ / "err").c_str(), O_WRONLY | O_CREAT, 0600);
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    EXPECT_EQ(posix_spawn(&pid_, HONE_BINARY, &actions, nullptr, argv.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    while (!out().ends_with('\n') && running()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    const std::string address = out();
    if (address.ends_with('\n')) port_ = std::stoi(address.substr(address.rfind(':') + 1));
  }
  Serving(const Serving&) = delete;
  Serving& operator=(const Serving&) = delete;
  ~Serving() {
    if (running()) end(SIGKILL);
  }

  int port() const { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::string out() const { return file_bytes(folder_ / "out"); }
  std::string err() const { return file_bytes(folder_ / "err"); }
  void signal(int number) const { ::kill(pid_, number); }
  // The exit code, 128 + the signal's number when one ended it.
  int end(int number = 0) {
    if (number != 0) signal(number);
    if (!ended_) waitpid(pid_, &status_, 0);
    ended_ = true;
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
  }

 private:
  bool running() {
    if (!ended_ && waitpid(pid_, &status_, WNOHANG) == pid_) ended_ = true;
    return !ended_;
  }

  TempFolder folder_;
  pid_t pid_ = 0;
  int port_ = 0, status_ = 0;
  bool ended_ = false;
};

// Runs python3 on a script; what it prints.
std::string python(const std::string& script, const std::string& environment) {
  const TempFolder folder;
  write_file(folder / "script.py", script);
  const std::string command = environment + " python3 " + (folder / "script.py").string() + " > " +
                              (folder / "out").string() + " 2>&1";
  EXPECT_EQ(std::system(command.c_str()), 0) << file_bytes(folder / "out");
  return file_bytes(folder / "out");
}

TEST(Serve, AnswersUntilItIsTold) {
  Serving serving({"--jobs", "3", "--verifier", "number"});
  EXPECT_EQ(serving.out(), serving.url() + "\n");
  const Answer one = HttpClient(serving.port()).ask("POST", "/verify", R"({"reference":4,"completion":"4"})");
  EXPECT_EQ(one.json()["status"], "correct");
  EXPECT_EQ(HttpClient(serving.port()).ask("GET", "/verifiers").json()["default"], "number");
  EXPECT_THAT(HttpClient(serving.port()).ask("GET", "/metrics").body, HasSubstr("hone_workers 3\n"));
  EXPECT_EQ(HttpClient(serving.port()).ask("GET", "/health").json()["status"], "ok");
  EXPECT_EQ(serving.end(SIGTERM), 0);
  EXPECT_THAT(serving.err(), HasSubstr("stopping: what is being answered is finished first"));
  EXPECT_THAT(serving.err(), HasSubstr("4 requests, 1 correct"));
}

// A judgement that runs when the signal comes is finished, and its answer arrives.
TEST(Serve, FinishesWhatIsBeingJudged) {
  Serving serving;
  HttpClient client(serving.port());
  const Json row = {{"verifier", "code"},
                    {"language", "python"},
                    {"completion", "import time\nprint(input())\ntime.sleep(0.6)"},
                    {"tests", {{"kind", "stdio"}, {"cases", {{{"stdin", "5"}, {"stdout", "5"}}}}}}};
  const std::string body = row.dump();
  client.send("POST /verify HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) +
              "\r\n\r\n" + body);
  // Until it is being judged (or has a verdict at once, where there is no sandbox).
  for (std::string metrics; metrics.find("hone_rows_running 1\n") == std::string::npos &&
                            metrics.find("verifier=\"code\"") == std::string::npos;) {
    metrics = HttpClient(serving.port()).ask("GET", "/metrics").body;
  }
  serving.signal(SIGINT);
  const Answer answer = client.receive();
  EXPECT_EQ(serving.end(), 0);
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(answer.json()["status"], "correct") << answer.body;
}

// Starting the program takes a second: these share one, which asks for a token.
class ServeWithToken : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    shared_ = std::make_unique<Serving>(
        std::vector<std::string>{"--host", "0.0.0.0", "--token", "s3cret", "--max-body", "1"});
  }
  static void TearDownTestSuite() {
    EXPECT_EQ(shared_->end(SIGINT), 0);
    shared_.reset();
  }
  static std::unique_ptr<Serving> shared_;
  Serving& serving = *shared_;
};
std::unique_ptr<Serving> ServeWithToken::shared_;

TEST_F(ServeWithToken, ItIsAskedFor) {
  EXPECT_EQ(HttpClient(serving.port()).ask("GET", "/verifiers").status, 401);
  EXPECT_EQ(
      HttpClient(serving.port()).ask("GET", "/verifiers", "", "Authorization: Bearer s3cret\r\n").status,
      200);
}

TEST_F(ServeWithToken, LargerBodiesThanAllowed) {
  const std::string token = "Authorization: Bearer s3cret\r\n";
  EXPECT_EQ(HttpClient(serving.port()).ask("POST", "/verify", std::string(3 << 20, ' '), token).status, 413);
  EXPECT_EQ(HttpClient(serving.port()).ask("POST", "/verify", "[]" + std::string(1000, ' '), token).body,
            "[]\n");
}

// TRL calls a reward function with the completions, and the dataset's columns beside them.
TEST_F(ServeWithToken, TrlsRewardFunction) {
  const std::string printed = python(
      R"py(
import importlib.util, json
spec = importlib.util.spec_from_file_location("trl_reward", ")py" HONE_SOURCE_DIR
      R"py(/docs/examples/trl_reward.py")
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
reward = module.hone_reward

texts = ["so \\boxed{0.5}", "\\boxed{2}", "\\boxed{3}", "def f(x):\n  return x + 1"]
columns = {
    "prompts": ["p"] * 4,
    "completion_ids": [[1], [2, 3], [4], [5]],
    "trainer_state": object(),
    "answer": ["\\frac{1}{2}", "3", None, None],
    "verifier": [None, "number", None, "expression"],
    "numbers": [None, None, None, [1, 2]],
}
chat = [[{"role": "user", "content": "?"}, {"role": "assistant", "content": t}] for t in texts]
print(json.dumps([reward(completions=texts, **columns), reward(completions=chat, **columns), reward([], prompts=[])]))
)py",
      "HONE_TOKEN=s3cret HONE_URL=" + serving.url());
  // The third has no reference, the fourth no target: undecided.
  const Json scores = {1.0, 0.0, nullptr, nullptr};
  EXPECT_EQ(Json::parse(printed), Json({scores, scores, Json::array()}));
}

// As openrlhf/utils/agent.py calls: one query at a time, the response's special tokens left in; a token can
// only come with the address.
TEST_F(ServeWithToken, OpenRlhfsCall) {
  const std::string body =
      R"({"query":["<s>Q: 2+2?\nA: \\boxed{4}</s>"],"prompts":["Q: 2+2?\nA:"],"labels":["4"]})";
  const Answer answer =
      HttpClient(serving.port())
          .ask("POST", "/get_reward", body,
               "Authorization: Basic aG9uZTpzM2NyZXQ=\r\nContent-Type: application/json\r\n");
  EXPECT_EQ(answer.json()["rewards"], Json({1.0}));
  EXPECT_EQ(answer.json()["scores"], Json({1.0}));
}

// What docs/verifiers.md shows is the file that was tested.
TEST(Serve, TheDocumentedRewardFunctionIsTheTestedOne) {
  const std::string root = HONE_SOURCE_DIR;
  const std::string file = file_bytes(root + "/docs/examples/trl_reward.py");
  EXPECT_THAT(file_bytes(root + "/docs/verifiers.md"),
              HasSubstr("```python\n" + file.substr(file.find("import json")) + "```"));
}

TEST(Serve, WhatCannotBeServedIsOneError) {
  expect_one_error(run_command({"serve"}), {"needs a MODEL, --verify, or both"});
  expect_one_error(run_command({"serve", "models/none"}), {"models/none"});
  expect_one_error(run_command({"serve", tiny_model(), "--parallel", "0"}), {"[--parallel]", "[1, 4096]"});
  expect_one_error(run_command({"serve", tiny_model(), "--top-p", "2"}), {"[--top-p]"});
  expect_one_error(run_command({"serve", "--verify", "--host", "0.0.0.0"}),
                   {"[--host]", "--token", "0.0.0.0"});
  expect_one_error(run_command({"serve", "--verify", "--port", "99999"}), {"[--port]", "99999"});
  expect_one_error(run_command({"serve", "--verify", "--jobs", "-1"}), {"[--jobs]", "-1"});
  expect_one_error(run_command({"serve", "--verify", "--max-body", "0"}), {"[--max-body]"});
}

}  // namespace
}  // namespace hone
