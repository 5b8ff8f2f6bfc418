// The small files of a Hugging Face model directory, besides its tensors.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hone/base/result.h"
#include "hone/weights/model_config.h"
#include "hone/weights/safetensors.h"

namespace hone {

// Writes config.json: config.json's text as it was read when the dtype stays, else with dtype and torch_dtype
// (those that it had; dtype where it had none) set to the new one and every other key kept, in order.
// Requires a dtype of kF32, kBF16 or kF16.
Result<void> write_model_config(const std::filesystem::path& folder, const ModelConfig& config, DType dtype);

// Writes generation_config.json: eos_token_id a number, or a list when there are several (absent when none),
// and pad_token_id.
Result<void> write_generation_config(const std::filesystem::path& folder,
                                     std::span<const std::int32_t> eos_ids,
                                     std::optional<std::int32_t> pad_id = {});

// Copies, byte for byte, those of the named files that `from` has; the others are passed over.
Result<void> copy_if_present(const std::filesystem::path& from, const std::filesystem::path& to,
                             std::span<const std::string> names);

// The files that a saved checkpoint takes over unchanged: tokenizer, chat template, generation_config.json.
const std::vector<std::string>& companion_file_names();

}  // namespace hone
