// hone eval: how many problems a model solves.
#include <cmath>
#include <functional>
#include <memory>

#include "hone/base/files.h"
#include "hone/base/json.h"
#include "hone/cli/build.h"
#include "hone/cli/command.h"
#include "hone/cli/eval_problems.h"
#include "hone/cli/eval_strategy.h"
#include "hone/cli/group_view.h"
#include "hone/cli/jsonl.h"
#include "hone/cli/model_options.h"
#include "hone/cli/progress.h"
#include "hone/loop/evaluate.h"

namespace hone {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr const char* kEvalHelp =
    R"(accuracy is the mean over completions (avg@n), pass@k the chance that one of k
is right (estimated from all n), maj@n whether the most frequent answer is. The +/- is one standard error over
problems. Completions are greedy when there is one of each problem, else sampled at temperature 1.
--strategy compares ways of spending more tokens, all on the same samples (the largest k of each problem);
docs/test-time-compute.md says what each does.
Recipes' names for the file's fields: --field prompt=question --field answer=answer --answer-after '####'.)";

struct EvalArguments {
  ModelChoice model;
  EvalProblems problems;
  std::vector<int> k = {1};
  int samples = 0;  // 0: the largest k
  std::function<bool()> temperature_given;
  SamplingParams sampling;
  std::uint64_t seed = 0;
  int max_sequences = 256;
  std::string prompt_format;         // empty: chat where the model has a template
  std::string verifier;              // empty: the task's, or number
  std::vector<std::string> command;  // program: what starts it
  std::string completions;           // a file for them; empty: none
  StrategyArguments strategy;
  bool json = false;
};

// Checks what can be checked before a model is read, and fills in what follows from the rest.
Result<void> settle(EvalArguments& options) {
  int most = 0;
  for (const int k : options.k) {
    if (k < 1) return Error{"--k", "must be at least 1", std::to_string(k)};
    most = std::max(most, k);
  }
  if (options.samples == 0) options.samples = std::max(most, 1);
  if (options.samples < most) {
    return Error{"--samples", fmt::format("must be at least the largest k, {}", most),
                 std::to_string(options.samples)};
  }
  if (options.max_sequences < 1)
    return Error{"--max-sequences", "must be at least 1", std::to_string(options.max_sequences)};
  if (!options.temperature_given()) options.sampling.temperature = options.samples > 1 ? 1.0 : 0.0;
  // With --strategy that is a control: votes among equal completions gain nothing.
  if (options.samples > 1 && options.sampling.temperature == 0.0 && !options.strategy.asked()) {
    return Error{"--temperature", "must be above 0 where a problem has several completions (they'd be equal)",
                 "0"};
  }
  return check_sampling_options(options.sampling);
}

Result<Rubric> rubric_of(const EvalArguments& options, const std::string& natural,
                         std::shared_ptr<const Friends> friends) {
  const std::string name = options.verifier.empty() ? natural : options.verifier;
  if (!options.command.empty() && name != "program")
    return Error{"--command", "needs --verifier program", name};
  VerifierOptions verifier{name, 1.0, 0.0};
  verifier.command = options.command;
  auto made = make_verifier(verifier, options.seed);
  if (!made.ok()) {
    Error error = made.error();
    error.where = error.where == "program: command" ? "--command" : "--verifier";
    return error;
  }
  if (!(*made)->judges_correctness())
    return Error{"--verifier", "must judge whether an answer is right", name};
  return with_scorer(verifier, options.strategy.scorer, options.seed, std::move(friends));
}

// Shows on a terminal how many completions are there.
class WatchedGenerator : public Generator {
 public:
  explicit WatchedGenerator(Generator& inner) : inner_(inner) {}

  Result<std::vector<std::vector<Completion>>> generate(std::span<const GenerationRequest> requests,
                                                        const OnFinished& on_finished) override {
    const Terminal terminal = detect_terminal(stderr);
    if (!terminal.live) return inner_.generate(requests, on_finished);
    std::int64_t total = 0, done = 0, tokens = 0;
    for (const GenerationRequest& request : requests) total += request.n;
    Progress progress(stderr);
    progress.stage("eval", total);
    return inner_.generate(requests, [&](std::size_t request, std::size_t sample, const Completion& c) {
      tokens += std::ssize(c.ids);
      progress.step(++done, {{"tokens", static_cast<double>(tokens), ValueKind::kCount}});
      if (on_finished) on_finished(request, sample, c);
    });
  }
  std::int64_t context_length() const override { return inner_.context_length(); }

 private:
  Generator& inner_;
};

// Of the mean over problems of each one's share of right completions.
double standard_error(const std::vector<Group>& groups) {
  const auto n = static_cast<double>(groups.size());
  if (groups.size() < 2) return 0.0;
  double sum = 0.0, squares = 0.0;
  for (const Group& group : groups) {
    double share = 0.0;
    for (const Rollout& rollout : group.rollouts) share += rollout.reward.correct ? 1.0 : 0.0;
    share /= static_cast<double>(group.rollouts.size());
    sum += share;
    squares += share * share;
  }
  const double variance = std::max(0.0, (squares - sum * sum / n) / (n - 1.0));
  return std::sqrt(variance / n);
}

// test_time: where there is one, lines say what each strategy made of their problem.
Result<void> write_completions(const std::string& file, const std::vector<Group>& groups,
                               const TestTime* test_time = nullptr) {
  HONE_TRY(AtomicFile out, AtomicFile::create(file));
  for (std::size_t i = 0; i < groups.size(); ++i) {
    OrderedJson group = group_json(groups[i], i);
    if (test_time != nullptr) group["outcomes"] = outcomes_json(*test_time, i);
    const std::string line = group.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
    HONE_TRY_VOID(out.write(line.data(), line.size()));
  }
  return out.commit();
}

