#include "hone/update/memory_plan.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>

#include "hone/tensor/head.h"
#include "hone/update/microbatch.h"

namespace hone {
namespace {

constexpr std::int64_t kFloat = sizeof(float);
constexpr std::int64_t kUsualMicrobatch = 1024;  // rows with which products run at full speed

std::int64_t width_of_keys(const Decoder& d) { return d.config.kv_heads * d.config.head_dim; }

// Buffers of the trunk for a pass of `rows` (backward or forward only) over `prompts` rows before it.
std::int64_t trunk_bytes(const Decoder& d, std::int64_t rows, std::int64_t prompts, bool backward) {
  const std::int64_t H = d.config.hidden_size, F = d.config.intermediate_size, W = d.heads().qkv_width(),
                     Q = d.config.heads * d.config.head_dim, K = width_of_keys(d);
  const std::int64_t forward = rows * (2 * H + F + d.config.heads) + 2 * (rows + prompts) * K;
  const std::int64_t gradients = rows * (2 * H + 3 * F + Q + W) + 2 * (rows + prompts) * K;
  return kFloat * (forward + (backward ? gradients : 0));
}

// every_layer: a microbatch's forward pass is kept for its backward pass; the tape has it otherwise.
std::int64_t pass_bytes(const Policy& policy, const MemoryWork& w, std::int64_t microbatch,
                        bool every_layer = true) {
  const Decoder& d = policy.decoder();
  const std::int64_t H = d.config.hidden_size, K = width_of_keys(d), V = policy.head().size(0);
  const std::int64_t prompts =
      std::min(w.prompts * w.prompt_tokens, std::max(w.prompt_tokens, kBundlePromptTokens));
  const std::int64_t rows =
      std::min(w.prompts * w.group_size * w.completion_tokens, std::max(microbatch, w.completion_tokens));
  const std::int64_t row = Activations::row_bytes(d), one_layer = Activations::widths(d).row() * kFloat;
  // Of one scorer: activations, hidden states and their gradients, and keys' gradients of the prompts.
  const std::int64_t kept = prompts * row + rows * (every_layer ? row : one_layer) +
                            kFloat * (2 * prompts * H + 5 * rows * H) +
                            kFloat * d.config.layers * 2 * prompts * K;
  // Sampling: a pass over prompts, and logits of what is decoded at once.
  const std::int64_t fed =
      std::max(std::min(w.prompts * w.prompt_tokens, w.prefill_tokens) + w.decoded_at_once, std::int64_t{1});
  const std::int64_t sampling =
      fed * (one_layer + 2 * H * kFloat) + std::min<std::int64_t>(w.decoded_at_once * V * kFloat, 64 << 20);
  const std::int64_t trunk =
      std::max(trunk_bytes(d, std::max(rows, prompts), prompts, true), trunk_bytes(d, fed, 0, false));
  const std::int64_t logits = kFloat * std::min<std::int64_t>(rows, 1024) * std::min(V, kernel::kStatsBlock);
  // A reference scores with a trunk and prompts of its own, a layer at a time.
  const std::int64_t reference =
      w.reference ? prompts * row + rows * one_layer + trunk_bytes(d, rows, prompts, false) : 0;
  return std::max(kept + sampling + trunk + logits + reference, w.least_passes);
}

std::int64_t first_number(const char* file) {
  std::ifstream in(file);
  std::int64_t value = 0;
  return in >> value ? value : std::numeric_limits<std::int64_t>::max();
}

std::string gigabytes(std::int64_t bytes) { return fmt::format("{:.2f}", static_cast<double>(bytes) / 1e9); }

}  // namespace

std::string MemoryPlan::to_string() const {
  return fmt::format(
      "memory: at most {} GB (weights and optimizer {}, activations {}{}, keys and values {}{}, program {}); "
      "{} tokens a "
      "pass",
      gigabytes(total()), gigabytes(weights), gigabytes(passes),
      tape > 0 ? fmt::format(" and {} kept from sampling", gigabytes(tape)) : "", gigabytes(cache),
      beside > 0 ? ", other models " + gigabytes(beside) : "", gigabytes(process), microbatch_tokens);
}

namespace {

// What is too much, and the smallest change that would do.
Error refusal(const Policy& policy, const MemoryWork& work, const MemoryPlan& plan, std::int64_t limit) {
  const std::int64_t cache_row = plan.cache / std::max<std::int64_t>(work.cache_rows, 1);
  const auto fits = [&](const MemoryWork& changed, std::int64_t tokens) {
    const std::int64_t rows =
        changed.prompts * (changed.prompt_tokens + changed.group_size * (changed.completion_tokens - 1));
    const std::int64_t cache = changed.completion_tokens < work.completion_tokens
                                   ? std::min(plan.cache, rows * cache_row)
                                   : plan.cache;
    return plan.total() - plan.passes - plan.cache + pass_bytes(policy, changed, tokens) + cache <= limit;
  };
  std::string change = ", however small its passes";
  MemoryWork shorter = work;
  std::int64_t tokens = plan.microbatch_tokens;
  while (tokens > 64 && !fits(work, tokens)) tokens /= 2;
  if (fits(work, tokens)) {
    change = fmt::format(", or {}.microbatch_tokens of at most {}", work.stage, tokens);
  } else if (work.stage == "grpo") {
    while (shorter.completion_tokens > 1 && !fits(shorter, tokens)) shorter.completion_tokens /= 2;
    if (fits(shorter, tokens))
      change = fmt::format(", or completions of at most {} tokens (grpo.rollout.max_new_tokens)",
                           shorter.completion_tokens);
  }
  return {"memory_limit",
          fmt::format("the {} stage needs {} GB at least{}", work.stage, gigabytes(plan.total()), change),
          gigabytes(limit) + " GB"};
}

}  // namespace

Result<MemoryPlan> plan_memory(const Policy& policy, const MemoryWork& work, std::int64_t limit) {
  const Decoder& d = policy.decoder();
  MemoryPlan plan;
  const std::int64_t weights = policy.parameter_count() * kFloat;
  plan.weights = weights * (4 + (work.reference ? 1 : 0) + (work.undo_copy ? 3 : 0));
  plan.process = std::max<std::int64_t>(resident_memory() - weights, 0);
  plan.cache = work.cache_rows * d.config.layers * 2 * width_of_keys(d) * kFloat;
  plan.beside = work.beside;
  plan.microbatch_tokens = work.microbatch_tokens > 0 ? work.microbatch_tokens : kUsualMicrobatch;
  plan.passes = pass_bytes(policy, work, plan.microbatch_tokens);
  while (work.microbatch_tokens == 0 && plan.total() > limit && plan.microbatch_tokens > 64) {
    plan.microbatch_tokens /= 2;
    plan.passes = pass_bytes(policy, work, plan.microbatch_tokens);
  }
  if (plan.total() > limit) return refusal(policy, work, plan, limit);
  if (work.reuse) {
    const std::int64_t row = Activations::row_bytes(d);
    const std::int64_t wanted =
        work.prompts * (work.prompt_tokens + work.group_size * (work.completion_tokens - 1));
    plan.tape = std::min(wanted, (limit - plan.total()) / row) * row;
    if (plan.tape == wanted * row && work.reuse_always)
      plan.passes = pass_bytes(policy, work, plan.microbatch_tokens, false);
    // A tape too short for one group is none.
    if (plan.tape / row < work.prompt_tokens + work.group_size * (work.completion_tokens - 1)) plan.tape = 0;
  }
  return plan;
}

std::int64_t memory_limit(double asked) {
  return asked > 0.0 ? static_cast<std::int64_t>(asked * 1e9) : machine_memory() / 5 * 4;
}

std::int64_t machine_memory() {
  const std::int64_t machine = std::int64_t{::sysconf(_SC_PHYS_PAGES)} * ::sysconf(_SC_PAGESIZE);
  return std::min(machine, first_number("/sys/fs/cgroup/memory.max"));
}

namespace {

// A line of /proc/self/status, in KiB.
std::int64_t status_bytes(const std::string& name) {
  std::ifstream in("/proc/self/status");
  for (std::string key; in >> key;) {
    if (std::int64_t value = 0; key == name && in >> value) return value * 1024;
    in.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return 0;
}

}  // namespace

std::int64_t peak_memory() { return status_bytes("VmHWM:"); }

void reset_peak_memory() { std::ofstream("/proc/self/clear_refs") << "5"; }

std::int64_t resident_memory() { return status_bytes("VmRSS:"); }

}  // namespace hone
