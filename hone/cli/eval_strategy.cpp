#include "hone/cli/eval_strategy.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "hone/base/files.h"
#include "hone/base/json.h"
#include "hone/base/suggest.h"
#include "hone/cli/chart.h"
#include "hone/cli/policy_scorer.h"
#include "hone/cli/speaker.h"
#include "hone/cli/table.h"

namespace hone {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr const char* kLogprobScorer = "logprob";
constexpr const char* kFriendsScorer = "friends";

Error unknown_name(const char* option, const std::string& name, const std::vector<std::string>& known) {
  const std::string near = nearest(name, known);
  return Error{option, fmt::format("must name one of {}", fmt::join(known, ", ")),
               fmt::format("'{}'{}", name, near.empty() ? "" : fmt::format(" (did you mean {}?)", near))};
}

// Names may stand in one text, divided by commas, or come one by one.
Result<std::vector<Strategy>> read_strategies(const std::vector<std::string>& texts) {
  std::vector<Strategy> strategies;
  for (const std::string& name : divided_by_commas(texts)) {
    const auto strategy = strategy_of(name);
    if (!strategy) return unknown_name("--strategy", name, strategy_names());
    if (std::ranges::find(strategies, *strategy) == strategies.end()) strategies.push_back(*strategy);
  }
  return strategies;
}

Result<void> check_budgets(const StrategyArguments& a, bool asked) {
  if (!asked) {
    for (const char* option : {"--think-budget", "--think-at-least", "--think-more", "--think-more-times"}) {
      if (a.given(option)) return Error{option, "needs --strategy budget", ""};
    }
    return {};
  }
  if (a.budgets.empty()) {
    return Error{"--think-budget", "must be given with --strategy budget (tokens of a thought, as 0,16,64)",
                 "none"};
  }
  for (const int budget : a.budgets) {
    if (budget < 0) return Error{"--think-budget", "must be at least 0", std::to_string(budget)};
  }
  if (a.at_least < 0) return Error{"--think-at-least", "must be at least 0", std::to_string(a.at_least)};
  const int most = *std::ranges::max_element(a.budgets);
  if (a.at_least > most) {
    return Error{"--think-at-least", fmt::format("must be at most the largest budget, {}", most),
                 std::to_string(a.at_least)};
  }
  if (a.more_times < 1)
    return Error{"--think-more-times", "must be at least 1", std::to_string(a.more_times)};
  if (a.more.empty()) return Error{"--think-more", "must hold at least one character", "an empty text"};
  for (const char* option : {"--think-more", "--think-more-times"}) {
    if (a.at_least == 0 && a.given(option)) return Error{option, "needs --think-at-least", ""};
  }
  return {};
}

Result<void> check_scorer(const StrategyArguments& a, bool asked) {
  for (const char* option : {"--opinions", "--judge"}) {
    if (a.scorer != kFriendsScorer && a.given(option)) return Error{option, "needs --scorer friends", ""};
  }
  if (a.opinions < 0) return Error{"--opinions", "must be at least 0", std::to_string(a.opinions)};
  if (!asked) {
    if (!a.scorer.empty()) return Error{"--scorer", "needs --strategy bon", a.scorer};
    return {};
  }
  std::vector<std::string> known = known_verifiers();
  known.insert(known.begin(), {kLogprobScorer, kFriendsScorer});
  if (a.scorer.empty()) {
    return Error{"--scorer",
                 fmt::format("must be given with --strategy bon: one of {}", fmt::join(known, ", ")), "none"};
  }
  if (std::ranges::find(known, a.scorer) == known.end()) return unknown_name("--scorer", a.scorer, known);
  return {};
}

// That it can be made, before anything is sampled for it.
Result<void> check_file(const std::string& file) {
  if (file.empty()) return {};
  return to_void(AtomicFile::create(file));
}

std::string percent(double share) { return fmt::format("{:.1f}", 100.0 * share); }

// Of a difference; never "-0.0".
std::string points(double share) {
  const double rounded = std::round(1000.0 * share) / 10.0;
  return fmt::format("{:+.1f}", rounded == 0.0 ? 0.0 : rounded);
}

std::string csv_of(const TestTime& result) {
  std::string text = "strategy,k,think_budget,accuracy,low,high,tokens,gain,gain_low,gain_high,problems\n";
  for (const StrategyPoint& p : result.points) {
    const bool budget = p.strategy == Strategy::kBudget;
    text += fmt::format("{},{},{},{},{},{},{},{},{},{},{}\n", to_string(p.strategy),
                        budget ? "" : std::to_string(p.at), budget ? std::to_string(p.at) : "", p.mean.mean,
                        p.mean.low, p.mean.high, p.mean_tokens, p.gain.mean, p.gain.low, p.gain.high,
                        p.accuracy.size());
  }
  return text;
}

Chart chart_of(const TestTime& result, const std::string& title) {
  Chart chart{.title = title,
              .x_title = "tokens spent on a problem (mean)",
              .y_title = "accuracy, % (95 % intervals over problems)",
              .log_x = true,
              .y_min = 0.0,
              .y_max = 100.0,
              .series = {}};
  std::map<Strategy, std::size_t> place;
  for (const StrategyPoint& p : result.points) {
    const auto [it, fresh] = place.emplace(p.strategy, chart.series.size());
    if (fresh) chart.series.push_back({to_string(p.strategy), {}});
    chart.series[it->second].points.push_back(
        {p.mean_tokens, 100.0 * p.mean.mean, 100.0 * p.mean.low, 100.0 * p.mean.high, std::to_string(p.at)});
  }
  return chart;
}

}  // namespace

