#include "hone/cli/export_rollouts.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "hone/base/files.h"
#include "hone/base/json.h"
#include "hone/cli/jsonl.h"
#include "hone/cli/run_database.h"
#include "hone/store/run_store.h"
#include "hone/text/thought.h"
#include "hone/types/stage.h"

namespace hone {
namespace {

using OrderedJson = nlohmann::ordered_json;
using WriteLine = std::function<Result<void>(const OrderedJson&)>;

OrderedJson messages_json(const std::vector<Message>& messages) {
  OrderedJson list = OrderedJson::array();
  for (const Message& message : messages)
    list.push_back({{"role", message.role}, {"content", message.content}});
  return list;
}

OrderedJson verdicts_json(const Reward& reward) {
  OrderedJson list = OrderedJson::array();
  for (const RewardPart& part : reward.parts) {
    OrderedJson score = nullptr;
    if (part.verdict.decided()) score = part.verdict.score;
    list.push_back({{"verifier", part.verifier},
                    {"weight", part.weight},
                    {"status", to_string(part.verdict.status)},
                    {"score", std::move(score)},
                    {"detail", part.verdict.detail}});
  }
  return list;
}

// What the assistant said, with the <think> that a template may already have written for it.
std::string response_of(const Group& group, const Rollout& rollout) {
  return (opens_thought(group.prompt_text) ? "<think>\n" : "") + rollout.completion.text;
}

OrderedJson rollout_line(const StepRecord& record, std::size_t group_index, std::size_t rollout_index) {
  const Group& group = record.groups[group_index];
  const Rollout& rollout = group.rollouts[rollout_index];
  const std::string response = response_of(group, rollout);
  OrderedJson messages = messages_json(group.problem.messages);
  messages.push_back({{"role", "assistant"}, {"content", response}});
  OrderedJson reward = nullptr;
  if (rollout.reward.total) reward = *rollout.reward.total;
  return OrderedJson{
      {"messages", std::move(messages)},
      {"question", messages_json(group.problem.messages)},
      {"response", response},
      {"reward", std::move(reward)},
      {"correct", rollout.reward.correct},
      {"advantage", rollout.advantage},
      {"verdicts", verdicts_json(rollout.reward)},
      {"stage", record.stage},
      {"step", record.step},
      {"group", group_index},
      {"rollout", rollout_index},
      {"problem_id", fmt::format("{:016x}", group.problem.id)},  // past 63 bits: no JSON integer
      {"source", group.problem.source},
      {"answer", group.problem.answer},
      {"finish", to_string(rollout.completion.finish)}};
}

// Indices of a group's rollouts that are wanted, in order.
std::vector<std::size_t> chosen_rollouts(const Group& group, const RolloutExport& options) {
  std::vector<std::size_t> chosen;
  for (std::size_t i = 0; i < group.rollouts.size(); ++i) {
    const Reward& reward = group.rollouts[i].reward;
    if (options.correct_only && !reward.correct) continue;
    if (options.min_reward && !(reward.total && *reward.total >= *options.min_reward)) continue;
    if (options.best_of_group && !reward.total) continue;
    chosen.push_back(i);
  }
  if (options.best_of_group && chosen.size() > 1) {
    const auto total = [&](std::size_t i) { return *group.rollouts[i].reward.total; };
    chosen = {*std::ranges::max_element(chosen, {}, total)};
  }
  return chosen;
}

Result<ExportedRollouts> write_rollouts(const RunStore& store, const RolloutExport& options,
                                        const std::string& where, const WriteLine& write) {
  HONE_TRY(const auto steps, store.steps(options.stage));
  ExportedRollouts count;
  for (const std::int64_t step : steps) {
    if (step < options.from_step.value_or(step) || step > options.to_step.value_or(step)) continue;
    HONE_TRY(const StepRecord record, store.load(options.stage, step));
    ++count.steps;
    for (std::size_t g = 0; g < record.groups.size(); ++g) {
      count.seen += std::ssize(record.groups[g].rollouts);
      for (const std::size_t r : chosen_rollouts(record.groups[g], options)) {
        HONE_TRY_VOID(write(rollout_line(record, g, r)));
        ++count.written;
      }
    }
  }
  if (count.written == 0)
    return Error{where,
                 fmt::format("must hold rollouts of the stage {} that pass the filters", options.stage),
                 fmt::format("none of {} in {} steps", count.seen, count.steps)};
  return count;
}

}  // namespace

Result<ExportedRollouts> export_rollouts(const RolloutExport& options) {
  if (options.from_step && options.to_step && *options.from_step > *options.to_step)
    return Error{"--to-step", fmt::format("must be at least --from-step, {}", *options.from_step),
                 std::to_string(*options.to_step)};
  if (options.min_reward && std::isnan(*options.min_reward))
    return Error{"--min-reward", "must be a number", "nan"};
  if (!is_train_stage(options.stage) && !is_eval_stage(options.stage)) {
    return Error{
        "--stage",
        fmt::format("must be one of {}, {}", fmt::join(kTrainStages, ", "), fmt::join(kEvalStages, ", ")),
        options.stage};
  }
  HONE_TRY(const fs::path database, run_database(options.run));
  HONE_TRY(const RunStore store, RunStore::open(database, /*read_only=*/true));
  if (options.file == "-") {
    return write_rollouts(store, options, database.string(),
                          [](const OrderedJson& line) { return write_json_line(stdout, line); });
  }
  HONE_TRY(AtomicFile out, AtomicFile::create(options.file));
  HONE_TRY(const ExportedRollouts count,
           write_rollouts(store, options, database.string(), [&](const OrderedJson& line) {
             const std::string text = line.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
             return out.write(text.data(), text.size());
           }));
  HONE_TRY_VOID(out.commit());
  return count;
}

}  // namespace hone
