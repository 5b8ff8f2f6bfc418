// The Generator over a Policy: batched decoding with a key/value cache, sequences coming and going at every
// step.
//
// On the CPU in fp32 a completion has the same bits whatever else is in the call and however many sequences
// run at once, and its logprobs are those that training recomputes (score_tokens over a pack of the same
// tokens).
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "hone/engine/scheduler.h"
#include "hone/policy/policy.h"
#include "hone/text/tokenizer.h"
#include "hone/types/interfaces.h"

namespace hone {

struct GeneratorOptions {
  std::int64_t max_sequences = 256;        // decoded at once, ≥ 1
  std::vector<std::int32_t> eos_ids = {};  // any of them ends a completion; may be empty
  std::int64_t context_length = 0;         // 0, or more than the model's: max_position_embeddings
  std::int64_t prefill_tokens = 4096;      // prompt tokens read in one pass, ≥ 1
  // The cache stays within these bytes, fewer sequences then run at once; one sequence always may.
  std::int64_t cache_bytes = std::int64_t{1} << 30;
  // Rows that even one sequence may not pass: an error names them.
  std::int64_t max_cache_rows = std::numeric_limits<std::int32_t>::max();
};

// What no generator carries out, as a generator's errors say; `where` names the request. Without a tokenizer
// stop strings are refused.
Result<void> check_generation(const GenerationRequest& request, const Policy& policy, bool has_tokenizer,
                              std::int64_t context_length, const std::string& where);

// Bytes of one token's keys and values, all layers together.
std::int64_t cache_row_bytes(const Policy& policy);

// Rows that a generator's cache grows to for `count` such groups, max_sequences decoded at once, within its
// usual cache_bytes.
std::int64_t expected_cache_rows(const Policy& policy, std::int64_t count, const ScheduledGroup& group,
                                 std::int64_t max_sequences);

// Thread safety: one call at a time, and none while the policy is used elsewhere.
class PolicyGenerator : public Generator {
 public:
  // The policy must outlive the generator; its weights may change between calls. Without a tokenizer texts
  // stay empty and stop strings are refused. `policy_version` is asked once in each call; absent: 0.
  // Activations that requests ask for are kept on the tape, as far as it has room.
  PolicyGenerator(Policy& policy, std::optional<Tokenizer> tokenizer, GeneratorOptions options,
                  std::function<std::int64_t()> policy_version = {}, ActivationTape* tape = nullptr);

  // Errors besides the interface's: sampling numbers out of range, ids outside the vocabulary, n < 1, a
  // sequence that passes max_cache_rows, logits that are not finite. Nothing is sampled but for the last of
  // them.
  Result<std::vector<std::vector<Completion>>> generate(std::span<const GenerationRequest> requests,
                                                        const OnFinished& on_finished = {}) override;

  std::int64_t context_length() const override { return context_length_; }

  // Rows that the cache holds now; it grows to what a call needs and is kept for the next.
  std::int64_t cache_rows() const { return cache_.rows(); }

 private:
  void grow_cache(std::int64_t rows);

  Policy& policy_;
  std::optional<Tokenizer> tokenizer_;
  GeneratorOptions options_;
  std::function<std::int64_t()> policy_version_;
  std::int64_t context_length_;
  KvCache cache_;
  ActivationTape* tape_;
};

}  // namespace hone
