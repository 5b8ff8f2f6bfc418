// Thinking budgets: thoughts of at most so many tokens, cut by forcing the closing tag; and thoughts closed
// too soon, gone on with ("budget forcing": Muennighoff et al. 2025, arXiv 2501.19393, §3.1).
//
//   prompt <think> thought … [close dropped, "Wait"] … thought, cut at each budget </think> answer
//          └ forced, where the prompt did not open it                              └ forced, where it had not
//          closed
//
// Every thought is sampled once, to the largest budget, and cut for the others: budgets are compared on the
// same thoughts. What was sampled is never tokenised again: the answer follows the ids themselves.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "hone/base/result.h"
#include "hone/text/tokenizer.h"
#include "hone/types/interfaces.h"
#include "hone/types/rollout.h"

namespace hone {

struct ThinkBudgetOptions {
  std::vector<int> budgets;  // tokens of a thought, without its tags; ≥ 0, ascending, each once
  int at_least = 0;          // a thought that closes before is gone on with
  std::string more = "Wait";
  int more_times = 1;  // for one thought, at most
};

struct ThinkBudgets {
  struct Answer {
    std::size_t group = 0, sample = 0;
    // The ids hold the forced ones too, whose logprob is NaN; the text is the whole, tags included.
    Completion completion;
    std::int64_t tokens = 0;  // spent on it: its own, and those that were sampled and dropped
  };
  std::vector<Answer> answers;                      // budgets under which nothing differs share one
  std::int64_t sampled_tokens = 0;                  // in all
  std::vector<std::vector<std::size_t>> by_budget;  // [budgets][group · samples + sample], into `answers`
};

// `samples` completions of each group's prompt under each budget. sampling.max_new_tokens and .stop are the
// answer's; the thought leaves it room in the context: max_new_tokens, or an eighth of the context if that is
// less. Draws are keyed by (seed, kEvalSampling, step ≥ 1, group, sample, position).
// Errors: a tokenizer and prompts that know no <think>, a prompt that leaves no room for the tags and the
// answer, those of the generator.
Result<ThinkBudgets> sample_think_budgets(std::span<const Group> groups, Generator& generator,
                                          const Tokenizer& tokenizer, const SamplingParams& sampling,
                                          int samples, std::uint64_t seed, const ThinkBudgetOptions& options);

}  // namespace hone
