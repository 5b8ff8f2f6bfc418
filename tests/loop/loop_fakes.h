// A world for the loop to run in: everything behind its interfaces faked, deterministic, and able to die at
// any of its calls. Rubric, run folder, run store and event file are the real ones.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hone/base/rng.h"
#include "hone/config/options.h"
#include "hone/loop/train_loop.h"
#include "hone/types/stage.h"
#include "support/temp_folder.h"

namespace hone::testing {

struct Death {};  // thrown where the process is killed

// What the fakes share. One world is one process: a new one begins with fresh weights.
struct World {
  std::vector<std::string> log;  // calls, in order
  int die_at = -1;               // the call at which to die
  std::uint64_t weights = 1;     // the policy
  std::int64_t eval_size = 50;
  std::int64_t context_length = 64;
  std::optional<Error> update_error, save_error, generate_error;
  std::vector<TrainBatch> batches;  // given to the learners
  std::vector<StepRecord> steps;    // shown to the observer
  int steps_until_stop = -1;        // on_step calls of stages that train

  // The text of a completion and its length; by default of the draw, the weights and the problem.
  std::function<std::string(const GenerationRequest&, int sample)> answer;
  std::function<std::size_t(const GenerationRequest&, int sample)> length;
  // When a completion was handed over (of this many in this call), and when one is judged, on any thread.
  std::function<void(int finished)> after_finished;
  std::function<void(const Completion&)> on_verify;
  int concurrency = 0;  // of the verifier

  void call(const std::string& name) {
    if (static_cast<int>(log.size()) == die_at) throw Death{};
    log.push_back(name);
  }
};

class FakeDataset : public Dataset {
 public:
  explicit FakeDataset(const World& world) : world_(world) {}
  Problem train(std::int64_t i) const override { return make("train", i); }
  Problem eval(std::int64_t i) const override { return make("eval", i); }
  std::int64_t train_size() const override { return -1; }
  std::int64_t eval_size() const override { return world_.eval_size; }
  std::int64_t skipped() const override { return 0; }
  Result<void> leave_out(const RowCheck&, const RowCheck&) override { return {}; }

 private:
  static Problem make(const std::string& part, std::int64_t i) {
    Problem p;
    p.id = static_cast<std::uint64_t>(i) + (part == "eval" ? 1000 : 0);
    p.source = part + ":" + std::to_string(i);
    p.messages = {{"user", p.source}};
    p.answer = "1";
    p.solution = "s" + std::to_string(i);
    return p;
  }
  const World& world_;
};

class FakeEnvironment : public Environment {
 public:
  explicit FakeEnvironment(World& world) : world_(world) {}
  Result<Prompt> reset(const Problem& problem) override {
    world_.call("prompt " + problem.source);
    return Prompt{problem.source, {7, static_cast<std::int32_t>(problem.id)}};
  }
  Result<Outcome> step(const Problem&, const Completion&) override { return Outcome{}; }

 private:
  World& world_;
};

class FakeGenerator : public Generator {
 public:
  explicit FakeGenerator(World& world) : world_(world) {}
  Result<std::vector<std::vector<Completion>>> generate(std::span<const GenerationRequest> requests,
                                                        const OnFinished& on_finished) override {
    world_.call("generate " + std::to_string(requests.size()));
    std::vector<std::vector<Completion>> all;
    int finished = 0;
    for (std::size_t r = 0; r < requests.size(); ++r) {
      all.emplace_back();
      for (int i = 0; i < requests[r].n; ++i) {
        all.back().push_back(sample(requests[r], i));
        if (on_finished) on_finished(r, static_cast<std::size_t>(i), all.back().back());
        if (world_.after_finished) world_.after_finished(++finished);
        all.back().back().text += " (moved from)";  // what was handed over is the generator's again
      }
      if (world_.generate_error) return *world_.generate_error;
    }
    return all;
  }
  std::int64_t context_length() const override { return world_.context_length; }

