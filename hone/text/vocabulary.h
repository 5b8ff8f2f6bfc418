// A tokenizer from and to plain values, as GGUF files hold them (types/vocabulary.h).
#pragma once

#include <string>

#include "hone/base/result.h"
#include "hone/text/tokenizer.h"
#include "hone/types/vocabulary.h"

namespace hone {

// Errors, with the place in tokenizer.json: words cut in a way that llama.cpp does not know, a normalizer
// other than NFC (which llama.cpp leaves out), a post-processor that adds more than one token before or after
// a text, a merge of texts with spaces. What llama.cpp has no word for (lstrip, rstrip and single_word of
// added tokens) is warned of.
Result<Vocabulary> vocabulary_of(const Tokenizer& tokenizer);

// The files of a Hugging Face tokenizer. Errors, naming `where`: a text that is no UTF-8, a text that comes
// twice, an unknown split.
Result<TokenizerFiles> tokenizer_files(const Vocabulary& vocabulary, const std::string& where);

}  // namespace hone
