// hone export and hone import, against what llama.cpp made of and said with the same model; rollouts of a
// run.db written here.
#include <gtest/gtest.h>

#include <algorithm>

#include "cli/run_command.h"
#include "cli/tiny_model.h"
#include "hone/base/files.h"
#include "hone/base/json.h"
#include "hone/data/dataset.h"
#include "hone/store/run_store.h"
#include "hone/weights/gguf.h"
#include "hone/weights/safetensors.h"

namespace hone {
namespace {

using namespace hone::testing;

const fs::path kGolden = fs::path(HONE_SOURCE_DIR) / "tests/golden/gguf";

std::string greedy(const std::string& model, const std::string& prompt) {
  return run_command({"sample", model, prompt, "--temperature", "0", "--max-new-tokens", "24", "--json"}).out;
}

TEST(Export, LlamaCppSaysTheSame) {
  const Json answers = *read_json(kGolden / "greedy.json");
  ASSERT_EQ(answers.size(), 5U);
  for (const Json& answer : answers) {
    const Json ours = Json::parse(greedy((kGolden / "tiny").string(), answer["question"]));
    EXPECT_EQ(ours["prompt"], answer["prompt"]);
    EXPECT_EQ(ours["prompt_ids"], answer["prompt_ids"]);
    EXPECT_EQ(ours["ids"], answer["ids"]);
  }
}

TEST(Export, TheTokenizerIsTheReferences) {
  const TempFolder folder;
  const Ran ran = run_command({"export", (kGolden / "tiny").string(), "--to", (folder / "a.gguf").string()});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(ran.out, (folder / "a.gguf").string() + ": F32, 65.6 kB\n");
  const GgufFile ours = *GgufFile::open(folder / "a.gguf"),
                 reference = *GgufFile::open(kGolden / "tiny-f32.gguf");
  int compared = 0;
  for (const auto& [key, value] : reference.metadata()) {
    if (!key.starts_with("tokenizer.")) continue;
    ASSERT_TRUE(ours.metadata().contains(key)) << key;
    EXPECT_EQ(ours.metadata().at(key), value) << key;
    ++compared;
  }
  EXPECT_EQ(compared, 8);
  EXPECT_EQ(*ours.require<bool>("tokenizer.ggml.add_bos_token"), false);
}

TEST(Export, AModelComesBackToTheBit) {
  const TempFolder folder;
  const std::string file = (folder / "a.gguf").string(), back = (folder / "back").string();
  ASSERT_EQ(run_command({"export", tiny_model(), "--to", file, "--type", "f32"}).exit_code, 0);
  const Ran ran = run_command({"import", file, back});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(file_bytes(fs::path(back) / "model.safetensors"),
            file_bytes(fs::path(tiny_model()) / "model.safetensors"));
  EXPECT_EQ(greedy(back, "1+2"), greedy(tiny_model(), "1+2"));
  EXPECT_FALSE(fs::exists(back + ".unfinished"));
  const Ran again = run_command({"import", file, back});
  EXPECT_EQ(again.exit_code, 2);
  EXPECT_EQ(again.err, "error: [" + back + "] must be a new or empty folder, got one that holds files\n");
}

TEST(Export, SmallerTypesStillSpeak) {
  for (const char* type : {"f16", "bf16", "Q8_0"}) {
    const TempFolder folder;
    const std::string file = (folder / "a.gguf").string(), back = (folder / "back").string();
    ASSERT_EQ(run_command({"export", tiny_model(), "--to", file, "--type", type}).exit_code, 0);
    ASSERT_EQ(run_command({"import", file, back + "/"}).exit_code, 0);
    const Json row = Json::parse(greedy(back, "1+2"));
    EXPECT_FALSE(row["ids"].empty());
    EXPECT_LT(fs::file_size(file), fs::file_size(fs::path(tiny_model()) / "model.safetensors"));
  }
}

TEST(Export, WrongUse) {
  const auto refused = [](std::vector<std::string> more) {
    more.insert(more.begin(), "export");
    const Ran ran = run_command(more);
    EXPECT_EQ(ran.exit_code, 2);
    return ran.err;
  };
  EXPECT_EQ(refused({"m"}),
            "error: [hone export] needs --to FILE.gguf or --rollouts FILE.jsonl, one of them, got neither\n");
  EXPECT_EQ(refused({"m", "--to", "a.gguf", "--rollouts", "b"}),
            "error: [hone export] needs --to FILE.gguf or --rollouts FILE.jsonl, one of them, got both\n");
  EXPECT_EQ(refused({"m", "--to", "a.bin"}), "error: [--to] must be a file named *.gguf, got a.bin\n");
  EXPECT_EQ(refused({"m", "--to", "a.gguf", "--type", "q4_0"}),
            "error: [--type] must be f32, f16, bf16 or q8_0, got q4_0\n");
  EXPECT_EQ(refused({"m", "--to", "a.gguf", "--correct-only"}),
            "error: [--correct-only] goes with --rollouts, got --to\n");
  EXPECT_EQ(refused({"m", "--rollouts", "a", "--type", "f32"}),
            "error: [--type] goes with --to, got --rollouts\n");
  EXPECT_NE(refused({"/nowhere", "--to", "a.gguf"}).find("/nowhere/config.json"), std::string::npos);
  const Ran ran = run_command({"import", (kGolden / "greedy.json").string(), "there"});
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_NE(ran.err.find("must be a GGUF file"), std::string::npos) << ran.err;
}

Rollout rollout_of(const std::string& text, std::optional<double> reward) {
  Rollout out;
  out.completion.text = text;
  out.completion.ids = {5, 2};
  out.completion.finish = FinishReason::kEos;
  out.reward.total = reward;
  out.reward.correct = reward.value_or(0) >= 1;
  out.reward.parts = {
      {"number", 1.0, {reward ? VerdictStatus::kCorrect : VerdictStatus::kTimeout, 1.0, "7"}}};
  return out;
}

class ExportRollouts : public ::testing::Test {
 protected:
  void SetUp() override {
    auto store = RunStore::open(folder_ / "run.db");
    ASSERT_TRUE(store.ok());
    for (const std::int64_t step : {1, 2}) {
      StepRecord record{"grpo", step, {}, {}};
      for (int g = 0; g < 2; ++g) {
        Group group;
        group.problem.id = 0xFFFF000000000000ULL + static_cast<std::uint64_t>(g);
        group.problem.source = "arithmetic:" + std::to_string(g);
        group.problem.messages = {{"system", "Think."}, {"user", fmt::format("3+{}", g)}};
        group.problem.answer = "7";
        group.prompt_text = g == 0 ? "3+4" : "3+4<think>\n";
        group.rollouts = {rollout_of("seven", 1.0), rollout_of("8", 0.1), rollout_of("7", 1.1),
                          rollout_of("\xff", std::nullopt)};
        record.groups.push_back(group);
      }
      ASSERT_TRUE(store->append(record).ok());
    }
  }
  std::vector<Json> rows(std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"export", folder_.string(), "--rollouts", (folder_ / "out.jsonl").string()});
    const Ran ran = run_command(more);
    EXPECT_EQ(ran.exit_code, 0) << ran.err;
    last_ = ran.out;
    std::vector<Json> out;
    std::istringstream lines(file_bytes(folder_ / "out.jsonl"));
    for (std::string line; std::getline(lines, line);) out.push_back(Json::parse(line));
    return out;
  }
  TempFolder folder_;
  std::string last_;
};

