// Watches the text of one completion, token by token, for stop strings, which may lie across token
// boundaries.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hone/text/tokenizer.h"

namespace hone {

class StopFinder {
 public:
  // Special tokens have no text here, as in Completion::text. `stops` are not empty strings and outlive this
  // object.
  StopFinder(const Tokenizer& tokenizer, const std::vector<std::string>& stops);

  // True when the token completed a stop string: text() is then what stands before the first one.
  bool push(std::int32_t id);

  const std::string& text() const { return text_; }

 private:
  StreamDecoder decoder_;
  const std::vector<std::string>* stops_;
  std::size_t longest_ = 0;
  std::string text_;
};

}  // namespace hone
