// The pre-tokenizers of tokenizer.json: text in, the words that are merged one by one out.
#pragma once

#include <deque>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "hone/base/result.h"
#include "hone/text/regex.h"

namespace hone {

// Thread safety: const methods may be called from many threads.
class PreTokenizer {
 public:
  // Error: an unsupported type, named; no ByteLevel among the stages, or more than one.
  static Result<PreTokenizer> parse(const nlohmann::json& config, const std::string& where);

  // Storage of one split(), reused by the next: its words point into it or into the text.
  struct Words {
    std::vector<std::string_view> list;

   private:
    friend class PreTokenizer;
    std::vector<std::string_view> next_;
    std::deque<std::string> changed_;
  };

  // The words of `text` (valid UTF-8), as raw bytes.
  void split(std::string_view text, Words& words) const;

 private:
  enum class Behavior { kRemoved, kIsolated, kMergedWithPrevious, kMergedWithNext, kContiguous };
  struct Split {
    Regex pattern;
    Behavior behavior = Behavior::kIsolated;
    bool invert = false;
  };
  struct SplitCharacters {
    bool (*matches)(std::uint32_t) = nullptr;
    Behavior behavior = Behavior::kIsolated;
  };
  struct ByteLevel {
    bool add_prefix_space = true, use_regex = true;
  };
  using Stage = std::variant<Split, SplitCharacters, ByteLevel>;

  static Result<void> parse_into(std::vector<Stage>& stages, const nlohmann::json& config,
                                 const std::string& where);
  static Result<Behavior> parse_behavior(const nlohmann::json& config, const std::string& where,
                                         const std::string& otherwise);

  // Calls match(begin, end, matched) on ranges that cover the text, matches and gaps in turn.
  template <class Visit>
  static void scan(const Split& stage, std::string_view text, const Visit& visit);
  template <class Visit>
  static void scan(const SplitCharacters& stage, std::string_view text, const Visit& visit);
  template <class Splitter>
  static void split_piece(const Splitter& stage, Behavior behavior, std::string_view text,
                          std::vector<std::string_view>& out);

  std::vector<Stage> stages_;
  Regex words_;  // GPT-2's pattern
};

}  // namespace hone
