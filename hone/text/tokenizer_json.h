// Reading tokenizer.json: the vocabulary and the merges straight from the text (they are nearly all of it,
// and a document tree of them costs several times the rest of loading), everything else as JSON.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "hone/base/json.h"
#include "hone/base/result.h"
#include "hone/text/bpe.h"

namespace hone {

struct TokenizerJson {
  Json root;   // without "model"
  Json model;  // without "vocab" and "merges"
  BpeSource source;
};

// Errors: malformed JSON with the byte, a model that is not byte-level BPE (named), merges that are not
// pairs.
Result<TokenizerJson> parse_tokenizer_json(std::string_view text, const std::string& where);

}  // namespace hone
