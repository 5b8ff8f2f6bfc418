// Reading recipes that are right: every key reaches its field, and writing gives back what was read.
#include "hone/config/recipe.h"

#include <gmock/gmock.h>

#include <cmath>
#include <fstream>
#include <random>

#include "hone/config/fields.h"
#include "support/temp_folder.h"

namespace hone {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kSmallRecipe = "data: {task: arithmetic}\ngrpo: {steps: 10}\n";

Recipe parse(const std::string& yaml, const std::vector<std::string>& settings = {}) {
  auto recipe = parse_recipe(yaml, "recipe.yaml", settings);
  EXPECT_TRUE(recipe.ok()) << (recipe.ok() ? "" : recipe.error().message());
  return recipe.ok() ? *recipe : Recipe{};
}

TEST(Recipe, DefaultsHoldWhereNothingIsGiven) {
  Recipe expected;
  expected.data.task = "arithmetic";
  expected.grpo.steps = 10;
  EXPECT_THAT(differences(expected, parse(kSmallRecipe)), ElementsAre());
}

TEST(Recipe, EveryKindOfValueReachesItsField) {
  const Recipe r = parse(R"(
name: first-run
seed: 18446744073709551615
threads: 2
model:
  init: {hidden_size: 64, heads: 2, kv_heads: 1, tie_word_embeddings: false, rope_theta: 5e5}
  tokenizer: {vocab_size: 300, special: [<a>, "</a>"], samples: 9000000000}
  dtype: bfloat16
  device: cuda:1
data:
  files: train.jsonl
  fields: {prompt: question, answer_after: "####"}
  eval_files: [a.jsonl, b.jsonl]
  on_error: skip
reward:
  - {verifier: number, weight: 2}
  - format
  - verifier: length
    weight: -0.5
    scale: 1e-3
sft: {steps: 5, optimizer: {learning_rate: .01}}
grpo:
  steps: 7
  rollout: {group_size: 4, temperature: 0.7, stop: "\n\n", dynamic_sampling: true}
  loss: {type: dr_grpo, kl: k1, kl_place: reward, advantage_scale: none, beta: 0.04, ratio_level: sequence}
  optimizer: {warmup: 3, schedule: linear}
eval: {every: 2}
checkpoint: {keep: 5}
)");
  EXPECT_EQ(r.name, "first-run");
  EXPECT_EQ(r.seed, 18446744073709551615ULL);
  EXPECT_EQ(r.threads, 2);
  EXPECT_EQ(r.model.init.hidden_size, 64);
  EXPECT_FALSE(r.model.init.tie_word_embeddings);
  EXPECT_EQ(r.model.init.rope_theta, 500000.0);
  EXPECT_EQ(r.model.tokenizer.vocab_size, 300);
  EXPECT_EQ(r.model.tokenizer.samples, 9000000000);
  EXPECT_THAT(r.model.tokenizer.special, ElementsAre("<a>", "</a>"));
  EXPECT_EQ(r.model.dtype, "bfloat16");
  EXPECT_EQ(r.model.device, "cuda:1");
  EXPECT_THAT(r.data.files, ElementsAre("train.jsonl"));
  EXPECT_EQ(r.data.fields.prompt, "question");
  EXPECT_EQ(r.data.fields.answer_after, "####");
  EXPECT_THAT(r.data.eval_files, ElementsAre("a.jsonl", "b.jsonl"));
  EXPECT_EQ(r.data.on_error, "skip");
  ASSERT_EQ(r.reward.rubric.size(), 3U);
  EXPECT_EQ(r.reward.rubric[0].verifier, "number");
  EXPECT_EQ(r.reward.rubric[0].weight, 2.0);
  EXPECT_EQ(r.reward.rubric[1].verifier, "format");
  EXPECT_EQ(r.reward.rubric[1].weight, 1.0);
  EXPECT_EQ(r.reward.rubric[2].weight, -0.5);
  EXPECT_EQ(r.reward.rubric[2].scale, 1e-3);
  EXPECT_EQ(r.sft.steps, 5);
  EXPECT_EQ(r.sft.optimizer.learning_rate, 0.01);
  EXPECT_EQ(r.sft.optimizer.schedule, "cosine");
  EXPECT_EQ(r.grpo.steps, 7);
  EXPECT_EQ(r.grpo.rollout.group_size, 4);
  EXPECT_EQ(r.grpo.rollout.temperature, 0.7);
  EXPECT_THAT(r.grpo.rollout.stop, ElementsAre("\n\n"));
  EXPECT_TRUE(r.grpo.rollout.dynamic_sampling);
  EXPECT_EQ(r.grpo.loss.type, LossType::kDrGrpo);
  EXPECT_EQ(r.grpo.loss.kl, KlEstimator::kK1);
  EXPECT_EQ(r.grpo.loss.kl_place, KlPlace::kReward);
  EXPECT_EQ(r.grpo.loss.advantage_scale, AdvantageScale::kNone);
  EXPECT_EQ(r.grpo.loss.ratio_level, RatioLevel::kSequence);
  EXPECT_EQ(r.grpo.loss.beta, 0.04);
  EXPECT_EQ(r.grpo.optimizer.warmup, 3.0);
  EXPECT_EQ(r.grpo.optimizer.schedule, "linear");
  EXPECT_EQ(r.eval.every, 2);
  EXPECT_EQ(r.checkpoint.keep, 5);
}

TEST(Recipe, EveryLossIsReadByItsName) {
  const std::vector<std::pair<std::string, LossType>> types = {
      {"grpo", LossType::kGrpo}, {"bnpo", LossType::kBnpo}, {"dr_grpo", LossType::kDrGrpo},
      {"dapo", LossType::kDapo}, {"gspo", LossType::kGspo}, {"cispo", LossType::kCispo},
      {"sapo", LossType::kSapo}, {"rloo", LossType::kRloo}};
  for (const auto& [word, type] : types) {
    const Recipe r = parse(kSmallRecipe, {"grpo.loss.type=" + word});
    EXPECT_EQ(r.grpo.loss.type, type) << word;
    EXPECT_EQ(r.grpo.loss.clip_high, type == LossType::kCispo ? 5.0 : 0.2) << word;
    EXPECT_EQ(r.grpo.loss.ratio_level, type == LossType::kGspo ? RatioLevel::kSequence : RatioLevel::kToken)
        << word;
  }
  EXPECT_EQ(parse(kSmallRecipe, {"grpo.loss.type=cispo", "grpo.loss.clip_high=0.2"}).grpo.loss.clip_high,
            0.2);
  EXPECT_EQ(parse("data: {task: a}\ngrpo: {steps: 1, loss: {clip_high: 3, type: cispo}}").grpo.loss.clip_high,
            3.0);
}

TEST(Recipe, RewardMayBeOneName) {
  for (const std::string yaml : {"reward: random\n", "reward: [random]\n", "reward: {verifier: random}\n"}) {
    const Recipe r = parse(kSmallRecipe + yaml);
    ASSERT_EQ(r.reward.rubric.size(), 1U);
    EXPECT_EQ(r.reward.rubric[0].verifier, "random");
    EXPECT_EQ(r.reward.rubric[0].weight, 1.0);
  }
  EXPECT_EQ(parse(kSmallRecipe, {"reward=random"}).reward.rubric.size(), 1U);
}

TEST(Recipe, SettingsWinOverTheFileAndTheLastOverTheFirst) {
  const Recipe r =
      parse(kSmallRecipe, {"grpo.rollout.group_size=4", "grpo.rollout.group_size=6", "data.difficulty=[1, 2]",
                           "grpo.rollout.stop=</answer>", "grpo.loss={type: grpo, beta: 0.1}",
                           "data.system=\"a = b: c\"", "reward=[{verifier: number, weight: 3}, format]"});
  EXPECT_EQ(r.grpo.rollout.group_size, 6);
  EXPECT_EQ(r.grpo.steps, 10);
  EXPECT_THAT(r.data.difficulty, ElementsAre(1, 2));
  EXPECT_THAT(r.grpo.rollout.stop, ElementsAre("</answer>"));
  EXPECT_EQ(r.grpo.loss.type, LossType::kGrpo);
  EXPECT_EQ(r.grpo.loss.beta, 0.1);
  EXPECT_EQ(r.data.system, "a = b: c");
  EXPECT_EQ(r.reward.rubric[0].weight, 3.0);
}

TEST(Recipe, AnEmptySettingEmptiesTextsAndLists) {
  const Recipe r = parse("data: {files: [a.jsonl], system: be brief}\ngrpo: {steps: 1}",
                         {"data.files=", "data.system=", "data.task=countdown"});
  EXPECT_THAT(r.data.files, ElementsAre());
  EXPECT_EQ(r.data.system, "");
  EXPECT_EQ(r.data.task, Names("countdown"));
}

// Gives every field a value of its own that is in range, through the table.
void scramble(Recipe& recipe, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto text = [&] {
    static const std::vector<std::string> kPieces = {
        "a",  "B",  " ",    "\n",   "\t", "\"", "\\", "'",    "#", ": ", "- ", "{", "]", ",", "é",
        "日", "\r", "\x01", "\x7f", "%",  "&",  "*x", "true", "~", "0",  "|",  ">", "!", "?", "@"};
    std::string out;
    for (std::size_t n = random() % 8; n > 0; --n) out += kPieces[random() % kPieces.size()];
    return out;
  };
  Fields table = fields_of(recipe);
  for (Field& field : table.fields) {
    if (auto* flag = std::get_if<bool*>(&field.target)) **flag = random() % 2 == 0;
    if (auto* seeds = std::get_if<std::uint64_t*>(&field.target)) **seeds = random();
    if (auto* real = std::get_if<double*>(&field.target)) {
      do **real = std::ldexp(static_cast<double>(random()), -static_cast<int>(random() % 120));
      while (!field.range.holds(**real));
    }
    if (auto* word = std::get_if<std::string*>(&field.target)) {
      const bool free =
          field.key == "data.system" || field.key == "data.prompt_suffix" || field.key == "model.init.family";
      if (free) **word = text();
      if (!field.words.empty()) **word = field.words[random() % field.words.size()];
    }
    if (auto* texts = std::get_if<std::vector<std::string>*>(&field.target);
        texts && field.key.ends_with("stop")) {
      (*texts)->clear();
      for (std::size_t n = random() % 4; n > 0; --n) (*texts)->push_back(text() + "x");
    }
  }
}

TEST(Recipe, YamlGivesBackEveryBit) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Recipe recipe;
    recipe.data.task = "arithmetic";
    recipe.grpo.steps = 3;
    scramble(recipe, seed);
    recipe.sft.optimizer.warmup = 0.1 + 0.2;
    recipe.amortize.optimizer.warmup = 0.25;
    recipe.propose.optimizer.warmup = 2;
    recipe.grpo.optimizer.warmup = 17;
    recipe.reward.rubric = {{"nu: m\"ber", -1.0 / 3, 0.0}, {"format", 5e-324, 1e300}};
    const std::string yaml = to_yaml(recipe);
    auto back = parse_recipe(yaml, "saved", {});
    ASSERT_TRUE(back.ok()) << back.error().message() << "\n" << yaml;
    ASSERT_EQ(to_yaml(*back), yaml);
    ASSERT_EQ(back->data.system, recipe.data.system);
    ASSERT_EQ(back->data.prompt_suffix, recipe.data.prompt_suffix);
    ASSERT_EQ(back->grpo.rollout.stop, recipe.grpo.rollout.stop);
    ASSERT_EQ(back->grpo.rollout.temperature, recipe.grpo.rollout.temperature);
    ASSERT_EQ(back->grpo.optimizer.learning_rate, recipe.grpo.optimizer.learning_rate);
    ASSERT_EQ(back->seed, recipe.seed);
    ASSERT_EQ(back->reward.rubric[0].verifier, recipe.reward.rubric[0].verifier);
    ASSERT_EQ(back->reward.rubric[0].weight, recipe.reward.rubric[0].weight);
    ASSERT_EQ(back->reward.rubric[1].weight, 5e-324);
    ASSERT_THAT(differences(recipe, *back), ElementsAre());
  }
}

