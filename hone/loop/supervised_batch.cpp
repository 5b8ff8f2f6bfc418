#include "hone/loop/supervised_batch.h"

namespace hone {

Result<TrainBatch> supervised_batch(
    std::span<const Problem> problems, Environment& environment, std::int64_t context_length,
    const std::function<std::vector<std::int32_t>(const std::string&)>& encode, std::int64_t step) {
  TrainBatch batch;
  batch.step = step;
  for (const Problem& problem : problems) {
    if (problem.solution.empty()) {
      return Error{problem.source, "the supervised stage needs a worked solution (data.fields.solution)",
                   "none"};
    }
    HONE_TRY(Environment::Prompt prompt, environment.reset(problem));
    TrainSequence sequence;
    sequence.completion = encode(problem.solution);
    sequence.loss_mask.assign(sequence.completion.size(), 1);
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
