#include "hone/loop/train_loop.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>

#include "hone/base/check.h"
#include "hone/loop/evaluate.h"
#include "hone/loop/judge.h"
#include "hone/loop/supervised_batch.h"
#include "hone/rl/advantage.h"
#include "hone/store/tensorboard.h"

namespace hone {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
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
    HONE_TRY(const auto checkpoint, p_.folder.latest());
    if (checkpoint) {
      position_ = checkpoint->position;
      HONE_TRY_VOID(p_.store.rewind(position_.stage, position_.step));
    } else {
      position_ = {p_.recipe.sft.steps > 0 ? "sft" : "grpo", 0, 0};
      HONE_TRY_VOID(p_.store.rewind(position_.stage, 0));
    }
    HONE_TRY_VOID(start_stage(position_.stage, checkpoint ? checkpoint->path.string() : ""));
    bool stopped = false;
    if (position_.stage == "sft") {
      HONE_TRY(stopped, run_stage(p_.recipe.sft.steps, [&] { return supervised_step(); }));
      if (!stopped && p_.recipe.grpo.steps > 0) {
        position_ = {"grpo", 0, position_.next_problem};
        HONE_TRY_VOID(start_stage("grpo", ""));
      }
    }
    if (!stopped && position_.stage == "grpo") {
      if (position_.step == 0) HONE_TRY_VOID(evaluate_now(p_.recipe.eval.problems));
      HONE_TRY(stopped, run_stage(p_.recipe.grpo.steps, [&] { return grpo_step(); }));
    }
    if (!stopped) HONE_TRY_VOID(evaluate_now(p_.recipe.eval.problems));
    return TrainResult{!stopped, position_};
  }

 private:
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
    HONE_TRY(Metrics metrics, learner_->update(batch));  // update
    ++position_.step;
    metrics.merge(rollout_metrics(groups));
    metrics["step_time"] = seconds_since(start);
    metrics["rollout_time"] = rollout_seconds;
    for (const auto& [name, mean] : judged_) metrics[name] = mean.value();
    metrics["resampled_groups"] = static_cast<double>(resampled_);
    HONE_TRY_VOID(record({"grpo", position_.step, std::move(metrics), std::move(groups)}));  // record
    const int every = p_.recipe.eval.every;
    if (every > 0 && position_.step % every == 0 && position_.step < o.steps) {
      HONE_TRY_VOID(evaluate_now(p_.recipe.eval.during_problems));
    }
    return {};
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
    HONE_TRY(std::vector<Group> groups, prompt_groups(problems, p_.environment, p_.generator.context_length(),
                                                      p_.recipe.data.max_prompt_tokens));
    SamplingParams sampling{o.max_new_tokens, o.temperature, o.top_k, o.top_p, o.min_p, o.stop};
    std::vector<GenerationRequest> requests;
    for (std::size_t i = 0; i < groups.size(); ++i) {
      requests.push_back({groups[i].prompt_ids,
                          o.group_size,
                          sampling,
                          {.seed = p_.recipe.seed,
                           .purpose = Purpose::kSampling,
                           .step = static_cast<std::uint64_t>(position_.step),
                           .problem = static_cast<std::uint64_t>(first) + i},
                          true});
    }
    std::size_t finished = 0;
    const std::size_t wanted = groups.size() * static_cast<std::size_t>(o.group_size);
    RolloutJudge judge(groups, o.group_size, p_.rubric);
    HONE_TRY_VOID(
        p_.generator.generate(requests, [&](std::size_t i, std::size_t sample, const Completion& completion) {
          judge.add(i, sample, completion);
          p_.observer.on_activity(fmt::format("rollout {}/{}", ++finished, wanted));
        }));
    p_.observer.on_activity("verify");
    judge.finish();
    HONE_TRY(const Metrics judged, p_.rubric.judge_groups(groups));
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
    HONE_TRY(const TrainBatch batch, supervised_batch(problems, p_.environment, p_.generator.context_length(),
                                                      p_.encode_solution, position_.step));
    HONE_TRY(Metrics metrics, learner_->update(batch));
    ++position_.step;
    double tokens = 0;
    for (const TrainGroup& g : batch.groups) {
      tokens += static_cast<double>(g.prompt.size() + g.sequences[0].completion.size());
    }
    metrics["num_tokens"] = tokens;
    metrics["step_time"] = seconds_since(start);
    return record({"sft", position_.step, std::move(metrics), {}});
  }

  // Held-out problems, recorded under the GRPO step that they follow; of a run without GRPO, under 0.
  Result<void> evaluate_now(int count) {
    if (count <= 0) return {};
    const std::int64_t step = position_.stage == "grpo" ? position_.step : 0;
    HONE_TRY(const auto done, p_.store.steps("eval"));
    if (std::find(done.begin(), done.end(), step) != done.end()) return {};  // before this death
    p_.observer.on_activity("evaluation");
    const auto available =
        p_.dataset.eval_size() >= 0 ? std::min<std::int64_t>(count, p_.dataset.eval_size()) : count;
    std::vector<Problem> problems;
    for (std::int64_t i = 0; i < available; ++i) problems.push_back(p_.dataset.eval(i));
    EvaluateOptions options;
    const RolloutOptions& o = p_.recipe.grpo.rollout;
    options.sampling.max_new_tokens =
        p_.recipe.eval.max_new_tokens > 0 ? p_.recipe.eval.max_new_tokens : o.max_new_tokens;
    options.sampling.temperature = p_.recipe.eval.temperature;
    options.sampling.stop = o.stop;
    options.seed = p_.recipe.seed;
    const auto start = Clock::now();
    HONE_TRY(Evaluation evaluation, evaluate(problems, p_.environment, p_.generator, p_.rubric, options));
    StepRecord record{"eval", step, {}, std::move(evaluation.groups)};
    for (const auto& [name, value] : evaluation.metrics) record.metrics["eval_" + name] = value;
    record.metrics["eval_runtime"] = seconds_since(start);
    return this->record(std::move(record));
  }

  Result<void> start_stage(const std::string& stage, const std::string& checkpoint) {
    const std::int64_t version = learner_ ? learner_->policy_version() : 0;
    learner_.reset();  // its moments go before the next one's are made
    learner_ = p_.make_learner(stage, version);
    if (!checkpoint.empty()) HONE_TRY_VOID(learner_->restore(checkpoint));
    const fs::path& run = p_.folder.path();
    HONE_TRY(EventWriter events, EventWriter::create(stage == "sft" ? run / "sft" : run, position_.step));
    events_.emplace(std::move(events));
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
    HONE_TRY_VOID(events_->scalars(record.step, record.metrics));
    p_.observer.on_step(record);
    return {};
  }

  TrainParts p_;
  RunPosition position_;
  std::unique_ptr<Learner> learner_;
  std::optional<EventWriter> events_;
  std::int64_t resampled_ = 0;
  std::map<std::string, Mean> judged_;  // what judging the step's groups measured, over rounds of sampling
};

}  // namespace

Result<TrainResult> train(TrainParts parts) { return TrainLoop(std::move(parts)).run(); }

}  // namespace hone
