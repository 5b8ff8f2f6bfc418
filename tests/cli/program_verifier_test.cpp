// A verifier that is a program of one's own, through `hone verify` and through a whole training.
#include <gtest/gtest.h>

#include "cli/run_command.h"
#include "cli/tiny_model.h"
#include "hone/store/run_store.h"

namespace hone {
namespace {

using namespace hone::testing;

std::string example() { return std::string(HONE_SOURCE_DIR) + "/docs/examples/my_verifier.py"; }

TEST(ProgramVerifier, JudgesLines) {
  std::string input;
  for (int i = 0; i < 50; ++i) {
    input += fmt::format("{{\"id\":\"row {}\",\"reference\":\"{}\",\"completion\":\"it is {}.\"}}\n", i, i,
                         i % 5 == 0 ? i + 1 : i);
  }
  const Ran ran =
      run_command({"verify", "--verifier", "program", "--command", "python3 " + example()}, input);
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  const auto lines = ran.lines();
  ASSERT_EQ(lines.size(), 50u);
  for (int i = 0; i < 50; ++i) {
    const Json& line = lines[static_cast<std::size_t>(i)];
    EXPECT_EQ(line["id"], fmt::format("row {}", i)) << "the row's own is kept";
    EXPECT_EQ(line["status"], i % 5 == 0 ? "wrong" : "correct");
    EXPECT_EQ(line["detail"], fmt::format("'{}'", i % 5 == 0 ? i + 1 : i));
  }
}

TEST(ProgramVerifier, OneThatIsNotThereIsTheVerdict) {
  const Ran ran = run_command({"verify", "--verifier", "program", "--command", "./no-such-verifier"},
                              "{\"completion\":\"x\"}\n");
  ASSERT_EQ(ran.lines().size(), 1u);
  EXPECT_EQ(ran.lines()[0]["status"], "error");
  EXPECT_EQ(ran.lines()[0]["detail"], "[program] must be there, got './no-such-verifier'");
}

TEST(ProgramVerifier, JudgesAnEvaluation) {
  const auto accuracy = [](const std::string& command) {
    const Ran ran =
        run_command({"eval", tiny_model(), "--problems", "arithmetic", "-n", "4", "--max-new-tokens", "4",
                     "--verifier", "program", "--command", command, "--json"});
    EXPECT_EQ(ran.exit_code, 0) << ran.err;
    return ran.lines().at(0)["metrics"]["accuracy"].get<double>();
  };
  EXPECT_EQ(accuracy("sed -u s/.*/1/"), 1.0);
  EXPECT_EQ(accuracy("sed -u s/.*/0/"), 0.0);
  expect_one_error(run_command({"eval", tiny_model(), "--problems", "arithmetic", "--verifier", "program"}),
                   {"[--command]", "must name the program"});
  expect_one_error(run_command({"eval", tiny_model(), "--problems", "arithmetic", "--command", "cat"}),
                   {"[--command]", "needs --verifier program", "number"});
}

TEST(ProgramVerifier, RewardsATraining) {
  const TempFolder folder;
  write_file(folder / "recipe.yaml", fmt::format(R"(
name: program
runs: {}
model:
  init: {{hidden_size: 16, intermediate_size: 32, layers: 1, heads: 2, kv_heads: 1, max_position_embeddings: 96}}
  tokenizer: {{vocab_size: 272, samples: 100}}
data: {{task: arithmetic, difficulty: 1}}
reward:
  - {{verifier: program, command: [python3, {}], name: last_word}}
  - {{verifier: program, command: "sed -u s/.*/0.25/", name: quarter, accuracy: false, weight: 0.5}}
grpo: {{steps: 2, rollout: {{prompts_per_step: 2, group_size: 4, max_new_tokens: 8}}}}
eval: {{problems: 4}}
)",
                                                 (folder / "runs").string(), example()));
  const Ran ran = run_command({"train", (folder / "recipe.yaml").string()});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  std::filesystem::path run;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "runs")) run = entry.path();
  const auto store = RunStore::open(run / "run.db", true);
  ASSERT_TRUE(store.ok()) << store.error().message();
  for (const std::int64_t step : {1, 2}) {
    const auto record = store->load("grpo", step);
    ASSERT_TRUE(record.ok()) << record.error().message();
    const Metrics& metrics = record->metrics;
    EXPECT_EQ(metrics.at("rewards/quarter/mean"), 0.25);
    EXPECT_EQ(metrics.at("verdicts/last_word/error"), 0.0);
    EXPECT_NEAR(metrics.at("reward"), metrics.at("rewards/last_word/mean") + 0.125, 1e-6);
    for (const Group& group : record->groups) {
      for (const Rollout& rollout : group.rollouts) {
        ASSERT_EQ(rollout.reward.parts.size(), 2u);
        EXPECT_EQ(rollout.reward.parts[0].verifier, "last_word");
        EXPECT_TRUE(rollout.reward.parts[0].verdict.decided()) << rollout.reward.parts[0].verdict.detail;
      }
    }
  }
}

}  // namespace
}  // namespace hone
