#include "hone/loop/think_budget.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <optional>

#include "hone/base/check.h"

namespace hone {
namespace {

constexpr const char* kOpenTag = "<think>";
constexpr const char* kCloseTag = "</think>";
// Of random keys: the pool of an evaluation is sampled at step 0.
constexpr std::uint64_t kAnswerStep = 1, kThoughtStep = 2;

using Ids = std::vector<std::int32_t>;

Ids tag_ids(const Tokenizer& tokenizer, const std::string& tag) {
  if (const auto id = tokenizer.id_of(tag)) return {*id};
  return tokenizer.encode(tag);
}

bool knows_tags(const Tokenizer& tokenizer, std::span<const Group> groups) {
  if (tokenizer.id_of(kCloseTag)) return true;
  if (tokenizer.chat_template().find(kOpenTag) != std::string::npos) return true;
  return std::all_of(groups.begin(), groups.end(), [](const Group& group) {
    return group.prompt_text.find(kOpenTag) != std::string::npos;
  });
}

// Whether the prompt ends inside a thought, as some chat templates' do.
bool ends_in_thought(const std::string& prompt) {
  const std::size_t last = prompt.find_last_not_of(" \t\r\n");
  return last != std::string::npos && std::string_view(prompt).substr(0, last + 1).ends_with(kOpenTag);
}

// One sampled thought.
struct Thought {
  std::size_t group = 0, sample = 0;
  std::size_t limit = 0;        // tokens at most
  Ids ids;                      // [T], forced "Wait"s included
  std::vector<float> logprobs;  // [T], NaN of forced ones
  Ids close;                    // as sampled; empty: it has to be forced
  std::vector<float> close_logprobs;
  struct Dropped {
    std::size_t at = 0, count = 0;  // tokens that closed the thought when it had `at`
  };
  std::vector<Dropped> dropped;
  int extended = 0;
  bool ended = false;

  void force(const Ids& more) {
    for (const std::int32_t id : more) {
      if (ids.size() == limit) return;
      ids.push_back(id);
      logprobs.push_back(std::numeric_limits<float>::quiet_NaN());
    }
  }
};

class BudgetSampler {
 public:
  BudgetSampler(std::span<const Group> groups, Generator& generator, const Tokenizer& tokenizer,
                const SamplingParams& sampling, int samples, std::uint64_t seed,
                const ThinkBudgetOptions& options)
      : groups_(groups),
        generator_(generator),
        tokenizer_(tokenizer),
        sampling_(sampling),
        samples_(static_cast<std::size_t>(samples)),
        seed_(seed),
        options_(options),
        open_(tag_ids(tokenizer, kOpenTag)),
        close_(tag_ids(tokenizer, kCloseTag)),
        more_(tokenizer.encode(options.more)) {}

  Result<ThinkBudgets> run() {
    HONE_TRY_VOID(begin());
    for (std::uint64_t phase = 0;; ++phase) {
      HONE_TRY(const bool any, think(phase));
      if (!any) break;
    }
    return answer();
  }

 private:
  Result<void> begin() {
    const std::int64_t context = generator_.context_length();
    const std::int64_t answer =
        std::min<std::int64_t>(sampling_.max_new_tokens, std::max<std::int64_t>(1, context / 8));
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      const Group& group = groups_[g];
      before_.push_back(group.prompt_ids);
      opened_.push_back(ends_in_thought(group.prompt_text));
      if (!opened_[g]) before_[g].insert(before_[g].end(), open_.begin(), open_.end());
      const std::int64_t room = context - std::ssize(before_[g]) - std::ssize(close_) - answer;
      if (room < 0) {
        return Error{
            group.problem.source,
            fmt::format("the prompt must leave room for the thought's tags and {} tokens of answer in "
                        "the context of {}",
                        answer, context),
            fmt::format("{} tokens", group.prompt_ids.size())};
      }
      for (std::size_t s = 0; s < samples_; ++s) {
        Thought& thought = thoughts_.emplace_back();
        thought.group = g, thought.sample = s;
        thought.limit = static_cast<std::size_t>(std::min<std::int64_t>(room, options_.budgets.back()));
        thought.ended = thought.limit == 0;
      }
    }
    return {};
  }

