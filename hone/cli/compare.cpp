// hone compare: whether one evaluation beats another, problem by problem.
#include <fstream>
#include <map>
#include <memory>

#include "hone/base/json.h"
#include "hone/base/log.h"
#include "hone/base/suggest.h"
#include "hone/cli/command.h"
#include "hone/cli/jsonl.h"
#include "hone/rl/bootstrap.h"

namespace hone {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr const char* kCompareHelp =
    R"(A and B are files of hone eval --completions, of the same problems; they may be one file where --a and --b
name strategies of it. A problem's accuracy is the share of its completions that are right, or what a strategy of
eval --strategy made of it: --a maj@16 --b pass@1. The interval is of the mean difference, by a paired bootstrap
over problems. One beats the other when the whole interval is on its side of 0.)";

struct CompareArguments {
  std::string file_a, file_b;
  std::string of_a, of_b;  // "maj@16"; empty: the mean over completions
  double confidence = 0.95;
  int resamples = 10'000;
  std::uint64_t seed = 0;
  bool json = false;
};

struct Outcome {
  std::string answer;
  double accuracy = 0.0;
};
using Outcomes = std::map<std::string, Outcome>;  // by the problem's source

Result<double> mean_of_completions(const JsonLine& line) {
  const auto rollouts = line.value.find("rollouts");
  if (rollouts == line.value.end() || !rollouts->is_array() || rollouts->empty())
    return Error{line.where + ": rollouts", "must be a list of completions", described(line.value)};
  double right = 0.0;
  for (const Json& rollout : *rollouts) {
    if (!rollout.is_object() || !rollout.contains("correct") || !rollout["correct"].is_boolean())
      return Error{line.where + ": rollouts", "must each say whether they are correct", described(rollout)};
    right += rollout["correct"].get<bool>() ? 1.0 : 0.0;
  }
  return right / static_cast<double>(rollouts->size());
}

Result<double> outcome_of(const JsonLine& line, const std::string& name, const char* option) {
  const auto outcomes = line.value.find("outcomes");
  if (outcomes == line.value.end() || !outcomes->is_object())
    return Error{option, "needs a file of eval --strategy --completions", line.where + " has no outcomes"};
  const auto value = outcomes->find(name);
  if (value != outcomes->end() && value->is_number()) {
    const double accuracy = value->get<double>();
    if (accuracy >= 0.0 && accuracy <= 1.0) return accuracy;
    return Error{line.where + ": outcomes: " + name, "must be from 0 to 1", fmt::format("{}", accuracy)};
  }
  std::vector<std::string> known;
  for (const auto& item : outcomes->items()) known.push_back(item.key());
  const std::string near = nearest(name, known);
  return Error{option, fmt::format("must be one of {}", fmt::join(known, ", ")),
               fmt::format("'{}'{}", name, near.empty() ? "" : fmt::format(" (did you mean {}?)", near))};
}

Result<Outcomes> read_outcomes(const std::string& file, const std::string& of, const char* option) {
  std::ifstream stream(file);
  if (!stream) return Error{file, "must be readable", ""};
  Outcomes outcomes;
  HONE_TRY_VOID(each_json_line(stream, file, [&](const JsonLine& line) -> Result<void> {
    HONE_TRY(const std::string source, text_of(line.value, "source", line.where));
    HONE_TRY(const std::string answer, text_of(line.value, "answer", line.where));
    HONE_TRY(const double accuracy, of.empty() ? mean_of_completions(line) : outcome_of(line, of, option));
    if (!outcomes.emplace(source, Outcome{answer, accuracy}).second)
      return Error{line.where + ": source", "must stand in a file once", source};
    return {};
  }));
  if (outcomes.empty()) return Error{file, "must hold at least one problem", "none"};
  return outcomes;
}

// Of the problems that both files hold, in one order.
struct Pairs {
  std::vector<double> a, b;
  std::size_t only_a = 0, only_b = 0;
};

Result<Pairs> pair_up(const Outcomes& a, const Outcomes& b, const CompareArguments& options) {
  Pairs pairs;
  for (const auto& [source, outcome] : a) {
    const auto other = b.find(source);
    if (other == b.end()) {
      ++pairs.only_a;
      continue;
    }
    if (other->second.answer != outcome.answer) {
      return Error{
          options.file_b + ": " + source,
          fmt::format("must be the problem of {}, whose answer is {}", options.file_a, outcome.answer),
          other->second.answer};
    }
    pairs.a.push_back(outcome.accuracy);
    pairs.b.push_back(other->second.accuracy);
  }
  pairs.only_b = b.size() - pairs.a.size();
  if (pairs.a.empty())
    return Error{options.file_b, "must have problems in common with " + options.file_a, "none"};
  return pairs;
}

