// Weights in and out of Hugging Face folders: nothing changes on the way, names are theirs, and what is wrong
// is said in one line.
#include <gmock/gmock.h>

#include <fstream>
#include <set>

#include "hone/weights/model_folder.h"
#include "hone/weights/safetensors.h"
#include "policy/policy_helpers.h"
#include "support/golden.h"
#include "support/temp_folder.h"

namespace hone {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::TempFolder;
using testing::tiny_config;
using testing::tiny_policy;

Policy load(const fs::path& folder, const std::string& dtype = "float32") {
  auto loaded = Policy::load(folder, "cpu", dtype);
  EXPECT_TRUE(loaded.ok()) << loaded.error().message();
  return std::move(loaded).value();
}

std::string load_error(const fs::path& folder) {
  const auto loaded = Policy::load(folder, "cpu", "float32");
  EXPECT_FALSE(loaded.ok());
  const std::string message = loaded.ok() ? "" : loaded.error().message();
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  return message;
}

void expect_saved(const Policy& policy, const fs::path& folder) {
  const auto saved = policy.save(folder, {1});
  ASSERT_TRUE(saved.ok()) << saved.error().message();
}

void expect_same_weights(const Policy& a, const Policy& b) {
  ASSERT_EQ(a.parameters().size(), b.parameters().size());
  for (std::size_t i = 0; i < a.parameters().size(); ++i) {
    EXPECT_EQ(a.parameters()[i].name, b.parameters()[i].name);
    EXPECT_TRUE(testing::same_bits(a.parameters()[i].value, b.parameters()[i].value))
        << a.parameters()[i].name;
  }
}

std::string bytes_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in.good()) << path;
  return {std::istreambuf_iterator<char>(in), {}};
}

class GoldenFiles : public ::testing::TestWithParam<fs::path> {};

TEST_P(GoldenFiles, SaveAndLoadChangeNeitherBitsNorNamesNorShapes) {
  const Policy policy = load(GetParam());
  const TempFolder folder;
  expect_saved(policy, folder.path());
  expect_same_weights(load(folder.path()), policy);
  const auto before = TensorFiles::open_model(GetParam()), after = TensorFiles::open_model(folder.path());
  ASSERT_TRUE(before.ok() && after.ok());
  ASSERT_GT(before.value().tensors().size(), 20u);
  ASSERT_EQ(after.value().tensors().size(), before.value().tensors().size());
  for (const auto& [name, view] : before.value().tensors()) {
    const auto found = after.value().find(name);
    ASSERT_TRUE(found.ok()) << name;
    EXPECT_EQ(found.value().shape, view.shape) << name;
    EXPECT_EQ(found.value().dtype, view.dtype) << name;
    EXPECT_TRUE(std::equal(view.bytes.begin(), view.bytes.end(), found.value().bytes.begin(),
                           found.value().bytes.end()))
        << name;
  }
  EXPECT_EQ(bytes_of(folder / "generation_config.json"), bytes_of(GetParam() / "generation_config.json"));
}

INSTANTIATE_TEST_SUITE_P(Families, GoldenFiles, ::testing::ValuesIn(testing::golden_folders("models")),
                         [](const auto& param_info) {
                           auto name =
                               param_info.param.filename().string() + "_" + std::to_string(param_info.index);
                           for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
                           return name;
                         });

class MadeFiles : public ::testing::TestWithParam<std::tuple<std::string, bool>> {};

TEST_P(MadeFiles, AModelMadeFromNothingComesBack) {
  const auto& [family, tied] = GetParam();
  const Policy policy = tiny_policy(tiny_config(family, tied));
  const TempFolder folder;
  expect_saved(policy, folder.path());
  Policy again = load(folder.path()), original = policy.clone();
  expect_same_weights(again, policy);
  const Pack pack = testing::sample_pack();
  EXPECT_TRUE(testing::same_bits(score_pack(again, pack).logprobs_N, score_pack(original, pack).logprobs_N));
  const auto files = TensorFiles::open_model(folder.path());
  ASSERT_TRUE(files.ok());
  EXPECT_EQ(files.value().tensors().count("lm_head.weight"), tied ? 0u : 1u);
  const auto eos = read_eos_ids(folder.path());
  ASSERT_TRUE(eos.ok());
  EXPECT_EQ(eos.value(), std::vector<std::int32_t>{1});
}

TEST_P(MadeFiles, InBfloat16ItIsRoundedOnceAndComesBack) {
  const auto& [family, tied] = GetParam();
  const Policy full = tiny_policy(tiny_config(family, tied)), half = testing::in_dtype(full, at::kBFloat16);
  const TempFolder folder;
  expect_saved(half, folder.path());
  const auto files = TensorFiles::open_model(folder.path());
  ASSERT_TRUE(files.ok());
  for (const auto& [name, view] : files.value().tensors()) EXPECT_EQ(view.dtype, DType::kBF16) << name;
  EXPECT_EQ(load(folder.path()).config().dtype, "bfloat16");
  expect_same_weights(load(folder.path(), "bfloat16"), half);
  // Read as float32, the values are those of bfloat16 exactly.
  expect_same_weights(load(folder.path()), testing::in_dtype(half, at::kFloat));
}

