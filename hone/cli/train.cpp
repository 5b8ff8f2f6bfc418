// hone train RECIPE [--set key=value]… [--resume]
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "hone/base/json.h"
#include "hone/base/threads.h"
#include "hone/cli/amortize_ledger.h"
#include "hone/cli/build.h"
#include "hone/cli/command.h"
#include "hone/cli/friend_circle.h"
#include "hone/cli/interrupt.h"
#include "hone/cli/jsonl.h"
#include "hone/cli/pages_server.h"
#include "hone/cli/progress.h"
#include "hone/cli/snapshots.h"
#include "hone/cli/train_memory.h"
#include "hone/cli/train_summary.h"
#include "hone/config/recipe.h"
#include "hone/loop/amortize.h"
#include "hone/loop/rollouts.h"
#include "hone/loop/supervised_batch.h"
#include "hone/loop/train_loop.h"
#include "hone/types/stage.h"
#include "hone/update/learner.h"

namespace hone {
namespace {

constexpr const char* kTrainHelp =
    R"(Exit codes: 0 finished, 2 something was wrong (one line on stderr), 130 stopped by Ctrl-C with everything saved.
--json: run, checkpoint, state, parameters, steps of each stage, every evaluation, the metrics of each stage's last step.)";

struct TrainArguments {
  std::string command = "train";
  std::string recipe;
  std::vector<std::string> settings;
  bool resume = false, json = false;
  std::optional<std::int64_t> ui;  // the port of the pages beside the training; 0: any free one
};

class ProgressObserver : public TrainObserver {
 public:
  explicit ProgressObserver(std::FILE* out) : progress_(out) {}
  void on_stage(const std::string& stage, std::int64_t total, std::int64_t done) override {
    progress_.stage(stage, total, done);
  }
  void on_step(const StepRecord& record) override {
    const auto value = [&](const char* name) {
      const auto it = record.metrics.find(name);
      return it == record.metrics.end() ? std::nan("") : it->second;
    };
    if (is_eval_stage(record.stage)) {
      const bool direct = record.stage == "eval_direct";
      progress_.note(fmt::format("held-out accuracy{} after step {}: {:.1f} % of {} problems",
                                 direct ? " of direct answers" : "", record.step,
                                 100.0 * value(direct ? "eval_direct_accuracy" : "eval_accuracy"),
                                 record.groups.size()));
      return;
    }
    std::vector<ProgressValue> values;
    if (record.stage == "sft") {
      values = {{"loss", value("loss")},
                {"tokens/s", value("num_tokens") / value("step_time"), ValueKind::kCount}};
    } else if (record.stage == "amortize") {
      values = {{"loss", value("loss")},
                {"kept", value("amortize/kept"), ValueKind::kPercent},
                {"right", value("amortize/label_accuracy"), ValueKind::kPercent},
                {"length", value("completions/mean_length")}};
    } else if (record.stage == "propose") {
      values = {{"valid", value("propose/valid"), ValueKind::kPercent},
                {"new", value("propose/unique"), ValueKind::kPercent},
                {"solved", value("propose/solve_rate"), ValueKind::kPercent},
                {"length", value("completions/mean_length")}};
    } else {
      double sampled = 0;
      for (const Group& group : record.groups) {
        for (const Rollout& r : group.rollouts) sampled += static_cast<double>(r.completion.ids.size());
      }
      values = {{"reward", value("reward")},
                {"accuracy", value("accuracy"), ValueKind::kPercent},
                {"length", value("completions/mean_length")}};
      if (record.metrics.count("kl") > 0) values.push_back({"kl", value("kl")});
      values.push_back({"tokens/s", sampled / value("rollout_time"), ValueKind::kCount});
    }
    progress_.step(record.step, std::move(values));
  }
  void on_activity(const std::string& what) override { progress_.activity(what); }
  void on_note(const std::string& line) override { progress_.note(line); }
  void finish() { progress_.finish(); }