std::string verdict(const Interval& difference) {
  if (difference.low > 0) return "A beats B.";
  if (difference.high < 0) return "B beats A.";
  return "Neither beats the other: the interval holds 0.";
}

Result<int> compare(const CompareArguments& options) {
  if (!(options.confidence > 0.0 && options.confidence < 1.0))
    return Error{"--confidence", "must lie between 0 and 1", fmt::format("{}", options.confidence)};
  if (options.resamples < 100)
    return Error{"--resamples", "must be at least 100", std::to_string(options.resamples)};
  HONE_TRY(const Outcomes a, read_outcomes(options.file_a, options.of_a, "--a"));
  HONE_TRY(const Outcomes b, read_outcomes(options.file_b, options.of_b, "--b"));
  HONE_TRY(const Pairs pairs, pair_up(a, b, options));
  if (pairs.only_a + pairs.only_b > 0) {
    log_warn("left out: {} problems that only A has, {} that only B has", pairs.only_a, pairs.only_b);
  }
  const BootstrapOptions bootstrap{options.resamples, options.confidence, options.seed};
  const std::vector<Interval> each =
      bootstrap_means(std::vector<std::vector<double>>{pairs.a, pairs.b}, bootstrap);
  const Interval difference = bootstrap_difference(pairs.a, pairs.b, bootstrap);
  if (options.json) {
    const auto interval = [](const Interval& i) {
      return OrderedJson{{"mean", i.mean}, {"low", i.low}, {"high", i.high}};
    };
    HONE_TRY_VOID(write_json_line(stdout, OrderedJson{{"problems", pairs.a.size()},
                                                      {"only_a", pairs.only_a},
                                                      {"only_b", pairs.only_b},
                                                      {"a", interval(each[0])},
                                                      {"b", interval(each[1])},
                                                      {"difference", interval(difference)},
                                                      {"a_beats_b", difference.low > 0},
                                                      {"b_beats_a", difference.high < 0}}));
    return 0;
  }
  const auto named = [](const std::string& file, const std::string& of) {
    return of.empty() ? file : fmt::format("{} ({})", file, of);
  };
  const double share = 100.0 * options.confidence;
  HONE_TRY_VOID(write_text(
      stdout, fmt::format("{} problems, {:g} % intervals (paired bootstrap)\n"
                          "A           {:6.1f} %   {:.1f} – {:.1f}   {}\n"
                          "B           {:6.1f} %   {:.1f} – {:.1f}   {}\n"
                          "difference  {:+6.1f}     {:+.1f} – {:+.1f}\n{}\n",
                          pairs.a.size(), share, 100 * each[0].mean, 100 * each[0].low, 100 * each[0].high,
                          named(options.file_a, options.of_a), 100 * each[1].mean, 100 * each[1].low,
                          100 * each[1].high, named(options.file_b, options.of_b), 100 * difference.mean,
                          100 * difference.low, 100 * difference.high, verdict(difference))));
  return 0;
}

}  // namespace

void add_compare_command(CommandLine& line) {
  auto options = std::make_shared<CompareArguments>();
  Command& command =
      line.add("compare", "Whether one evaluation beats another", [options] { return compare(*options); });
  command.footer(kCompareHelp);
  command.option("A", options->file_a, "a file of hone eval --completions", OptionForm::kRequired);
  command.hint({.files = true, .endings = {"jsonl"}});
  command.option("B", options->file_b, "another, of the same problems", OptionForm::kRequired);
  command.hint({.files = true, .endings = {"jsonl"}});
  command.option("--a", options->of_a, "a strategy of A, as maj@16; default: the mean over completions");
  command.option("--b", options->of_b, "the same of B");
  command.option("--confidence", options->confidence, "of the intervals", OptionForm::kShowDefault);
  command.option("--resamples", options->resamples, "of the bootstrap", OptionForm::kShowDefault);
  command.option("--seed", options->seed, "of the resamples", OptionForm::kShowDefault);
  command.flag("--json", options->json, "one JSON line");
}

}  // namespace hone
