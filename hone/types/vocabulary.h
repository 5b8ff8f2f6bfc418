// A byte-level BPE tokenizer as plain values, which is how GGUF files hold one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hone {

struct Vocabulary {
  enum class Kind {
    kNormal,   // written in the byte-level alphabet ("Ġthe")
    kControl,  // special: cut out of the text, no part of what is shown
    kAdded,    // cut out of the text, and shown
    kUnused,   // an id without a text
  };
  struct Token {
    std::string text;
    Kind kind = Kind::kNormal;
  };

  std::vector<Token> tokens;                                // by id
  std::vector<std::pair<std::string, std::string>> merges;  // first merges first
  std::string split;  // how text is cut into words: a name of llama.cpp's
  std::optional<std::int32_t> bos, eos, pad;
  bool adds_bos = false, adds_eos = false;  // around a text
  std::string chat_template;                // Jinja; empty: none
};

}  // namespace hone