  GenerationRequest request(const Thought& thought, Ids prompt, std::uint64_t step) const {
    return {std::move(prompt),
            1,
            sampling_,
            {.seed = seed_,
             .purpose = Purpose::kEvalSampling,
             .step = step,
             .problem = thought.group,
             .rollout = static_cast<std::uint32_t>(thought.sample)}};
  }

  // Appends a request, or grows the last one where the new one is only its next sample: prompts of several
  // samples are then read once.
  static void append(std::vector<GenerationRequest>& requests, GenerationRequest next) {
    if (!requests.empty()) {
      GenerationRequest& last = requests.back();
      const bool follows = last.key.problem == next.key.problem && last.prompt == next.prompt &&
                           last.key.rollout + static_cast<std::uint32_t>(last.n) == next.key.rollout &&
                           last.sampling.max_new_tokens == next.sampling.max_new_tokens;
      if (follows) {
        ++last.n;
        return;
      }
    }
    requests.push_back(std::move(next));
  }

  Result<std::vector<Completion>> generate(const std::vector<GenerationRequest>& requests) {
    HONE_TRY(auto results, generator_.generate(requests));
    std::vector<Completion> all;
    for (auto& completions : results) {
      for (Completion& completion : completions) {
        sampled_tokens_ += std::ssize(completion.ids);
        all.push_back(std::move(completion));
      }
    }
    return all;
  }

  // Goes on with every thought that has not ended. False: none was left.
  Result<bool> think(std::uint64_t phase) {
    std::vector<GenerationRequest> requests;
    std::vector<Thought*> open;
    for (Thought& thought : thoughts_) {
      if (thought.ended) continue;
      Ids prompt = before_[thought.group];
      prompt.insert(prompt.end(), thought.ids.begin(), thought.ids.end());
      GenerationRequest next = request(thought, std::move(prompt), kThoughtStep + phase);
      next.sampling.max_new_tokens = static_cast<int>(thought.limit - thought.ids.size());
      next.sampling.stop = {kCloseTag};
      if (close_.size() == 1) next.sampling.stop_ids = close_;
      append(requests, std::move(next));
      open.push_back(&thought);
    }
    if (open.empty()) return false;
    HONE_TRY(const std::vector<Completion> parts, generate(requests));
    for (std::size_t i = 0; i < open.size(); ++i) take(*open[i], parts[i]);
    return true;
  }

  // How many of a part's ids come before what closed the thought.
  std::size_t thought_tokens(const Completion& part) const {
    std::size_t n = part.ids.size();
    if (part.finish == FinishReason::kLength) return n;
    if (part.finish == FinishReason::kEos || (close_.size() == 1 && part.ids.back() == close_[0]))
      return n - 1;
    // The tag was spelled out: a token that holds its beginning goes with it.
    while (n > 0 && tokenizer_.decode(std::span(part.ids).first(n), true).size() > part.text.size()) --n;
    return n;
  }

  void take(Thought& thought, const Completion& part) const {
    const auto n = static_cast<std::ptrdiff_t>(thought_tokens(part));
    const std::size_t closing = part.ids.size() - static_cast<std::size_t>(n);
    thought.ids.insert(thought.ids.end(), part.ids.begin(), part.ids.begin() + n);
    thought.logprobs.insert(thought.logprobs.end(), part.logprobs.begin(), part.logprobs.begin() + n);
    thought.ended = true;
    if (part.finish == FinishReason::kLength) return;
    const std::size_t length = thought.ids.size();
    if (std::cmp_less(length, options_.at_least) && thought.extended < options_.more_times &&
        length < thought.limit) {
      thought.dropped.push_back({length, closing});
      thought.force(more_);
      ++thought.extended;
      thought.ended = thought.ids.size() == thought.limit;
    } else if (part.finish == FinishReason::kStop) {
      thought.close.assign(part.ids.begin() + n, part.ids.end());
      thought.close_logprobs.assign(part.logprobs.begin() + n, part.logprobs.end());
    } else {
      thought.dropped.push_back({length, closing});  // an eos in place of the tag
    }
  }

