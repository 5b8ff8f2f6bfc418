// Added tokens: texts that are cut out of the input before anything else happens to it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "hone/base/result.h"
#include "hone/text/normalizer.h"
#include "hone/text/regex.h"

namespace hone {

struct AddedToken {
  std::int32_t id = -1;
  std::string content;
  bool special = false;
  bool single_word = false;  // only where no word character stands beside it
  bool lstrip = false;       // takes the white space before it
  bool rstrip = false;       // and after it
  bool normalized = false;   // looked for in the normalized text
};

// Finds the longest of a set of texts at the leftmost place.
class TextSet {
 public:
  void add(std::string_view text, std::size_t value);  // the first of equal texts stays
  bool empty() const { return nodes_.size() <= 1; }
  bool find(std::string_view text, std::size_t from, std::size_t* begin, std::size_t* end,
            std::size_t* value) const;

 private:
  static constexpr std::size_t kNone = ~std::size_t{0};
  struct Node {
    std::map<char, std::size_t> children;
    std::size_t value = kNone;
  };
  std::vector<Node> nodes_{1};
  bool starts_[256] = {};
};

// Thread safety: const methods may be called from many threads.
class AddedTokens {
 public:
  // Error: an empty text is passed over; none otherwise but a normalizer's.
  static Result<AddedTokens> build(std::vector<AddedToken> tokens, const Normalizer& normalizer);

  struct Piece {
    std::string_view text;
    std::int32_t id = -1;  // -1: ordinary text
  };
  // Cuts `text` (valid UTF-8) at the tokens that are looked for before (normalized false) or after
  // normalization.
  void cut(std::string_view text, bool normalized, std::vector<Piece>& pieces) const;
  bool any(bool normalized) const { return !sets_[normalized ? 1 : 0].empty(); }

  const std::vector<AddedToken>& all() const { return tokens_; }

 private:
  bool stands_alone(std::string_view text, std::size_t begin, std::size_t end) const;

  std::vector<AddedToken> tokens_;
  TextSet sets_[2];
  Regex word_;
};

}  // namespace hone
