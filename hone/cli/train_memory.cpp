#include "hone/cli/train_memory.h"

#include <algorithm>

#include "hone/config/judge_prompt.h"
#include "hone/engine/generator.h"
#include "hone/weights/model_config.h"
#include "hone/weights/safetensors.h"

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

// What decoding needs of the key-value cache, in any stage.
struct Decoding {
  std::int64_t rows = 0, at_once = 1;

  void add(const Policy& policy, std::int64_t prompts, ScheduledGroup group, std::int64_t max_sequences) {
    const std::int64_t sequences = std::min(max_sequences, prompts * group.samples);
    if (sequences == 0) return;
    rows = std::max(rows, expected_cache_rows(policy, prompts, group, sequences));
    at_once = std::max(at_once, sequences);
  }
};

std::int64_t bytes_each(const std::string& device, const std::string& dtype) {
  return device != "cpu" ? 0 : dtype == "float32" ? 4 : 2;
}

// A model beside the policy: its weights, and keys and values for what it decodes.
Result<std::int64_t> bytes_of(const std::filesystem::path& folder, const FriendOptions& asked,
                              std::int64_t cache_rows) {
  HONE_TRY(const ModelConfig config, read_model_config(folder));
  HONE_TRY(const TensorFiles files, TensorFiles::open_model(folder));
  std::int64_t numbers = 0;
  for (const auto& [name, tensor] : files.tensors()) numbers += tensor.numel();
  const std::int64_t keys = cache_rows * 2 * config.layers * config.kv_heads * config.head_dim;
  const std::int64_t each = bytes_each(asked.device, asked.dtype);
  return each * numbers + std::min(each * keys, GeneratorOptions().cache_bytes);
}

std::int64_t bytes_of_snapshot(const Policy& policy, const std::string& device, const std::string& dtype,
                               std::int64_t cache_rows) {
  const ModelConfig& c = policy.config();
  return bytes_each(device, dtype) *
         (policy.parameter_count() + cache_rows * 2 * c.layers * c.kv_heads * c.head_dim);
}

// Judging: the policy decodes what it says itself; others take room beside it. A question holds a problem and
// an answer.
Result<std::int64_t> add_judging(Decoding& decoding, const Recipe& recipe, const Model& model,
                                 std::int64_t problem_tokens) {
  const RolloutOptions& rollout = recipe.grpo.rollout;
  const Policy& policy = *model.policy;
  const std::int64_t context = policy.config().max_position_embeddings;
  std::vector<Decoding> said(recipe.friends.size());
  for (const VerifierOptions& entry : recipe.reward.rubric) {
    if (entry.verifier != "friends") continue;
    const std::int64_t words = std::ssize(model.tokenizer.encode(judge_prompt(entry) + entry.rubric));
    const std::int64_t answers = (entry.pairwise ? 2 : 1) * std::int64_t{rollout.max_new_tokens};
    const std::int64_t questions =
        std::int64_t{rollout.prompts_per_step} * rollout.group_size * (entry.pairwise ? entry.opponents : 1);
    for (std::size_t i = 0; i < recipe.friends.size(); ++i) {
      const FriendOptions& judge = recipe.friends[i];
      if (judge.verdict != "sampled") continue;
      const std::int64_t prompt = std::min(problem_tokens + words + answers, context - 1);
      const std::int64_t length = std::min<std::int64_t>(judge.max_new_tokens, context - prompt);
      (judge.judge == "self" ? decoding : said[i])
          .add(policy, questions, {prompt, judge.copies, length}, rollout.max_sequences);
    }
  }
  std::int64_t beside = 0;
  for (std::size_t i = 0; i < recipe.friends.size(); ++i) {
    const FriendOptions& judge = recipe.friends[i];
    if (judge.judge == "checkpoint") {
      beside += bytes_of_snapshot(policy, judge.device, judge.dtype, said[i].rows);
    } else if (judge.judge == "model") {
      HONE_TRY(const std::int64_t bytes, bytes_of(judge.path, judge, said[i].rows));
      beside += bytes;
    }
  }
  return beside;
}

}  // namespace