TEST(Recipe, WhatWasReadFromItsOwnYamlIsTheSame) {
  for (const std::string type : {"cispo", "gspo"}) {
    const Recipe recipe = parse(kSmallRecipe, {"grpo.loss.type=" + type});
    EXPECT_THAT(differences(recipe, parse(to_yaml(recipe))), ElementsAre());
  }
}

TEST(Recipe, DifferencesNameTheKeyAndBothValues) {
  const Recipe a = parse(kSmallRecipe);
  const Recipe b =
      parse(kSmallRecipe, {"grpo.rollout.group_size=4", "reward=random", "sft.optimizer.beta2=0.95"});
  EXPECT_THAT(differences(a, b),
              ElementsAre("reward: [{verifier: number, weight: 1}, {verifier: format, weight: 0.1}]"
                          " -> [{verifier: random, weight: 1}]",
                          "sft.optimizer.beta2: 0.999 -> 0.95", "grpo.rollout.group_size: 8 -> 4"));
}

TEST(Recipe, ReferenceHasEveryKeyOnce) {
  const std::string page = recipe_reference();
  EXPECT_THAT(page, HasSubstr("## grpo.rollout\n"));
  EXPECT_THAT(page, HasSubstr("| `group_size` | an integer, at least 2 and at most 65536 | `8` |"));
  EXPECT_THAT(page,
              HasSubstr("| `type` | one of grpo, bnpo, dr_grpo, dapo, gspo, cispo, sapo, rloo | `dapo` |"));
  Recipe defaults;
  VerifierOptions verifier;
  FriendOptions judge;
  std::size_t rows = 0;
  for (std::size_t at = 0; (at = page.find("\n| `", at)) != std::string::npos; ++at) ++rows;
  EXPECT_EQ(rows, fields_of(defaults).fields.size() + fields_of(verifier).fields.size() +
                      fields_of(judge).fields.size());
}

TEST(Recipe, DefaultsAreWithinTheirOwnRanges) {
  Recipe recipe;
  const Fields table = fields_of(recipe);
  for (const Field& field : table.fields) {
    double value = 1;
    if (const auto* integer = std::get_if<int*>(&field.target)) value = **integer;
    if (const auto* number = std::get_if<double*>(&field.target)) value = **number;
    const bool other =
        std::get_if<int*>(&field.target) == nullptr && std::get_if<double*>(&field.target) == nullptr;
    EXPECT_TRUE(other || field.range.holds(value)) << field.key;
  }
}

TEST(Recipe, IsReadFromAFile) {
  const testing::TempFolder folder;
  std::ofstream(folder / "r.yaml") << kSmallRecipe << "eval:\n  evry: 2\n";
  const auto recipe = read_recipe(folder / "r.yaml");
  ASSERT_FALSE(recipe.ok());
  EXPECT_EQ(recipe.error().message(),
            "[" + (folder / "r.yaml").string() + ":4: eval.evry] unknown key, did you mean every");
  EXPECT_FALSE(read_recipe(folder / "none.yaml").ok());
  EXPECT_FALSE(read_recipe(folder.path()).ok());
}

}  // namespace
}  // namespace hone