void add_strategy_options(Command& command, StrategyArguments& a) {
  command.option("--strategy", a.names,
                 fmt::format("accuracy against tokens spent, of each: {}; as maj,adaptive or given again",
                             fmt::join(strategy_names(), ", ")));
  command.hint({.words = strategy_names(), .list = true});
  command.option(
      "--scorer", a.scorer,
      "bon: logprob, friends (the model itself, asked whether an answer is right), or a verifier, as "
      "--verifier's");
  command.option("--opinions", a.opinions,
                 "friends: about each answer, sampled as answers are; 0: how probable yes is, in one pass",
                 OptionForm::kShowDefault);
  command.option("--judge", a.judge, "friends: another model's folder in place of the model itself");
  command.hint({.folders = true});
  command.option(
      "--confidence", a.confidence,
      "adaptive: stops when the leader stays ahead with more than it; 1: when nothing can overtake it",
      OptionForm::kShowDefault);
  command.option("--think-budget", a.budgets, "budget: tokens of a thought at most, as 0,16,64");
  command.option("--think-at-least", a.at_least, "budget: a thought that closes before is gone on with");
  command.option("--think-more", a.more, "budget: the text that goes on with it", OptionForm::kShowDefault);
  command.option("--think-more-times", a.more_times, "budget: for one thought, at most",
                 OptionForm::kShowDefault);
  command.option("--csv", a.csv, "write the table of --strategy here");
  command.hint({.files = true});
  command.option("--plot", a.plot, "draw it here: a .svg or .png");
  command.hint({.files = true, .endings = {"svg", "png"}});
  a.given = [&command](const std::string& option) { return command.given(option); };
}

Result<TestTimeOptions> strategy_options(const StrategyArguments& a) {
  TestTimeOptions options;
  HONE_TRY(options.strategies, read_strategies(a.names));
  const auto asks = [&](Strategy s) {
    return std::ranges::find(options.strategies, s) != options.strategies.end();
  };
  for (const auto& [file, option] : {std::pair{a.csv, "--csv"}, {a.plot, "--plot"}}) {
    if (!a.asked() && !file.empty()) return Error{option, "needs --strategy", file};
  }
  if (!a.plot.empty()) HONE_TRY_VOID(to_void(chart_format(a.plot, "--plot")));
  HONE_TRY_VOID(check_scorer(a, asks(Strategy::kBest)));
  HONE_TRY_VOID(check_budgets(a, asks(Strategy::kBudget)));
  if (!asks(Strategy::kAdaptive) && a.given("--confidence"))
    return Error{"--confidence", "needs --strategy adaptive", ""};
  if (!(a.confidence >= 0.5 && a.confidence <= 1.0))
    return Error{"--confidence", "must be from 0.5 to 1", fmt::format("{}", a.confidence)};
  HONE_TRY_VOID(check_file(a.csv));
  HONE_TRY_VOID(check_file(a.plot));
  options.scorer = a.scorer;
  options.confidence = a.confidence;
  const std::set<int> budgets(a.budgets.begin(), a.budgets.end());
  options.budget = {{budgets.begin(), budgets.end()}, a.at_least, a.more, a.more_times};
  return options;
}

