// Which tensor of a Hugging Face checkpoint is which of a GGUF file, for the architectures that llama.cpp
// knows. Source: llama.cpp's src/llama-arch.cpp (names) and convert_hf_to_gguf.py. Internal to weights/.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hone/base/result.h"
#include "hone/weights/model_config.h"

namespace hone {

struct GgufSlot {
  std::string hugging_face, gguf;
  std::vector<std::int64_t> shape;
  // Above zero: heads whose rows llama.cpp turns in neighbouring pairs where Hugging Face turns halves. Row
  // 2i + s of a head is row s · head_dim/2 + i there.
  std::int64_t paired_heads = 0;
  float added = 0;  // to every element on the way out: gemma's norms are written as 1 + weight
};

// llama.cpp's name of the architecture that computes what a model_type does.
std::string gguf_architecture(const std::string& model_type);

// In the order of the forward pass.
std::vector<GgufSlot> gguf_layout(const ModelConfig& config);

// Error: what llama.cpp would silently compute otherwise (sliding windows, rotations, biases …).
Result<void> check_gguf_config(const ModelConfig& config, const std::string& where);

// Row of the Hugging Face tensor that is row `row` of the GGUF tensor, and the inverse.
std::int64_t paired_to_halves(std::int64_t row, std::int64_t head_dim);
std::int64_t halves_to_paired(std::int64_t row, std::int64_t head_dim);

// [head_dim / 2] what frequencies are divided by under rope type llama3 (rope_freqs.weight).
std::vector<float> llama3_divisors(const RopeConfig& rope, std::int64_t head_dim);

// The llama3 rope with these divisors, among the ones in use (low and high factor 1 and 4, contexts that are
// powers of two). Error: none fits.
Result<RopeConfig> llama3_from_divisors(const std::vector<float>& divisors, double theta,
                                        const std::string& where);

}  // namespace hone
