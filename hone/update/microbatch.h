// Groups cut into what one forward and backward pass holds.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <vector>

#include "hone/policy/pack.h"
#include "hone/types/train_batch.h"
#include "hone/update/policy_loss.h"

namespace hone {

// A sequence of the batch, by its place.
struct SequenceRef {
  std::size_t group = 0, sequence = 0;
};

struct MicrobatchLimits {
  std::int64_t sequences = 0;  // 0: no limit but tokens
  std::int64_t tokens = 8192;  // packed rows; a single larger sequence still goes through, alone
};

// Cuts `items` (ascending) into runs within the limits; a prompt is counted once for the sequences of a run.
// Where kind_of (absent: all alike) changes between neighbours, there is a cut too.
std::vector<std::vector<SequenceRef>> cut_microbatches(
    const TrainBatch& batch, std::span<const SequenceRef> items, const MicrobatchLimits& limits,
    const std::function<bool(const SequenceRef&)>& kind_of = {});

// Cuts `items` into bundles: runs of whole groups whose prompts together have at most kBundlePromptTokens, or
// a single group. Prompts of a bundle are computed once, before its microbatches, and their backward pass
// runs after them: so sums over rows come in one order however a bundle is cut into microbatches. The cut
// depends on the batch alone.
constexpr std::int64_t kBundlePromptTokens = 512;
std::vector<std::span<const SequenceRef>> cut_bundles(const TrainBatch& batch,
                                                      std::span<const SequenceRef> items);

// Where the prompts of a bundle lie among the rows of their own pass.
struct PromptPlaces {
  std::int64_t rows = 0;                   // of all
  std::map<std::size_t, std::int64_t> at;  // by group: its first row
};

// One run, packed, with what the head and the loss need of its N tokens (CPU tensors, in order of `items`).
// With places, prompts are not in the pack: its rows follow theirs.
struct Microbatch {
  Pack pack;
  HeadQuery query;
  at::Tensor old_logprobs_N, mask_N, sequence_N, advantages_S;
};
Microbatch pack_microbatch(const TrainBatch& batch, std::span<const SequenceRef> items, double softcap,
                           const PromptPlaces* places = nullptr);

}  // namespace hone