Result<void> print(const Evaluation& evaluation, const EvalArguments& options) {
  const double error = standard_error(evaluation.groups);
  if (options.json) {
    return write_json_line(stdout, OrderedJson{{"model", options.model.folder},
                                               {"problems", evaluation.groups.size()},
                                               {"samples", options.samples},
                                               {"accuracy_standard_error", error},
                                               {"metrics", evaluation.metrics}});
  }
  std::string text = fmt::format("{} problems, {} completion{} of each\n", evaluation.groups.size(),
                                 options.samples, options.samples > 1 ? "s" : "");
  if (const auto it = evaluation.metrics.find("accuracy"); it != evaluation.metrics.end()) {
    text += fmt::format("accuracy {:.1f}% ± {:.1f}\n", 100.0 * it->second, 100.0 * error);
  }
  return write_text(stdout, text + metrics_text(evaluation.metrics, stdout_style()));
}

Result<void> print(const TestTime& result, const EvalArguments& options) {
  if (options.json) {
    return write_json_line(stdout, OrderedJson{{"model", options.model.folder},
                                               {"problems", result.groups.size()},
                                               {"samples", options.samples},
                                               {"sampled_tokens", result.sampled_tokens},
                                               {"strategies", strategy_json(result)}});
  }
  const std::string head =
      fmt::format("{} problems, up to {} completion{} of each, {} tokens sampled\n", result.groups.size(),
                  options.samples, options.samples > 1 ? "s" : "", result.sampled_tokens);
  constexpr const char* kFoot =
      "tokens: the mean spent on a problem. gain: in points, over one sample of the same problem.\n";
  return write_text(stdout, head + strategy_table(result, stdout_style()) + kFoot);
}

Result<int> eval_strategies(const EvalArguments& options, const TestTimeOptions& strategies,
                            const ProblemSet& set, Environment& environment, Generator& generator,
                            const Tokenizer& tokenizer, const Rubric& rubric) {
  const auto result = run_test_time(set.problems, environment, generator, tokenizer, rubric, strategies);
  if (!result.ok()) return as_strategy_option(result.error());
  if (!options.completions.empty())
    HONE_TRY_VOID(write_completions(options.completions, result->groups, &*result));
  HONE_TRY_VOID(
      write_strategy_files(*result, options.strategy,
                           fmt::format("{}: {} problems", options.problems.source, set.problems.size())));
  HONE_TRY_VOID(print(*result, options));
  return 0;
}

Result<int> eval(EvalArguments options) {
  HONE_TRY_VOID(settle(options));
  HONE_TRY(TestTimeOptions strategies, strategy_options(options.strategy));
  HONE_TRY(const ProblemSet set, read_problems(options.problems));
  const auto friends = std::make_shared<Friends>();
  HONE_TRY(const Rubric rubric, rubric_of(options, set.verifier, friends));
  HONE_TRY(Model model, load_model(options.model.folder, options.model.device, options.model.dtype));
  std::string format = options.prompt_format;
  if (format.empty()) format = model.tokenizer.chat_template().empty() ? "plain" : "chat";
  const auto environment = make_environment(model.tokenizer, format);
  if (!environment.ok()) {
    Error error = environment.error();
    if (error.where == "data.prompt_format") error.where = "--prompt-format";
    return error;
  }
  const auto generator = make_generator(model, options.max_sequences);
  WatchedGenerator watched(*generator);
  if (options.strategy.scorer == "friends") {
    const LocalModel own{&watched, environment->get(), nullptr};
    HONE_TRY(auto judge, scoring_friend(options.strategy, model, own, options.sampling, options.seed));
    friends->push_back(std::move(judge));
  }
  if (options.strategy.asked()) {
    strategies.sampling = options.sampling;
    strategies.k = options.k;
    strategies.samples = options.samples;
    strategies.seed = options.seed;
    return eval_strategies(options, strategies, set, **environment, watched, model.tokenizer, rubric);
  }
  HONE_TRY(const Evaluation evaluation,
           evaluate(set.problems, **environment, watched, rubric,
                    {options.sampling, options.samples, options.k, options.seed}));
  if (!options.completions.empty()) HONE_TRY_VOID(write_completions(options.completions, evaluation.groups));
  HONE_TRY_VOID(print(evaluation, options));
  return 0;
}

}  // namespace

void add_eval_command(CommandLine& line) {
  auto options = std::make_shared<EvalArguments>();
  Command& command =
      line.add("eval", "How many problems a model solves", [options] { return eval(*options); });
  command.footer(kEvalHelp);
  add_model_options(command, options->model);
  add_problem_options(command, options->problems);
  command.option("--k", options->k, "pass@k (or each strategy) of each, as 1,4,16", OptionForm::kShowDefault);
  command.option("--samples", options->samples, "completions of each problem; default: the largest k");
  command.option("--verifier", options->verifier,
                 fmt::format("{}; default: the task's, or number", fmt::join(known_verifiers(), ", ")));
  command.hint({.words = known_verifiers()});
  command.option("--command", options->command,
                 "program: what starts it; words by giving it again, or in quotes");
  command.option("--prompt-format", options->prompt_format,
                 "chat or plain; default: chat where the model has a template");
  command.hint({.words = {"chat", "plain"}});
  add_strategy_options(command, options->strategy);
  add_sampling_options(command, options->sampling, options->seed);
  command.option("--max-sequences", options->max_sequences, "decoded at once", OptionForm::kShowDefault);
  command.option("--completions", options->completions, "write every completion here, as JSON lines");
  command.hint({.files = true});
  command.flag("--json", options->json, "one JSON line");
  options->temperature_given = [&command] { return command.given("--temperature"); };
}

}  // namespace hone
