#include "hone/store/step_summary.h"

#include <algorithm>
#include <cmath>

#include "hone/base/json.h"

namespace hone {
namespace {

constexpr std::size_t kBuckets = 30;  // as TensorBoard's own writers make
constexpr std::size_t kMostText = 2000;

// Each line four blanks in: no text of a model can end such a block.
std::string code_block(const std::string& text) {
  std::string cut = text.substr(0, kMostText);
  while (cut.size() < text.size() && !cut.empty() &&
         (static_cast<unsigned char>(text[cut.size()]) & 0xC0) == 0x80)
    cut.pop_back();
  if (cut.size() < text.size()) cut += " …";
  const std::string valid =
      Json::parse(Json(cut).dump(-1, ' ', false, Json::error_handler_t::replace)).get<std::string>();
  std::string block = "\n    ";
  for (const char c : valid) {
    block += c;
    if (c == '\n') block += "    ";
  }
  return block + "\n\n";
}

std::string rollout_text(const Rollout& rollout) {
  const std::string reward =
      rollout.reward.total ? fmt::format("{:.4g}", *rollout.reward.total) : "undecided";
  return fmt::format("**{}** · reward {} · advantage {:+.4g} · {} tokens · {}\n{}",
                     rollout.reward.correct ? "correct" : "not correct", reward, rollout.advantage,
                     rollout.completion.ids.size(), to_string(rollout.completion.finish),
                     code_block(rollout.completion.text));
}

}  // namespace

std::vector<Bucket> histogram_of(std::span<const double> values) {
  std::vector<double> finite;
  std::ranges::copy_if(values, std::back_inserter(finite), [](double value) { return std::isfinite(value); });
  if (finite.empty()) return {};
  const auto [least, largest] = std::ranges::minmax(finite);
  if (least == largest) return {{least - 0.5, least + 0.5, static_cast<double>(finite.size())}};
  // Halves, so that the width of an enormous range is finite.
  const double width = (largest / 2 - least / 2) / (kBuckets / 2.0);
  if (!(width > 0)) return {{least, largest, static_cast<double>(finite.size())}};  // of subnormal numbers
  std::vector<Bucket> buckets(kBuckets);
  for (std::size_t i = 0; i < kBuckets; ++i) {
    buckets[i].left = least + width * static_cast<double>(i);
    buckets[i].right = i + 1 == kBuckets ? largest : least + width * static_cast<double>(i + 1);
  }
  for (const double value : finite) {
    const double place = (value / 2 - least / 2) / width * 2;
    ++buckets[std::min(static_cast<std::size_t>(std::max(place, 0.0)), kBuckets - 1)].count;
  }
  return buckets;
}

std::vector<double> advantages_of(const StepRecord& record) {
  std::vector<double> values;
  for (const Group& group : record.groups) {
    for (const Rollout& rollout : group.rollouts) {
      if (rollout.reward.total) values.push_back(rollout.advantage);
    }
  }
  const bool any = std::ranges::any_of(values, [](double value) { return value != 0; });
  return any ? values : std::vector<double>();
}

std::vector<double> lengths_of(const StepRecord& record) {
  std::vector<double> values;
  for (const Group& group : record.groups) {
    for (const Rollout& rollout : group.rollouts)
      values.push_back(static_cast<double>(rollout.completion.ids.size()));
  }
  return values;
}

std::string sample_of(const StepRecord& record) {
  if (record.groups.empty() || record.groups[0].rollouts.empty()) return "";
  const Group& group = record.groups[0];
  std::string text = "**" + group.problem.source + "**\n" + code_block(group.prompt_text);
  if (!group.problem.answer.empty()) text += "reference\n" + code_block(group.problem.answer);
  const auto reward = [](const Rollout& rollout) { return rollout.reward.total.value_or(-INFINITY); };
  const auto best = std::ranges::max_element(group.rollouts, {}, reward);
  const auto worst = std::ranges::min_element(group.rollouts, {}, reward);
  text += rollout_text(*best);
  if (worst != best) text += rollout_text(*worst);
  return text;
}

}  // namespace hone