INSTANTIATE_TEST_SUITE_P(Families, MadeFiles,
                         ::testing::Combine(::testing::ValuesIn(testing::families()), ::testing::Bool()),
                         [](const auto& param_info) {
                           return std::get<0>(param_info.param) +
                                  (std::get<1>(param_info.param) ? "_tied" : "_untied");
                         });

TEST(MadeFilesDetails, Float16ComesBackToo) {
  const Policy half = testing::in_dtype(tiny_policy(tiny_config("qwen2")), at::kHalf);
  const TempFolder folder;
  expect_saved(half, folder.path());
  expect_same_weights(load(folder.path(), "float16"), half);
}

// A saved model whose config.json is changed by replacing one text by another.
struct Changed {
  TempFolder folder;
  Changed(const std::string& family, const std::string& from, const std::string& to) {
    expect_saved(tiny_policy(tiny_config(family, false)), folder.path());
    std::string json = bytes_of(folder / "config.json");
    const auto place = json.find(from);
    EXPECT_NE(place, std::string::npos) << from << " in " << json;
    if (place != std::string::npos) json.replace(place, from.size(), to);
    std::ofstream(folder / "config.json") << json;
  }
};

TEST(BadFiles, AShapeThatConfigDoesNotGiveNamesTensorAndBothShapes) {
  const Changed c("llama", "\"intermediate_size\": 36", "\"intermediate_size\": 37");
  EXPECT_THAT(load_error(c.folder.path()),
              AllOf(HasSubstr(c.folder.string()), HasSubstr("model.layers.0.mlp.gate_proj.weight"),
                    HasSubstr("[37, 40]"), HasSubstr("[36, 40]")));
}

TEST(BadFiles, AWrongVocabularyNamesTheEmbedding) {
  const Changed c("qwen3", "\"vocab_size\": 101", "\"vocab_size\": 102");
  EXPECT_THAT(load_error(c.folder.path()),
              AllOf(HasSubstr("model.embed_tokens.weight"), HasSubstr("[102, 40]"), HasSubstr("[101, 40]")));
}

TEST(BadFiles, AMissingTensorIsNamed) {
  const Changed c("gemma2", "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3");
  EXPECT_THAT(load_error(c.folder.path()), HasSubstr("model.layers.2."));
}

TEST(BadFiles, AHeadThatTheFilesLackIsNamed) {
  const TempFolder folder;
  expect_saved(tiny_policy(tiny_config("llama", true)), folder.path());
  std::string json = bytes_of(folder / "config.json");
  const std::string from = "\"tie_word_embeddings\": true";
  ASSERT_NE(json.find(from), std::string::npos);
  std::ofstream(folder / "config.json")
      << json.replace(json.find(from), from.size(), "\"tie_word_embeddings\": false");
  EXPECT_THAT(load_error(folder.path()), HasSubstr("lm_head.weight"));
}

TEST(BadFiles, AnUnknownFamilyListsThoseKnown) {
  const Changed c("llama", "\"model_type\": \"llama\"", "\"model_type\": \"mamba\"");
  EXPECT_THAT(load_error(c.folder.path()), AllOf(HasSubstr("mamba"), HasSubstr("gemma2"), HasSubstr("phi3")));
}

TEST(BadFiles, NoFolderNoWeightsAndATruncatedFileAreErrors) {
  const TempFolder folder;
  EXPECT_THAT(load_error(folder / "none"), HasSubstr("none"));
  expect_saved(tiny_policy(tiny_config("llama")), folder.path());
  fs::resize_file(folder / "model.safetensors", fs::file_size(folder / "model.safetensors") - 8);
  EXPECT_THAT(load_error(folder.path()), HasSubstr("model.safetensors"));
  fs::remove(folder / "model.safetensors");
  EXPECT_THAT(load_error(folder.path()), HasSubstr("model.safetensors"));
}

TEST(BadFiles, UnknownDevicesAndDtypesAreErrors) {
  const auto config = tiny_config("llama");
  for (const auto& [device, dtype, word] : {std::tuple{"tpu", "float32", "tpu"}, {"cpu", "int8", "int8"}}) {
    const auto made = Policy::init(config, 1, 0.02, device, dtype);
    ASSERT_FALSE(made.ok());
    EXPECT_THAT(made.error().message(), HasSubstr(word));
  }
}

}  // namespace
}  // namespace hone
