// Problems and completions in one line each.
#pragma once

#include <string>
#include <utility>

#include "hone/types/completion.h"
#include "hone/types/problem.h"

namespace hone::testing {

inline Completion completion(std::string text) {
  Completion c;
  c.text = std::move(text);
  return c;
}

inline Problem answered(std::string answer) {
  Problem p;
  p.id = 7;
  p.source = "test:1";
  p.answer = std::move(answer);
  return p;
}

inline Problem with_fields(std::string fields) {
  Problem p = answered("");
  p.fields = std::move(fields);
  return p;
}

inline std::string repeated(std::string_view piece, std::size_t times) {
  std::string text;
  text.reserve(piece.size() * times);
  for (std::size_t i = 0; i < times; ++i) text += piece;
  return text;
}

}  // namespace hone::testing
