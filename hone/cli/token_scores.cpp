#include "hone/cli/token_scores.h"

#include <algorithm>

#include "hone/base/check.h"

namespace hone {
namespace {

constexpr std::int64_t kChunkLogits = 4 << 20;  // 16 MiB of them at once

}  // namespace

TokenScores score_ids(Policy& policy, std::span<const std::int32_t> ids) {
  HONE_CHECK(!ids.empty(), "no tokens to score");
  TokenScores scores;
  if (ids.size() == 1) return scores;
  const at::NoGradGuard no_grad;
  PackBuilder builder;
  builder.add_prompt(ids.first(1));
  builder.add_completion(ids.subspan(1));
  const Pack pack = builder.finish();
  const auto hidden = policy.forward(pack.ids_tensor(), pack.positions_tensor(), pack.spans_tensor());
  const double softcap = policy.config().final_logit_softcap;
  const auto rows = static_cast<std::int64_t>(pack.targets.size());

  HeadQuery query;
  query.targets_N = pack.targets_tensor();
  query.inverse_temperature_N = make_spans({}).new_ones({rows}, at::kFloat);
  query.softcap = softcap;
  const auto chosen = gather_rows(hidden, pack.score_rows_tensor());
  const auto logprobs = score_tokens(chosen, policy.head(), query).logprobs_N.cpu().contiguous();
  scores.logprobs.assign(logprobs.data_ptr<float>(), logprobs.data_ptr<float>() + rows);

  const std::int64_t vocabulary = policy.head().size(0);
  const std::int64_t chunk = std::max<std::int64_t>(2, kChunkLogits / vocabulary);
  for (std::int64_t begin = 0; begin < rows; begin += chunk) {
    const std::int64_t count = std::min(chunk, rows - begin);
    const auto logits = head_logits(chosen.slice(0, begin, begin + count), policy.head(), softcap).cpu();
    const float* z = logits.data_ptr<float>();
    for (std::int64_t row = 0; row < count; ++row, z += vocabulary) {
      scores.argmax.push_back(static_cast<std::int32_t>(std::max_element(z, z + vocabulary) - z));
    }
  }
  return scores;
}

}  // namespace hone
