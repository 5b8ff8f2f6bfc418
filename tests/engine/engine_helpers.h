// Policies, tokenizers and requests that the engine's tests share.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "hone/base/rng.h"
#include "hone/policy/policy.h"
#include "hone/text/tokenizer.h"
#include "hone/types/completion.h"
#include "support/golden.h"
#include "support/temp_folder.h"

namespace hone::testing {

template <class T>
T value_or_throw(Result<T> result) {
  if (!result.ok()) throw std::runtime_error(result.error().message());
  return std::move(result).value();
}

// Of 320 tokens, as the golden models' vocabulary is.
inline Tokenizer small_tokenizer() {
  TempFolder folder;
  TokenizerInitOptions options;
  options.vocab_size = 320;
  const std::vector<std::string> texts(20, "the cat and the hat: then the other answer is 12 + 7 = 19");
  const TokenizerFiles files = value_or_throw(train_tokenizer(options, texts));
  if (auto written = write_tokenizer(files, folder.path()); !written.ok()) {
    throw std::runtime_error(written.error().message());
  }
  return value_or_throw(Tokenizer::load(folder.path()));
}

// One token for each byte.
inline std::vector<std::int32_t> byte_ids(const Tokenizer& tokenizer, std::string_view text) {
  std::vector<std::int32_t> ids;
  for (const char byte : text) {
    std::int32_t found = -1;
    for (std::int32_t id = 0; id < tokenizer.vocab_size() && found < 0; ++id) {
      if (!tokenizer.is_special(id) && tokenizer.bytes_of(id) == std::string_view(&byte, 1)) found = id;
    }
    if (found < 0) throw std::runtime_error("no token for a byte");
    ids.push_back(found);
  }
  return ids;
}

inline std::vector<std::filesystem::path> golden_models() {
  auto folders = golden_folders("models");
  if (folders.empty()) throw std::runtime_error("no golden model was found");
  return folders;
}

inline std::filesystem::path golden_model(const std::string& name) {
  for (const auto& folder : golden_models()) {
    if (folder.filename() == name) return folder;
  }
  throw std::runtime_error("no golden model " + name);
}

inline Policy load_policy(const std::filesystem::path& folder) {
  return value_or_throw(Policy::load(folder, "cpu", "float32"));
}

inline GenerationRequest request(std::uint64_t problem, std::int64_t prompt_tokens, int n, int max_new_tokens,
                                 double temperature = 1.0, int top_k = 0, double top_p = 1.0,
                                 double min_p = 0.0) {
  GenerationRequest r;
  RandomStream random({.seed = 77, .problem = problem});
  for (std::int64_t i = 0; i < prompt_tokens; ++i) {
    r.prompt.push_back(static_cast<std::int32_t>(random.between(3, 319)));
  }
  r.n = n;
  r.sampling.max_new_tokens = max_new_tokens;
  r.sampling.temperature = temperature;
  r.sampling.top_k = top_k;
  r.sampling.top_p = top_p;
  r.sampling.min_p = min_p;
  r.key = {.seed = 5, .purpose = Purpose::kSampling, .step = 3, .problem = problem};
  return r;
}

}  // namespace hone::testing
