// Counter-based random numbers: every draw is a pure function of its key, so results do not depend
// on who draws first, on batch composition or on threads.
//
// Generator: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC'11).
// Thread safety: everything here is a value or a pure function.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace hone {

// One name per independent use of randomness; a new use takes a new number, none is ever reused.
enum class Purpose : std::uint32_t {
  kWeightInit = 1,
  kDataOrder = 2,
  kTask = 3,
  kSampling = 4,
  kRewardControl = 5,
  kDataSplit = 6,
  kEvalSampling = 7,
  kDirectAnswer = 8,
  kAmortizeSampling = 9,
  kRehearsal = 10,
  kProposal = 11,
  kProposalSolving = 12,
  kProposalDraw = 13,
  kThoughtRemoval = 14,
  kResampling = 16,  // bootstrap, subsets of samples
  kFriends = 20,
  kTest = 100,
};

struct RandomKey {
  std::uint64_t seed = 0;
  Purpose purpose = Purpose::kTest;
  std::uint64_t step = 0;
  std::uint64_t problem = 0;
  std::uint32_t rollout = 0;
};

// The generator itself: ten rounds over a 128-bit counter under a 64-bit key.
std::array<std::uint32_t, 4> philox4x32_10(std::array<std::uint32_t, 4> counter, std::uint32_t key0,
                                           std::uint32_t key1);

// The 128 random bits at (key, position).
std::array<std::uint32_t, 4> random_block(const RandomKey& key, std::uint32_t position);

// A uniform double in [0, 1) with 53 random bits, at (key, position).
double random_uniform(const RandomKey& key, std::uint32_t position);

// A sequence of draws under one key, for code that wants "the next number".
class RandomStream {
 public:
  explicit RandomStream(const RandomKey& key) : key_(key) {}

  std::uint64_t next_u64();
  double uniform();                                        // [0, 1)
  double normal();                                         // mean 0, variance 1 (Box–Muller)
  std::uint64_t below(std::uint64_t n);                    // uniform in [0, n), without bias; n ≥ 1
  std::int64_t between(std::int64_t lo, std::int64_t hi);  // uniform in [lo, hi]

  template <class T>
  void shuffle(std::span<T> items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  RandomKey key_;
  std::uint32_t position_ = 0;
};

// A stable 64-bit mix of two numbers (splitmix64 finalizer), for deriving keys from ids.
std::uint64_t mix64(std::uint64_t a, std::uint64_t b);

}  // namespace hone
