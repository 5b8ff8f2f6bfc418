#include "hone/text/added_tokens.h"

#include <algorithm>

#include "hone/text/utf8.h"

namespace hone {

void TextSet::add(std::string_view text, std::size_t value) {
  if (text.empty()) return;
  starts_[static_cast<std::uint8_t>(text[0])] = true;
  std::size_t node = 0;
  for (const char c : text) {
    const auto [child, is_new] = nodes_[node].children.try_emplace(c, nodes_.size());
    node = child->second;
    if (is_new) nodes_.emplace_back();
  }
  if (nodes_[node].value == kNone) nodes_[node].value = value;
}

bool TextSet::find(std::string_view text, std::size_t from, std::size_t* begin, std::size_t* end,
                   std::size_t* value) const {
  for (std::size_t start = from; start < text.size(); ++start) {
    if (!starts_[static_cast<std::uint8_t>(text[start])]) continue;
    bool found = false;
    std::size_t node = 0;
    for (std::size_t i = start; i < text.size(); ++i) {
      const auto child = nodes_[node].children.find(text[i]);
      if (child == nodes_[node].children.end()) break;
      node = child->second;
      if (nodes_[node].value == kNone) continue;
      found = true;
      *end = i + 1;
      *value = nodes_[node].value;
    }
    if (found) {
      *begin = start;
      return true;
    }
  }
  return false;
}

Result<AddedTokens> AddedTokens::build(std::vector<AddedToken> tokens, const Normalizer& normalizer) {
  AddedTokens added;
  HONE_TRY(added.word_, Regex::compile(R"([\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\u200C\u200D])"));
  added.tokens_ = std::move(tokens);
  // Special ones first, so that of two with one text the special one is found.
  for (const bool special : {true, false}) {
    for (std::size_t i = 0; i < added.tokens_.size(); ++i) {
      const AddedToken& token = added.tokens_[i];
      if (token.special != special) continue;
      if (token.normalized) {
        added.sets_[1].add(normalizer.apply(token.content), i);
      } else {
        added.sets_[0].add(token.content, i);
      }
    }
  }
  return added;
}

bool AddedTokens::stands_alone(std::string_view text, std::size_t begin, std::size_t end) const {
  const auto is_word = [&](std::string_view character) {
    std::size_t b = 0, e = 0;
    return word_.find(character, 0, &b, &e);
  };
  if (begin > 0) {
    const std::size_t last = last_character_start(text.substr(0, begin));
    if (is_word(text.substr(last, begin - last))) return false;
  }
  if (end == text.size()) return true;
  return !is_word(text.substr(end, next_utf8(text.substr(end)).length));
}

void AddedTokens::cut(std::string_view text, bool normalized, std::vector<Piece>& pieces) const {
  const TextSet& set = sets_[normalized ? 1 : 0];
  const auto plain = [&](std::size_t begin, std::size_t end) {
    if (begin < end) pieces.push_back({text.substr(begin, end - begin), -1});
  };
  std::size_t cut_to = 0, from = 0, begin = 0, end = 0, index = 0;
  while (set.find(text, from, &begin, &end, &index)) {
    from = end;
    const AddedToken& token = tokens_[index];
    if (token.single_word && !stands_alone(text, begin, end)) continue;
    while (token.lstrip && begin > cut_to) {
      const std::size_t last = last_character_start(text.substr(0, begin));
      if (!is_whitespace(first_code_point(text.substr(last)))) break;
      begin = last;
    }
    while (token.rstrip && end < text.size()) {
      const Utf8Step step = next_utf8(text.substr(end));
      if (!is_whitespace(step.code_point)) break;
      end += step.length;
    }
    plain(cut_to, begin);
    pieces.push_back({text.substr(begin, end - begin), token.id});
    cut_to = end;
  }
  plain(cut_to, text.size());
}

}  // namespace hone
