// The built program on a terminal (a pseudo-terminal): colours, NO_COLOR, TERM=dumb, Ctrl-C; and elsewhere.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <signal.h>

#include <functional>

#include "cli/run_program.h"
#include "cli/tiny_model.h"

namespace hone::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// stdin, stdout and stderr are one terminal of 100 columns. `watch` sees all that was written so far, after
// every piece, and may send the program a signal.
Ran on_terminal(std::vector<std::string> arguments, const std::map<std::string, std::string>& variables,
                const std::string& typed = "",
                const std::function<void(const std::string&, pid_t)>& watch = {}) {
  arguments.insert(arguments.begin(), HONE_BINARY);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  winsize size{};
  size.ws_col = 100;
  size.ws_row = 40;
  int terminal = -1;
  const pid_t pid = ::forkpty(&terminal, nullptr, nullptr, &size);
  if (pid == 0) {
    for (const char* name : {"NO_COLOR", "TERM", "LC_ALL"}) ::unsetenv(name);
    ::setenv("LC_ALL", "C.UTF-8", 1);
    for (const auto& [name, value] : variables) ::setenv(name.c_str(), value.c_str(), 1);
    ::execv(HONE_BINARY, argv.data());
    ::_exit(126);
  }
  Ran ran;
  if (!typed.empty() && ::write(terminal, typed.data(), typed.size()) != std::ssize(typed))
    ADD_FAILURE() << "cannot type";
  char buffer[4096];
  for (ssize_t n; (n = ::read(terminal, buffer, sizeof buffer)) > 0;) {  // an error once the program is gone
    ran.out.append(buffer, static_cast<std::size_t>(n));
    if (watch) watch(ran.out, pid);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  ::close(terminal);
  ran.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return ran;
}

// ESC [ … m sets colours and weights; the other sequences move and erase.
bool is_coloured(const std::string& text) {
  for (std::size_t at = 0; (at = text.find("\x1b[", at)) != std::string::npos; ++at) {
    std::size_t end = at + 2;
    while (end < text.size() && (std::isdigit(static_cast<unsigned char>(text[end])) || text[end] == ';'))
      ++end;
    if (end < text.size() && text[end] == 'm') return true;
  }
  return false;
}

class Terminals : public ::testing::Test {
 protected:
  void SetUp() override {
    write_file(folder_ / "short.yaml", R"(name: short
runs: )" + folder_.string() + R"(/runs
model: {init: {hidden_size: 16, intermediate_size: 32, layers: 1, heads: 2, kv_heads: 1, max_position_embeddings: 96}}
data: {task: arithmetic, difficulty: 1}
reward: [{verifier: number, weight: 1.0}]
sft: {steps: 3, batch_size: 4}
grpo: {steps: 2, rollout: {prompts_per_step: 2, group_size: 2, max_new_tokens: 8}}
eval: {problems: 4}
)");
  }
  std::vector<std::string> train(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"train", (folder_ / "short.yaml").string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  TempFolder folder_;
};

TEST_F(Terminals, EveryCommandObeysNoColorAndPipes) {
  ASSERT_EQ(run_program(train()).exit_code, 0);
  const std::string run = (folder_ / "runs/short").string();
  struct Case {
    std::vector<std::string> arguments;
    std::string typed;
    bool colours;  // whether it has any on a terminal that may show them
  };
  const std::vector<Case> cases = {
      {train({"--set", "name=again"}), "", true},
      {{"replay", run, "--step", "1"}, "", true},
      {{"chat", run + "/latest", "--max-new-tokens", "4"}, "1+2\n\x04", false},
      {{"sample", run + "/latest", "1+2", "--max-new-tokens", "4"}, "", false},
      {{"eval", run + "/latest", "--problems", "arithmetic", "-n", "4", "--max-new-tokens", "4"}, "", true},
      {{"ui", "/no/such/folder", "--port", "99999"}, "", false},
      {{"verify"}, "not json\n\x04", true},
      {{"tasks"}, "", false},
      {{"bench", "decode", "--prompts", "1", "--group-size", "2", "--new-tokens", "2", "--repeat", "1",
        "--model", run + "/latest"},
       "",
       false},
      {{"frobnicate"}, "", false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.arguments[0]);
    const auto shown = [&](std::map<std::string, std::string> variables) {
      const std::string again = variables.count("NO_COLOR") > 0 ? "plain" : variables["TERM"];
      std::vector<std::string> arguments = c.arguments;
      if (arguments[0] == "train") arguments.back() = "name=" + again;
      return on_terminal(arguments, variables, c.typed).out;
    };
    if (c.colours) {
      EXPECT_TRUE(is_coloured(shown({{"TERM", "xterm-256color"}}))) << "or this test shows nothing";
    }
    const std::string plain = shown({{"TERM", "xterm-256color"}, {"NO_COLOR", "1"}});
    EXPECT_FALSE(is_coloured(plain)) << plain;
    EXPECT_THAT(shown({{"TERM", "dumb"}}), Not(HasSubstr("\x1b")));
    if (!c.typed.empty()) continue;
    std::vector<std::string> arguments = c.arguments;
    if (arguments[0] == "train") arguments.back() = "name=piped";
    const Ran piped = run_program(arguments);
    EXPECT_THAT(piped.out + piped.err, Not(HasSubstr("\x1b")));
    EXPECT_THAT(piped.out + piped.err, Not(HasSubstr("\r")));
  }
}

TEST_F(Terminals, CtrlCSavesAndGives130) {
  bool sent = false;
  const Ran ran = on_terminal(train({"--set", "grpo.steps=100000"}), {{"TERM", "dumb"}}, "",
                              [&](const std::string& out, pid_t pid) {
                                if (sent || out.find("grpo") == std::string::npos) return;
                                sent = true;
                                ::kill(pid, SIGINT);
                              });
  EXPECT_EQ(ran.exit_code, 130) << ran.out;
  EXPECT_THAT(ran.out, HasSubstr("all of it is saved"));
}

TEST_F(Terminals, TrainsSummaryIsOneObjectWhenAsked) {
  const Ran ran = run_program(train({"--json"}));
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  ASSERT_EQ(ran.lines().size(), 1u) << ran.out;
  const Json summary = ran.lines()[0];
  EXPECT_EQ(summary["state"], "finished");
  EXPECT_EQ(summary["steps"], (Json{{"sft", 3}, {"grpo", 2}}));
  EXPECT_TRUE(std::filesystem::exists(summary["checkpoint"].get<std::string>() + "/config.json"));
  ASSERT_EQ(summary["evaluations"].size(), 2u);
  EXPECT_EQ(summary["evaluations"][0]["stage"], "eval");
  EXPECT_EQ(summary["evaluations"][1]["problems"], 4);
  EXPECT_TRUE(summary["evaluations"][1]["metrics"]["eval_accuracy"].is_number());
  EXPECT_TRUE(summary["last"]["grpo"]["reward"].is_number());
  EXPECT_GT(summary["parameters"], 1000);
  EXPECT_THAT(ran.err, HasSubstr("grpo  2/2")) << "what a person watches";
}

}  // namespace
}  // namespace hone::testing
