// Bad models, tokenizers and recipes: one line on stderr that names file, place, rule and value, status 2,
// and nothing written.
#include <gtest/gtest.h>

#include "cli/run_command.h"
#include "cli/tiny_model.h"

namespace hone {
namespace {

namespace fs = std::filesystem;
using namespace hone::testing;

// A copy of a golden model, to be spoilt.
class BadModel : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"config.json", "generation_config.json", "model.safetensors"}) {
      fs::copy_file(golden("models/llama-tied/") + name, folder_ / name);
    }
    ASSERT_EQ(score().exit_code, 0) << "the model is good before it is spoilt";
  }
  Ran score() const { return run_command({"score", folder_.string()}, "{\"ids\":[1,2,3]}\n"); }
  void expect_refused(const std::vector<std::string>& parts) const {
    const auto before = names();
    const Ran ran = score();
    expect_one_error(ran, parts);
    EXPECT_EQ(ran.out, "");
    EXPECT_EQ(names(), before);
  }
  void change_config(const std::string& key, const Json& value) const {
    Json config = Json::parse(file_bytes(folder_ / "config.json"));
    config[key] = value;
    write_file(folder_ / "config.json", config.dump());
  }
  std::vector<fs::path> names() const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(folder_.path())) found.push_back(entry.path());
    std::sort(found.begin(), found.end());
    return found;
  }
  TempFolder folder_;
};

TEST_F(BadModel, NoSuchFolder) { expect_one_error(run_command({"score", "/nowhere"}), {"/nowhere"}); }

TEST_F(BadModel, MissingTensors) {
  fs::remove(folder_ / "model.safetensors");
  expect_refused({"model.safetensors"});
}

TEST_F(BadModel, TruncatedTensors) {
  const auto file = folder_ / "model.safetensors";
  fs::resize_file(file, fs::file_size(file) - 100);
  expect_refused({"model.safetensors"});
  fs::resize_file(file, 4);
  expect_refused({"model.safetensors", "got"});
}

TEST_F(BadModel, AHeaderLongerThanTheFile) {
  const auto file = folder_ / "model.safetensors";
  std::string bytes = file_bytes(file);
  bytes[6] = '\x7f';
  write_file(file, bytes);
  expect_refused({"model.safetensors", "header", "got"});
}

TEST_F(BadModel, AMissingTensor) {
  const auto file = folder_ / "model.safetensors";
  std::string bytes = file_bytes(file);
  const std::string name = "model.norm.weight";
  const auto at = bytes.find(name);
  ASSERT_NE(at, std::string::npos);
  bytes.replace(at, name.size(), "model.nrom.weight");
  write_file(file, bytes);
  expect_refused({"model.safetensors", "model.norm.weight"});
}

TEST_F(BadModel, AShapeThatDisagreesWithTheConfig) {
  change_config("intermediate_size", 128);
  expect_refused({folder_.string(), "mlp", "config.json", "[128, 64]", "got [160, 64]"});
}

TEST_F(BadModel, AnUnknownFamily) {
  change_config("model_type", "mamba");
  expect_refused({"config.json", "model_type", "llama", "qwen3", "gemma2", "got \"mamba\""});
}

TEST_F(BadModel, ImpossibleNumbers) {
  change_config("num_key_value_heads", 3);
  expect_refused({"config.json", "num_key_value_heads", "3"});
  change_config("num_key_value_heads", 2);
  change_config("hidden_size", -64);
  expect_refused({"config.json", "hidden_size", "-64"});
  change_config("hidden_size", "big");
  expect_refused({"config.json", "hidden_size", "\"big\""});
}

TEST_F(BadModel, AConfigThatIsNotJson) {
  write_file(folder_ / "config.json", "{\"model_type\": \"llama\",");
  expect_refused({"config.json", "JSON"});
}

TEST_F(BadModel, AnUnknownDeviceOrNumberFormat) {
  expect_one_error(run_command({"score", folder_.string(), "--dtype", "int8"}), {"float32", "got int8"});
  expect_one_error(run_command({"score", folder_.string(), "--device", "tpu"}), {"cpu", "got tpu"});
}

TEST_F(BadModel, TextNeedsATokenizerAndSamplingToo) {
  expect_one_error(run_command({"sample", folder_.string(), "hi"}), {"tokenizer.json"});
  expect_one_error(run_command({"chat", folder_.string()}, "hi\n"), {"tokenizer.json"});
  expect_one_error(run_command({"eval", folder_.string(), "--problems", "arithmetic"}), {"tokenizer.json"});
}

TEST(BadTokenizer, IsNamed) {
  const TempFolder folder;
  expect_one_error(run_command({"tokenize", folder.string()}), {"tokenizer.json"});
  const auto refuse = [&](const std::string& text, const std::vector<std::string>& parts) {
    write_file(folder / "tokenizer.json", text);
    expect_one_error(run_command({"tokenize", folder.string()}, "{\"text\":\"a\"}\n"), parts);
  };
  refuse(R"({"model":{"type":"Unigram","vocab":[]}})", {"tokenizer.json", "BPE", "Unigram"});
  refuse(R"({"model":{"type":"WordPiece","vocab":{}}})", {"tokenizer.json", "BPE", "WordPiece"});
  refuse(R"({"model":)", {"tokenizer.json", "JSON"});
  refuse("[]", {"tokenizer.json"});
}

TEST(BadTokenizer, LargerThanTheModel) {
  const TempFolder folder;
  for (const auto& entry : fs::directory_iterator(tiny_model())) {
    fs::copy(entry.path(), folder / entry.path().filename().string());
  }
  fs::copy_file(golden("tokenizers/smollm2/tokenizer.json"), folder / "tokenizer.json",
                fs::copy_options::overwrite_existing);
  expect_one_error(run_command({"sample", folder.string(), "hi"}), {folder.string(), "vocab_size"});
}

TEST(BadRecipe, IsNamedAndNothingIsWritten) {
  const TempFolder folder;
  const auto refuse = [&](const std::string& text, const std::vector<std::string>& parts,
                          std::vector<std::string> more = {}) {
    SCOPED_TRACE(text);
    write_file(folder / "recipe.yaml", "runs: " + (folder / "runs").string() + "\n" + text);
    more.insert(more.begin(), {"train", (folder / "recipe.yaml").string()});
    expect_one_error(run_command(more), parts);
    EXPECT_FALSE(fs::exists(folder / "runs"));
  };
  refuse("grpo:\n  rollout:\n    group_sise: 4\n", {"recipe.yaml", "group_sise", "group_size"});
  refuse("grpo:\n  steps: many\n", {"recipe.yaml", "grpo.steps", "many"});
  refuse("grpo:\n  rollout:\n    group_size: 1\n", {"recipe.yaml", "group_size", "got 1"});
  refuse("data:\n  task: arithmatic\ngrpo:\n  steps: 1\n", {"arithmetic"});
  refuse("data:\n  task: arithmetic\n", {"--set grpo.stepz", "did you mean steps"},
         {"--set", "grpo.stepz=3"});
  refuse("data:\n  files: [nowhere.jsonl]\ngrpo:\n  steps: 1\n", {"nowhere.jsonl"});
  expect_one_error(run_command({"train", (folder / "none.yaml").string()}), {"none.yaml"});
}

}  // namespace
}  // namespace hone
