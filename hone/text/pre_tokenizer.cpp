#include "hone/text/pre_tokenizer.h"

#include <algorithm>

#include "hone/base/json.h"
#include "hone/text/byte_level.h"
#include "hone/text/normalizer.h"
#include "hone/text/utf8.h"

namespace hone {
namespace {

// GPT-2's words (Radford et al. 2019), as ByteLevel with use_regex splits.
constexpr std::string_view kGpt2Words =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

}  // namespace

Result<PreTokenizer::Behavior> PreTokenizer::parse_behavior(const Json& config, const std::string& where,
                                                            const std::string& otherwise) {
  HONE_TRY(const std::string name, json_get<std::string>(config, "behavior", otherwise, where));
  if (name == "Removed") return Behavior::kRemoved;
  if (name == "Isolated") return Behavior::kIsolated;
  if (name == "MergedWithPrevious") return Behavior::kMergedWithPrevious;
  if (name == "MergedWithNext") return Behavior::kMergedWithNext;
  if (name == "Contiguous") return Behavior::kContiguous;
  return Error{where, "behavior must be Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous",
               name};
}

Result<void> PreTokenizer::parse_into(std::vector<Stage>& stages, const Json& config,
                                      const std::string& where) {
  if (!config.is_object()) return Error{where, "must be an object", brief(config)};
  HONE_TRY(const std::string type, json_require<std::string>(config, "type", where));
  if (type == "Sequence") {
    const auto list = config.find("pretokenizers");
    if (list == config.end() || !list->is_array()) return Error{where, "pretokenizers must be a list", ""};
    for (std::size_t i = 0; i < list->size(); ++i) {
      HONE_TRY_VOID(parse_into(stages, (*list)[i], fmt::format("{}.pretokenizers[{}]", where, i)));
    }
    return {};
  }
  if (type == "ByteLevel") {
    ByteLevel stage;
    HONE_TRY(stage.add_prefix_space, json_get<bool>(config, "add_prefix_space", true, where));
    HONE_TRY(stage.use_regex, json_get<bool>(config, "use_regex", true, where));
    stages.push_back(stage);
  } else if (type == "Split") {
    Split stage;
    HONE_TRY(stage.pattern, parse_pattern(config, where));
    HONE_TRY(stage.behavior, parse_behavior(config, where, "Isolated"));
    HONE_TRY(stage.invert, json_get<bool>(config, "invert", false, where));
    stages.push_back(std::move(stage));
  } else if (type == "Digits") {
    HONE_TRY(const bool individual, json_get<bool>(config, "individual_digits", false, where));
    stages.push_back(SplitCharacters{is_numeric, individual ? Behavior::kIsolated : Behavior::kContiguous});
  } else if (type == "Punctuation") {
    HONE_TRY(const Behavior behavior, parse_behavior(config, where, "Isolated"));
    stages.push_back(SplitCharacters{is_punctuation, behavior});
  } else if (type == "WhitespaceSplit") {
    stages.push_back(SplitCharacters{is_whitespace, Behavior::kRemoved});
  } else if (type == "Whitespace") {
    // The characters of Rust's \w, which are not quite Oniguruma's.
    const std::string word = R"(\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\u200C\u200D)";
    HONE_TRY(Regex words, Regex::compile("[" + word + "]+|[^\\s" + word + "]+"));
    stages.push_back(Split{std::move(words), Behavior::kRemoved, true});
  } else {
    return Error{where,
                 "type must be one of ByteLevel, Split, Digits, Punctuation, Whitespace, WhitespaceSplit, "
                 "Sequence",
                 type};
  }
  return {};
}

Result<PreTokenizer> PreTokenizer::parse(const Json& config, const std::string& where) {
  PreTokenizer result;
  if (!config.is_null()) HONE_TRY_VOID(parse_into(result.stages_, config, where));
  const auto byte_levels =
      std::count_if(result.stages_.begin(), result.stages_.end(),
                    [](const Stage& stage) { return std::holds_alternative<ByteLevel>(stage); });
  if (byte_levels != 1) {
    return Error{where, "must hold one ByteLevel (only byte-level BPE is supported)",
                 config.is_null() ? "null" : fmt::format("{} of them", byte_levels)};
  }
  HONE_TRY(result.words_, Regex::compile(kGpt2Words));
  return result;
}

template <class Visit>
void PreTokenizer::scan(const Split& stage, std::string_view text, const Visit& visit) {
  std::size_t from = 0, previous = 0, begin = 0, end = 0;
  bool any = false;
  while (from <= text.size() && stage.pattern.find(text, from, &begin, &end)) {
    if (begin == end && any && end == previous) {  // an empty match right after a match is passed over
      if (end >= text.size()) break;
      from = end + next_utf8(text.substr(end)).length;
      continue;
    }
    if (previous != begin) visit(previous, begin, stage.invert);
    visit(begin, end, !stage.invert);
    previous = from = end;
    any = true;
  }
  if (previous != text.size()) visit(previous, text.size(), stage.invert);
}

template <class Visit>
void PreTokenizer::scan(const SplitCharacters& stage, std::string_view text, const Visit& visit) {
  std::size_t previous = 0;
  for (std::size_t i = 0; i < text.size();) {
    const Utf8Step step = next_utf8(text.substr(i));
    if (stage.matches(step.code_point)) {
      if (previous < i) visit(previous, i, false);
      visit(i, i + step.length, true);
      previous = i + step.length;
    }
    i += step.length;
  }
  if (previous < text.size()) visit(previous, text.size(), false);
}

template <class Splitter>
void PreTokenizer::split_piece(const Splitter& stage, Behavior behavior, std::string_view text,
                               std::vector<std::string_view>& out) {
  const auto emit = [&](std::size_t begin, std::size_t end) {
    if (begin < end) out.push_back(text.substr(begin, end - begin));
  };
  if (behavior == Behavior::kIsolated || behavior == Behavior::kRemoved) {
    scan(stage, text, [&](std::size_t begin, std::size_t end, bool matched) {
      if (!matched || behavior == Behavior::kIsolated) emit(begin, end);
    });
    return;
  }
  struct Range {
    std::size_t begin, end;
    bool matched;
  };
  std::vector<Range> ranges;
  scan(stage, text, [&](std::size_t begin, std::size_t end, bool matched) {
    ranges.push_back({begin, end, matched});
  });
  if (behavior == Behavior::kMergedWithNext) {
    std::vector<Range> merged;  // from the back
    bool previous = false;
    for (auto range = ranges.rbegin(); range != ranges.rend(); ++range) {
      if (range->matched && !previous && !merged.empty()) {
        merged.back().begin = range->begin;
      } else {
        merged.push_back(*range);
      }
      previous = range->matched;
    }
    for (auto range = merged.rbegin(); range != merged.rend(); ++range) emit(range->begin, range->end);
    return;
  }
  std::vector<Range> merged;
  bool previous = false;
  for (const Range& range : ranges) {
    const bool joins =
        behavior == Behavior::kContiguous ? range.matched == previous : range.matched && !previous;
    if (joins && !merged.empty()) {
      merged.back().end = range.end;
    } else {
      merged.push_back(range);
    }
    previous = range.matched;
  }
  for (const Range& range : merged) emit(range.begin, range.end);
}

void PreTokenizer::split(std::string_view text, Words& words) const {
  words.list.clear();
  words.changed_.clear();
  if (text.empty()) return;
  words.list.push_back(text);
  bool written_as_bytes = false;  // stages after ByteLevel see its alphabet
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    std::vector<std::string_view>& next = words.next_;
    next.clear();
    if (const auto* bytes = std::get_if<ByteLevel>(&stages_[i])) {
      const Split by_words{words_, Behavior::kIsolated, false};
      for (std::string_view piece : words.list) {
        if (bytes->add_prefix_space && piece.front() != ' ') {
          piece = words.changed_.emplace_back(" " + std::string(piece));
        }
        if (bytes->use_regex) {
          split_piece(by_words, Behavior::kIsolated, piece, next);
        } else {
          next.push_back(piece);
        }
      }
      written_as_bytes = i + 1 < stages_.size();
      if (written_as_bytes) {
        for (std::string_view& piece : next) piece = words.changed_.emplace_back(byte_level(piece));
      }
    } else if (const auto* split = std::get_if<Split>(&stages_[i])) {
      for (const std::string_view piece : words.list) split_piece(*split, split->behavior, piece, next);
    } else {
      const auto& characters = std::get<SplitCharacters>(stages_[i]);
      for (const std::string_view piece : words.list) {
        split_piece(characters, characters.behavior, piece, next);
      }
    }
    std::swap(words.list, next);
  }
  if (written_as_bytes) {
    for (std::string_view& piece : words.list) {
      piece = words.changed_.emplace_back(bytes_from_byte_level(piece).value());
    }
  }
}

}  // namespace hone
