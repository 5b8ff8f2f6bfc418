// Configs that must be refused, each with a line that names the file, the key, the rule and the value.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "hone/base/json.h"
#include "hone/weights/model_config.h"
#include "support/temp_folder.h"

namespace hone {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

struct BadConfig {
  std::string family;
  std::string changes;  // merged into a good config
  std::string key;      // that the message names
  std::vector<std::string> says;

  friend void PrintTo(const BadConfig& config, std::ostream* out) {
    *out << config.family << " " << config.changes;
  }
};

class ModelConfigBad : public ::testing::TestWithParam<BadConfig> {};

std::string error_of(const std::string& text) {
  const auto config = parse_model_config(text, "m/config.json");
  return config.ok() ? "accepted" : config.error().message();
}

TEST_P(ModelConfigBad, IsRefusedByKeyInOneLine) {
  Json json = {{"model_type", GetParam().family}, {"vocab_size", 320},      {"hidden_size", 64},
               {"intermediate_size", 160},        {"num_hidden_layers", 4}, {"num_attention_heads", 4},
               {"num_key_value_heads", 2}};
  ASSERT_EQ(error_of(json.dump()), "accepted");
  json.update(Json::parse(GetParam().changes));
  const std::string message = error_of(json.dump());
  EXPECT_THAT(message,
              AllOf(HasSubstr("m/config.json: "), HasSubstr(GetParam().key + "]"), Not(HasSubstr("\n"))));
  for (const std::string& part : GetParam().says) EXPECT_THAT(message, HasSubstr(part));
}

INSTANTIATE_TEST_SUITE_P(
    Keys, ModelConfigBad,
    ::testing::Values(
        BadConfig{"llama",
                  R"({"model_type":"gpt2"})",
                  "model_type",
                  {"llama, qwen2, qwen3, mistral, phi3, gemma2", "\"gpt2\""}},
        BadConfig{"llama", R"({"model_type":null})", "model_type", {"must be one of"}},
        BadConfig{"llama", R"({"model_type":3})", "model_type", {"got 3"}},
        BadConfig{"llama", R"({"vocab_size":0})", "vocab_size", {"from 1", "got 0"}},
        BadConfig{"llama", R"({"vocab_size":-5})", "vocab_size", {"got -5"}},
        BadConfig{"llama", R"({"vocab_size":4294967296})", "vocab_size", {"to 2147483647", "got 4294967296"}},
        BadConfig{
            "llama", R"({"vocab_size":18446744073709551615})", "vocab_size", {"got 18446744073709551615"}},
        BadConfig{"llama", R"({"vocab_size":null})", "vocab_size", {"must be present"}},
        BadConfig{"llama", R"({"hidden_size":"64"})", "hidden_size", {"integer", "\"64\""}},
        BadConfig{"llama", R"({"hidden_size":64.5})", "hidden_size", {"64.5"}},
        BadConfig{"llama",
                  R"({"hidden_size":66})",
                  "hidden_size",
                  {"multiple of num_attention_heads (4)", "got 66"}},
        BadConfig{"llama", R"({"hidden_size":1000000000})", "hidden_size", {"got 1000000000"}},
        BadConfig{"llama", R"({"intermediate_size":0})", "intermediate_size", {"got 0"}},
        BadConfig{"llama", R"({"num_hidden_layers":1000000})", "num_hidden_layers", {"got 1000000"}},
        BadConfig{"llama", R"({"num_attention_heads":0})", "num_attention_heads", {"got 0"}},
        BadConfig{"llama",
                  R"({"num_key_value_heads":3})",
                  "num_attention_heads",
                  {"multiple of num_key_value_heads (3)", "got 4"}},
        BadConfig{"llama", R"({"num_key_value_heads":8})", "num_attention_heads", {"(8)", "got 4"}},
        BadConfig{"llama", R"({"head_dim":0})", "head_dim", {"got 0"}},
        BadConfig{"llama", R"({"head_dim":15})", "head_dim", {"even", "got 15"}},
        BadConfig{"qwen3", R"({"head_dim":4000000})", "head_dim", {"got 4000000"}},
        BadConfig{"llama", R"({"max_position_embeddings":-1})", "max_position_embeddings", {"got -1"}},
        BadConfig{"llama", R"({"rms_norm_eps":0})", "rms_norm_eps", {"above zero", "got 0"}},
        BadConfig{"llama", R"({"rms_norm_eps":"1e-6"})", "rms_norm_eps", {"number"}},
        BadConfig{"llama", R"({"tie_word_embeddings":1})", "tie_word_embeddings", {"true or false", "got 1"}},
        BadConfig{"llama", R"({"hidden_act":"relu"})", "hidden_act", {"silu or gelu_pytorch_tanh", "relu"}},
        BadConfig{"gemma2", R"({"hidden_activation":"gelu"})", "hidden_activation", {"\"gelu\""}},
        BadConfig{
            "llama", R"({"torch_dtype":"int8"})", "torch_dtype", {"float32, bfloat16 or float16", "int8"}},
        BadConfig{"llama", R"({"dtype":"float64"})", "dtype", {"float64"}}));

INSTANTIATE_TEST_SUITE_P(
    Rope, ModelConfigBad,
    ::testing::Values(
        BadConfig{"llama", R"({"rope_theta":-1.0})", "rope_theta", {"above zero", "-1.0"}},
        BadConfig{"llama",
                  R"({"rope_scaling":{"type":"dynamic","factor":2}})",
                  "rope_scaling: type",
                  {"default, linear, llama3", "dynamic"}},
        BadConfig{"qwen2",
                  R"({"rope_scaling":{"rope_type":"yarn","factor":4}})",
                  "rope_scaling: rope_type",
                  {"yarn"}},
        BadConfig{"phi3",
                  R"({"rope_scaling":{"type":"longrope","long_factor":[1]}})",
                  "rope_scaling: type",
                  {"of phi3: default", "longrope"}},
        BadConfig{
            "phi3", R"({"partial_rotary_factor":0.75})", "partial_rotary_factor", {"must be 1", "0.75"}},
        BadConfig{"phi3",
                  R"({"rope_parameters":{"partial_rotary_factor":0.5,"rope_theta":1.0}})",
                  "rope_parameters: partial_rotary_factor",
                  {"0.5"}},
        BadConfig{"llama", R"({"rope_scaling":"linear"})", "rope_scaling", {"object", "linear"}},
        BadConfig{"llama", R"({"rope_scaling":{"type":"linear"}})", "rope_scaling: factor", {"present"}},
        BadConfig{"llama",
                  R"({"rope_scaling":{"type":"linear","factor":0}})",
                  "rope_scaling: factor",
                  {"above zero"}},
        BadConfig{"llama",
                  R"({"rope_scaling":{"rope_type":"llama3","factor":8,"high_freq_factor":4}})",
                  "low_freq_factor",
                  {"present"}},
        BadConfig{
            "llama",
            R"({"rope_scaling":{"rope_type":"llama3","factor":8,"low_freq_factor":4,"high_freq_factor":4}})",
            "high_freq_factor",
            {"exceed low_freq_factor (4)"}},
        BadConfig{"gemma2",
                  R"({"rope_parameters":{"full_attention":{"rope_type":"default"}}})",
                  "rope_parameters",
                  {"one rotation for all layers"}}));

INSTANTIATE_TEST_SUITE_P(
    Attention, ModelConfigBad,
    ::testing::Values(
        BadConfig{"mistral", R"({"sliding_window":0})", "sliding_window", {"got 0"}},
        BadConfig{"mistral", R"({"sliding_window":-3})", "sliding_window", {"got -3"}},
        BadConfig{"gemma2", R"({"sliding_window":null})", "sliding_window", {"must be set"}},
        BadConfig{
            "qwen2",
            R"({"layer_types":["sliding_attention","full_attention","full_attention","full_attention"]})",
            "sliding_window",
            {"must be set (and used)"}},
        BadConfig{"qwen2", R"({"layer_types":["full_attention"]})", "layer_types", {"list of 4", "got 1"}},
        BadConfig{
            "qwen3",
            R"({"layer_types":["full_attention","full_attention","full_attention","linear_attention"]})",
            "layer_types",
            {"linear_attention"}},
        BadConfig{"qwen2",
                  R"({"max_window_layers":-1,"use_sliding_window":true})",
                  "max_window_layers",
                  {"got -1"}},
        BadConfig{"gemma2", R"({"attn_logit_softcapping":0})", "attn_logit_softcapping", {"above zero"}},
        BadConfig{"gemma2", R"({"query_pre_attn_scalar":-1})", "query_pre_attn_scalar", {"above zero"}},
        BadConfig{
            "gemma2", R"({"use_bidirectional_attention":true})", "use_bidirectional_attention", {"causal"}},
        BadConfig{"llama", R"({"quantization_config":{"bits":4}})", "quantization_config", {"not read"}}));

TEST(ModelConfigBadText, AGgufFileSaysHowToImportIt) {
  const std::filesystem::path file =
      std::filesystem::path(HONE_SOURCE_DIR) / "tests/golden/gguf/tiny-f32.gguf";
  EXPECT_EQ(
      read_model_config(file).error().message(),
      "[" + file.string() +
          "] must be a Hugging Face model directory (hone import makes one of a GGUF file), got a file");
}

TEST(ModelConfigBadText, IsNotAConfig) {
  EXPECT_THAT(error_of("{"), AllOf(HasSubstr("m/config.json"), HasSubstr("valid JSON")));
  EXPECT_THAT(error_of("[1]"), AllOf(HasSubstr("m/config.json"), HasSubstr("JSON object"), HasSubstr("[1]")));
}

TEST(ModelConfigBadText, MissingFile) {
  testing::TempFolder folder;
  const auto config = read_model_config(folder.path());
  ASSERT_FALSE(config.ok());
  EXPECT_THAT(config.error().message(),
              AllOf(HasSubstr((folder / "config.json").string()), HasSubstr("No such file")));
}

}  // namespace
}  // namespace hone
