#include "hone/loop/supervised_batch.h"

#include <algorithm>
#include <string_view>

namespace hone {

std::string without_thinking(const std::string& solution) {
  static constexpr std::string_view kOpen = "<think>", kClose = "</think>";
  const auto open = solution.find(kOpen), close = solution.rfind(kClose);
  if (open == std::string::npos || close == std::string::npos || close < open + kOpen.size()) return solution;
  return solution.substr(0, open + kOpen.size()) + solution.substr(close);
}

Result<void> check_solution(const Problem& problem) {
  if (!problem.solution.empty()) return {};
  return Error{problem.source, "the supervised stage needs a worked solution (data.fields.solution)", "none"};
}

Result<TrainBatch> supervised_batch(
    std::span<const Problem> problems, Environment& environment, std::int64_t context_length,
    const std::function<std::vector<std::int32_t>(const std::string&)>& encode, std::int64_t step,
    std::span<const std::int32_t> forced) {
  TrainBatch batch;
  batch.step = step;
  for (const Problem& problem : problems) {
    HONE_TRY_VOID(check_solution(problem));
    HONE_TRY(Environment::Prompt prompt, environment.reset(problem));
    TrainSequence sequence;
    sequence.completion = encode(problem.solution);
    sequence.loss_mask.assign(sequence.completion.size(), 1);
    if (sequence.completion.size() > forced.size() &&
        std::equal(forced.begin(), forced.end(), sequence.completion.begin())) {
      std::fill_n(sequence.loss_mask.begin(), forced.size(), 0);
    }
    const auto length = static_cast<std::int64_t>(prompt.ids.size() + sequence.completion.size());
    if (length > context_length) {
      return Error{problem.source,
                   fmt::format("prompt and solution must fit the context of {} tokens", context_length),
                   fmt::format("{} tokens", length)};
    }
    batch.groups.push_back({std::move(prompt.ids), {std::move(sequence)}});
  }
  return batch;
}

}  // namespace hone
