// Hugging Face directories to GGUF and back.
#include "hone/weights/gguf_model.h"

#include <gtest/gtest.h>

#include <cmath>

#include "hone/base/json.h"
#include "hone/weights/convert.h"
#include "hone/weights/gguf_convert.h"
#include "hone/weights/gguf_layout.h"
#include "hone/weights/gguf_vocabulary.h"
#include "hone/weights/model_config.h"
#include "hone/weights/safetensors.h"
#include "support/temp_folder.h"
#include "weights/gguf_files.h"

namespace hone {
namespace {

using testing::as_text;
using testing::golden_gguf;
using testing::plain_vocabulary;
using testing::TempFolder;

const std::vector<std::int32_t> kEnds = {2};

std::filesystem::path golden_model(const std::string& name) {
  return std::filesystem::path(HONE_SOURCE_DIR) / "tests/golden/models" / name;
}

GgufFile exported(const std::filesystem::path& model, GgufType type, const std::filesystem::path& file) {
  const auto config = read_model_config(model);
  EXPECT_TRUE(config.ok());
  const auto done =
      export_gguf(model, plain_vocabulary(static_cast<std::size_t>(config->vocab_size)), kEnds, type, file);
  EXPECT_TRUE(done.ok()) << done.error().message();
  auto opened = GgufFile::open(file);
  EXPECT_TRUE(opened.ok()) << opened.error().message();
  return *opened;
}

TensorFiles imported(const GgufFile& file, const std::filesystem::path& folder) {
  const auto vocabulary = read_vocabulary(file);
  EXPECT_TRUE(vocabulary.ok()) << vocabulary.error().message();
  const auto done = import_gguf(file, *vocabulary, folder);
  EXPECT_TRUE(done.ok()) << done.error().message();
  return *TensorFiles::open_model(folder);
}

TEST(GgufModel, TensorsAreTheReferencesToTheBit) {
  const TempFolder folder;
  for (const auto& [type, name] :
       {std::pair{GgufType::kF32, "tiny-f32.gguf"}, std::pair{GgufType::kQ8_0, "tiny-q8_0.gguf"}}) {
    const GgufFile ours = exported(golden_gguf("tiny"), type, folder / name);
    const GgufFile reference = *GgufFile::open(golden_gguf(name));
    ASSERT_EQ(ours.tensors().size(), reference.tensors().size());
    for (const auto& [tensor_name, expected] : reference.tensors()) {
      ASSERT_TRUE(ours.tensors().contains(tensor_name)) << tensor_name;
      const GgufTensor& got = ours.tensors().at(tensor_name);
      EXPECT_EQ(got.type, expected.type) << tensor_name;
      EXPECT_EQ(got.shape, expected.shape) << tensor_name;
      if (tensor_name == "rope_freqs.weight") {  // made by other arithmetic
        const auto a = from_gguf(got.bytes, got.type), b = from_gguf(expected.bytes, expected.type);
        for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-6F * b[i]);
      } else {
        EXPECT_EQ(as_text(got.bytes), as_text(expected.bytes)) << tensor_name;
      }
    }
  }
}

TEST(GgufModel, MetadataAreTheReferences) {
  const TempFolder folder;
  const GgufFile ours = exported(golden_gguf("tiny"), GgufType::kF32, folder / "a.gguf");
  const GgufFile reference = *GgufFile::open(golden_gguf("tiny-f32.gguf"));
  int compared = 0;
  for (const auto& [key, value] : reference.metadata()) {
    // Of the model itself; the vocabulary is another one here (tests/cli).
    if (key.starts_with("tokenizer.") || key == "general.name" || key == "general.size_label" ||
        key == "general.quantization_version")
      continue;
    ASSERT_TRUE(ours.metadata().contains(key)) << key;
    EXPECT_EQ(ours.metadata().at(key), value) << key;
    ++compared;
  }
  EXPECT_EQ(compared, 15);
}

TEST(GgufModel, Float32ComesBackToTheBit) {
  for (const char* name : {"llama-tied", "llama-rope3", "qwen2", "qwen3"}) {
    const TempFolder folder;
    const TensorFiles before = *TensorFiles::open_model(golden_model(name));
    const TensorFiles after =
        imported(exported(golden_model(name), GgufType::kF32, folder / "a.gguf"), folder.path());
    ASSERT_EQ(before.tensors().size(), after.tensors().size()) << name;
    for (const auto& [tensor, view] : before.tensors()) {
      ASSERT_TRUE(after.find(tensor).ok()) << tensor;
      EXPECT_EQ(as_text(after.find(tensor)->bytes), as_text(view.bytes)) << name << " " << tensor;
    }
    const ModelConfig a = *read_model_config(golden_model(name)), b = *read_model_config(folder.path());
    EXPECT_EQ(std::tuple(a.model_type, a.vocab_size, a.hidden_size, a.intermediate_size, a.layers, a.heads,
                         a.kv_heads, a.head_dim),
              std::tuple(b.model_type, b.vocab_size, b.hidden_size, b.intermediate_size, b.layers, b.heads,
                         b.kv_heads, b.head_dim));
    EXPECT_EQ(std::tuple(a.max_position_embeddings, a.rms_norm_eps, a.tie_word_embeddings, a.attention_bias,
                         a.mlp_bias, a.activation, a.window),
              std::tuple(b.max_position_embeddings, b.rms_norm_eps, b.tie_word_embeddings, b.attention_bias,
                         b.mlp_bias, b.activation, b.window));
    EXPECT_EQ(std::tuple(a.rope.type, a.rope.theta, a.rope.factor, a.rope.low_freq_factor,
                         a.rope.high_freq_factor, a.rope.original_max_position_embeddings),
              std::tuple(b.rope.type, b.rope.theta, b.rope.factor, b.rope.low_freq_factor,
                         b.rope.high_freq_factor, b.rope.original_max_position_embeddings));
  }
}

TEST(GgufModel, OtherTypesComeBackRounded) {
  const TensorFiles before = *TensorFiles::open_model(golden_model("qwen2"));
  for (const GgufType type : {GgufType::kF16, GgufType::kBF16, GgufType::kQ8_0}) {
    const TempFolder folder;
    const TensorFiles after =
        imported(exported(golden_model("qwen2"), type, folder / "a.gguf"), folder.path());
    for (const auto& [name, view] : before.tensors()) {
      const std::vector<float> values = *to_float32(view);
      const GgufType stored = view.shape.size() == 1 ? GgufType::kF32 : type;
      const TensorView got = *after.find(name);
      EXPECT_EQ(got.dtype, stored == GgufType::kF16    ? DType::kF16
                           : stored == GgufType::kBF16 ? DType::kBF16
                                                       : DType::kF32);
      EXPECT_EQ(*to_float32(got), from_gguf(*to_gguf(values, stored, name), stored))
          << to_string(type) << " " << name;
    }
    EXPECT_EQ(read_model_config(folder.path())->dtype, type == GgufType::kF16    ? "float16"
                                                       : type == GgufType::kBF16 ? "bfloat16"
                                                                                 : "float32");
  }
}

TEST(GgufModel, TheReferencesFileIsImported) {
  const TempFolder folder;
  const TensorFiles before = *TensorFiles::open_model(golden_gguf("tiny"));
  const TensorFiles after = imported(*GgufFile::open(golden_gguf("tiny-f32.gguf")), folder.path());
  for (const auto& [name, view] : before.tensors())
    EXPECT_EQ(as_text(after.find(name)->bytes), as_text(view.bytes)) << name;
  const ModelConfig config = *read_model_config(folder.path());
  EXPECT_EQ(config.rope.type, "llama3");
  EXPECT_EQ(config.rope.factor, 8.0);
  EXPECT_EQ(config.rope.original_max_position_embeddings, 64);
  EXPECT_EQ(*read_eos_ids(folder.path()), kEnds);
}

TEST(GgufModel, RowsOfHeadsArePairedAndUnpaired) {
  EXPECT_EQ(paired_to_halves(0, 8), 0);
  EXPECT_EQ(paired_to_halves(1, 8), 4);
  EXPECT_EQ(paired_to_halves(2, 8), 1);
  EXPECT_EQ(paired_to_halves(15, 8), 15);
  for (std::int64_t row = 0; row < 48; ++row) EXPECT_EQ(halves_to_paired(paired_to_halves(row, 16), 16), row);
}

// A copy of a golden model with one key of its config changed.
std::string export_refusal(const std::string& name, const std::string& key, const Json& value) {
  const TempFolder folder;
  for (const auto& entry : std::filesystem::directory_iterator(golden_model(name)))
    std::filesystem::copy_file(entry.path(), folder / entry.path().filename().string());
  std::filesystem::permissions(folder / "config.json", std::filesystem::perms::owner_all);
  Json config = *read_json(folder / "config.json");
  config[key] = value;
  testing::write_bytes(folder / "config.json", config.dump());
  const auto done =
      export_gguf(folder.path(), plain_vocabulary(320), kEnds, GgufType::kF32, folder / "a.gguf");
  if (done.ok()) return "accepted";
  EXPECT_FALSE(std::filesystem::exists(folder / "a.gguf"));
  const std::string message = done.error().message();
  return message.substr(message.find("config.json"));
}

TEST(GgufModel, WhatLlamaCppWouldComputeOtherwiseIsRefused) {
  EXPECT_EQ(export_refusal("mistral-window", "sliding_window", 8),
            "config.json: sliding_window] must not be shorter than max_position_embeddings (256): llama.cpp "
            "attends to "
            "the whole context of mistral models, got 8 in layer 0");
  EXPECT_EQ(export_refusal("mistral-window", "sliding_window", 256), "accepted");
  EXPECT_EQ(export_refusal("qwen3", "attention_bias", true),
            "config.json: attention_bias] must be false: llama.cpp's qwen3 has no such biases, got true");
  EXPECT_EQ(
      export_refusal("qwen2", "rope_parameters",
                     {{"rope_type", "llama3"},
                      {"rope_theta", 1e4},
                      {"factor", 8.0},
                      {"low_freq_factor", 1.0},
                      {"high_freq_factor", 4.0},
                      {"original_max_position_embeddings", 64}}),
      "config.json: rope_type] must not be llama3: llama.cpp has it for llama models, not qwen2, got llama3");
  EXPECT_EQ(export_refusal("gemma2", "query_pre_attn_scalar", 64),
            "config.json: query_pre_attn_scalar] must be head_dim (16), as llama.cpp takes it, got 64");
  EXPECT_EQ(export_refusal("gemma2", "query_pre_attn_scalar", 16), "accepted");
  EXPECT_EQ(export_refusal("phi3", "rms_norm_eps", 1e-5), "accepted");
}

TEST(GgufModel, VocabulariesThatDoNotFitAreRefused) {
  const TempFolder folder;
  const auto refused = [&](const Vocabulary& vocabulary, const std::vector<std::int32_t>& ends) {
    const auto done =
        export_gguf(golden_model("llama-tied"), vocabulary, ends, GgufType::kF32, folder / "a.gguf");
    return done.ok() ? "accepted" : done.error().message();
  };
  EXPECT_EQ(refused(plain_vocabulary(321), kEnds),
            "[tokenizer.json] must have no more tokens than the embedding's 320 rows, got 321");
  EXPECT_EQ(refused(plain_vocabulary(300), kEnds), "accepted");  // filled up
  const GgufFile file = *GgufFile::open(folder / "a.gguf");
  EXPECT_EQ(file.require<std::vector<std::string>>("tokenizer.ggml.tokens")->back(), "[PAD319]");
  EXPECT_EQ(file.require<std::vector<std::int64_t>>("tokenizer.ggml.token_type")->back(), 5);
  EXPECT_EQ(refused(plain_vocabulary(320), {3, 4}), "accepted");
  const GgufFile three = *GgufFile::open(folder / "a.gguf");
  EXPECT_EQ(*read_end_ids(three, *read_vocabulary(three)), (std::vector<std::int32_t>{2, 3, 4}));
  EXPECT_EQ(
      refused(plain_vocabulary(320), {3, 4, 5}),
      "[generation_config.json: eos_token_id] GGUF has places for one to three ids that end a text, got 4");
}

// The reference's file with other metadata or tensors.
std::string import_refusal(const std::function<void(GgufMetadata&, std::vector<GgufTensorToWrite>&)>& change,
                           const std::string& without = "") {
  const TempFolder folder;
  const GgufFile file = *GgufFile::open(golden_gguf("tiny-f32.gguf"));
  GgufMetadata metadata;
  for (const auto& [key, value] : file.metadata()) {
    if (key == without || key.starts_with("tokenizer.")) continue;
    if (const auto* number = std::get_if<std::int64_t>(&value))
      metadata.u32(key, static_cast<std::uint32_t>(*number));
    if (const auto* number = std::get_if<double>(&value)) metadata.f32(key, static_cast<float>(*number));
    if (const auto* text = std::get_if<std::string>(&value)) metadata.text(key, *text);
  }
  std::vector<GgufTensorToWrite> tensors;
  for (const auto& [name, tensor] : file.tensors()) {
    if (name == without) continue;
    tensors.push_back({name, tensor.type, tensor.shape, [tensor] {
                         return Result(std::vector<std::byte>(tensor.bytes.begin(), tensor.bytes.end()));
                       }});
  }
  change(metadata, tensors);
  EXPECT_TRUE(write_gguf(folder / "f.gguf", metadata, tensors).ok());
  const auto done = import_gguf(*GgufFile::open(folder / "f.gguf"), plain_vocabulary(272), folder.path());
  if (done.ok()) return "accepted";
  const std::string message = done.error().message();
  return message.substr(message.find("f.gguf"));
}

TEST(GgufModel, FilesThatAreNoModelAreRefused) {
  const auto nothing = [](GgufMetadata&, std::vector<GgufTensorToWrite>&) {};
  EXPECT_EQ(import_refusal(nothing), "accepted");
  EXPECT_EQ(import_refusal(nothing, "general.architecture"),
            "f.gguf: \"general.architecture\"] must be present");
  EXPECT_EQ(import_refusal([](GgufMetadata& m, auto&) { m.text("general.architecture", "gemma3"); },
                           "general.architecture"),
            "f.gguf: general.architecture] must be llama, qwen2 or qwen3, got \"gemma3\"");
  EXPECT_EQ(import_refusal(nothing, "llama.block_count"), "f.gguf: \"llama.block_count\"] must be present");
  EXPECT_EQ(
      import_refusal([](GgufMetadata& m, auto&) { m.u32("llama.block_count", 0); }, "llama.block_count"),
      "f.gguf: llama.block_count] must be from 1 to 2147483648, got 0");
  EXPECT_EQ(
      import_refusal([](GgufMetadata& m, auto&) { m.u32("llama.block_count", 2); }, "llama.block_count"),
      "f.gguf: tensor blk.1.attn_norm.weight] must be present");
  EXPECT_EQ(
      import_refusal([](GgufMetadata& m, auto&) { m.u32("llama.feed_forward_length", 48); },
                     "llama.feed_forward_length"),
      "f.gguf: tensor blk.0.ffn_gate.weight] must have the shape [48,32] that the metadata say, got [32,32]");
  EXPECT_EQ(import_refusal(nothing, "output_norm.weight"),
            "f.gguf: tensor output_norm.weight] must be present");
  EXPECT_EQ(import_refusal([](GgufMetadata& m, auto&) { m.u32("llama.expert_count", 8); }),
            "f.gguf: llama.expert_count] must be 0: mixtures of experts are not supported, got 8");
  EXPECT_EQ(import_refusal([](GgufMetadata& m, auto&) { m.text("llama.rope.scaling.type", "yarn"); }),
            "f.gguf: llama.rope.scaling.type] must be none or linear, got \"yarn\"");
  EXPECT_EQ(import_refusal([](GgufMetadata& m, auto&) { m.u32("split.count", 3); }),
            "f.gguf] must be one file (llama-gguf-split --merge joins the parts), got one of 3 parts");
  EXPECT_EQ(
      import_refusal([](GgufMetadata&, auto& tensors) {
        tensors.push_back(
            {"blk.0.extra", GgufType::kF32, {1}, [] { return Result(std::vector<std::byte>(4)); }});
      }),
      "f.gguf: tensor \"blk.0.extra\"] must be a tensor of llama models with these metadata, got F32 [1]");
  EXPECT_EQ(import_refusal(
                [](GgufMetadata&, auto& tensors) {
                  tensors.push_back({"rope_freqs.weight", GgufType::kF32, {8}, [] {
                                       return to_gguf(std::vector<float>(8, 3.0F), GgufType::kF32, "");
                                     }});
                },
                "rope_freqs.weight"),
            "f.gguf: tensor rope_freqs.weight] must be the divisors of a llama3 rotation (low and high "
            "frequency factors 1 "
            "and 4), got others, up to 3");
}

}  // namespace
}  // namespace hone