TEST_F(ExportRollouts, EachIsAChatWithWhatItEarned) {
  const auto all = rows();
  ASSERT_EQ(all.size(), 16U);
  EXPECT_EQ(last_, (folder_ / "out.jsonl").string() + ": 16 of 16 rollouts, 2 steps\n");
  const Json expected = Json::parse(R"({
    "messages": [{"role": "system", "content": "Think."}, {"role": "user", "content": "3+0"}, {"role": "assistant", "content": "seven"}],
    "question": [{"role": "system", "content": "Think."}, {"role": "user", "content": "3+0"}],
    "response": "seven", "reward": 1.0, "correct": true, "advantage": 0.0,
    "verdicts": [{"verifier": "number", "weight": 1.0, "status": "correct", "score": 1.0, "detail": "7"}],
    "stage": "grpo", "step": 1, "group": 0, "rollout": 0, "problem_id": "ffff000000000000", "source": "arithmetic:0", "answer": "7", "finish": "eos"})");
  EXPECT_EQ(all[0], expected);
  EXPECT_EQ(all[4]["messages"].back()["content"], "<think>\nseven");  // which the prompt had opened
  EXPECT_TRUE(all[3]["reward"].is_null());
  EXPECT_TRUE(all[3]["verdicts"][0]["score"].is_null());
  EXPECT_EQ(all[3]["response"], "\xef\xbf\xbd");
  EXPECT_EQ(all[15]["step"], 2);
}

