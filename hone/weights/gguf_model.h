// Models between Hugging Face directories and GGUF files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "hone/base/result.h"
#include "hone/types/vocabulary.h"
#include "hone/weights/gguf.h"

namespace hone {

// Writes the model of a Hugging Face directory as one GGUF file that llama.cpp loads. Matrices have the given
// type (under Q8_0, F16 where rows are no multiple of 32), norms and biases F32. `end_ids`: every id that
// ends a text. Errors: of reading the folder, what llama.cpp would compute otherwise (gguf_layout.h), values
// that the type can't hold, more than three end ids.
Result<void> export_gguf(const std::filesystem::path& folder, const Vocabulary& vocabulary,
                         std::span<const std::int32_t> end_ids, GgufType type,
                         const std::filesystem::path& file);

// Writes config.json, generation_config.json and the weights of a llama, qwen2 or qwen3 model into an
// existing folder; the tokenizer's files are the caller's. F32, F16 and BF16 stay what they are, Q8_0 becomes
// F32, exactly. Errors: another architecture, keys missing or contradicting the tensors, tensors missing,
// left over, or of another shape.
Result<void> import_gguf(const GgufFile& file, const Vocabulary& vocabulary,
                         const std::filesystem::path& folder);

}  // namespace hone
