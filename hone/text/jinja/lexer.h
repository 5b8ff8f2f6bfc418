// A template's text as tokens, with white space already removed where the template says so.
//
// The rules are those of jinja2 with trim_blocks (the line break after a block or comment goes) and
// lstrip_blocks (white space from the start of the line to a block or comment goes), of the signs - and + at
// a tag's ends, and without the template's own last line break.
#pragma once

#include <string>
#include <vector>

#include "hone/base/result.h"

namespace hone::jinja {

struct Token {
  enum class Kind {
    kData,
    kPrintBegin,
    kPrintEnd,
    kBlockBegin,
    kBlockEnd,
    kName,
    kString,
    kInteger,
    kFloat,
    kOperator,
    kEnd
  };
  Kind kind = Kind::kEnd;
  std::string text;  // data; a name; a string with its escapes resolved; a number's digits; an operator
  int line = 1;
};

// The last token is kEnd. Error: an unclosed tag, comment or string, an unbalanced bracket, an unknown
// character.
Result<std::vector<Token>> tokenize(const std::string& source);

// The place of an error: "chat template line 12".
std::string place(int line);

// How a message names a token.
std::string describe(const Token& token);

}  // namespace hone::jinja
