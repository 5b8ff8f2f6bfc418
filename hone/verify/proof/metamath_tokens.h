// Tokens of Metamath text: runs of printable ASCII between white space, comments left out.
//
// Errors name the file and line. Thread safety: one reader is one thread's.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "hone/base/result.h"

namespace hone::metamath {

class Tokens {
 public:
  // `text` must outlive this and every token; `name` is for messages.
  Tokens(std::string_view text, std::string name) : text_(text), name_(std::move(name)) {}

  // The next token, empty at the end. Error: a character that is neither printable ASCII nor space, tab, CR,
  // LF or FF; a comment that is not closed, or holds "$(" or a "$)" that is not a token.
  Result<std::string_view> next();

  // The text before the next "$." token, which is taken as well; comments stay in it.
  Result<std::string_view> raw_until_end();

  // An error at the last token.
  Error error(std::string rule, std::string_view got = {}) const;

 private:
  Result<void> skip_comment();

  std::string_view text_;
  std::string name_;
  std::size_t at_ = 0, token_ = 0;
};

// Letters, digits, '-', '_' and '.'.
bool is_label(std::string_view token);
// Without '$'; the characters are already known to be printable.
bool is_math_symbol(std::string_view token);

}  // namespace hone::metamath