TEST_F(ExportRollouts, FiltersChoose) {
  const auto texts = [](const std::vector<Json>& all) {
    std::vector<std::string> out;
    for (const Json& row : all)
      out.push_back(fmt::format("{}.{} {}", row["step"].dump(), row["group"].dump(), row["rollout"].dump()));
    return out;
  };
  using Texts = std::vector<std::string>;
  EXPECT_EQ(texts(rows({"--correct-only", "--to-step", "1"})), (Texts{"1.0 0", "1.0 2", "1.1 0", "1.1 2"}));
  EXPECT_EQ(texts(rows({"--min-reward", "1.05"})), (Texts{"1.0 2", "1.1 2", "2.0 2", "2.1 2"}));
  EXPECT_EQ(rows({"--min-reward", "0.1"}).size(), 12U);
  EXPECT_EQ(texts(rows({"--best-of-group", "--from-step", "2"})), (Texts{"2.0 2", "2.1 2"}));
  EXPECT_EQ(rows({"--best-of-group", "--correct-only"}).size(), 4U);
  const auto refused = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"export", folder_.string(), "--rollouts", (folder_ / "none.jsonl").string()});
    const Ran ran = run_command(more);
    EXPECT_EQ(ran.exit_code, 2);
    EXPECT_FALSE(fs::exists(folder_ / "none.jsonl"));
    return ran.err;
  };
  EXPECT_EQ(refused({"--min-reward", "2"}),
            "error: [" + (folder_ / "run.db").string() +
                "] must hold rollouts of the stage grpo that pass the filters, got none of 16 in 2 steps\n");
  EXPECT_NE(refused({"--stage", "propose"}).find("none of 0 in 0 steps"), std::string::npos);
  EXPECT_NE(refused({"--stage", "rl"}).find("[--stage] must be one of sft, amortize"), std::string::npos);
}

TEST_F(ExportRollouts, StdoutAndOwnDataFiles) {
  const Ran ran = run_command({"export", folder_.string(), "--rollouts", "-", "--best-of-group"});
  EXPECT_EQ(std::ranges::count(ran.out, '\n'), 4);
  EXPECT_EQ(Json::parse(ran.out.substr(0, ran.out.find('\n')))["response"], "7");
  rows({"--best-of-group"});
  DataOptions options;
  options.eval_files = {(folder_ / "out.jsonl").string()};
  options.fields = {.prompt = "question", .answer = "answer", .solution = "response", .answer_after = ""};
  const auto data = open_dataset(options, 1);
  ASSERT_TRUE(data.ok()) << data.error().message();
  EXPECT_EQ((*data)->eval(0).messages.size(), 2U);
  EXPECT_EQ((*data)->eval(0).answer, "7");
  EXPECT_NE((*data)->eval(0).solution.find("<answer>7</answer>"), std::string::npos);
}

}  // namespace
}  // namespace hone
