// The ways of cutting text into words that llama.cpp has names for (tokenizer.ggml.pre), and how
// tokenizer.json writes them. Source: llama.cpp's src/llama-vocab.cpp. Internal to text/.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "hone/base/result.h"

namespace hone {

struct WordSplit {
  std::string name;
  nlohmann::ordered_json pre_tokenizer;
  nlohmann::ordered_json normalizer;  // null: none
  bool ignore_merges = false;         // a word that is a token is taken whole
};

// The name of what a tokenizer.json does. Error: it is none of llama.cpp's.
Result<std::string> name_of_split(const nlohmann::json& pre_tokenizer, bool ignore_merges,
                                  const std::string& where);

// What a name means; names that llama.cpp treats alike mean the same. Error: unknown, with those known.
Result<WordSplit> split_of_name(const std::string& name, const std::string& where);

}  // namespace hone
