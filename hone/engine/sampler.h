// Chooses the next token from one row of logits.
//
// Truncation follows transformers' warpers, in their order: temperature, top-k (ties with the k-th stay),
// top-p (the least likely are dropped while their mass is at most 1 − p; of equals, higher ids go first),
// min-p. Each keeps at least one token. The recorded logprob and entropy have the bits that score_tokens
// recomputes from the same logits, inverse_temperature_of and kept set.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "hone/base/result.h"
#include "hone/tensor/kernels.h"
#include "hone/types/completion.h"

namespace hone {

// Error: a number that no distribution has (negative or NaN temperature, top_p outside [0, 1] …), an empty
// stop string.
Result<void> check_sampling(const SamplingParams& params, const std::string& where);

// What z is multiplied by: 1 / temperature in fp32; 1 for greedy decoding, whose logprob is the model's own.
float inverse_temperature_of(double temperature);

// One row's distribution. Reuse one object per thread: its buffers are kept from row to row.
class RowSampler {
 public:
  // z [V]: logits with the softcap applied, V ≥ 1. Scales them in place; they must stay until the last draw.
  // Returns false when one is not finite: draw nothing then.
  [[nodiscard]] bool prepare(std::span<float> z, const SamplingParams& params);

  struct Draw {
    std::int32_t id;
    float logprob;  // natural log, under the distribution sampled from
    float entropy;  // nats, of that distribution
  };
  // The token at u in [0, 1) of the cumulative distribution over the kept tokens in ascending order of id;
  // greedy ones ignore u. Any number of draws may follow one prepare().
  Draw draw(double u);

  // Ids kept, ascending; empty when every token was.
  std::span<const std::int32_t> kept() const { return kept_; }

 private:
  void keep_top_k(std::size_t k);
  void keep_top_p(double p);
  void keep_min_p(double p);
  std::size_t bucket_of(std::int32_t id) const;
  void collect_boundary(std::size_t bucket);
  void summarise();

  float logit(std::int32_t id) const { return z_[static_cast<std::size_t>(id)]; }
  std::span<const float> candidates() const { return kept_.empty() ? std::span<const float>(z_) : kept_z_; }
  std::int32_t candidate(std::size_t i) const {
    return kept_.empty() ? static_cast<std::int32_t>(i) : kept_[i];
  }

  std::span<float> z_;
  kernel::RowStats stats_{};
  std::vector<float> kept_z_;               // of kept_, when not empty
  std::vector<kernel::BlockStats> blocks_;  // of the candidates
  std::int32_t greedy_ = -1;                // −1: drawn at random
  std::vector<std::int32_t> kept_;          // the candidates while truncating
  std::vector<std::int32_t> boundary_;      // candidates of the bucket that a limit cuts
  std::vector<double> mass_;                // of buckets
  std::vector<std::size_t> counts_;         // of buckets
  std::vector<double> cumulative_;          // weights before each block of candidates, and the total
};

}  // namespace hone
