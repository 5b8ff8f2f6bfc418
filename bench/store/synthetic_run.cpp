// Writes a run of N rollouts, to measure how quick the pages stay: synthetic_run FOLDER ROLLOUTS [GROUP_SIZE]
//   synthetic_run /tmp/runs/large 100000 && hone ui /tmp/runs
#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "hone/store/run_store.h"

namespace hone {
namespace {

Group made_group(std::int64_t step, std::int64_t position, int size, double skill) {
  Group group;
  const auto n = static_cast<std::uint64_t>(step * 32 + position);
  group.problem.id = n % 5000;
  group.problem.source = fmt::format("synthetic:{}", n);
  group.problem.answer = std::to_string(n % 97);
  group.problem.difficulty = 1 + static_cast<int>(n % 4);
  group.prompt_text = fmt::format("What is {} modulo 97? Think, then answer.", n);
  group.problem.messages = {{"user", group.prompt_text}};
  group.prompt_ids.assign(20, 5);
  for (int i = 0; i < size; ++i) {
    const double draw =
        std::fmod(static_cast<double>(n * 7919 + static_cast<std::uint64_t>(i) * 104729), 1000.0);
    const bool right = draw / 1000.0 < skill;
    Rollout r;
    r.completion.text = "<think>";
    for (int k = 0; k < 30; ++k) r.completion.text += fmt::format("step {} of the way; ", k);
    r.completion.text += fmt::format("</think><answer>{}</answer>", right ? n % 97 : n % 89);
    r.completion.ids.assign(150, 11);
    r.completion.logprobs.assign(150, -0.25F);
    r.completion.entropies.assign(150, 0.75F);
    r.completion.finish = draw < 20 ? FinishReason::kLength : FinishReason::kEos;
    r.reward.correct = right;
    r.reward.total = right ? 1.0 : 0.0;
    r.advantage = (right ? 1.0 : 0.0) - skill;
    r.reward.parts = {{"number",
                       1.0,
                       {right ? VerdictStatus::kCorrect : VerdictStatus::kWrong, right ? 1.0 : 0.0,
                        right ? "they are equal" : "1 is not 2"}},
                      {"format", 0.1, {VerdictStatus::kCorrect, 1.0, ""}}};
    group.rollouts.push_back(std::move(r));
  }
  return group;
}

int write_run(const std::filesystem::path& folder, std::int64_t rollouts, int size) {
  std::filesystem::create_directories(folder);
  auto store = RunStore::open(folder / "run.db");
  if (!store.ok()) {
    fmt::print(stderr, "{}\n", store.error().message());
    return 1;
  }
  const std::int64_t steps = (rollouts + 32 * size - 1) / (32 * size);
  for (std::int64_t step = 1; step <= steps; ++step) {
    const double skill = 0.2 + 0.7 * static_cast<double>(step) / static_cast<double>(steps);
    StepRecord record{.stage = "grpo", .step = step, .metrics = {}, .groups = {}};
    for (int m = 0; m < 50; ++m)
      record.metrics[fmt::format("metric/{}", m)] = std::sin(0.01 * static_cast<double>(step * m));
    record.metrics["reward"] = skill;
    for (std::int64_t g = 0; g < 32; ++g) record.groups.push_back(made_group(step, g, size, skill));
    if (const auto done = store->append(record); !done.ok()) {
      fmt::print(stderr, "{}\n", done.error().message());
      return 1;
    }
  }
  fmt::print("{}: {} steps, {} rollouts\n", (folder / "run.db").string(), steps, steps * 32 * size);
  return 0;
}

}  // namespace
}  // namespace hone

int main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr, "usage: synthetic_run FOLDER ROLLOUTS [GROUP_SIZE]\n");
    return 2;
  }
  return hone::write_run(argv[1], std::atoll(argv[2]), argc > 3 ? std::atoi(argv[3]) : 8);
}