 private:
  Progress progress_;
};

LearnerOptions learner_options(const Recipe& recipe, const Model& model, const TrainingPlan& plan,
                               const std::string& stage, std::int64_t policy_version) {
  LearnerOptions o;
  o.supervised = stage == "sft" || stage == "amortize";
  o.policy_version = policy_version;
  o.eos_ids = model.eos_ids;
  o.save_companions = [&model, source = recipe.model.path](const std::string& folder) {
    return save_companions(model, source, folder);
  };
  if (stage == "amortize") {
    o.optimizer = recipe.amortize.optimizer;
    o.microbatch = {0, plan.amortize_tokens};
    o.total_steps = recipe.amortize.steps;
    return o;
  }
  if (stage == "sft") {
    o.optimizer = recipe.sft.optimizer;
    o.microbatch = {0, plan.sft_tokens};
    o.total_steps = recipe.sft.steps;
    return o;
  }
  const GrpoOptions& g = recipe.grpo;
  o.loss = g.loss;
  if (stage == "propose") {
    o.optimizer = recipe.propose.optimizer;
    o.microbatch = {0, plan.propose_tokens};
    o.max_completion_length = recipe.propose.max_new_tokens;
    o.total_steps = recipe.propose.steps;
    return o;
  }
  o.optimizer = g.optimizer;
  o.inner_epochs = g.inner_epochs;
  o.minibatches = g.minibatches;
  o.microbatch = {g.microbatch,
                  g.microbatch > 0 ? std::numeric_limits<std::int64_t>::max() : plan.grpo_tokens};
  o.max_completion_length = g.rollout.max_new_tokens;
  o.total_steps = static_cast<std::int64_t>(g.steps) * g.inner_epochs * g.minibatches;
  return o;
}

// Every row's prompt must fit, and have a solution for the supervised stage, before anything is written, or
// is left out under on_error: skip. (Of a task, a sample of problems.)
Result<void> check_prompts(const Recipe& recipe, Dataset& dataset, Environment& environment,
                           std::int64_t context_length) {
  const auto fits = [&](const Problem& problem, std::int64_t max_tokens) {
    return to_void(prompt_groups({&problem, 1}, environment, context_length, max_tokens));
  };
  const auto train_fits = [&](const Problem& p) {
    const auto solved = recipe.sft.steps > 0 ? check_solution(p) : Result<void>();
    return solved.ok() ? fits(p, recipe.data.max_prompt_tokens) : solved;
  };
  const auto eval_fits = [&](const Problem& p) { return fits(p, 0); };
  if (recipe.data.on_error == "skip") return dataset.leave_out(train_fits, eval_fits);
  const std::int64_t count = dataset.train_size() >= 0 ? dataset.train_size() : 64;
  for (std::int64_t i = 0; i < count; ++i) HONE_TRY_VOID(train_fits(dataset.train(i)));
  const std::int64_t held_out = std::min<std::int64_t>(dataset.eval_size(), recipe.eval.problems);
  for (std::int64_t i = 0; i < held_out; ++i) HONE_TRY_VOID(eval_fits(dataset.eval(i)));
  return {};
}

Result<void> print_run_json(const std::filesystem::path& run, const RunStore& store, const Policy& policy,
                            bool finished) {
  HONE_TRY(auto summary, train_summary_json(run, store));
  HONE_TRY(auto ledger, amortize_ledger_json(store, policy));
  summary["state"] = finished ? "finished" : "stopped";
  summary["parameters"] = policy.parameter_count();
  if (!ledger.is_null()) summary["amortize"] = std::move(ledger);
  return write_json_line(stdout, summary);
}

Result<int> run_train(const TrainArguments& arguments) {
  // With --json one object stands on stdout; what a person watches goes beside it.
  std::FILE* const out = arguments.json ? stderr : stdout;
  HONE_TRY(const Recipe recipe, read_recipe(arguments.recipe, arguments.settings));
  if (arguments.ui && (*arguments.ui < 0 || *arguments.ui > 65535))
    return Error{"--ui", "must be a port in [0, 65535]", std::to_string(*arguments.ui)};
  if (arguments.command == "amortize" && recipe.amortize.steps == 0)
    return Error{arguments.recipe + ": amortize.steps", "must be above 0 for hone amortize", "0"};
  set_thread_count(recipe.threads);
  HONE_TRY(const auto dataset, open_dataset(recipe.data, recipe.seed));
  const auto judges = std::make_shared<Friends>();
  HONE_TRY(const Rubric rubric, make_rubric(recipe, judges));
  if (recipe.amortize.steps > 0) HONE_TRY_VOID(check_amortize(rubric));
  HONE_TRY(Model model, make_model(recipe, *dataset));
  HONE_TRY(const auto environment, make_environment(model.tokenizer, recipe.data.prompt_format));
  const Learner* current = nullptr;
  HONE_TRY_VOID(
      check_prompts(recipe, *dataset, *environment, model.policy->config().max_position_embeddings));
  HONE_TRY(const TrainingPlan plan, plan_training(recipe, model, *dataset, *environment));
  ActivationTape tape(model.policy->decoder(), plan.memory.tape);
  const auto generator = make_generator(
      model, recipe.grpo.rollout.max_sequences,
      [&current] { return current != nullptr ? current->policy_version() : 0; }, &tape);

  HONE_TRY(const auto circle, FriendCircle::make(recipe, model, *generator, *environment));
  // They only read run.db, as any other process may: nothing of the training depends on them.
  std::unique_ptr<PagesServer> pages;
  if (arguments.ui) {
    auto started = PagesServer::start(
        {.runs = recipe.runs, .token = "", .port = static_cast<int>(*arguments.ui), .models = false});
    if (!started.ok()) return Error{"--ui", started.error().rule, started.error().got};
    pages = std::move(*started);
  }
  HONE_TRY(RunFolder folder, arguments.resume ? RunFolder::resume(recipe) : RunFolder::create(recipe));
  HONE_TRY(RunStore store, RunStore::open(folder.path() / "run.db"));
  HONE_TRY(*judges, circle->seat(folder.path()));
  HONE_TRY_VOID(store.set_fact("recipe", to_yaml(recipe)));
  HONE_TRY_VOID(store.set_fact("state", "running"));

  fmt::print(out, "{}: {} of {} parameters, vocabulary {}, on {}\n", folder.path().string(),
             model.policy->config().model_type,
             format_value(static_cast<double>(model.policy->parameter_count()), ValueKind::kCount),
             model.policy->config().vocab_size, recipe.model.device);
  if (model.policy->has_trunk()) fmt::print(out, "{}\n", plan.memory.to_string());
  if (pages != nullptr) {
    fmt::print(out, "watch it   {}#/run/{}\n", pages->address(), folder.name());
  } else {
    fmt::print(out, "watch it   hone ui {0}, then {1}#/run/{2}\n", recipe.runs, PagesServer::usual_address(),
               folder.name());
  }
  FriendOptions as_it_is;
  as_it_is.device = recipe.model.device;
  as_it_is.dtype = recipe.model.dtype;
  Snapshots thinker(recipe, as_it_is, model, folder.path() / "thinker");
  ProgressObserver observer(out);
  const InterruptGuard guard;
  TrainParts parts{
      recipe,
      *dataset,
      *environment,
      *generator,
      rubric,
      folder,
      store,
      observer,
      [] { return interrupted(); },
      [&](const std::string& stage, std::int64_t version) {
        LearnerOptions options = learner_options(recipe, model, plan, stage, version);
        if (!options.supervised) options.tape = &tape;
        auto learner = std::make_unique<PolicyLearner>(*model.policy, std::move(options));
        current = learner.get();
        return std::unique_ptr<Learner>(std::move(learner));
      },
      [&](const std::string& text) { return model.tokenizer.encode(text); },
      [&](std::int64_t step) -> Result<Generator*> {
        HONE_TRY(const Speaker* speaker, thinker.at(step));
        return speaker->generator.get();
      },
      model.tokenizer.eos_id().value_or(model.eos_ids.front()),
      [&](std::int64_t cached, std::int64_t total) { return forward_flops(*model.policy, cached, total); }};
  auto result = train(std::move(parts));
  observer.finish();
  if (!result.ok()) {
    // On a full disk this write fails too: what went wrong first is what is told.
    (void)store.set_fact("state", "failed");
    return result.error();
  }
  HONE_TRY_VOID(store.set_fact("state", result->finished ? "finished" : "stopped"));
  if (!result->finished) {
    fmt::print(out, "stopped after {} step {}; all of it is saved. To go on:\n  hone {} {}{} --resume\n",
               result->position.stage, result->position.step, arguments.command, arguments.recipe,
               settings_text(arguments.settings));
  }
  if (arguments.json) {
    HONE_TRY_VOID(print_run_json(folder.path(), store, *model.policy, result->finished));
  }
  if (!result->finished) return 130;
  if (arguments.json) return 0;
  print_train_summary(folder.path(), store);
  HONE_TRY(const std::string ledger, amortize_ledger(store, *model.policy, stdout_style()));
  fmt::print("{}", ledger);
  return 0;
}

}  // namespace

void add_train_command(CommandLine& line) {
  const auto add = [&line](const std::string& name, const std::string& what) {
    auto arguments = std::make_shared<TrainArguments>();
    arguments->command = name;
    Command& command = line.add(name, what, [arguments] { return run_train(*arguments); });
    command.option("recipe", arguments->recipe, "the recipe, a YAML file (docs/recipe.md)",
                   OptionForm::kRequired);
    command.hint({.files = true, .endings = {"yaml", "yml"}});
    command.option("--set", arguments->settings, "override a key of the recipe: --set grpo.steps=20");
    command.value_name("KEY=VALUE");
    command.flag("--resume", arguments->resume, "go on with the recipe's newest run");
    command.option("--ui", arguments->ui, "serve the pages meanwhile, at 127.0.0.1; 0: any free port");
    command.value_name("PORT");
    command.flag("--json", arguments->json, "one JSON object at the end; progress goes to stderr");
    command.footer(kTrainHelp);
  };
  add("train", "Train as a recipe says: a supervised warm start, then GRPO");
  add("amortize", "Train as a recipe with an amortize stage says: thinking into direct answers");
}

}  // namespace hone
