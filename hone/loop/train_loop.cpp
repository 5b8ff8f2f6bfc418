#include "hone/loop/train_loop.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <string_view>

#include "hone/base/check.h"
#include "hone/loop/amortize.h"
#include "hone/loop/evaluate.h"
#include "hone/loop/propose.h"
#include "hone/loop/rollouts.h"
#include "hone/loop/supervised_batch.h"
#include "hone/rl/advantage.h"
#include "hone/store/tensorboard.h"
#include "hone/types/stage.h"

namespace hone {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

struct Stage {
  std::string_view name;
  std::int64_t steps;
};

// Those with steps, in order.
std::vector<Stage> stages_of(const Recipe& recipe) {
  const std::array<std::int64_t, kTrainStages.size()> steps = {recipe.sft.steps, recipe.amortize.steps,
                                                               recipe.propose.steps, recipe.grpo.steps};
  std::vector<Stage> stages;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (steps[i] > 0) stages.push_back({kTrainStages[i], steps[i]});
  }
  return stages;
}

double tokens_of(const TrainBatch& batch) {
  double tokens = 0;
  for (const TrainGroup& group : batch.groups)
    tokens += static_cast<double>(group.prompt.size() + group.sequences[0].completion.size());
  return tokens;
}

struct Mean {
  double sum = 0, weight = 0;
  void add(double value, double of) {
    sum += value * of;
    weight += of;
  }
  double value() const { return sum / weight; }
};

class TrainLoop {
 public:
  explicit TrainLoop(TrainParts parts) : p_(std::move(parts)) {}

  Result<TrainResult> run() {
    const auto stages = stages_of(p_.recipe);
    HONE_TRY(const auto checkpoint, p_.folder.latest());
    position_ = checkpoint ? checkpoint->position : RunPosition{std::string(stages.front().name), 0, 0};
    HONE_TRY_VOID(p_.store.rewind(position_.stage, position_.step,
                                  position_.stage == "sft" ? -1 : steps_since_warm_start()));
    HONE_TRY_VOID(start_stage(position_.stage, checkpoint ? checkpoint->path.string() : ""));
    bool stopped = false;
    for (const Stage& stage : stages) {
      if (stage_order(stage.name) < stage_order(position_.stage)) continue;
      if (stage.name != position_.stage) {
        position_ = {std::string(stage.name), 0, position_.next_problem};
        HONE_TRY_VOID(start_stage(position_.stage, ""));
      }
      if (stage.name != "sft" && position_.step == 0) HONE_TRY_VOID(evaluate_now(p_.recipe.eval.problems));
      HONE_TRY(stopped, run_stage(stage.steps, [&] { return step(stage.name); }));
      if (stopped) break;
    }
    if (!stopped) HONE_TRY_VOID(evaluate_now(p_.recipe.eval.problems));
    return TrainResult{!stopped, position_};
  }

 private:
  Result<void> step(std::string_view stage) {
    if (stage == "sft") return supervised_step();
    if (stage == "amortize")
      return drafted_step(
          [&] {
            const std::int64_t first = position_.next_problem;
            position_.next_problem += p_.recipe.amortize.prompts_per_step;
            return amortize_step(p_, position_.step, first);
          },
          p_.recipe.amortize.steps);
    if (stage == "propose")
      return drafted_step([&] { return proposer_->step(position_.step); }, p_.recipe.propose.steps);
    HONE_CHECK(stage == "grpo", "a stage of another name: {}", stage);
    return grpo_step();
  }

