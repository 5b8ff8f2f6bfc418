#include "hone/weights/model_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "hone/base/json.h"
#include "support/golden.h"
#include "support/temp_folder.h"
#include "weights/safetensors_files.h"

namespace hone {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::read_bytes;
using testing::TempFolder;
using testing::write_bytes;

TEST(EosIds, AreTheUnionOfBothFiles) {
  TempFolder folder;
  const auto ids = [&](const char* config, const char* generation) {
    write_bytes(folder / "config.json", config);
    std::filesystem::remove(folder / "generation_config.json");
    if (generation != nullptr) write_bytes(folder / "generation_config.json", generation);
    auto read = read_eos_ids(folder.path());
    EXPECT_TRUE(read.ok()) << read.error().message();
    return read.ok() ? *read : std::vector<std::int32_t>{-1};
  };
  EXPECT_THAT(ids(R"({"eos_token_id":2})", nullptr), ElementsAre(2));
  EXPECT_THAT(ids(R"({"eos_token_id":2})", R"({"eos_token_id":[9,2,5]})"), ElementsAre(2, 5, 9));
  EXPECT_THAT(ids(R"({"eos_token_id":[7,7]})", R"({"eos_token_id":null})"), ElementsAre(7));
  EXPECT_THAT(ids("{}", R"({"eos_token_id":0})"), ElementsAre(0));
  EXPECT_THAT(ids(R"({"eos_token_id":null})", "{}"), IsEmpty());
}

TEST(EosIds, BadOnesAreNamed) {
  TempFolder folder;
  for (const char* bad : {"\"2\"", "-1", "2.5", "[1,-1]", "[[1]]", "4294967296", "true"}) {
    write_bytes(folder / "config.json", std::string(R"({"eos_token_id":)") + bad + "}");
    const auto ids = read_eos_ids(folder.path());
    ASSERT_FALSE(ids.ok()) << bad;
    EXPECT_THAT(ids.error().message(), AllOf(HasSubstr("config.json: eos_token_id"), HasSubstr("got")));
  }
  write_bytes(folder / "config.json", "{}");
  write_bytes(folder / "generation_config.json", "[]");
  EXPECT_THAT(read_eos_ids(folder.path()).error().message(), HasSubstr("generation_config.json"));
  TempFolder empty;
  EXPECT_THAT(read_eos_ids(empty.path()).error().message(), HasSubstr("config.json"));
}

TEST(WriteModelConfig, IsTheSameBytesWhenTheDtypeStays) {
  for (const auto& golden : testing::golden_folders("models")) {
    const auto config = read_model_config(golden);
    ASSERT_TRUE(config.ok()) << config.error().message();
    TempFolder folder;
    ASSERT_TRUE(write_model_config(folder.path(), *config, *dtype_from_torch_name(config->dtype)).ok());
    EXPECT_EQ(read_bytes(folder / "config.json"), read_bytes(golden / "config.json")) << golden;
  }
}

TEST(WriteModelConfig, ChangesTheDtypeAlone) {
  for (const auto& golden : testing::golden_folders("models")) {
    const auto config = read_model_config(golden);
    ASSERT_TRUE(config.ok()) << config.error().message();
    TempFolder folder;
    const DType other = config->dtype == "bfloat16" ? DType::kF16 : DType::kBF16;
    ASSERT_TRUE(write_model_config(folder.path(), *config, other).ok());
    const auto again = read_model_config(folder.path());
    ASSERT_TRUE(again.ok()) << again.error().message();
    EXPECT_EQ(again->dtype, other == DType::kF16 ? "float16" : "bfloat16");
    Json before = Json::parse(config->json), after = Json::parse(again->json);
    before.erase("dtype");
    after.erase("dtype");
    EXPECT_EQ(before.dump(), after.dump()) << golden;
  }
}

TEST(WriteModelConfig, KeepsTheSpellingsOfDtypeAndTheKeysOrder) {
  const std::string rest = R"("model_type":"llama","vocab_size":9,"hidden_size":8,"intermediate_size":8,)"
                           R"("num_hidden_layers":1,"num_attention_heads":2)";
  const auto written = [&](const std::string& dtypes) {
    TempFolder folder;
    const auto config = parse_model_config("{\"zebra\":[1,null]," + rest + dtypes + "}", "config.json");
    EXPECT_TRUE(config.ok());
    EXPECT_TRUE(write_model_config(folder.path(), *config, DType::kBF16).ok());
    return nlohmann::ordered_json::parse(read_bytes(folder / "config.json")).dump();
  };
  const std::string start = "{\"zebra\":[1,null]," + rest;
  EXPECT_EQ(written(R"(,"torch_dtype":"float32")"), start + R"(,"torch_dtype":"bfloat16"})");
  EXPECT_EQ(written(R"(,"dtype":"float16")"), start + R"(,"dtype":"bfloat16"})");
  EXPECT_EQ(written(R"(,"dtype":"float16","torch_dtype":"float16")"),
            start + R"(,"dtype":"bfloat16","torch_dtype":"bfloat16"})");
  EXPECT_EQ(written(""), start + R"(,"dtype":"bfloat16"})");
}

TEST(GenerationConfig, IsReadBack) {
  TempFolder folder;
  write_bytes(folder / "config.json", "{}");
  const auto path = folder / "generation_config.json";
  ASSERT_TRUE(write_generation_config(folder.path(), std::vector<std::int32_t>{7}, 3).ok());
  EXPECT_EQ(Json::parse(read_bytes(path)), (Json{{"eos_token_id", 7}, {"pad_token_id", 3}}));
  ASSERT_TRUE(write_generation_config(folder.path(), std::vector<std::int32_t>{7, 9}).ok());
  EXPECT_EQ(Json::parse(read_bytes(path)), (Json{{"eos_token_id", {7, 9}}}));
  EXPECT_THAT(*read_eos_ids(folder.path()), ElementsAre(7, 9));
  ASSERT_TRUE(write_generation_config(folder.path(), {}).ok());
  EXPECT_THAT(*read_eos_ids(folder.path()), IsEmpty());
}

TEST(CopyIfPresent, CopiesBytesAndPassesOverTheRest) {
  TempFolder from, to;
  const std::string bytes("a\0b\r\n\xff", 6);
  write_bytes(from / "tokenizer.json", bytes);
  write_bytes(from / "other.bin", "x");
  ASSERT_TRUE(copy_if_present(from.path(), to.path(), companion_file_names()).ok());
  EXPECT_EQ(read_bytes(to / "tokenizer.json"), bytes);
  EXPECT_FALSE(std::filesystem::exists(to / "other.bin"));
  EXPECT_FALSE(std::filesystem::exists(to / "vocab.json"));
  EXPECT_FALSE(copy_if_present(from.path(), to / "absent", companion_file_names()).ok());
}

TEST(MakeModelConfig, EveryFamilyReadsBack) {
  for (const std::string& family : known_model_types()) {
    ModelInitOptions options;
    options.family = family;
    options.rope_theta = 5000.0;
    const auto config = make_model_config(options, 300, 5, 6);
    ASSERT_TRUE(config.ok()) << config.error().message();
    EXPECT_EQ(config->model_type, family);
    EXPECT_EQ(config->vocab_size, 300);
    EXPECT_EQ(config->hidden_size, 128);
    EXPECT_EQ(config->layers, 4);
    EXPECT_EQ(config->head_dim, 32);
    EXPECT_EQ(config->kv_heads, 2);
    EXPECT_EQ(config->rope.theta, 5000.0);
    EXPECT_EQ(config->dtype, "float32");
    EXPECT_TRUE(config->tie_word_embeddings);
    EXPECT_EQ(config->query_scale, 1.0 / std::sqrt(32.0));
    const Json json = Json::parse(config->json);
    EXPECT_EQ(json["initializer_range"], 0.02);
    EXPECT_EQ(json["pad_token_id"], 6);
    TempFolder folder;
    ASSERT_TRUE(write_model_config(folder.path(), *config, DType::kF32).ok());
    EXPECT_THAT(*read_eos_ids(folder.path()), ElementsAre(5));
    EXPECT_EQ(read_model_config(folder.path())->json, config->json);
  }
}

TEST(MakeModelConfig, RefusesWhatCannotBe) {
  const auto error = [](auto change, std::int64_t eos = 1, std::int64_t pad = -1) {
    ModelInitOptions options;
    change(options);
    const auto config = make_model_config(options, 300, eos, pad);
    return config.ok() ? "made" : config.error().message();
  };
  EXPECT_EQ(error([](ModelInitOptions&) {}), "made");
  EXPECT_EQ(error([](ModelInitOptions& o) { o.hidden_size = 130, o.family = "mistral", o.head_dim = 16; }),
            "made");
  EXPECT_THAT(error([](ModelInitOptions& o) { o.family = "gpt2"; }),
              AllOf(HasSubstr("qwen3"), HasSubstr("got gpt2")));
  EXPECT_THAT(error([](ModelInitOptions& o) { o.hidden_size = 130; }),
              AllOf(HasSubstr("hidden_size"), HasSubstr("130")));
  EXPECT_THAT(error([](ModelInitOptions& o) { o.hidden_size = 130, o.head_dim = 16; }),
              HasSubstr("hidden_size"));
  EXPECT_THAT(error([](ModelInitOptions& o) { o.heads = 0; }), HasSubstr("got 0"));
  EXPECT_THAT(error([](ModelInitOptions& o) { o.kv_heads = 3; }), HasSubstr("(3)"));
  EXPECT_THAT(error([](ModelInitOptions& o) { o.layers = -1; }), HasSubstr("got -1"));
  EXPECT_THAT(error([](ModelInitOptions& o) { o.head_dim = -2; }), HasSubstr("head_dim"));
  EXPECT_THAT(error([](ModelInitOptions& o) { o.rope_theta = std::numeric_limits<double>::infinity(); }),
              HasSubstr("rope_theta"));
  EXPECT_THAT(error([](ModelInitOptions& o) { o.initializer_range = -1; }), HasSubstr("initializer_range"));
  EXPECT_THAT(error([](ModelInitOptions&) {}, 300), AllOf(HasSubstr("eos_token_id"), HasSubstr("got 300")));
  EXPECT_THAT(error([](ModelInitOptions&) {}, 1, 301), HasSubstr("pad_token_id"));
}

}  // namespace
}  // namespace hone
