#include "hone/cli/train_summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "hone/base/json.h"
#include "hone/cli/columns.h"
#include "hone/cli/group_view.h"
#include "hone/cli/table.h"
#include "hone/types/stage.h"

namespace hone {
namespace {

double metric_of(const StepRecord& record, const std::string& name) {
  const auto it = record.metrics.find(name);
  return it == record.metrics.end() ? 0.0 : it->second;
}

std::string percent(const StepRecord& record, const std::string& name) {
  return fmt::format("{:.1f} %", 100.0 * metric_of(record, name));
}

// Problems that were wrong before and are right after come first: they are what was learned.
std::vector<std::size_t> telling_problems(const StepRecord& before, const StepRecord& after) {
  std::vector<std::size_t> learned, others;
  for (std::size_t i = 0; i < std::min(before.groups.size(), after.groups.size()); ++i) {
    if (before.groups[i].rollouts.empty() || after.groups[i].rollouts.empty()) continue;
    const bool was = before.groups[i].rollouts[0].reward.correct,
               is = after.groups[i].rollouts[0].reward.correct;
    (!was && is ? learned : others).push_back(i);
  }
  learned.insert(learned.end(), others.begin(), others.end());
  if (learned.size() > 3) learned.resize(3);
  return learned;
}

std::string verdict_line(const Rollout& r) {
  return fmt::format("{} {}", r.reward.correct ? "correct" : "wrong  ", printable(r.completion.text));
}

}  // namespace

void print_train_summary(const std::filesystem::path& run, const RunStore& store) {
  const ViewStyle style = stdout_style();
  const auto steps = store.steps("eval");
  if (steps.ok() && !steps->empty()) {
    const auto before = store.load("eval", steps->front()), after = store.load("eval", steps->back());
    if (before.ok() && after.ok()) {
      Table table({{"held out", Align::kLeft}, {"before", Align::kRight}, {"after", Align::kRight}});
      table.row({fmt::format("accuracy of {} problems", after->groups.size()),
                 percent(*before, "eval_accuracy"), percent(*after, "eval_accuracy")});
      table.row({"tokens a completion",
                 fmt::format("{:.1f}", metric_of(*before, "eval_completions/mean_length")),
                 fmt::format("{:.1f}", metric_of(*after, "eval_completions/mean_length"))});
      fmt::print("\n{}\n", table.render(style.width, style.unicode));
      for (const std::size_t i : telling_problems(*before, *after)) {
        const Group& group = after->groups[i];
        fmt::print("{}   (reference: {})\n  before  {}\n  after   {}\n\n",
                   printable(group.problem.messages.empty() ? group.prompt_text
                                                            : group.problem.messages.back().content),
                   printable(group.problem.answer), verdict_line(before->groups[i].rollouts[0]),
                   verdict_line(group.rollouts[0]));
      }
    }
  }
  const std::string folder = run.string();
  fmt::print(
      "checkpoint   {}/latest (a Hugging Face model directory)\n"
      "try it       hone chat {}/latest\n"
      "look inside  hone replay {} --step 1\n"
      "see it all   hone ui {}\n",
      folder, folder, folder, run.has_parent_path() ? run.parent_path().string() : folder);
}

Result<nlohmann::ordered_json> train_summary_json(const std::filesystem::path& run, const RunStore& store) {
  using OrderedJson = nlohmann::ordered_json;
  OrderedJson steps = OrderedJson::object(), evaluations = OrderedJson::array(), last = OrderedJson::object();
  for (const std::string_view stage : kTrainStages) {
    HONE_TRY(const auto taken, store.steps(std::string(stage)));
    if (taken.empty()) continue;
    HONE_TRY(const StepRecord record, store.load(std::string(stage), taken.back()));
    steps[std::string(stage)] = taken.size();
    last[std::string(stage)] = record.metrics;
  }
  for (const std::string_view stage : kEvalStages) {
    HONE_TRY(const auto taken, store.steps(std::string(stage)));
    for (const std::int64_t step : taken) {
      HONE_TRY(const StepRecord record, store.load(std::string(stage), step));
      evaluations.push_back({{"stage", stage},
                             {"step", step},
                             {"problems", record.groups.size()},
                             {"metrics", record.metrics}});
    }
  }
  return OrderedJson{{"run", run.string()},
                     {"checkpoint", (run / "latest").string()},
                     {"steps", std::move(steps)},
                     {"evaluations", std::move(evaluations)},
                     {"last", std::move(last)}};
}

std::string settings_text(const std::vector<std::string>& settings) {
  std::string text;
  for (const std::string& s : settings) text += " --set " + s;
  return text;
}

}  // namespace hone