  // One step of GRPO: the nine values of the diagram, in order.
  Result<void> grpo_step() {
    const auto start = Clock::now();
    const GrpoOptions& o = p_.recipe.grpo;
    HONE_TRY(std::vector<Group> groups, roll_out());  // problem, prompt, rollout, verdict
    const double rollout_seconds = seconds_since(start);
    assign_advantages(groups, o.loss);  // advantage
    const TrainBatch batch =
        make_train_batch(groups, o.loss, o.rollout.temperature, position_.step);  // batch
    p_.observer.on_activity("update");
    HONE_TRY(UpdateReport report, learner_->update(batch));  // update
    note_clipped(batch, report, groups);
    ++position_.step;
    Metrics metrics = std::move(report.metrics);
    metrics.merge(rollout_metrics(groups));
    metrics["step_time"] = seconds_since(start);
    metrics["rollout_time"] = rollout_seconds;
    for (const auto& [name, mean] : judged_) metrics[name] = mean.value();
    metrics["resampled_groups"] = static_cast<double>(resampled_);
    HONE_TRY_VOID(record({"grpo", position_.step, std::move(metrics), std::move(groups)}));  // record
    return evaluate_on_the_way(o.steps);
  }

  // Problems, their prompts, sampled completions and verdicts. With dynamic sampling, groups without signal
  // are replaced by groups of the next problems until none is left or the cap is reached (DAPO, Yu et al.
  // 2025, §3.2).
  Result<std::vector<Group>> roll_out() {
    const RolloutOptions& o = p_.recipe.grpo.rollout;
    std::vector<Group> groups;
    resampled_ = 0;
    judged_.clear();
    for (int round = 0;; ++round) {
      const auto missing =
          static_cast<std::int64_t>(o.prompts_per_step) - static_cast<std::int64_t>(groups.size());
      HONE_TRY(std::vector<Group> fresh, sample_groups(missing));
      const bool last = !o.dynamic_sampling || round >= o.max_resamples;
      for (Group& group : fresh) {
        if (last || has_signal(group)) {
          groups.push_back(std::move(group));
        } else {
          ++resampled_;
        }
      }
      if (static_cast<int>(groups.size()) >= o.prompts_per_step) return groups;
    }
  }

  Result<std::vector<Group>> sample_groups(std::int64_t count) {
    const RolloutOptions& o = p_.recipe.grpo.rollout;
    const std::int64_t first = position_.next_problem;
    std::vector<Problem> problems;
    for (std::int64_t i = 0; i < count; ++i) problems.push_back(p_.dataset.train(position_.next_problem++));
    RolloutRequest request;
    request.samples = o.group_size;
    request.sampling = {o.max_new_tokens, o.temperature, o.top_k, o.top_p, o.min_p, o.stop};
    request.key = {.seed = p_.recipe.seed,
                   .purpose = Purpose::kSampling,
                   .step = static_cast<std::uint64_t>(position_.step),
                   .problem = static_cast<std::uint64_t>(first)};
    request.max_prompt_tokens = p_.recipe.data.max_prompt_tokens;
    request.keep_activations = true;
    request.prefix = forced_prefix(p_, o.prefix);
    HONE_TRY(std::vector<Group> groups,
             hone::roll_out(problems, request, p_.environment, p_.generator, p_.rubric,
                            [&](std::size_t done, std::size_t all) {
                              p_.observer.on_activity(done < all ? fmt::format("rollout {}/{}", done, all)
                                                                 : std::string("verify"));
                            }));
    HONE_TRY(const Metrics judged, p_.rubric.judge_groups(groups, position_.step));
    for (const auto& [name, value] : judged) judged_[name].add(value, static_cast<double>(groups.size()));
    punish_overlong(groups);
    set_voters_apart(groups);
    return groups;
  }

  // Those that only vote leave baseline and batch, as undecided ones do.
  void set_voters_apart(std::span<Group> groups) const {
    const auto trained = static_cast<std::size_t>(p_.recipe.grpo.rollout.trained);
    if (trained == 0) return;
    for (Group& group : groups) {
      for (std::size_t i = trained; i < group.rollouts.size(); ++i) group.rollouts[i].reward.total.reset();
    }
  }

  void punish_overlong(std::span<Group> groups) const {
    const GrpoOptions& o = p_.recipe.grpo;
    if (o.loss.overlong_buffer <= 0) return;
    for (Group& group : groups) {
      for (Rollout& r : group.rollouts) {
        if (!r.reward.total) continue;
        *r.reward.total += overlong_penalty(static_cast<std::int64_t>(r.completion.ids.size()),
                                            o.rollout.max_new_tokens, o.loss);
      }
    }
  }

