// The policy: a decoder's weights and its one forward pass, which serves sampling and training alike.
//
// Thread safety: forward passes may not run at the same time on one Policy (its buffers and rotary tables
// grow on demand). Legend: T packed tokens, H hidden, W qkv row width, R cache rows, Hkv key/value heads, D
// head size.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "hone/base/result.h"
#include "hone/config/options.h"
#include "hone/policy/activation_tape.h"
#include "hone/policy/decoder.h"
#include "hone/policy/pack.h"
#include "hone/policy/trunk.h"

namespace hone {

// A trained tensor and where its rows live in Hugging Face files: q, k and v are one product here.
struct Parameter {
  struct Part {
    std::string name;          // the file's, e.g. model.layers.0.self_attn.q_proj.weight
    std::int64_t begin, rows;  // of dimension 0
  };
  std::string name;
  at::Tensor value;
  std::vector<Part> parts;
};

class Policy {
 public:
  // From a Hugging Face folder. Errors name file and tensor: missing, or of a shape that config.json does not
  // say.
  static Result<Policy> load(const std::filesystem::path& folder, const std::string& device,
                             const std::string& dtype);
  // Normal(0, initializer_range) for matrices and embeddings, 1 (or 0 where 1 + w multiplies) for norms, 0
  // for biases.
  static Result<Policy> init(const ModelConfig& config, std::uint64_t seed, double initializer_range,
                             const std::string& device, const std::string& dtype);

  // The last layer's normalised hidden states [T, H]. Without a cache, spans name packed rows and gradients
  // flow.
  at::Tensor forward(const at::Tensor& ids_T, const at::Tensor& positions_T, const at::Tensor& spans_T4);
  // With one (no gradients): row t's key and value are written at cache_rows_T, and spans name cache rows.
  // A tape keeps the pass's activations as its next T rows; it needs a trunk.
  at::Tensor forward_cached(const at::Tensor& ids_T, const at::Tensor& positions_T,
                            const at::Tensor& spans_T4, const at::Tensor& cache_rows_T, KvCache& cache,
                            ActivationTape* tape = nullptr);
  const at::Tensor& head() const { return decoder_->head; }  // [V, H]

  KvCache make_cache(std::int64_t rows) const;

  // On the CPU in fp32 the forward pass is the trunk's, whose activations and backward pass can be had
  // directly.
  bool has_trunk() const;
  Trunk& trunk() { return *trunk_; }
  const Decoder& decoder() const { return *decoder_; }
  // Makes the rotary tables reach positions below `count`. Requires count ≤ max_position_embeddings.
  void reach(std::int64_t count);

  const ModelConfig& config() const { return decoder_->config; }
  const std::string& device() const { return device_; }
  at::ScalarType dtype() const { return head().scalar_type(); }
  std::vector<Parameter>& parameters() { return parameters_; }
  const std::vector<Parameter>& parameters() const { return parameters_; }
  std::int64_t parameter_count() const;
  void require_gradients(bool on);

  // A copy with storage of its own (the reference policy).
  Policy clone() const;
  // Copies another's values into this one's storage; same shapes required.
  void copy_from(const Policy& other);

  // config.json, generation_config.json (the loaded folder's own, else one made of eos_ids) and
  // model.safetensors (shards beyond 5 GB), in the policy's dtype. The folder must exist.
  Result<void> save(const std::filesystem::path& folder, const std::vector<std::int32_t>& eos_ids) const;

 private:
  Policy(ModelConfig config, Family family, std::string device);
  template <class Attend>
  at::Tensor run(const at::Tensor& ids_T, const at::Tensor& positions_T, const Attend& attend);
  void bind();  // the decoder's tensors from parameters_

  std::string device_;
  std::string generation_config_;  // as loaded
  std::vector<Parameter> parameters_;
  std::unique_ptr<Decoder> decoder_;  // stays in place when the policy moves: the trunk refers to it
  std::unique_ptr<Trunk> trunk_;
  Activations scratch_;  // of passes that keep nothing
};

// Device and dtype words of a recipe. Error: an unknown word, or a device this build of libtorch lacks.
Result<at::ScalarType> parse_dtype(const std::string& word);
Result<void> check_device(const std::string& word);

// cos and sin [positions, D/2] in fp32, scaled as config.rope says (Su et al. 2021; llama3: Meta's published
// rule).
RopeTables make_rope_tables(const ModelConfig& config, std::int64_t positions);

// logprobs [N] and entropies [N] of the pack's targets at temperature 1, without gradients.
HeadScores score_pack(Policy& policy, const Pack& pack);

}  // namespace hone
