#include "hone/cli/train_memory.h"

#include <algorithm>

#include "hone/engine/scheduler.h"

namespace hone {
namespace {

constexpr std::int64_t kUsualTokens = 8192;  // of a microbatch where nothing is planned

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

Result<MemoryPlan> plan_training(const Recipe& recipe, const Model& model, const Dataset& dataset,
                                 Environment& environment) {
  MemoryPlan plan;
  plan.microbatch_tokens = kUsualTokens;
  if (!model.policy->has_trunk()) return plan;
  const std::int64_t limit = recipe.memory_limit > 0.0 ? static_cast<std::int64_t>(recipe.memory_limit * 1e9)
                                                       : machine_memory() / 5 * 4;
  HONE_TRY(const Lengths lengths, longest(recipe, model, dataset, environment));
  const GrpoOptions& grpo = recipe.grpo;
  const auto sft = [&] {
    return plan_memory(*model.policy,
                       {.prompts = recipe.sft.batch_size,
                        .prompt_tokens = lengths.prompt,
                        .completion_tokens = lengths.solution,
                        .microbatch_tokens = recipe.sft.microbatch_tokens},
                       limit);
  };
  if (grpo.steps == 0) return sft();
  MemoryWork work{.prompts = grpo.rollout.prompts_per_step,
                  .group_size = grpo.rollout.group_size,
                  .prompt_tokens = lengths.prompt,
                  .completion_tokens = grpo.rollout.max_new_tokens,
                  .reference = grpo.loss.beta != 0.0,
                  .undo_copy = grpo.minibatches * grpo.inner_epochs > 1,
                  .reuse = true};
  work.microbatch_tokens = grpo.microbatch > 0 ? grpo.microbatch * (lengths.prompt + work.completion_tokens)
                                               : grpo.microbatch_tokens;
  work.decoded_at_once = std::min<std::int64_t>(grpo.rollout.max_sequences, work.prompts * work.group_size);
  const std::vector<ScheduledGroup> groups(static_cast<std::size_t>(work.prompts),
                                           {work.prompt_tokens, work.group_size, work.completion_tokens});
  work.cache_rows = std::min(most_rows(groups, work.decoded_at_once), most_cache_rows(*model.policy));
  HONE_TRY(plan, plan_memory(*model.policy, work, limit));
  if (recipe.sft.steps == 0) return plan;
  HONE_TRY(const MemoryPlan before, sft());
  plan.passes = std::max(plan.passes, before.passes);
  return plan;
}

}  // namespace hone
