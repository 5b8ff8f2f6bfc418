// The text of a completion while it is sampled: what can't change any more, as soon as it can't.
//
// One thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hone/text/tokenizer.h"
#include "hone/types/streaming.h"

namespace hone {

class TextStream {
 public:
  // Held back are bytes of a character that is not whole, and what may be the beginning of a stop string.
  TextStream(Tokenizer tokenizer, std::vector<std::string> stops)
      : decoder_(std::move(tokenizer)), stops_(std::move(stops)) {}

  // The text that a piece of its sample adds; after the last piece all of Completion::text has been returned.
  std::string push(const StreamPiece& piece);

 private:
  StreamDecoder decoder_;
  std::vector<std::string> stops_;
  std::string held_;
  std::size_t sent_ = 0;  // bytes
};

}  // namespace hone
