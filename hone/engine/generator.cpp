#include "hone/engine/generator.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "hone/base/check.h"
#include "hone/engine/generation.h"
#include "hone/engine/sampler.h"
#include "hone/engine/scheduler.h"

namespace hone {
namespace {

// The completions of a call, in its order.
struct Collected final : GenerationEvents {
  Collected(std::span<const GenerationRequest> requests, const Generator::OnFinished& on_finished)
      : on_finished_(on_finished) {
    for (const GenerationRequest& request : requests)
      completions.emplace_back(static_cast<std::size_t>(request.n));
  }
  void finished(std::size_t group, std::size_t index, Completion completion) override {
    Completion& kept = completions[group][index];
    kept = std::move(completion);
    if (on_finished_) on_finished_(group, index, kept);
  }
  void broken(std::size_t group) override { broken_group = group; }

  std::vector<std::vector<Completion>> completions;
  std::optional<std::size_t> broken_group;

 private:
  const Generator::OnFinished& on_finished_;
};

}  // namespace

Result<void> check_generation(const GenerationRequest& request, const Policy& policy, bool has_tokenizer,
                              std::int64_t context_length, const std::string& where) {
  const auto length = std::ssize(request.prompt);
  if (request.prompt.empty()) return Error{where, "a prompt must hold at least one token", "none"};
  if (length + 1 > context_length) {
    return Error{where,
                 fmt::format("a prompt and one token must fit the context of {} tokens", context_length),
                 fmt::format("a prompt of {}", length)};
  }
  if (request.n < 1) return Error{where + ": n", "must be at least 1", fmt::to_string(request.n)};
  const std::int64_t vocabulary = policy.head().size(0);
  const auto outside = std::find_if(request.prompt.begin(), request.prompt.end(),
                                    [&](std::int32_t id) { return id < 0 || id >= vocabulary; });
  if (outside != request.prompt.end()) {
    return Error{fmt::format("{}, prompt token {}", where, outside - request.prompt.begin()),
                 fmt::format("ids must be in the vocabulary of {}", vocabulary), fmt::to_string(*outside)};
  }
  for (const std::int32_t id : request.sampling.stop_ids) {
    if (id < 0 || id >= vocabulary) {
      return Error{where + ": stop_ids", fmt::format("ids must be in the vocabulary of {}", vocabulary),
                   fmt::to_string(id)};
    }
  }
  HONE_TRY_VOID(check_sampling(request.sampling, where));
  if (!request.sampling.stop.empty() && !has_tokenizer) {
    return Error{where + ": stop", "stop strings need a tokenizer, and this generator has none",
                 fmt::format("{} of them", request.sampling.stop.size())};
  }
  return {};
}

std::int64_t cache_row_bytes(const Policy& policy) {
  const ModelConfig& c = policy.config();
  return 2 * c.layers * c.kv_heads * c.head_dim * static_cast<std::int64_t>(c10::elementSize(policy.dtype()));
}

std::int64_t expected_cache_rows(const Policy& policy, std::int64_t count, const ScheduledGroup& group,
                                 std::int64_t max_sequences) {
  const std::vector<ScheduledGroup> groups(static_cast<std::size_t>(count), group);
  return std::min(most_rows(groups, max_sequences), GeneratorOptions().cache_bytes / cache_row_bytes(policy));
}

PolicyGenerator::PolicyGenerator(Policy& policy, std::optional<Tokenizer> tokenizer, GeneratorOptions options,
                                 std::function<std::int64_t()> policy_version, ActivationTape* tape)
    : policy_(policy),
      tokenizer_(std::move(tokenizer)),
      options_(std::move(options)),
      policy_version_(std::move(policy_version)),
      tape_(policy.has_trunk() ? tape : nullptr) {
  HONE_CHECK(options_.max_sequences >= 1, "max_sequences = {}", options_.max_sequences);
  HONE_CHECK(options_.prefill_tokens >= 1, "prefill_tokens = {}", options_.prefill_tokens);
  HONE_CHECK(options_.context_length >= 0, "context_length = {}", options_.context_length);
  const std::int64_t most = policy.config().max_position_embeddings;
  context_length_ = options_.context_length == 0 ? most : std::min(options_.context_length, most);
}

void PolicyGenerator::grow_cache(std::int64_t rows) {
  if (cache_.rows() >= rows) return;
  cache_ = {};  // the old one goes first: nothing of it is needed between calls
  cache_ = policy_.make_cache(rows);
}

Result<std::vector<std::vector<Completion>>> PolicyGenerator::generate(
    std::span<const GenerationRequest> requests, const OnFinished& on_finished) {
  const at::NoGradGuard no_grad;
  std::vector<ScheduledGroup> groups;
  std::int64_t least = 0;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    HONE_TRY_VOID(check_generation(requests[i], policy_, tokenizer_.has_value(), context_length_,
                                   fmt::format("generation, request {}", i)));
    const auto length = std::ssize(requests[i].prompt);
    groups.push_back({.prompt_tokens = length,
                      .samples = requests[i].n,
                      .max_tokens = std::min<std::int64_t>(requests[i].sampling.max_new_tokens,
                                                           context_length_ - length)});
    const std::int64_t rows = groups.back().least_rows();
    if (rows > options_.max_cache_rows) {
      return Error{
          fmt::format("generation, request {}", i),
          fmt::format("a sequence must fit the cache of at most {} rows", options_.max_cache_rows),
          fmt::format("{} rows: a prompt of {} and {} new tokens", rows, length, groups.back().max_tokens)};
    }
    least = std::max(least, rows);
  }
  if (groups.empty()) return std::vector<std::vector<Completion>>{};

  const std::int64_t affordable =
      std::min(std::max(options_.cache_bytes / cache_row_bytes(policy_), least), options_.max_cache_rows);
  const std::int64_t rows = std::min(most_rows(groups, options_.max_sequences), affordable);
  grow_cache(rows);
  Generation generation({policy_, cache_, tokenizer_ ? &*tokenizer_ : nullptr, options_.eos_ids,
                         policy_version_ ? policy_version_() : 0, tape_},
                        {options_.max_sequences, rows, options_.prefill_tokens});
  for (std::size_t i = 0; i < requests.size(); ++i) generation.add(requests[i], groups[i].max_tokens);
  Collected collected(requests, on_finished);
  while (!generation.done()) {
    generation.step(collected);
    if (collected.broken_group) {
      return Error{fmt::format("generation, request {}", *collected.broken_group),
                   "logits, divided by the temperature, must be finite", "a row with NaN or infinities"};
    }
  }
  return std::move(collected.completions);
}

}  // namespace hone
