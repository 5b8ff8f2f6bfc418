// Regular expressions of tokenizer files, matched by PCRE2.
//
// Patterns are in Oniguruma's syntax, which the reference tokenizer uses; compile() rewrites what PCRE2 would
// read otherwise. Thread safety: const methods may be called from many threads.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "hone/base/result.h"

namespace hone {

// A pattern of Oniguruma's syntax as PCRE2 writes it (\s, \w, \h, nested and intersected classes, {n,m}+).
// Error: a construct that has no translation, named.
Result<std::string> translate_regex(std::string_view pattern);

class Regex {
 public:
  // Error: a pattern that can't be translated or compiled, with the place.
  static Result<Regex> compile(std::string_view pattern);
  // Matches the text itself.
  static Result<Regex> literal(std::string_view text);

  // The first match in `subject` (valid UTF-8) at or after byte `from`, which is a character boundary.
  // Text before `from` is seen by look-behinds.
  bool find(std::string_view subject, std::size_t from, std::size_t* begin, std::size_t* end) const;

 private:
  struct Code;
  static Result<Regex> compile_pcre(const std::string& pattern, std::string_view shown, bool literal);
  std::shared_ptr<const Code> code_;
};

}  // namespace hone