Result<Rubric> with_scorer(const VerifierOptions& judge, const std::string& scorer, std::uint64_t seed,
                           std::shared_ptr<const Friends> friends) {
  RewardOptions reward{{judge}};
  if (scorer == kFriendsScorer) {
    VerifierOptions options{.verifier = scorer, .weight = 0.0};
    HONE_TRY(const auto verifier, make_verifier(judge, seed));
    if (verifier->compares_answers()) options.answers = judge.verifier;
    reward.rubric.push_back(std::move(options));
    return Rubric::make(reward, seed, std::move(friends));
  }
  if (!scorer.empty() && scorer != kLogprobScorer && scorer != judge.verifier) {
    VerifierOptions options{scorer, 0.0, 1.0};  // length: the shortest is the best, whatever the scale
    if (auto made = make_verifier(options, seed); !made.ok()) {
      Error error = made.error();
      error.where = "--scorer";
      return error;
    }
    reward.rubric.push_back(std::move(options));
  }
  return Rubric::make(reward, seed);
}

Result<std::unique_ptr<Friend>> scoring_friend(const StrategyArguments& a, Model& model,
                                               const LocalModel& own, const SamplingParams& sampling,
                                               std::uint64_t seed) {
  constexpr int kMaxSequences = 256;
  std::shared_ptr<Speaker> other;
  std::shared_ptr<YesNoScorer> scorer;
  if (!a.judge.empty()) {
    HONE_TRY(other, load_speaker(a.judge, FriendOptions{}, "", kMaxSequences));
  }
  if (a.opinions == 0) {
    Model& judge = other ? other->model : model;
    const std::string tag = "<answer>";  // of models that were taught hone's format
    HONE_TRY(scorer, make_policy_scorer(judge, judge.tokenizer.encode(tag).size() == 1 ? tag : ""));
  }
  LocalModel parts = other ? other->parts() : own;
  parts.scorer = scorer.get();
  LocalFriendOptions options{.name = other ? a.judge : "self",
                             .copies = std::max(1, a.opinions),
                             .probability = a.opinions == 0,
                             .sampling = sampling,
                             .seed = seed};
  return make_local_friend(std::move(options),
                           [other, scorer, parts](std::int64_t) { return Result<LocalModel>(parts); });
}

Error as_strategy_option(Error error) {
  if (error.where.starts_with("strategy ")) error.where = "--strategy " + error.where.substr(9);
  if (error.where == "think budgets") error.where = "--think-budget";
  return error;
}

std::string strategy_table(const TestTime& result, const ViewStyle& style) {
  Table table({{"strategy"},
               {"accuracy, %", Align::kRight},
               {"95 % interval", Align::kRight},
               {"tokens", Align::kRight},
               {"gain", Align::kRight},
               {"95 % interval", Align::kRight}});
  const StrategyPoint* last = nullptr;
  for (const StrategyPoint& p : result.points) {
    if (last != nullptr && last->strategy != p.strategy) table.rule();
    table.row({name_of(p), percent(p.mean.mean), percent(p.mean.low) + " – " + percent(p.mean.high),
               fmt::format("{:.1f}", p.mean_tokens), points(p.gain.mean),
               points(p.gain.low) + " – " + points(p.gain.high)});
    last = &p;
  }
  return table.render(style.width, style.unicode);
}

OrderedJson strategy_json(const TestTime& result) {
  OrderedJson rows = OrderedJson::array();
  for (const StrategyPoint& p : result.points) {
    OrderedJson row{{"strategy", to_string(p.strategy)}};
    row[p.strategy == Strategy::kBudget ? "think_budget" : "k"] = p.at;
    row.update(OrderedJson{{"accuracy", p.mean.mean},
                           {"low", p.mean.low},
                           {"high", p.mean.high},
                           {"tokens", p.mean_tokens},
                           {"gain", p.gain.mean},
                           {"gain_low", p.gain.low},
                           {"gain_high", p.gain.high}});
    rows.push_back(std::move(row));
  }
  return rows;
}

OrderedJson outcomes_json(const TestTime& result, std::size_t problem) {
  OrderedJson outcomes = OrderedJson::object();
  for (const StrategyPoint& p : result.points) outcomes[name_of(p)] = p.accuracy[problem];
  return outcomes;
}

Result<void> write_strategy_files(const TestTime& result, const StrategyArguments& arguments,
                                  const std::string& title) {
  if (!arguments.csv.empty()) HONE_TRY_VOID(write_file_atomically(arguments.csv, csv_of(result)));
  if (arguments.plot.empty()) return {};
  HONE_TRY(const ChartFormat format, chart_format(arguments.plot, "--plot"));
  return write_file_atomically(arguments.plot, draw_chart(chart_of(result, title), format));
}

}  // namespace hone
