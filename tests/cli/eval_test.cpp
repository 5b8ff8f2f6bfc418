// hone eval on a small random model.
#include <gtest/gtest.h>

#include <cmath>

#include "cli/run_command.h"
#include "cli/tiny_model.h"
#include "hone/verify/verifiers.h"

namespace hone {
namespace {

using namespace hone::testing;

class Eval : public ::testing::Test {
 protected:
  Ran eval(std::vector<std::string> more) const {
    more.insert(more.begin(), {"eval", tiny_model(), "--max-new-tokens", "6"});
    return run_command(more);
  }
  std::string problems(const std::string& text) const {
    write_file(folder_ / "problems.jsonl", text);
    return (folder_ / "problems.jsonl").string();
  }
  TempFolder folder_;
};

// Field names of GSM8K's own files.
std::string gsm8k_rows(int count) {
  std::string rows;
  for (int i = 0; i < count; ++i) {
    rows += Json{{"question", "What is " + std::to_string(i) + " + 1?"},
                 {"answer", "One more.\n#### " + std::to_string(i + 1)}}
                .dump() +
            "\n";
  }
  return rows;
}

TEST_F(Eval, CountsOverAFileWithItsOwnFieldNames) {
  const auto file = problems(gsm8k_rows(7));
  const Ran ran =
      eval({"--problems", file, "--field", "prompt=question", "--answer-after", "####", "--json"});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  const Json line = ran.lines().at(0);
  EXPECT_EQ(line["problems"], 7);
  EXPECT_EQ(line["samples"], 1);
  EXPECT_TRUE(line["metrics"].contains("accuracy")) << line;
  EXPECT_TRUE(line["metrics"].contains("pass@1")) << line;
  const Ran fewer =
      eval({"--problems", file, "-n", "3", "--field", "prompt=question", "--answer-after", "####", "--json"});
  EXPECT_EQ(fewer.lines().at(0)["problems"], 3);
}

// The groups of a --completions file.
std::vector<Json> groups_of(const std::string& file) {
  std::vector<Json> groups;
  std::istringstream stream(file_bytes(file));
  for (std::string line; std::getline(stream, line);) groups.push_back(Json::parse(line));
  return groups;
}

// A digit that the verifier takes for the answer of one of the group's completions; "0" when there is none.
std::string lucky_answer(const Json& group) {
  for (char digit = '9'; digit > '0'; --digit) {
    Problem problem;
    problem.answer = digit;
    for (const Json& rollout : group["rollouts"]) {
      Completion completion;
      completion.text = rollout["text"].get<std::string>();
      if (make_number_verifier()->verify(problem, completion).status == VerdictStatus::kCorrect)
        return problem.answer;
    }
  }
  return "0";
}

TEST_F(Eval, TellsPassAtKFromTheCompletionsItWrites) {
  const auto out = (folder_ / "completions.jsonl").string();
  const auto run = [&](const std::string& file) {
    return run_command({"eval", tiny_model(), "--problems", file, "--k", "1,2,4", "--seed", "9",
                        "--max-new-tokens", "40", "--completions", out, "--json"});
  };
  std::string rows;
  for (int i = 0; i < 8; ++i)
    rows += Json{{"prompt", "Say " + std::to_string(i)}, {"answer", "0"}}.dump() + "\n";
  ASSERT_EQ(run(problems(rows)).exit_code, 0);
  // A random model says digits now and then: its own words become the answers, and it says them again.
  const auto first = groups_of(out);
  rows.clear();
  for (std::size_t i = 0; i < first.size(); ++i) {
    std::string prompt = first[i]["prompt"];
    prompt = prompt.substr(prompt.find("Say "), 5);
    const std::string answer = i % 2 == 0 ? lucky_answer(first[i]) : "-1";
    rows += Json{{"prompt", prompt}, {"answer", answer}}.dump() + "\n";
  }
  const Ran ran = run(problems(rows));
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  double mean = 0.0, squares = 0.0, two = 0.0, any = 0.0;
  const auto groups = groups_of(out);
  ASSERT_EQ(groups.size(), 8u);
  for (const Json& group : groups) {
    ASSERT_EQ(group["rollouts"].size(), 4u);
    int right = 0;
    for (const Json& rollout : group["rollouts"]) {
      EXPECT_EQ(rollout["verdicts"][0]["verifier"], "number");
      right += rollout["correct"].get<bool>() ? 1 : 0;
    }
    mean += right / 4.0 / 8;
    squares += right * right / 16.0;
    two += (1.0 - (4 - right) * (3 - right) / 12.0) / 8;  // 1 - C(4 - right, 2) / C(4, 2)
    any += (right > 0 ? 1.0 : 0.0) / 8;
  }
  ASSERT_GT(mean, 0.0) << "no completion holds a digit";
  ASSERT_LT(mean, 1.0);
  const Json metrics = ran.lines().at(0)["metrics"];
  EXPECT_NEAR(metrics["accuracy"].get<double>(), mean, 1e-12);
  EXPECT_NEAR(metrics["pass@1"].get<double>(), mean, 1e-12);
  EXPECT_NEAR(metrics["pass@2"].get<double>(), two, 1e-12);
  EXPECT_NEAR(metrics["pass@4"].get<double>(), any, 1e-12);
  EXPECT_TRUE(metrics.contains("maj@4"));
  EXPECT_NEAR(ran.lines()[0]["accuracy_standard_error"].get<double>(),
              std::sqrt((squares - 8 * mean * mean) / 7 / 8), 1e-12);
}

TEST_F(Eval, AsksATasksHeldOutProblemsWithItsOwnVerifier) {
  const auto out = (folder_ / "completions.jsonl").string();
  const Ran a = eval({"--problems", "countdown", "-n", "5", "--completions", out});
  ASSERT_EQ(a.exit_code, 0) << a.err;
  EXPECT_NE(a.out.find("5 problems, 1 completion of each\naccuracy "), std::string::npos) << a.out;
  const Json group = Json::parse(file_bytes(out).substr(0, file_bytes(out).find('\n')));
  EXPECT_EQ(group["rollouts"][0]["verdicts"][0]["verifier"], "expression");
  EXPECT_TRUE(group["source"].get<std::string>().starts_with("countdown:eval:")) << group["source"];
  const std::string before = file_bytes(out);
  eval({"--problems", "countdown", "-n", "5", "--completions", out});
  EXPECT_EQ(file_bytes(out), before) << "the same twice";
}

TEST_F(Eval, PlainPromptsAreTheTextAsItIs) {
  const auto out = (folder_ / "completions.jsonl").string();
  const auto file = problems(R"({"prompt":"1 + 1 =","answer":"2"})");
  ASSERT_EQ(eval({"--problems", file, "--prompt-format", "plain", "--completions", out}).exit_code, 0);
  EXPECT_EQ(Json::parse(file_bytes(out))["prompt"], "1 + 1 =");
  ASSERT_EQ(eval({"--problems", file, "--system", "Be brief.", "--completions", out}).exit_code, 0);
  EXPECT_TRUE(
      Json::parse(file_bytes(out))["prompt"].get<std::string>().starts_with("<|im_start|>system\nBe brief."));
}

TEST_F(Eval, SaysWhatIsWrong) {
  const std::string out = (folder_ / "completions.jsonl").string();
  const auto refuse = [&](std::vector<std::string> more, const std::vector<std::string>& parts) {
    SCOPED_TRACE(fmt::format("{}", fmt::join(more, " ")));
    more.insert(more.end(), {"--completions", out});
    const Ran ran = eval(more);
    expect_one_error(ran, parts);
    EXPECT_EQ(ran.out, "");
    EXPECT_FALSE(std::filesystem::exists(out)) << "nothing is written";
  };
  const auto good = problems(R"({"prompt":"1 + 1 =","answer":"2"})");
  refuse({"--problems", "arithmatic"}, {"[--problems]", "did you mean arithmetic?"});
  refuse({"--problems", "nowhere.jsonl"}, {"nowhere.jsonl"});
  refuse({"--problems", good, "--k", "0"}, {"[--k]", "got 0"});
  refuse({"--problems", good, "--k", "4", "--samples", "2"}, {"[--samples]", "largest k, 4", "got 2"});
  refuse({"--problems", good, "--k", "4", "--temperature", "0"}, {"[--temperature]", "got 0"});
  refuse({"--problems", good, "--verifier", "numbre"}, {"[--verifier]", "number"});
  refuse({"--problems", good, "--verifier", "format"}, {"[--verifier]", "right", "got format"});
  refuse({"--problems", good, "--prompt-format", "chatty"}, {"[--prompt-format]", "got chatty"});
  refuse({"--problems", good, "--field", "question"}, {"[--field]", "prompt=NAME", "got question"});
  refuse({"--problems", good, "--field", "prompt=question"}, {"problems.jsonl:1", "question"});
  refuse({"--problems", good, "--difficulty", "1"}, {"[--difficulty]"});
  refuse({"--problems", "arithmetic", "--difficulty", "77"}, {"[--difficulty]", "got 77"});
  refuse({"--problems", problems("{\"prompt\":\"a\",\"answer\":\"1\"}\n{\"prompt\":")},
         {"problems.jsonl:2", "JSON"});
  refuse({"--problems", problems(Json{{"prompt", std::string(3000, '7')}, {"answer", "1"}}.dump())},
         {"problems.jsonl:1", "context of 128 tokens"});
}

TEST_F(Eval, SkipsMalformedRowsWhenAsked) {
  const auto file = problems("{\"prompt\":\"a\",\"answer\":\"1\"}\nnonsense\n");
  const Ran ran = eval({"--problems", file, "--on-error", "skip", "--json"});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(ran.lines().at(0)["problems"], 1);
  EXPECT_NE(ran.err.find("1 malformed row"), std::string::npos) << ran.err;
}

}  // namespace
}  // namespace hone