Result<TrainingPlan> plan_training(const Recipe& recipe, const Model& model, const Dataset& dataset,
                                   Environment& environment) {
  const GrpoOptions& grpo = recipe.grpo;
  const AmortizeOptions& amortize = recipe.amortize;
  const ProposeOptions& propose = recipe.propose;
  const RolloutOptions& rollout = grpo.rollout;
  const Policy& policy = *model.policy;
  TrainingPlan plan;
  if (recipe.sft.microbatch_tokens > 0) plan.sft_tokens = recipe.sft.microbatch_tokens;
  if (propose.microbatch_tokens > 0) plan.propose_tokens = propose.microbatch_tokens;
  if (amortize.microbatch_tokens > 0) plan.amortize_tokens = amortize.microbatch_tokens;
  if (grpo.microbatch_tokens > 0) plan.grpo_tokens = grpo.microbatch_tokens;
  if (!policy.has_trunk()) return plan;
  const std::int64_t limit = memory_limit(recipe.memory_limit);
  HONE_TRY(Lengths lengths, longest(recipe, model, dataset, environment));
  lengths.prompt += std::max(std::ssize(model.tokenizer.encode(rollout.prefix)),
                             amortize.steps > 0 ? std::ssize(model.tokenizer.encode(amortize.prefix)) : 0);

  // Evaluation decodes through the same cache, before the first step already.
  const std::int64_t eval_tokens =
      recipe.eval.max_new_tokens > 0 ? recipe.eval.max_new_tokens : rollout.max_new_tokens;
  Decoding decoding;
  decoding.add(policy, std::min(rollout.max_sequences, std::max(recipe.eval.problems, 0)),
               {lengths.prompt, 1, eval_tokens}, rollout.max_sequences);
  std::int64_t beside = 0;
  if (amortize.steps > 0) {
    Decoding thinker;
    thinker.add(policy, amortize.prompts_per_step,
                {lengths.prompt, amortize.samples, amortize.max_new_tokens}, rollout.max_sequences);
    beside += bytes_of_snapshot(policy, recipe.model.device, recipe.model.dtype, thinker.rows);
  }
  if (propose.steps > 0) {
    lengths.prompt = std::max<std::int64_t>(lengths.prompt, propose.max_proposal_tokens);  // a problem, then
    decoding.add(policy, propose.proposals, {lengths.prompt, propose.solutions, propose.max_new_tokens},
                 rollout.max_sequences);
  }
  if (grpo.steps > 0) {
    decoding.add(policy, rollout.prompts_per_step,
                 {lengths.prompt, rollout.group_size, rollout.max_new_tokens}, rollout.max_sequences);
    HONE_TRY(const std::int64_t judges, add_judging(decoding, recipe, model, lengths.prompt));
    beside += judges;
  }

  const auto supervised = [&](const char* stage, std::int64_t prompts, std::int64_t tokens,
                              int asked) -> Result<std::int64_t> {
    HONE_TRY(plan.memory, plan_memory(policy,
                                      {.stage = stage,
                                       .prompts = prompts,
                                       .prompt_tokens = lengths.prompt,
                                       .completion_tokens = tokens,
                                       .cache_rows = decoding.rows,
                                       .decoded_at_once = decoding.at_once,
                                       .beside = beside,
                                       .microbatch_tokens = asked,
                                       .least_passes = plan.memory.passes},
                                      limit));
    return plan.memory.microbatch_tokens;
  };
  if (recipe.sft.steps > 0) {
    HONE_TRY(plan.sft_tokens,
             supervised("sft", recipe.sft.batch_size, lengths.solution, recipe.sft.microbatch_tokens));
  }
  if (amortize.steps > 0) {
    // Of each problem a direct answer and a thought again, at most.
    HONE_TRY(plan.amortize_tokens, supervised("amortize", 2 * amortize.prompts_per_step,
                                              amortize.max_new_tokens, amortize.microbatch_tokens));
  }
  if (propose.steps > 0) {
    HONE_TRY(plan.memory, plan_memory(policy,
                                      {.stage = "propose",
                                       .prompts = propose.proposals + 1,
                                       .group_size = std::max(propose.solutions, 1),
                                       .prompt_tokens = lengths.prompt,
                                       .completion_tokens = propose.max_new_tokens,
                                       .cache_rows = decoding.rows,
                                       .decoded_at_once = decoding.at_once,
                                       .beside = beside,
                                       .reference = grpo.loss.beta != 0.0,
                                       .reuse = true,
                                       .microbatch_tokens = propose.microbatch_tokens,
                                       .least_passes = plan.memory.passes},
                                      limit));
    plan.propose_tokens = plan.memory.microbatch_tokens;
  }
  if (grpo.steps == 0) return plan;
  const bool several = grpo.minibatches * grpo.inner_epochs > 1;
  MemoryWork work{.prompts = rollout.prompts_per_step,
                  .group_size = rollout.group_size,
                  .prompt_tokens = lengths.prompt,
                  .completion_tokens = rollout.max_new_tokens,
                  .cache_rows = decoding.rows,
                  .decoded_at_once = decoding.at_once,
                  .beside = beside,
                  .reference = grpo.loss.beta != 0.0,
                  .undo_copy = several,
                  .reuse = true,
                  .reuse_always = !several && !rollout.dynamic_sampling,
                  .least_passes = plan.memory.passes};
  work.microbatch_tokens = grpo.microbatch > 0 ? grpo.microbatch * (lengths.prompt + work.completion_tokens)
                                               : grpo.microbatch_tokens;
  HONE_TRY(plan.memory, plan_memory(policy, work, limit));
  plan.grpo_tokens = plan.memory.microbatch_tokens;
  return plan;
}

}  // namespace hone
