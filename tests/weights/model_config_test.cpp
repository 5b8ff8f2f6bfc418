#include "hone/weights/model_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "hone/base/json.h"
#include "support/golden.h"

namespace hone {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using testing::golden_folders;
using ::testing::IsEmpty;

// The keys without which no config is one, and those given.
std::string config_text(const std::string& model_type, const std::string& more = "") {
  const Json base = {{"model_type", model_type}, {"vocab_size", 320},      {"hidden_size", 64},
                     {"intermediate_size", 160}, {"num_hidden_layers", 4}, {"num_attention_heads", 4},
                     {"num_key_value_heads", 2}};
  Json json = base;
  json.update(Json::parse("{" + more + "}"));
  return json.dump();
}

ModelConfig parse(const std::string& model_type, const std::string& more = "") {
  auto config = parse_model_config(config_text(model_type, more), "config.json");
  EXPECT_TRUE(config.ok()) << config.error().message();
  return config.ok() ? *config : ModelConfig{};
}

TEST(ModelConfig, DefaultsAreTheFamilysOwn) {
  const ModelConfig llama = parse("llama");
  EXPECT_FALSE(llama.tie_word_embeddings);
  EXPECT_EQ(llama.max_position_embeddings, 2048);
  EXPECT_EQ(llama.head_dim, 16);
  EXPECT_EQ(llama.rms_norm_eps, 1e-6);
  EXPECT_EQ(llama.activation, "silu");
  EXPECT_EQ(llama.rope.theta, 10000.0);
  EXPECT_EQ(llama.rope.type, "default");
  EXPECT_EQ(llama.query_scale, 0.25);
  EXPECT_EQ(llama.dtype, "float32");
  EXPECT_THAT(llama.window, ElementsAre(0, 0, 0, 0));
  EXPECT_FALSE(llama.attention_bias || llama.mlp_bias);
  EXPECT_EQ(parse("phi3").rms_norm_eps, 1e-5);
  EXPECT_EQ(parse("phi3").max_position_embeddings, 4096);
  EXPECT_EQ(parse("qwen2").head_dim, 16);
  EXPECT_EQ(parse("qwen2").max_position_embeddings, 32768);
  EXPECT_EQ(parse("qwen3").head_dim, 128);
  EXPECT_EQ(parse("qwen3").query_scale, 1.0 / std::sqrt(128.0));
  EXPECT_EQ(parse("mistral").max_position_embeddings, 131072);
  const ModelConfig gemma = parse("gemma2");
  EXPECT_TRUE(gemma.tie_word_embeddings);
  EXPECT_EQ(gemma.head_dim, 256);
  EXPECT_EQ(gemma.activation, "gelu_pytorch_tanh");
  EXPECT_EQ(gemma.attn_logit_softcap, 50.0);
  EXPECT_EQ(gemma.final_logit_softcap, 30.0);
  EXPECT_EQ(gemma.query_scale, 1.0 / 16.0);  // 1/√256
}

TEST(ModelConfig, HeadsAbsentOrNull) {
  EXPECT_EQ(parse("llama", R"("num_key_value_heads":null)").kv_heads, 4);
  const auto without = [](const char* family, int heads) {
    const Json json = {{"model_type", family},   {"vocab_size", 9},        {"hidden_size", 64 * heads},
                       {"intermediate_size", 8}, {"num_hidden_layers", 1}, {"num_attention_heads", heads}};
    return parse_model_config(json.dump(), "config.json")->kv_heads;
  };
  EXPECT_EQ(without("llama", 6), 6);
  EXPECT_EQ(without("phi3", 6), 6);
  EXPECT_EQ(without("mistral", 32), 8);  // what transformers takes the key's absence for
  EXPECT_EQ(without("gemma2", 8), 4);
  EXPECT_EQ(without("qwen2", 32), 32);
  EXPECT_EQ(parse("llama", R"("head_dim":null)").head_dim, 16);
  EXPECT_EQ(parse("llama", R"("head_dim":8)").head_dim, 8);
  EXPECT_EQ(parse("mistral", R"("head_dim":24,"hidden_size":70)").head_dim, 24);
  EXPECT_EQ(parse("qwen3", R"("head_dim":null)").head_dim, 128);
}

TEST(ModelConfig, BiasesOnlyWhereTheFamilyReadsThem) {
  EXPECT_TRUE(parse("llama", R"("attention_bias":true)").attention_bias);
  EXPECT_TRUE(parse("llama", R"("mlp_bias":true)").mlp_bias);
  EXPECT_TRUE(parse("qwen3", R"("attention_bias":true)").attention_bias);
  EXPECT_FALSE(parse("mistral", R"("attention_bias":true)").attention_bias);
  EXPECT_FALSE(parse("qwen3", R"("mlp_bias":true)").mlp_bias);
}

TEST(ModelConfig, RopeOfAllAges) {
  EXPECT_EQ(parse("llama", R"("rope_theta":5e5,"rope_scaling":null)").rope.theta, 5e5);
  const RopeConfig linear =
      parse("llama", R"("rope_theta":300,"rope_scaling":{"type":"linear","factor":4})").rope;
  EXPECT_EQ(linear.type, "linear");
  EXPECT_EQ(linear.factor, 4.0);
  EXPECT_EQ(linear.theta, 300.0);
  const char* llama3 = R"({"rope_type":"llama3","factor":8.0,"low_freq_factor":1.0,"high_freq_factor":4.0,)"
                       R"("original_max_position_embeddings":8192})";
  const RopeConfig old =
      parse("llama", std::string(R"("rope_theta":500000.0,"rope_scaling":)") + llama3).rope;
  EXPECT_EQ(old.type, "llama3");
  EXPECT_EQ(old.factor, 8.0);
  EXPECT_EQ(old.low_freq_factor, 1.0);
  EXPECT_EQ(old.high_freq_factor, 4.0);
  EXPECT_EQ(old.original_max_position_embeddings, 8192);
  EXPECT_EQ(old.theta, 500000.0);
  // The theta inside goes before the one beside; rope_scaling goes before rope_parameters where it says
  // anything.
  EXPECT_EQ(
      parse("qwen3", R"("rope_parameters":{"rope_theta":7,"rope_type":"default"},"rope_theta":8)").rope.theta,
      7);
  EXPECT_EQ(
      parse("llama", R"("rope_scaling":{"type":"linear","factor":2},"rope_parameters":{"rope_theta":7})")
          .rope.type,
      "linear");
  EXPECT_EQ(parse("llama", R"("rope_scaling":{},"rope_parameters":{"rope_theta":7})").rope.theta, 7);
  const char* bare = R"("max_position_embeddings":77,"rope_scaling":{"rope_type":"llama3","factor":8,)"
                     R"("low_freq_factor":1,"high_freq_factor":4})";
  EXPECT_EQ(parse("llama", bare).rope.original_max_position_embeddings, 77);
  EXPECT_EQ(parse("phi3", R"("rope_parameters":{"partial_rotary_factor":1.0,"rope_theta":9.0})").rope.theta,
            9.0);
}

TEST(ModelConfig, WindowsOfLlamaMistralAndPhi) {
  EXPECT_THAT(parse("llama", R"("sliding_window":8)").window, Each(0));
  EXPECT_THAT(parse("mistral").window, ElementsAre(4096, 4096, 4096, 4096));
  EXPECT_THAT(parse("mistral", R"("sliding_window":null)").window, ElementsAre(0, 0, 0, 0));
  EXPECT_THAT(parse("mistral", R"("sliding_window":8)").window, ElementsAre(8, 8, 8, 8));
  EXPECT_THAT(parse("phi3").window, ElementsAre(0, 0, 0, 0));
  EXPECT_THAT(parse("phi3", R"("sliding_window":2047)").window, Each(2047));
}

TEST(ModelConfig, WindowsOfQwen) {
  for (const char* family : {"qwen2", "qwen3"}) {
    EXPECT_THAT(parse(family).window, Each(0));
    EXPECT_THAT(
        parse(family, R"("sliding_window":8,"use_sliding_window":false,"max_window_layers":0)").window,
        Each(0));
    EXPECT_THAT(parse(family, R"("sliding_window":8,"use_sliding_window":true,"max_window_layers":3)").window,
                ElementsAre(0, 0, 0, 8));
    EXPECT_THAT(parse(family, R"("sliding_window":8,"use_sliding_window":true)").window,
                Each(0));  // from layer 28
    EXPECT_THAT(
        parse(family,
              R"("sliding_window":8,"use_sliding_window":true,"max_window_layers":3,)"
              R"("layer_types":["sliding_attention","full_attention","full_attention","full_attention"])")
            .window,
        ElementsAre(8, 0, 0, 0));
  }
}

TEST(ModelConfig, WindowsOfGemma) {
  EXPECT_THAT(parse("gemma2").window, ElementsAre(4096, 0, 4096, 0));
  EXPECT_THAT(parse("gemma2", R"("sliding_window":8)").window, ElementsAre(8, 0, 8, 0));
  EXPECT_THAT(parse("gemma2", R"("sliding_window":8,"layer_types":["full_attention","sliding_attention",)"
                              R"("sliding_attention","full_attention"])")
                  .window,
              ElementsAre(0, 8, 8, 0));
}

TEST(ModelConfig, GemmaCapsAndScale) {
  const ModelConfig config = parse(
      "gemma2",
      R"("attn_logit_softcapping":null,"final_logit_softcapping":12.5,"query_pre_attn_scalar":144,"head_dim":32)");
  EXPECT_EQ(config.attn_logit_softcap, 0.0);
  EXPECT_EQ(config.final_logit_softcap, 12.5);
  EXPECT_EQ(config.query_scale, 1.0 / 12.0);
  EXPECT_EQ(parse("llama", R"("attn_logit_softcapping":20)").attn_logit_softcap, 0.0);
}

TEST(ModelConfig, DtypeInEitherSpelling) {
  EXPECT_EQ(parse("llama", R"("torch_dtype":"bfloat16")").dtype, "bfloat16");
  EXPECT_EQ(parse("llama", R"("dtype":"float16","torch_dtype":"float32")").dtype, "float16");
  EXPECT_EQ(parse("llama", R"("torch_dtype":"torch.bfloat16","dtype":null)").dtype, "bfloat16");
}

TEST(ModelConfig, KeepsTheWholeText) {
  const std::string text = config_text("llama", R"("something_else":[1,{"a":null}])");
  EXPECT_EQ(parse_model_config(text, "config.json")->json, text);
}

TEST(ModelConfigGolden, ReadsWhatTransformersWrote) {
  const auto folders = golden_folders("models");
  ASSERT_GE(folders.size(), 7u);
  for (const auto& folder : folders) {
    SCOPED_TRACE(folder.string());
    const auto config = read_model_config(folder);
    ASSERT_TRUE(config.ok()) << config.error().message();
    const Json json = *read_json(folder / "config.json");
    EXPECT_EQ(config->model_type, json["model_type"]);
    EXPECT_EQ(config->vocab_size, json["vocab_size"].get<std::int64_t>());
    EXPECT_EQ(config->layers, json["num_hidden_layers"].get<std::int64_t>());
    EXPECT_EQ(config->kv_heads, json["num_key_value_heads"].get<std::int64_t>());
    EXPECT_EQ(config->rms_norm_eps, json["rms_norm_eps"].get<double>());
    EXPECT_EQ(config->tie_word_embeddings, json["tie_word_embeddings"].get<bool>());
    EXPECT_EQ(config->rope.theta, json["rope_parameters"]["rope_theta"].get<double>());
    EXPECT_EQ(config->rope.type, json["rope_parameters"]["rope_type"].get<std::string>());
    EXPECT_EQ(config->dtype, json["dtype"].get<std::string>());
    EXPECT_EQ(static_cast<std::int64_t>(config->window.size()), config->layers);
    if (json.contains("head_dim")) {
      EXPECT_EQ(config->head_dim, json["head_dim"].get<std::int64_t>());
    }
    const auto ids = read_eos_ids(folder);
    ASSERT_TRUE(ids.ok()) << ids.error().message();
    EXPECT_FALSE(ids->empty());
  }
}

// The particulars of the seven folders in the repository, by hand.
TEST(ModelConfigGolden, Particulars) {
  const std::filesystem::path models = std::filesystem::path(HONE_SOURCE_DIR) / "tests/golden/models";
  const auto read = [&](const char* name) { return *read_model_config(models / name); };
  EXPECT_THAT(read("gemma2").window, ElementsAre(8, 0, 8));
  EXPECT_EQ(read("gemma2").query_scale, 0.25);
  EXPECT_EQ(read("gemma2").final_logit_softcap, 30.0);
  EXPECT_THAT(read("mistral-window").window, ElementsAre(8, 8, 8));
  EXPECT_EQ(read("qwen3").head_dim, 32);
  EXPECT_THAT(read("qwen3").window, ElementsAre(0, 0, 0));
  EXPECT_EQ(read("llama-rope3").rope.type, "llama3");
  EXPECT_EQ(read("llama-rope3").rope.original_max_position_embeddings, 64);
  EXPECT_FALSE(read("llama-rope3").tie_word_embeddings);
  EXPECT_TRUE(read("llama-tied").tie_word_embeddings);
  EXPECT_EQ(read("phi3").head_dim, 16);
  EXPECT_EQ(read("phi3").rms_norm_eps, 1e-5);
}

}  // namespace
}  // namespace hone