  // All but the answer, of a thought cut after `length` tokens.
  ThinkBudgets::Answer prelude(const Thought& thought, std::size_t length) const {
    ThinkBudgets::Answer answer{thought.group, thought.sample, {}, 0};
    Completion& c = answer.completion;
    const auto add = [&](std::span<const std::int32_t> ids, std::span<const float> logprobs) {
      c.ids.insert(c.ids.end(), ids.begin(), ids.end());
      c.logprobs.insert(c.logprobs.end(), logprobs.begin(), logprobs.end());
      c.logprobs.resize(c.ids.size(), std::numeric_limits<float>::quiet_NaN());
    };
    if (!opened_[thought.group]) add(open_, {});
    add(std::span(thought.ids).first(length), std::span(thought.logprobs).first(length));
    const bool closed = length == thought.ids.size() && !thought.close.empty();
    add(closed ? thought.close : close_, closed ? thought.close_logprobs : std::vector<float>());
    for (const Thought::Dropped& dropped : thought.dropped) {
      const bool at_the_end = dropped.at == thought.ids.size();  // an eos
      if (dropped.at < length || (at_the_end && length == dropped.at))
        answer.tokens += static_cast<std::int64_t>(dropped.count);
    }
    return answer;
  }

  Result<ThinkBudgets> answer() {
    ThinkBudgets result;
    std::vector<GenerationRequest> requests;
    std::vector<std::size_t> lengths(thoughts_.size()), shared(thoughts_.size());
    for (const int budget : options_.budgets) {
      std::vector<std::size_t>& places = result.by_budget.emplace_back();
      for (std::size_t i = 0; i < thoughts_.size(); ++i) {
        const Thought& thought = thoughts_[i];
        const std::size_t length = std::min(thought.ids.size(), static_cast<std::size_t>(budget));
        if (result.by_budget.size() == 1 || length != lengths[i]) {
          lengths[i] = length;
          shared[i] = result.answers.size();
          ThinkBudgets::Answer& answer = result.answers.emplace_back(prelude(thought, length));
          Ids prompt = groups_[thought.group].prompt_ids;
          prompt.insert(prompt.end(), answer.completion.ids.begin(), answer.completion.ids.end());
          append(requests, request(thought, std::move(prompt), kAnswerStep));
        }
        places.push_back(shared[i]);
      }
    }
    HONE_TRY(std::vector<Completion> ends, generate(requests));
    for (std::size_t i = 0; i < ends.size(); ++i) finish(result.answers[i], ends[i]);
    result.sampled_tokens = sampled_tokens_;
    return result;
  }

  void finish(ThinkBudgets::Answer& answer, const Completion& end) const {
    Completion& c = answer.completion;
    c.text = tokenizer_.decode(c.ids, /*skip_special=*/true) + end.text;
    c.ids.insert(c.ids.end(), end.ids.begin(), end.ids.end());
    c.logprobs.insert(c.logprobs.end(), end.logprobs.begin(), end.logprobs.end());
    c.finish = end.finish;
    c.policy_version = end.policy_version;
    answer.tokens += std::ssize(c.ids);
  }

  std::span<const Group> groups_;
  Generator& generator_;
  const Tokenizer& tokenizer_;
  const SamplingParams& sampling_;
  const std::size_t samples_;
  const std::uint64_t seed_;
  const ThinkBudgetOptions& options_;
  const Ids open_, close_, more_;
  std::vector<Ids> before_;   // per group: the prompt with its thought opened
  std::vector<bool> opened_;  // per group: by the prompt itself
  std::int64_t sampled_tokens_ = 0;
  std::vector<Thought> thoughts_;  // [groups · samples]
};

}  // namespace

Result<ThinkBudgets> sample_think_budgets(std::span<const Group> groups, Generator& generator,
                                          const Tokenizer& tokenizer, const SamplingParams& sampling,
                                          int samples, std::uint64_t seed,
                                          const ThinkBudgetOptions& options) {
  HONE_CHECK(samples >= 1 && !options.budgets.empty() && options.budgets[0] >= 0, "{} samples, {} budgets",
             samples, options.budgets.size());
  HONE_CHECK(std::adjacent_find(options.budgets.begin(), options.budgets.end(), std::greater_equal<>()) ==
                 options.budgets.end(),
             "budgets must ascend");
  if (!knows_tags(tokenizer, groups)) {
    return Error{"think budgets", "needs a model that thinks between <think> and </think>",
                 "neither its tokenizer, its chat template nor the prompt has the tags"};
  }
  return BudgetSampler(groups, generator, tokenizer, sampling, samples, seed, options).run();
}

}  // namespace hone
