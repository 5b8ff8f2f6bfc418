#include "hone/cli/train_memory.h"

#include <algorithm>

#include "hone/engine/generator.h"

namespace hone {
namespace {

struct Lengths {
  std::int64_t prompt = 1, solution = 1;
};

// The longest of a sample of the problems.
Result<Lengths> longest(const Recipe& recipe, const Model& model, const Dataset& dataset,
                        Environment& environment) {
  constexpr std::int64_t kSample = 256;
  const std::int64_t count = dataset.train_size() >= 0 ? std::min(dataset.train_size(), kSample) : kSample;
  Lengths lengths;
  for (std::int64_t i = 0; i < count; ++i) {
    const Problem problem = dataset.train(i);
    HONE_TRY(const Environment::Prompt prompt, environment.reset(problem));
    lengths.prompt = std::max<std::int64_t>(lengths.prompt, std::ssize(prompt.ids));
    if (recipe.sft.steps > 0)
      lengths.solution =
          std::max<std::int64_t>(lengths.solution, std::ssize(model.tokenizer.encode(problem.solution)) + 1);
  }
  return lengths;
}

}  // namespace

Result<TrainingPlan> plan_training(const Recipe& recipe, const Model& model, const Dataset& dataset,
                                   Environment& environment) {
  TrainingPlan plan;
  if (recipe.sft.microbatch_tokens > 0) plan.sft_tokens = recipe.sft.microbatch_tokens;
  if (recipe.grpo.microbatch_tokens > 0) plan.grpo_tokens = recipe.grpo.microbatch_tokens;
  if (!model.policy->has_trunk()) return plan;
  const std::int64_t limit = memory_limit(recipe.memory_limit);
  HONE_TRY(const Lengths lengths, longest(recipe, model, dataset, environment));
  const GrpoOptions& grpo = recipe.grpo;
  const RolloutOptions& rollout = grpo.rollout;
  // Evaluation decodes through the same cache, before the first step already.
  const std::int64_t evaluated =
      std::min<std::int64_t>(rollout.max_sequences, std::max(recipe.eval.problems, 0));
  const std::int64_t eval_tokens =
      recipe.eval.max_new_tokens > 0 ? recipe.eval.max_new_tokens : rollout.max_new_tokens;
  std::int64_t rows = evaluated > 0 ? expected_cache_rows(*model.policy, evaluated,
                                                          {lengths.prompt, 1, eval_tokens}, evaluated)
                                    : 0;
  const std::int64_t at_once = std::min<std::int64_t>(
      rollout.max_sequences, std::int64_t{rollout.prompts_per_step} * rollout.group_size);
  if (grpo.steps > 0) {
    rows = std::max(
        rows, expected_cache_rows(*model.policy, rollout.prompts_per_step,
                                  {lengths.prompt, rollout.group_size, rollout.max_new_tokens}, at_once));
  }
  const std::int64_t decoded = std::max(grpo.steps > 0 ? at_once : 1, evaluated);
  if (recipe.sft.steps > 0) {
    HONE_TRY(plan.memory, plan_memory(*model.policy,
                                      {.stage = "sft",
                                       .prompts = recipe.sft.batch_size,
                                       .prompt_tokens = lengths.prompt,
                                       .completion_tokens = lengths.solution,
                                       .cache_rows = rows,
                                       .decoded_at_once = decoded,
                                       .microbatch_tokens = recipe.sft.microbatch_tokens},
                                      limit));
    plan.sft_tokens = plan.memory.microbatch_tokens;
  }
  if (grpo.steps == 0) return plan;
  const bool several = grpo.minibatches * grpo.inner_epochs > 1;
  MemoryWork work{.prompts = rollout.prompts_per_step,
                  .group_size = rollout.group_size,
                  .prompt_tokens = lengths.prompt,
                  .completion_tokens = rollout.max_new_tokens,
                  .cache_rows = rows,
                  .decoded_at_once = decoded,
                  .reference = grpo.loss.beta != 0.0,
                  .undo_copy = several,
                  .reuse = true,
                  .reuse_always = !several && !rollout.dynamic_sampling,
                  .least_passes = plan.memory.passes};
  work.microbatch_tokens = grpo.microbatch > 0 ? grpo.microbatch * (lengths.prompt + work.completion_tokens)
                                               : grpo.microbatch_tokens;
  HONE_TRY(plan.memory, plan_memory(*model.policy, work, limit));
  plan.grpo_tokens = plan.memory.microbatch_tokens;
  return plan;
}

}  // namespace hone
