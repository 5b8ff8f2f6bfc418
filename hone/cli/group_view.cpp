#include "hone/cli/group_view.h"

#include <algorithm>

#include "hone/base/json.h"
#include "hone/cli/columns.h"
#include "hone/cli/progress.h"
#include "hone/cli/table.h"

namespace hone {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr int kUnbroken = 1 << 20;

std::string quoted_block(const std::string& text, const ViewStyle& style) {
  const char* bar = style.unicode ? "  │ " : "  | ";
  const int width = style.width > 0 ? std::max(style.width - 4, 20) : kUnbroken;
  std::string out;
  for (const std::string& line : wrap_columns(text, width)) out += bar + line + "\n";
  return out;
}

std::string emphasised(const std::string& text, const ViewStyle& style) {
  return style.color ? "\x1b[1m" + text + "\x1b[0m" : text;
}

std::string verdict_text(const RewardPart& part) {
  const Verdict& verdict = part.verdict;
  std::string text = fmt::format("  {} ×{:g}: {}", part.verifier, part.weight, to_string(verdict.status));
  if (verdict.decided()) text += fmt::format(", {:g}", verdict.score);
  if (!verdict.detail.empty()) text += " — " + printable(verdict.detail);
  return text + "\n";
}

OrderedJson rollout_json(const Rollout& rollout) {
  const Completion& completion = rollout.completion;
  OrderedJson verdicts = OrderedJson::array();
  for (const RewardPart& part : rollout.reward.parts) {
    OrderedJson verdict{{"verifier", part.verifier},
                        {"weight", part.weight},
                        {"status", to_string(part.verdict.status)},
                        {"score", nullptr},
                        {"detail", part.verdict.detail}};
    if (part.verdict.decided()) verdict["score"] = part.verdict.score;
    verdicts.push_back(std::move(verdict));
  }
  OrderedJson reward = nullptr;
  if (rollout.reward.total) reward = *rollout.reward.total;
  return OrderedJson{{"text", completion.text},
                     {"finish", to_string(completion.finish)},
                     {"reward", std::move(reward)},
                     {"correct", rollout.reward.correct},
                     {"advantage", rollout.advantage},
                     {"verdicts", std::move(verdicts)},
                     {"policy_version", completion.policy_version},
                     {"ids", completion.ids},
                     {"logprobs", completion.logprobs},
                     {"entropies", completion.entropies},
                     {"clipped", rollout.clipped}};
}

}  // namespace

ViewStyle stdout_style() {
  const Terminal terminal = detect_terminal(stdout);
  if (!terminal.live) return {};
  return {terminal_width(stdout), terminal.color, terminal.unicode};
}

std::string metrics_text(const Metrics& metrics, const ViewStyle& style) {
  Table table({{"", Align::kLeft}, {"", Align::kRight}});
  for (const auto& [name, value] : metrics) table.row({name, format_value(value, ValueKind::kNumber)});
  return table.empty() ? "" : table.render(style.width, style.unicode);
}

std::string group_text(const Group& group, std::size_t index, const ViewStyle& style) {
  const Problem& problem = group.problem;
  std::string head = fmt::format("group {} · {}", index, problem.source);
  if (problem.difficulty > 0) head += fmt::format(" · grade {}", problem.difficulty);
  if (!problem.answer.empty()) head += " · answer " + problem.answer;
  std::string text = emphasised(printable(head), style) + "\n" + quoted_block(group.prompt_text, style);
  for (std::size_t i = 0; i < group.rollouts.size(); ++i) {
    const Rollout& rollout = group.rollouts[i];
    const Completion& completion = rollout.completion;
    const std::string reward =
        rollout.reward.total ? fmt::format("{:.4g}", *rollout.reward.total) : "undecided";
    text += emphasised(fmt::format("rollout {} · {} · reward {} · advantage {:+.4g} · {} tokens · {}", i,
                                   rollout.reward.correct ? "correct" : "not correct", reward,
                                   rollout.advantage, completion.ids.size(), to_string(completion.finish)),
                       style) +
            "\n";
    for (const RewardPart& part : rollout.reward.parts) text += verdict_text(part);
    text += quoted_block(completion.text, style);
  }
  return text;
}

OrderedJson group_json(const Group& group, std::size_t index) {
  OrderedJson rollouts = OrderedJson::array();
  for (const Rollout& rollout : group.rollouts) rollouts.push_back(rollout_json(rollout));
  return OrderedJson{{"group", index},
                     {"source", group.problem.source},
                     {"answer", group.problem.answer},
                     {"difficulty", group.problem.difficulty},
                     {"prompt", group.prompt_text},
                     {"prompt_ids", group.prompt_ids},
                     {"rollouts", std::move(rollouts)}};
}

}  // namespace hone