  Result<void> supervised_step() {
    const auto start = Clock::now();
    const int n = p_.recipe.sft.batch_size;
    std::vector<Problem> problems;
    // Reasoning is learned first; direct answers that come late are a habit more than a skill.
    const SftOptions& o = p_.recipe.sft;
    const double direct_share =
        static_cast<double>(position_.step) >= o.direct_after * o.steps ? o.direct_share : 0.0;
    for (int i = 0; i < n; ++i) {
      const auto index = static_cast<std::uint64_t>(position_.next_problem);
      problems.push_back(p_.dataset.train(position_.next_problem++));
      const RandomKey key{.seed = p_.recipe.seed, .purpose = Purpose::kDirectAnswer, .problem = index};
      if (random_uniform(key, 0) < direct_share) {
        problems.back().solution = without_thinking(problems.back().solution);
      }
    }
    const auto encode = [&](const std::string& solution) {
      std::vector<std::int32_t> ids = p_.encode(solution);
      ids.push_back(p_.eos_id);
      return ids;
    };
    const ForcedPrefix forced = forced_prefix(p_, o.direct_forced ? p_.recipe.amortize.prefix : "");
    HONE_TRY(const TrainBatch batch, supervised_batch(problems, p_.environment, p_.generator.context_length(),
                                                      encode, position_.step, forced.ids));
    HONE_TRY(UpdateReport report, learner_->update(batch));
    ++position_.step;
    Metrics metrics = std::move(report.metrics);
    metrics["num_tokens"] = tokens_of(batch);
    metrics["step_time"] = seconds_since(start);
    return record({"sft", position_.step, std::move(metrics), {}});
  }

  // A stage whose file says what is sampled and what of it is learned.
  template <class Draft>
  Result<void> drafted_step(const Draft& make_draft, std::int64_t steps) {
    const auto start = Clock::now();
    HONE_TRY(StepDraft draft, make_draft());
    const double rollout_seconds = seconds_since(start);
    p_.observer.on_activity("update");
    HONE_TRY(UpdateReport report, learner_->update(draft.batch));
    note_clipped(draft.batch, report, draft.groups);
    ++position_.step;
    Metrics metrics = std::move(report.metrics);
    metrics.merge(draft.metrics);
    metrics["step_time"] = seconds_since(start);
    metrics["rollout_time"] = rollout_seconds;
    HONE_TRY_VOID(record({position_.stage, position_.step, std::move(metrics), std::move(draft.groups)}));
    return evaluate_on_the_way(steps);
  }

  Result<void> evaluate_on_the_way(std::int64_t steps) {
    const int every = p_.recipe.eval.every;
    if (every <= 0 || position_.step % every != 0 || position_.step >= steps) return {};
    return evaluate_now(p_.recipe.eval.during_problems);
  }

  // Held-out problems; where direct answers are learned, with and without a thought.
  Result<void> evaluate_now(int count) {
    if (count <= 0) return {};
    const auto available =
        p_.dataset.eval_size() >= 0 ? std::min<std::int64_t>(count, p_.dataset.eval_size()) : count;
    std::vector<Problem> problems;
    for (std::int64_t i = 0; i < available; ++i) problems.push_back(p_.dataset.eval(i));
    const bool amortizes = p_.recipe.amortize.steps > 0;
    HONE_TRY_VOID(evaluate_as("eval", problems, amortizes ? "" : p_.recipe.grpo.rollout.prefix));
    if (!amortizes) return {};
    return evaluate_as("eval_direct", problems, p_.recipe.amortize.prefix);
  }

