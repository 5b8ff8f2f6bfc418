#include "hone/cli/amortize_ledger.h"

#include <fmt/format.h>

#include <string_view>

#include "hone/cli/build.h"
#include "hone/cli/progress.h"
#include "hone/cli/table.h"
#include "hone/loop/amortize.h"

namespace hone {
namespace {

struct Answers {
  double accuracy = 0, tokens = 0, flops = 0;  // means
};

Result<Answers> answers_of(const RunStore& store, const std::string& stage, std::int64_t step,
                           const Policy& policy) {
  HONE_TRY(const StepRecord record, store.load(stage, step));
  Answers answers;
  double count = 0;
  for (const Group& group : record.groups) {
    for (const Rollout& r : group.rollouts) {
      const std::int64_t sampled = std::ssize(r.completion.ids);
      answers.tokens += static_cast<double>(sampled);
      answers.flops += forward_flops(policy, 0, std::ssize(group.prompt_ids) + sampled);
      answers.accuracy += r.reward.correct ? 1 : 0;
      ++count;
    }
  }
  if (count == 0) return answers;
  return Answers{answers.accuracy / count, answers.tokens / count, answers.flops / count};
}

std::string flops_text(double flops) {
  std::size_t power = 0;
  constexpr std::string_view kPrefixes = " kMGTPE";
  for (; flops >= 999.95 && power + 1 < kPrefixes.size(); ++power) flops /= 1000;
  return fmt::format("{:.1f} {}FLOP", flops, power == 0 ? "" : std::string(1, kPrefixes[power]));
}

}  // namespace

Result<std::string> amortize_ledger(const RunStore& store, const Policy& policy, int width) {
  HONE_TRY(const auto paid, store.metric("amortize", "amortize/flops"));
  HONE_TRY(const auto evaluated, store.steps("eval_direct"));
  if (paid.empty() || evaluated.empty()) return std::string();
  AmortizeLedger ledger;
  for (const auto& step : paid) ledger.flops_paid += step.value;

  Table table({{"held out", Align::kLeft},
               {"accuracy", Align::kRight},
               {"tokens sampled", Align::kRight},
               {"an answer costs", Align::kRight}});
  for (const bool after : {false, true}) {
    const std::int64_t step = after ? evaluated.back() : evaluated.front();
    for (const char* stage : {"eval", "eval_direct"}) {
      const bool direct = std::string_view(stage) == "eval_direct";
      HONE_TRY(const Answers answers, answers_of(store, stage, step, policy));
      if (after) (direct ? ledger.flops_direct : ledger.flops_thinking) = answers.flops;
      table.row({fmt::format("{}, {}", direct ? "direct" : "thinking", after ? "after" : "before"),
                 fmt::format("{:.1f} %", 100 * answers.accuracy), fmt::format("{:.1f}", answers.tokens),
                 flops_text(answers.flops)});
    }
  }
  std::string text = "\n" + table.render(width);
  text += fmt::format("\npaid         {} in {} steps of thinking and learning\n",
                      flops_text(ledger.flops_paid), paid.size());
  if (const auto answers = ledger.break_even()) {
    text += fmt::format("saved        {} an answer: earned back after {} direct answers\n",
                        flops_text(ledger.flops_thinking - ledger.flops_direct),
                        format_value(*answers, ValueKind::kCount));
  } else {
    text += "saved        nothing: a direct answer costs as much as one with a thought\n";
  }
  return text;
}

}  // namespace hone
