#include "hone/cli/amortize_ledger.h"

#include <fmt/format.h>

#include <string_view>
#include <vector>

#include "hone/base/json.h"
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

struct LedgerRow {
  bool direct, after;
  Answers answers;
};

struct LedgerView {
  AmortizeLedger ledger;
  std::size_t steps = 0;
  std::vector<LedgerRow> rows;  // empty: a run without the stage, or without evaluations
};

Result<LedgerView> read_ledger(const RunStore& store, const Policy& policy) {
  HONE_TRY(const auto paid, store.metric("amortize", "amortize/flops"));
  HONE_TRY(const auto evaluated, store.steps("eval_direct"));
  LedgerView view;
  if (paid.empty() || evaluated.empty()) return view;
  view.steps = paid.size();
  for (const auto& step : paid) view.ledger.flops_paid += step.value;
  for (const bool after : {false, true}) {
    const std::int64_t step = after ? evaluated.back() : evaluated.front();
    for (const bool direct : {false, true}) {
      HONE_TRY(const Answers answers, answers_of(store, direct ? "eval_direct" : "eval", step, policy));
      if (after) (direct ? view.ledger.flops_direct : view.ledger.flops_thinking) = answers.flops;
      view.rows.push_back({direct, after, answers});
    }
  }
  return view;
}

}  // namespace

Result<std::string> amortize_ledger(const RunStore& store, const Policy& policy, const ViewStyle& style) {
  HONE_TRY(const LedgerView view, read_ledger(store, policy));
  if (view.rows.empty()) return std::string();
  Table table({{"held out", Align::kLeft},
               {"accuracy", Align::kRight},
               {"tokens sampled", Align::kRight},
               {"an answer costs", Align::kRight}});
  for (const LedgerRow& row : view.rows) {
    table.row({fmt::format("{}, {}", row.direct ? "direct" : "thinking", row.after ? "after" : "before"),
               fmt::format("{:.1f} %", 100 * row.answers.accuracy), fmt::format("{:.1f}", row.answers.tokens),
               flops_text(row.answers.flops)});
  }
  const AmortizeLedger& ledger = view.ledger;
  std::string text = "\n" + table.render(style.width, style.unicode);
  text += fmt::format("\npaid         {} in {} steps of thinking and learning\n",
                      flops_text(ledger.flops_paid), view.steps);
  if (const auto answers = ledger.break_even()) {
    text += fmt::format("saved        {} an answer: earned back after {} direct answers\n",
                        flops_text(ledger.flops_thinking - ledger.flops_direct),
                        format_value(*answers, ValueKind::kCount));
  } else {
    text += "saved        nothing: a direct answer costs as much as one with a thought\n";
  }
  return text;
}

Result<nlohmann::ordered_json> amortize_ledger_json(const RunStore& store, const Policy& policy) {
  HONE_TRY(const LedgerView view, read_ledger(store, policy));
  nlohmann::ordered_json json;
  if (view.rows.empty()) return json;
  json["flops_paid"] = view.ledger.flops_paid;
  json["steps"] = view.steps;
  if (const auto answers = view.ledger.break_even()) {
    json["break_even_answers"] = *answers;
  } else {
    json["break_even_answers"] = nullptr;
  }
  for (const LedgerRow& row : view.rows) {
    json[row.after ? "after" : "before"][row.direct ? "direct" : "thinking"] = {
        {"accuracy", row.answers.accuracy}, {"tokens", row.answers.tokens}, {"flops", row.answers.flops}};
  }
  return json;
}

}  // namespace hone