  Result<void> evaluate_as(const std::string& stage, std::span<const Problem> problems,
                           const std::string& prefix) {
    const std::int64_t step = steps_since_warm_start();
    HONE_TRY(const auto done, p_.store.steps(stage));
    if (std::find(done.begin(), done.end(), step) != done.end()) return {};  // before this death
    p_.observer.on_activity("evaluation");
    EvaluateOptions options;
    const RolloutOptions& o = p_.recipe.grpo.rollout;
    options.sampling.max_new_tokens =
        p_.recipe.eval.max_new_tokens > 0 ? p_.recipe.eval.max_new_tokens : o.max_new_tokens;
    options.sampling.temperature = p_.recipe.eval.temperature;
    options.sampling.stop = o.stop;
    options.seed = p_.recipe.seed;
    options.prefix = forced_prefix(p_, prefix);
    const auto start = Clock::now();
    HONE_TRY(Evaluation evaluation, evaluate(problems, p_.environment, p_.generator, p_.rubric, options));
    StepRecord record{stage, step, {}, std::move(evaluation.groups)};
    for (const auto& [name, value] : evaluation.metrics) record.metrics[stage + "_" + name] = value;
    record.metrics[stage + "_runtime"] = seconds_since(start);
    return this->record(std::move(record));
  }

  // What evaluations are numbered by.
  std::int64_t steps_since_warm_start() const {
    std::int64_t steps = position_.stage == "sft" ? 0 : position_.step;
    for (const Stage& stage : stages_of(p_.recipe)) {
      if (stage.name != "sft" && stage_order(stage.name) < stage_order(position_.stage)) steps += stage.steps;
    }
    return steps;
  }

  Result<void> start_stage(const std::string& stage, const std::string& checkpoint) {
    const std::int64_t version = learner_ ? learner_->policy_version() : 0;
    learner_.reset();  // its moments go before the next one's are made
    learner_ = p_.make_learner(stage, version);
    if (!checkpoint.empty()) HONE_TRY_VOID(learner_->restore(checkpoint));
    if (stage == "propose") {
      HONE_TRY(proposer_, Proposer::make(p_));
    }
    return {};
  }

  // Steps until `total` or until asked to stop, with checkpoints on the way. Returns whether it was asked;
  // all of it is saved then.
  template <class Step>
  Result<bool> run_stage(std::int64_t total, const Step& step) {
    p_.observer.on_stage(position_.stage, total, position_.step);
    std::int64_t saved = position_.step;
    bool stop = p_.should_stop();
    while (position_.step < total && !stop) {
      HONE_TRY_VOID(step());
      stop = p_.should_stop();
      const int every = p_.recipe.checkpoint.every;
      if (stop || position_.step == total || (every > 0 && position_.step % every == 0)) {
        HONE_TRY_VOID(save());
        saved = position_.step;
      }
    }
    HONE_CHECK(saved == position_.step, "step {} was not saved", position_.step);
    return stop;
  }

  Result<void> save() {
    p_.observer.on_activity("checkpoint");
    return p_.folder.save_checkpoint(position_, p_.recipe.checkpoint.keep,
                                     [&](const std::string& folder) { return learner_->save(folder); });
  }

  Result<void> record(StepRecord record) {
    HONE_TRY_VOID(p_.store.append(record));
    HONE_TRY(EventWriter* const events, events_of(record));
    HONE_TRY_VOID(events->write(record));
    p_.observer.on_step(record);
    return {};
  }

  // Each stage has a folder, and so is a run of its own to boards (GRPO's is the run's): steps and
  // evaluations count apart, and what a resumed run repeats is dropped from the step of its first record on.
  Result<EventWriter*> events_of(const StepRecord& record) {
    auto it = events_.find(record.stage);
    if (it == events_.end()) {
      const fs::path& run = p_.folder.path();
      HONE_TRY(EventWriter made,
               EventWriter::create(record.stage == "grpo" ? run : run / record.stage, record.step - 1));
      it = events_.emplace(record.stage, std::move(made)).first;
    }
    return &it->second;
  }

  TrainParts p_;
  RunPosition position_;
  std::unique_ptr<Learner> learner_;
  std::optional<Proposer> proposer_;           // in its stage
  std::map<std::string, EventWriter> events_;  // by stage
  std::int64_t resampled_ = 0;
  std::map<std::string, Mean> judged_;  // what judging the step's groups measured, over rounds of sampling
};

}  // namespace

Result<TrainResult> train(TrainParts parts) { return TrainLoop(std::move(parts)).run(); }

}  // namespace hone
