// The keys of a GGUF file's tokenizer. Source: ggml's docs/gguf.md, llama.cpp's src/llama-vocab.cpp.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "hone/base/result.h"
#include "hone/types/vocabulary.h"
#include "hone/weights/gguf.h"

namespace hone {

// Errors: a tokenizer other than byte-level BPE ("gpt2"), ids outside it, lists of different lengths.
Result<Vocabulary> read_vocabulary(const GgufFile& file);

// The ids that end a text: eos, eot (of a turn) and eom (of a message), those that the file has.
Result<std::vector<std::int32_t>> read_end_ids(const GgufFile& file, const Vocabulary& vocabulary);

// `end_ids`: all that end a text; one that is the vocabulary's eos is written as that, others as eot and eom.
// Errors: more than three of them or none; more tokens than `rows`, the embedding's, which are filled up with
// unused ones.
Result<void> write_vocabulary(const Vocabulary& vocabulary, std::span<const std::int32_t> end_ids,
                              std::int64_t rows, GgufMetadata& out);

}  // namespace hone
