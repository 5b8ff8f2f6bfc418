#include "hone/text/word_split.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "hone/base/json.h"

namespace hone {
namespace {

using OrderedJson = nlohmann::ordered_json;

// Patterns as the tokenizers' own files write them; llama.cpp's are the same in its dialect.
#define HONE_CONTRACTIONS R"((?i:'s|'t|'re|'ve|'m|'ll|'d))"
#define HONE_WORD_TAIL R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"
#define HONE_CASED_TAIL R"(| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)"
#define HONE_CASED_A R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+)"
#define HONE_CASED_B R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*)"
constexpr std::string_view kQwen2 = HONE_CONTRACTIONS R"(|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N})" HONE_WORD_TAIL;
constexpr std::string_view kLlama3 =
    HONE_CONTRACTIONS R"(|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3})" HONE_WORD_TAIL;
constexpr std::string_view kTekken = HONE_CASED_A "|" HONE_CASED_B R"(|\p{N})" HONE_CASED_TAIL;
constexpr std::string_view kGpt4o =
    HONE_CASED_A HONE_CONTRACTIONS "?|" HONE_CASED_B HONE_CONTRACTIONS R"(?|\p{N}{1,3})" HONE_CASED_TAIL;
#undef HONE_CONTRACTIONS
#undef HONE_WORD_TAIL
#undef HONE_CASED_TAIL
#undef HONE_CASED_A
#undef HONE_CASED_B

// GPT-2's pattern is the ByteLevel stage's own; `digits`: each digit is a word, before it.
struct NamedSplit {
  std::string_view name;
  std::string_view pattern;  // empty: GPT-2's
  bool digits = false;
  bool ignore_merges = false;
  bool nfc = false;                       // the family's tokenizers normalize; llama.cpp does not
  std::vector<std::string_view> aliases;  // that llama.cpp treats alike
};

const std::vector<NamedSplit>& named_splits() {
  static const std::vector<NamedSplit> splits = {
      {"gpt-2", "", false, false, false, {"phi-2", "olmo", "gigachat", "roberta-bpe"}},
      {"smollm", "", true, false, false, {"starcoder", "refact", "command-r", "codeshell"}},
      {"qwen2", kQwen2, false, false, true, {"deepseek-r1-qwen"}},
      {"llama-bpe", kLlama3, false, true, false, {"llama3", "llama-v3", "falcon3"}},
      {"dbrx", kLlama3, false, false, false, {"smaug-bpe"}},
      {"tekken", kTekken, false, true, false, {}},
      {"gpt-4o", kGpt4o, false, false, false, {}},
  };
  return splits;
}

OrderedJson byte_level_json(bool use_regex) {
  return {
      {"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", use_regex}};
}

OrderedJson sequence(OrderedJson first, OrderedJson second) {
  return {{"type", "Sequence"}, {"pretokenizers", OrderedJson::array({std::move(first), std::move(second)})}};
}

OrderedJson pre_tokenizer_of(const NamedSplit& split) {
  if (split.pattern.empty() && !split.digits) return byte_level_json(true);
  if (split.digits)
    return sequence({{"type", "Digits"}, {"individual_digits", true}}, byte_level_json(true));
  return sequence({{"type", "Split"},
                   {"pattern", {{"Regex", split.pattern}}},
                   {"behavior", "Isolated"},
                   {"invert", false}},
                  byte_level_json(false));
}

bool is_true(const Json& object, const char* key, bool otherwise) {
  const auto it = object.find(key);
  return it == object.end() || !it->is_boolean() ? otherwise : it->get<bool>();
}

bool has_type(const Json& stage, std::string_view type) {
  return stage.is_object() && stage.contains("type") && stage["type"] == type;
}

bool is_byte_level(const Json& stage, bool use_regex) {
  return has_type(stage, "ByteLevel") && !is_true(stage, "add_prefix_space", true) &&
         is_true(stage, "use_regex", true) == use_regex;
}

// All of these patterns match every character, so that removing what stands between matches changes nothing.
bool is_split(const Json& stage, std::string_view pattern) {
  if (!has_type(stage, "Split")) return false;
  const auto it = stage.find("pattern");
  if (it == stage.end() || !it->is_object() || !it->contains("Regex") || (*it)["Regex"] != pattern)
    return false;
  const Json behavior = stage.value("behavior", Json());
  const bool invert = is_true(stage, "invert", false);
  return (behavior == "Isolated" && !invert) || (behavior == "Removed" && invert);
}

bool does(const Json& stages, const NamedSplit& split) {
  if (split.pattern.empty() && !split.digits) return stages.size() == 1 && is_byte_level(stages[0], true);
  if (stages.size() != 2) return false;
  if (split.digits)
    return has_type(stages[0], "Digits") && is_true(stages[0], "individual_digits", false) &&
           is_byte_level(stages[1], true);
  return is_split(stages[0], split.pattern) && is_byte_level(stages[1], false);
}

std::string split_names() {
  std::vector<std::string_view> names;
  for (const NamedSplit& split : named_splits()) names.push_back(split.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

Result<std::string> name_of_split(const Json& pre_tokenizer, bool ignore_merges, const std::string& where) {
  const bool is_sequence = has_type(pre_tokenizer, "Sequence") && pre_tokenizer.contains("pretokenizers") &&
                           pre_tokenizer["pretokenizers"].is_array();
  const Json stages = is_sequence ? pre_tokenizer["pretokenizers"] : Json::array({pre_tokenizer});
  for (const NamedSplit& split : named_splits()) {
    if (split.ignore_merges == ignore_merges && does(stages, split)) return std::string(split.name);
  }
  return Error{where + ": pre_tokenizer",
               fmt::format("must cut words in a way that llama.cpp knows ({}{})", split_names(),
                           ignore_merges ? "; ignore_merges is set" : ""),
               brief(pre_tokenizer)};
}

Result<WordSplit> split_of_name(const std::string& name, const std::string& where) {
  for (const NamedSplit& split : named_splits()) {
    if (name != split.name && std::ranges::find(split.aliases, name) == split.aliases.end()) continue;
    OrderedJson normalizer = nullptr;
    if (split.nfc) normalizer = {{"type", "NFC"}};
    return WordSplit{std::string(split.name), pre_tokenizer_of(split), std::move(normalizer),
                     split.ignore_merges};
  }
  return Error{where, fmt::format("must be a known way of cutting words: {}", split_names()),
               brief(Json(name))};
}

}  // namespace hone
