// Whole runs without labels: votes, amortize, propose.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/run_command.h"
#include "cli/tiny_model.h"
#include "hone/store/run_store.h"

namespace hone::testing {
namespace {

using ::testing::HasSubstr;

// Trains the tiny model in folder/name; `rest` is what follows model and grpo.rollout.
Ran train_tiny(const TempFolder& folder, const std::string& name, const std::string& rest,
               const std::string& command = "train") {
  const auto recipe = folder / (name + ".yaml");
  write_file(recipe, fmt::format("name: {}\nruns: {}\nmodel: {{path: {}}}\n{}", name,
                                 (folder / "runs").string(), tiny_model(), rest));
  return run_command({command, recipe.string()});
}

std::string weights_of(const TempFolder& folder, const std::string& name) {
  return file_bytes(folder / "runs" / name / "latest" / "model.safetensors");
}

StepRecord first_step(const TempFolder& folder, const std::string& name, const std::string& stage) {
  const auto store = RunStore::open(folder / "runs" / name / "run.db", true);
  EXPECT_TRUE(store.ok());
  const auto record = store->load(stage, 1);
  EXPECT_TRUE(record.ok()) << record.error().message();
  return record.ok() ? *record : StepRecord{};
}

TEST(VoteRun, WithTheLabelsDeletedEveryBitIsTheSame) {
  const TempFolder folder;
  std::string labelled, bare;
  for (int i = 0; i < 40; ++i) {
    labelled += fmt::format("{{\"prompt\":\"{}+{}\",\"answer\":\"{}\"}}\n", i, i + 1, 2 * i + 1);
    bare += fmt::format("{{\"prompt\":\"{}+{}\"}}\n", i, i + 1);
  }
  write_file(folder / "labelled.jsonl", labelled);
  write_file(folder / "bare.jsonl", bare);
  const auto rest = [&](const std::string& file, const std::string& fields) {
    return fmt::format(
        "data: {{files: [{}], fields: {{{}}}}}\nreward: [vote]\ngrpo:\n  steps: 2\n"
        "  rollout: {{prompts_per_step: 4, group_size: 8, trained: 6, max_new_tokens: 12}}\n"
        "  optimizer: {{learning_rate: 1.0e-3}}\neval: {{problems: 0}}\n",
        (folder / file).string(), fields);
  };
  const Ran with = train_tiny(folder, "with", rest("labelled.jsonl", "answer: answer"));
  const Ran without = train_tiny(folder, "without", rest("bare.jsonl", "answer: \"\""));
  ASSERT_EQ(with.exit_code, 0) << with.err;
  ASSERT_EQ(without.exit_code, 0) << without.err;
  EXPECT_TRUE(weights_of(folder, "with") == weights_of(folder, "without"));
  EXPECT_FALSE(weights_of(folder, "with") ==
               file_bytes(std::filesystem::path(tiny_model()) / "model.safetensors"))
      << "nothing was learned at all";
  const Metrics measured = first_step(folder, "with", "grpo").metrics;
  const Metrics blind = first_step(folder, "without", "grpo").metrics;
  EXPECT_TRUE(measured.contains("label_accuracy"));
  EXPECT_FALSE(blind.contains("label_accuracy"));
  EXPECT_EQ(measured.at("majority_ratio"), blind.at("majority_ratio"));
  // Those beyond `trained` vote and are not learned from.
  for (const Group& group : first_step(folder, "with", "grpo").groups) {
    for (std::size_t i = 6; i < 8; ++i) {
      EXPECT_FALSE(group.rollouts[i].reward.total);
      EXPECT_EQ(group.rollouts[i].advantage, 0.0);
    }
  }
}

constexpr const char* kAmortize = R"(
data: {task: arithmetic, difficulty: 1}
amortize: {steps: 2, prompts_per_step: 4, samples: 4, max_new_tokens: 12, min_agreement: 0.25}
grpo: {rollout: {max_new_tokens: 12}}
eval: {problems: 6}
)";

TEST(AmortizeRun, EndsWithALedger) {
  const TempFolder folder;
  const Ran ran = train_tiny(folder, "reflex", kAmortize, "amortize");
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("held-out accuracy of direct answers after step 2"));
  EXPECT_THAT(ran.out, HasSubstr("direct, after"));
  EXPECT_THAT(ran.out, HasSubstr("in 2 steps of thinking and learning"));
  EXPECT_GT(first_step(folder, "reflex", "amortize").metrics.at("amortize/flops"), 0);
  EXPECT_TRUE(std::filesystem::exists(folder / "runs/reflex/checkpoints/amortize-2/model.safetensors"));
}

// However much is learned, those that think are the model as it was.
TEST(AmortizeRun, TheThinkerStaysAsItWas) {
  const TempFolder folder;
  const auto thoughts = [&](const std::string& name, const std::string& rate) {
    std::string recipe = kAmortize;
    recipe.replace(recipe.find("0.25}"), 5, "0.25, optimizer: {learning_rate: " + rate + "}}");
    const Ran ran = train_tiny(folder, name, recipe, "amortize");
    EXPECT_EQ(ran.exit_code, 0) << ran.err;
    const auto store = RunStore::open(folder / "runs" / name / "run.db", true);
    const StepRecord record = store->load("amortize", 2).value();
    std::string all;
    for (const Group& group : record.groups) {
      for (const Rollout& rollout : group.rollouts) all += rollout.completion.text + "\n";
    }
    return all;
  };
  const std::string still = thoughts("still", "0");
  EXPECT_GT(still.size(), 16u);
  EXPECT_EQ(still, thoughts("moved", "0.1"));
  EXPECT_NE(weights_of(folder, "moved"), weights_of(folder, "still"));
  EXPECT_EQ(weights_of(folder, "still"), file_bytes(folder / "runs/moved/thinker/step-0/model.safetensors"));
}

TEST(AmortizeRun, NeedsTheStage) {
  const TempFolder folder;
  const Ran ran = train_tiny(folder, "none", "data: {task: arithmetic}\ngrpo: {steps: 1}\n", "amortize");
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_THAT(ran.err, HasSubstr("amortize.steps] must be above 0"));
}

TEST(ProposeRun, NonsenseIsCountedAndTheRunGoesOn) {
  const TempFolder folder;
  const Ran ran = train_tiny(folder, "asks", R"(
data: {task: arithmetic, difficulty: 1}
propose: {steps: 2, proposals: 4, solutions: 4, max_proposal_tokens: 8, max_new_tokens: 8}
eval: {problems: 0}
)");
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  const StepRecord step = first_step(folder, "asks", "propose");
  EXPECT_EQ(step.metrics.at("propose/valid"), 0.0);
  ASSERT_FALSE(step.groups.empty());
  EXPECT_EQ(step.groups[0].rollouts.size(), 4u);
  EXPECT_EQ(step.groups[0].rollouts[0].reward.total, -1.0);
}

TEST(ProposeRun, TheControlLearnsFromDraws) {
  const TempFolder folder;
  const Ran ran = train_tiny(folder, "fed", R"(
data: {task: arithmetic, difficulty: 1}
propose: {steps: 1, source: random, proposals: 4, solutions: 4, max_new_tokens: 8}
eval: {problems: 0}
)");
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_GT(first_step(folder, "fed", "propose").metrics.at("propose/valid"), 0.5);
}

}  // namespace
}  // namespace hone::testing