 private:
  Completion sample(const GenerationRequest& request, int i) const {
    RandomKey key = request.key;
    key.rollout += static_cast<std::uint32_t>(i);
    key.seed = mix64(key.seed, world_.weights);
    RandomStream random(key);
    const std::size_t n = world_.length ? world_.length(request, i) : 1 + random.below(6);
    Completion c;
    for (std::size_t t = 0; t < n; ++t) {
      c.ids.push_back(static_cast<std::int32_t>(random.below(40)));
      c.logprobs.push_back(static_cast<float>(-random.uniform()));
    }
    c.text = world_.answer ? world_.answer(request, i) : std::to_string(random.below(2));
    c.finish = static_cast<std::int64_t>(n) >= request.sampling.max_new_tokens ? FinishReason::kLength
                                                                               : FinishReason::kEos;
    c.policy_version = static_cast<std::int64_t>(world_.weights % 1000);
    return c;
  }
  World& world_;
};

// The answer's text is the verdict: the problem's answer, "timeout", or wrong.
class FakeVerifier : public Verifier {
 public:
  explicit FakeVerifier(const World* world = nullptr) : world_(world) {}
  std::string name() const override { return "fake"; }
  bool judges_correctness() const override { return true; }
  int concurrency() const override { return world_ != nullptr ? world_->concurrency : 0; }
  Verdict verify(const Problem& problem, const Completion& c) const override {
    if (world_ != nullptr && world_->on_verify) world_->on_verify(c);
    if (c.text == "timeout") return {VerdictStatus::kTimeout, 0.0, ""};
    const bool right = c.text == problem.answer;
    return {right ? VerdictStatus::kCorrect : VerdictStatus::kWrong, right ? 1.0 : 0.0, c.text};
  }
  bool compares_answers() const override { return true; }
  std::optional<std::string> final_answer(const Completion& c) const override {
    if (c.text.empty()) return std::nullopt;
    return c.text;
  }

 private:
  const World* world_;
};

// Its weights are a hash of all that it was ever given.
class FakeLearner : public Learner {
 public:
  FakeLearner(World& world, std::string stage, std::int64_t version)
      : world_(world),
        moments_(stage == "sft" ? 11 : 22),
        version_(version),
        supervised_(stage == "sft" || stage == "amortize") {}
  Result<UpdateReport> update(const TrainBatch& batch) override;
  Result<void> save(const std::string& folder) const override;
  Result<void> restore(const std::string& folder) override;
  std::int64_t policy_version() const override { return version_; }

 private:
  World& world_;
  std::uint64_t moments_;
  std::int64_t version_;
  const bool supervised_;  // clips nothing then
};

class FakeObserver : public TrainObserver {
 public:
  explicit FakeObserver(World& world) : world_(world) {}
  void on_stage(const std::string& stage, std::int64_t total, std::int64_t done) override {
    world_.call("stage " + stage + " " + std::to_string(done) + "/" + std::to_string(total));
  }
  void on_step(const StepRecord& record) override {
    world_.call("step " + record.stage + " " + std::to_string(record.step));
    world_.steps.push_back(record);
    if (is_train_stage(record.stage) && world_.steps_until_stop > 0) --world_.steps_until_stop;
  }
  void on_activity(const std::string&) override {}
  void on_note(const std::string&) override {}

 private:
  World& world_;
};

inline Recipe small_recipe(const TempFolder& folder) {
  Recipe r;
  r.name = "tiny";
  r.runs = (folder / "runs").string();
  r.data.task = "arithmetic";
  r.grpo.steps = 3;
  r.grpo.rollout.prompts_per_step = 2;
  r.grpo.rollout.group_size = 4;
  r.grpo.rollout.max_new_tokens = 8;
  r.eval.problems = 0;
  r.eval.during_problems = 2;
  r.checkpoint.every = 1;
  return r;
}

// One process: opens the folder as `hone train` does and runs the loop. Death passes through.
Result<TrainResult> run(World& world, const Recipe& recipe, bool resume = false);

// Every record of the newest run, without the times, and the names of its checkpoints, one line each.
std::vector<std::string> all_records(const Recipe& recipe);

std::vector<std::string> folder_names(const std::filesystem::path& folder);

}  // namespace hone::testing
