// hone eval --strategy on a small random model.
#include <gtest/gtest.h>

#include <algorithm>

#include "cli/run_command.h"
#include "cli/tiny_model.h"

namespace hone {
namespace {

using namespace hone::testing;

class EvalStrategy : public ::testing::Test {
 protected:
  // Ten problems whose answers a random model hits now and then.
  Ran eval(std::vector<std::string> more) const {
    std::string rows;
    for (int i = 0; i < 10; ++i)
      rows += Json{{"prompt", "Say " + std::to_string(i)}, {"answer", std::to_string(i)}}.dump() + "\n";
    write_file(folder_ / "problems.jsonl", rows);
    more.insert(more.begin(),
                {"eval", tiny_model(), "--problems", path("problems.jsonl"), "--max-new-tokens", "20"});
    return run_command(more);
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::vector<Json> lines_of(const std::string& name) const {
    std::vector<Json> lines;
    std::istringstream stream(file_bytes(path(name)));
    for (std::string line; std::getline(stream, line);) lines.push_back(Json::parse(line));
    return lines;
  }
  TempFolder folder_;
};

TEST_F(EvalStrategy, WritesTheSameTableAsTextJsonCsvAndPicture) {
  const std::vector<std::string> asked = {
      "--strategy",    "pass,maj",     "--strategy", "weighted,bon,adaptive", "--scorer", "logprob",
      "--k",           "1,6",          "--csv",      path("t.csv"),           "--plot",   path("t.svg"),
      "--completions", path("c.jsonl")};
  auto json = asked;
  json.push_back("--json");
  const Ran ran = eval(json);
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  const Json line = ran.lines().at(0);
  EXPECT_EQ(line["problems"], 10);
  EXPECT_EQ(line["samples"], 6);
  ASSERT_EQ(line["strategies"].size(), 10u);
  std::istringstream csv(file_bytes(path("t.csv")));
  std::string text;
  std::getline(csv, text);
  EXPECT_EQ(text, "strategy,k,think_budget,accuracy,low,high,tokens,gain,gain_low,gain_high,problems");
  for (const Json& row : line["strategies"]) {
    ASSERT_TRUE(std::getline(csv, text));
    EXPECT_EQ(text,
              fmt::format("{},{},,{},{},{},{},{},{},{},10", row["strategy"].get<std::string>(),
                          row["k"].get<int>(), row["accuracy"].get<double>(), row["low"].get<double>(),
                          row["high"].get<double>(), row["tokens"].get<double>(), row["gain"].get<double>(),
                          row["gain_low"].get<double>(), row["gain_high"].get<double>()));
    EXPECT_LE(row["low"].get<double>(), row["accuracy"].get<double>());
    EXPECT_GE(row["high"].get<double>(), row["accuracy"].get<double>());
  }
  EXPECT_TRUE(file_bytes(path("t.svg")).starts_with("<?xml"));
  double mean = 0.0;
  const auto groups = lines_of("c.jsonl");
  ASSERT_EQ(groups.size(), 10u);
  for (const Json& group : groups) mean += group["outcomes"]["maj@6"].get<double>() / 10;
  EXPECT_EQ(line["strategies"][3]["strategy"], "maj");
  EXPECT_NEAR(line["strategies"][3]["accuracy"].get<double>(), mean, 1e-12);
  EXPECT_EQ(groups[0]["rollouts"].size(), 6u);

  const Ran table = eval(asked);
  EXPECT_NE(table.out.find("10 problems, up to 6 completions of each"), std::string::npos) << table.out;
  EXPECT_NE(table.out.find("adaptive@6 "), std::string::npos) << table.out;
}

// The real generator: a sample's draws depend on its number, not on the wave that it came in.
TEST_F(EvalStrategy, AdaptiveAloneSamplesFewerOfTheSameCompletions) {
  ASSERT_EQ(eval({"--strategy", "adaptive,maj", "--k", "24", "--completions", path("pool.jsonl")}).exit_code,
            0);
  const Ran ran = eval({"--strategy", "adaptive", "--k", "24", "--confidence", "0.8", "--completions",
                        path("waves.jsonl"), "--json"});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  std::int64_t tokens = 0;
  std::size_t fewer = 0;
  const auto pool = lines_of("pool.jsonl"), waves = lines_of("waves.jsonl");
  ASSERT_EQ(pool.size(), waves.size());
  for (std::size_t g = 0; g < pool.size(); ++g) {
    const Json &all = pool[g]["rollouts"], &few = waves[g]["rollouts"];
    ASSERT_EQ(all.size(), 24u);
    fewer += few.size() < 24 ? 1 : 0;
    for (std::size_t i = 0; i < few.size(); ++i) {
      EXPECT_EQ(few[i], all[i]);
      tokens += std::ssize(few[i]["ids"]);
    }
  }
  EXPECT_EQ(ran.lines()[0]["sampled_tokens"], tokens);
  EXPECT_GT(fewer, 0u);
}

TEST_F(EvalStrategy, TemperatureZeroIsAControlThatGainsNothing) {
  const Ran ran = eval({"--strategy", "pass,maj", "--k", "1,4", "--temperature", "0", "--json"});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  const Json rows = ran.lines().at(0)["strategies"];
  for (const Json& row : rows) {
    EXPECT_EQ(row["accuracy"], rows[0]["accuracy"]);
    EXPECT_NEAR(row["gain_high"].get<double>(), 0.0, 1e-12);
  }
}

TEST_F(EvalStrategy, BudgetsCutTheThought) {
  const Ran ran = eval({"--strategy", "budget", "--think-budget", "8,0,3", "--k", "2", "--completions",
                        path("c.jsonl"), "--plot", path("t.png"), "--json"});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  const Json rows = ran.lines().at(0)["strategies"];
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0]["think_budget"], 0);
  EXPECT_EQ(rows[2]["think_budget"], 8);
  EXPECT_TRUE(file_bytes(path("t.png")).starts_with("\x89PNG"));
  const auto model = load_model(tiny_model());
  ASSERT_TRUE(model.ok());
  const auto id = [&](const char* tag) { return *model->tokenizer.id_of(tag); };
  for (const Json& group : lines_of("c.jsonl")) {
    EXPECT_EQ(group["outcomes"].size(), 3u);
    for (const Json& rollout : group["rollouts"]) {
      const std::vector<std::int32_t> ids = rollout["ids"];
      EXPECT_EQ(ids[0], id("<think>"));
      EXPECT_TRUE(rollout["logprobs"][0].is_null()) << "forced";
      const auto close = std::ranges::find(ids, id("</think>")) - ids.begin();
      EXPECT_LE(close, 1 + 8);
      EXPECT_LT(close, std::ssize(ids));
    }
  }
}

TEST_F(EvalStrategy, AVerifierMayChooseTheBest) {
  const Ran ran =
      eval({"--strategy", "bon", "--scorer", "length", "--k", "5", "--completions", path("c.jsonl")});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  for (const Json& group : lines_of("c.jsonl")) {
    const Json* shortest = nullptr;
    for (const Json& rollout : group["rollouts"]) {
      if (shortest == nullptr || rollout["ids"].size() < (*shortest)["ids"].size()) shortest = &rollout;
    }
    EXPECT_EQ(group["outcomes"]["bon@5"], (*shortest)["correct"].get<bool>() ? 1.0 : 0.0);
    EXPECT_EQ(group["rollouts"][0]["reward"], group["rollouts"][0]["correct"].get<bool>() ? 1.0 : 0.0)
        << "the scorer weighs nothing";
  }
}

// By the probability of their yes, which even a model that knows nothing has.
TEST_F(EvalStrategy, FriendsMayChooseTheBest) {
  const Ran ran = eval({"--strategy", "bon", "--scorer", "friends", "--opinions", "0", "--k", "5",
                        "--completions", path("f.jsonl")});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  int asked = 0;
  for (const Json& group : lines_of("f.jsonl")) {
    double best = -1.0, right = 0.0, ties = 0.0;
    for (const Json& rollout : group["rollouts"]) {
      const Json& verdict = rollout["verdicts"].back();
      ASSERT_EQ(verdict["verifier"], "friends");
      const double score = verdict.value("score", -1.0);
      asked += score > 0.0 ? 1 : 0;
      if (score > best) best = score, right = ties = 0.0;
      if (score == best) right += rollout["correct"].get<bool>() ? 1.0 : 0.0, ties += 1.0;
    }
    EXPECT_GE(group["outcomes"]["bon@5"].get<double>(), right == ties && right > 0 ? 1.0 : 0.0);
    EXPECT_LE(group["outcomes"]["bon@5"].get<double>(), right > 0 ? 1.0 : 0.0);
  }
  EXPECT_GT(asked, 0);
  // Opinions that nobody utters are no scores, and that is said.
  const Ran mute = eval({"--strategy", "bon", "--scorer", "friends", "--k", "2"});
  expect_one_error(mute, {"abstain"});
}

TEST_F(EvalStrategy, SaysWhatIsWrong) {
  const auto refuse = [&](std::vector<std::string> more, const std::vector<std::string>& parts) {
    SCOPED_TRACE(fmt::format("{}", fmt::join(more, " ")));
    const Ran ran = eval(more);
    expect_one_error(ran, parts);
    EXPECT_EQ(ran.out, "");
  };
  refuse({"--strategy", "mja"}, {"[--strategy]", "pass, maj", "did you mean maj?"});
  refuse({"--strategy", "pass,,maj"}, {"[--strategy]", "got ''"});
  refuse({"--strategy", "bon"}, {"[--scorer]", "--strategy bon", "logprob", "got none"});
  refuse({"--strategy", "bon", "--scorer", "logprop"}, {"[--scorer]", "did you mean logprob?"});
  refuse({"--strategy", "maj", "--scorer", "logprob"}, {"[--scorer]", "needs --strategy bon"});
  refuse({"--strategy", "bon", "--scorer", "length", "--opinions", "2"},
         {"[--opinions]", "--scorer friends"});
  refuse({"--strategy", "bon", "--scorer", "friends", "--opinions", "-1"}, {"[--opinions]", "got -1"});
  refuse({"--strategy", "bon", "--scorer", "friends", "--judge", path("none")}, {"none"});
  refuse({"--strategy", "maj", "--plot", path("t.pdf")}, {"[--plot]", ".svg or .png", "t.pdf"});
  refuse({"--strategy", "maj", "--plot", path("no/where.png")}, {"where.png"});
  refuse({"--strategy", "maj", "--csv", path("no/where.csv")}, {"where.csv"});
  refuse({"--csv", path("t.csv")}, {"[--csv]", "needs --strategy"});
  refuse({"--plot", path("t.png")}, {"[--plot]", "needs --strategy"});
  refuse({"--strategy", "adaptive", "--confidence", "1.5"}, {"[--confidence]", "got 1.5"});
  refuse({"--strategy", "adaptive", "--confidence", "nan"}, {"[--confidence]", "got nan"});
  refuse({"--strategy", "maj", "--confidence", "0.9"}, {"[--confidence]", "needs --strategy adaptive"});
  refuse({"--strategy", "budget"}, {"[--think-budget]", "got none"});
  refuse({"--strategy", "budget", "--think-budget", "-1"}, {"[--think-budget]", "got -1"});
  refuse({"--strategy", "maj", "--think-budget", "4"}, {"[--think-budget]", "needs --strategy budget"});
  refuse({"--strategy", "budget", "--think-budget", "4", "--think-at-least", "5"},
         {"[--think-at-least]", "4"});
  refuse({"--strategy", "budget", "--think-budget", "4", "--think-more", "So"}, {"[--think-more]"});
  refuse({"--strategy", "budget", "--think-budget", "4", "--think-at-least", "3", "--think-more-times", "0"},
         {"[--think-more-times]", "got 0"});
  refuse({"--strategy", "maj", "--verifier", "code"},
         {"[--strategy maj]", "answers can be compared", "code"});
  EXPECT_FALSE(std::filesystem::exists(path("t.csv")));
  EXPECT_FALSE(std::filesystem::exists(path("t.png")));
}

}  // namespace
}  // namespace hone
