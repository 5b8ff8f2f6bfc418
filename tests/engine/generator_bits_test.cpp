// What was sampled is what is trained, to the bit, whatever was sampled beside it.
#include <ATen/ops/from_blob.h>
#include <gtest/gtest.h>

#include <bit>
#include <cstdlib>
#include <cstring>

#include "engine/engine_helpers.h"
#include "hone/engine/generator.h"
#include "hone/engine/sampler.h"

namespace hone {
namespace {

using testing::request;
using Results = std::vector<std::vector<Completion>>;

Results generate(Policy& policy, const GeneratorOptions& options,
                 std::span<const GenerationRequest> requests) {
  PolicyGenerator generator(policy, std::nullopt, options);
  return testing::value_or_throw(generator.generate(requests));
}

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

void expect_same(const Completion& a, const Completion& b) {
  EXPECT_EQ(a.ids, b.ids);
  EXPECT_TRUE(same_bits(a.logprobs, b.logprobs));
  EXPECT_TRUE(same_bits(a.entropies, b.entropies));
  EXPECT_EQ(a.kept.ids, b.kept.ids);
  EXPECT_EQ(a.kept.offsets, b.kept.offsets);
  EXPECT_EQ(a.finish, b.finish);
}

// Of different lengths and settings; the long prompt is beyond the golden models' sliding window.
std::vector<GenerationRequest> mixed_requests() {
  return {request(1, 5, 3, 12),
          request(2, 1, 2, 20, 0.7),
          request(3, 23, 4, 9, 1.3, 12),
          request(4, 7, 1, 30, 0),
          request(5, 40, 3, 6, 1, 0, 0.8),
          request(6, 2, 5, 1, 1, 0, 1, 0.1),
          request(7, 16, 2, 17, 0.9, 40, 0.95, 0.02)};
}

TEST(GeneratorBits, ResultsDependOnNothingElseInTheCall) {
  const std::vector<std::int32_t> eos = {17, 40, 77, 130, 131, 132, 250, 251};  // some end early
  for (const char* name : {"llama-tied", "gemma2"}) {
    SCOPED_TRACE(name);
    Policy policy = testing::load_policy(testing::golden_model(name));
    const auto requests = mixed_requests();
    Results alone;
    for (const auto& r : requests) alone.push_back(generate(policy, {.eos_ids = eos}, {&r, 1})[0]);
    int early = 0;
    for (const auto& group : alone) {
      for (const auto& c : group) early += c.finish == FinishReason::kEos ? 1 : 0;
    }
    EXPECT_GT(early, 0) << "nothing retired early";
    for (const std::int64_t at_once : {1, 3, 64}) {
      for (const std::int64_t prefill : {5, 4096}) {
        SCOPED_TRACE(::testing::Message() << at_once << " at once, " << prefill << " prompt tokens a pass");
        const auto together =
            generate(policy, {.max_sequences = at_once, .eos_ids = eos, .prefill_tokens = prefill}, requests);
        ASSERT_EQ(together.size(), requests.size());
        for (std::size_t g = 0; g < requests.size(); ++g) {
          ASSERT_EQ(together[g].size(), alone[g].size());
          for (std::size_t i = 0; i < alone[g].size(); ++i) expect_same(together[g][i], alone[g][i]);
        }
      }
    }
  }
}

TEST(GeneratorBits, ASmallCacheChangesNothing) {
  Policy policy = testing::load_policy(testing::golden_model("qwen2"));
  const auto requests = mixed_requests();
  const auto roomy = generate(policy, {}, requests);
  PolicyGenerator tight(policy, std::nullopt, {.cache_bytes = 1});
  const auto results = testing::value_or_throw(tight.generate(requests));
  EXPECT_EQ(tight.cache_rows(), 45) << "what the longest sequence takes: 40 + 5";
  for (std::size_t g = 0; g < requests.size(); ++g) {
    for (std::size_t i = 0; i < roomy[g].size(); ++i) expect_same(results[g][i], roomy[g][i]);
  }
}

TEST(GeneratorBits, SamplesOfAGroupDifferAndTheKeyDecides) {
  Policy policy = testing::load_policy(testing::golden_model("llama-tied"));
  auto r = request(1, 6, 4, 16);
  const auto first = generate(policy, {}, {&r, 1})[0];
  for (std::size_t i = 1; i < 4; ++i) EXPECT_NE(first[0].ids, first[i].ids);
  // Sample 2 of a group is sample 0 under the key moved on by 2.
  auto moved = r;
  moved.n = 1;
  moved.key.rollout += 2;
  expect_same(generate(policy, {}, {&moved, 1})[0][0], first[2]);
  auto other = r;
  other.key.step += 1;
  EXPECT_NE(generate(policy, {}, {&other, 1})[0][0].ids, first[0].ids);
}

// Counts the bits that differ between recorded logprobs and entropies and score_tokens over a pack of all
// groups.
std::int64_t differing_bits(Policy& policy, std::span<const GenerationRequest> requests,
                            const Results& results, std::int64_t* tokens) {
  const at::NoGradGuard no_grad;
  PackBuilder builder;
  std::vector<float> recorded, entropies, inverse_temperature;
  std::vector<std::int32_t> kept_ids;
  std::vector<std::int64_t> kept_offsets = {0};
  for (std::size_t g = 0; g < requests.size(); ++g) {
    builder.add_prompt(requests[g].prompt);
    for (const Completion& c : results[g]) {
      builder.add_completion(c.ids);
      recorded.insert(recorded.end(), c.logprobs.begin(), c.logprobs.end());
      entropies.insert(entropies.end(), c.entropies.begin(), c.entropies.end());
      for (std::size_t t = 0; t < c.ids.size(); ++t) {
        inverse_temperature.push_back(inverse_temperature_of(requests[g].sampling.temperature));
        if (!c.kept.empty()) {
          kept_ids.insert(kept_ids.end(), c.kept.ids.begin() + c.kept.offsets[t],
                          c.kept.ids.begin() + c.kept.offsets[t + 1]);
        }
        kept_offsets.push_back(std::ssize(kept_ids));
      }
    }
  }
  const Pack pack = builder.finish();
  const auto hidden = policy.forward(pack.ids_tensor(), pack.positions_tensor(), pack.spans_tensor());
  HeadQuery query;
  query.targets_N = pack.targets_tensor();
  query.inverse_temperature_N =
      at::from_blob(inverse_temperature.data(), {std::ssize(inverse_temperature)}, at::kFloat);
  query.kept_ids = at::from_blob(kept_ids.data(), {std::ssize(kept_ids)}, at::kInt);
  query.kept_offsets = at::from_blob(kept_offsets.data(), {std::ssize(kept_offsets)}, at::kLong);
  query.softcap = policy.config().final_logit_softcap;
  const auto scores = score_tokens(gather_rows(hidden, pack.score_rows_tensor()), policy.head(), query);
  EXPECT_EQ(scores.logprobs_N.size(0), std::ssize(recorded));
  EXPECT_EQ(entropies.size(), recorded.size());
  std::int64_t differing = 0;
  const auto compare = [&](const std::vector<float>& before, const at::Tensor& again_N) {
    const float* again = again_N.data_ptr<float>();
    for (std::size_t i = 0; i < before.size(); ++i)
      differing +=
          std::popcount(std::bit_cast<std::uint32_t>(before[i]) ^ std::bit_cast<std::uint32_t>(again[i]));
  };
  compare(recorded, scores.logprobs_N);
  compare(entropies, scores.entropy_N);
  *tokens += std::ssize(recorded);
  return differing;
}

// HONE_BITS_TOKENS sets how many tokens are compared over all models (default: each request once).
TEST(GeneratorBits, RecordedNumbersAreThoseOfTraining) {
  const char* wanted = std::getenv("HONE_BITS_TOKENS");
  const std::int64_t least = wanted != nullptr ? std::atoll(wanted) : 0;
  const auto models = testing::golden_models();
  std::int64_t tokens = 0, differing = 0;
  for (std::uint64_t round = 0; round == 0 || tokens < least; ++round) {
    for (const auto& folder : models) {
      SCOPED_TRACE(folder.string());
      Policy policy = testing::load_policy(folder);
      auto requests = mixed_requests();
      for (auto& r : requests) {
        r.key.step += round;
        if (round > 0) r.n = r.sampling.temperature == 0 ? 1 : 20;
      }
      // Few at once and many: other products, other groups of rows.
      static constexpr std::int64_t kAtOnce[] = {2, 64, 1, 7, 33, 16};
      for (std::uint64_t i = 0; i < 2; ++i) {
        const std::int64_t at_once = kAtOnce[(2 * round + i) % std::size(kAtOnce)];
        const auto results = generate(policy, {.max_sequences = at_once}, requests);
        differing += differing_bits(policy, requests, results, &tokens);
        // Each alone too: a lone row is where products take other paths.
        for (std::size_t g = 0; g < requests.size() && round == 0; ++g)
          differing += differing_bits(policy, {&requests[g], 1}, {results[g]}, &tokens);
      }
    }
  }
  EXPECT_EQ(differing, 0) << "bits of " << tokens << " tokens";
  EXPECT_GE(tokens, static_cast<std::int64_t>(models.size()) * 4 * 155);
  RecordProperty("tokens", std::to_string(tokens));
}

}  // namespace
}  // namespace hone
