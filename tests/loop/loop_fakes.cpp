#include "loop/loop_fakes.h"

#include <algorithm>
#include <bit>
#include <fstream>

#include "hone/base/json.h"

namespace hone::testing {
namespace {

std::uint64_t digest(const TrainBatch& batch) {
  std::uint64_t h = mix64(static_cast<std::uint64_t>(batch.silent_sequences),
                          static_cast<std::uint64_t>(batch.silent_tokens));
  const auto add = [&](std::uint64_t x) { h = mix64(h, x); };
  for (const TrainGroup& group : batch.groups) {
    for (const auto id : group.prompt) add(static_cast<std::uint64_t>(id));
    for (const TrainSequence& s : group.sequences) {
      for (const auto id : s.completion) add(static_cast<std::uint64_t>(id));
      for (const auto m : s.loss_mask) add(m);
      for (const float p : s.old_logprobs) add(std::bit_cast<std::uint32_t>(p));
      add(std::bit_cast<std::uint64_t>(s.advantage));
    }
  }
  return h;
}

std::string text_of(const StepRecord& record) {
  std::string text = fmt::format("{} {}:", record.stage, record.step);
  for (const auto& [name, value] : record.metrics) {
    if (name.ends_with("time")) continue;
    text += fmt::format(" {}={:a}", name, value);
  }
  for (const Group& g : record.groups) {
    text += " | " + g.problem.source;
    for (const Rollout& r : g.rollouts) {
      text += fmt::format(" ({} {} {:a} {}", r.completion.text, r.completion.policy_version, r.advantage,
                          r.reward.total ? fmt::format("{:a}", *r.reward.total) : "undecided");
      for (const auto id : r.completion.ids) text += fmt::format(" {}", id);
      for (const float p : r.completion.logprobs) text += fmt::format(" {:a}", p);
      text += ")";
    }
  }
  return text;
}

}  // namespace

Result<UpdateReport> FakeLearner::update(const TrainBatch& batch) {
  world_.call("update");
  if (world_.update_error) return *world_.update_error;
  world_.batches.push_back(batch);
  moments_ = mix64(moments_, digest(batch));
  world_.weights = mix64(world_.weights, moments_);
  ++version_;
  UpdateReport report{{{"loss", static_cast<double>(world_.weights % 1000) / 1000.0}}, {}};
  // The last sequence of each group, all of it.
  for (std::size_t g = 0; !supervised_ && g < batch.groups.size(); ++g) {
    const std::size_t last = batch.groups[g].sequences.size() - 1;
    const std::size_t tokens = batch.groups[g].sequences[last].completion.size();
    report.clipped.push_back({g, last, std::vector<std::uint8_t>(tokens, 1)});
  }
  return report;
}

Result<void> FakeLearner::save(const std::string& folder) const {
  world_.call("save, begun");
  std::ofstream(folder + "/weights") << world_.weights;
  world_.call("save, half done");
  if (world_.save_error) return *world_.save_error;
  std::filesystem::create_directories(folder + "/trainer");
  std::ofstream(folder + "/trainer/state") << moments_ << " " << version_;
  world_.call("save, done");
  return {};
}

Result<void> FakeLearner::restore(const std::string& folder) {
  world_.call("restore");
  std::ifstream weights(folder + "/weights"), state(folder + "/trainer/state");
  if (!(weights >> world_.weights) || !(state >> moments_ >> version_)) {
    return Error{folder, "must be a whole checkpoint", ""};
  }
  return {};
}

Result<TrainResult> run(World& world, const Recipe& recipe, bool resume) {
  HONE_TRY(RunFolder folder, resume ? RunFolder::resume(recipe) : RunFolder::create(recipe));
  HONE_TRY(RunStore store, RunStore::open(folder.path() / "run.db"));
  HONE_TRY(const Rubric rubric, Rubric::of({{1.0, std::make_shared<FakeVerifier>(&world)}}));
  const FakeDataset dataset(world);
  FakeEnvironment environment(world);
  FakeGenerator generator(world);
  FakeObserver observer(world);
  return train({recipe, dataset, environment, generator, rubric, folder, store, observer,
                [&] { return world.steps_until_stop == 0; },
                [&](const std::string& stage, std::int64_t version) -> std::unique_ptr<Learner> {
                  world.call(fmt::format("learner {} {}", stage, version));
                  return std::make_unique<FakeLearner>(world, stage, version);
                },
                [](const std::string& text) { return std::vector<std::int32_t>(text.begin(), text.end()); },
                [&](std::int64_t) { return Result<Generator*>(&generator); }, 0,
                [](std::int64_t cached, std::int64_t total) { return static_cast<double>(total - cached); }});
}

std::vector<std::string> folder_names(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> all_records(const Recipe& recipe) {
  std::vector<std::string> lines;
  const auto folder = std::filesystem::path(recipe.runs) / recipe.name;
  const auto store = RunStore::open(folder / "run.db", true);
  EXPECT_TRUE(store.ok()) << store.error().message();
  if (!store.ok()) return lines;
  for (const char* stage : {"sft", "amortize", "grpo", "eval", "eval_direct"}) {
    const auto steps = store->steps(stage);
    EXPECT_TRUE(steps.ok());
    for (const std::int64_t step : *steps) {
      const auto record = store->load(stage, step);
      EXPECT_TRUE(record.ok());
      lines.push_back(text_of(*record));
    }
  }
  for (const std::string& name : folder_names(folder / "checkpoints")) {
    std::ifstream weights(folder / "checkpoints" / name / "weights");
    std::string value;
    weights >> value;
    lines.push_back(name + " " + value);
  }
  lines.push_back("latest " + std::filesystem::read_symlink(folder / "latest").string());
  return lines;
}

}  // namespace hone::testing
