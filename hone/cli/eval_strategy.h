// `hone eval --strategy`: its options, and accuracy against tokens as a table, JSON, CSV and a picture.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "hone/base/result.h"
#include "hone/cli/build.h"
#include "hone/cli/command_line.h"
#include "hone/cli/group_view.h"
#include "hone/config/options.h"
#include "hone/loop/test_time.h"
#include "hone/verify/local_friends.h"

namespace hone {

struct StrategyArguments {
  std::vector<std::string> names;  // empty: a plain evaluation
  std::string scorer;
  int opinions = 4;   // of friends; 0: how probable their yes is
  std::string judge;  // their model's folder; empty: the one that is evaluated
  double confidence = 0.95;
  std::vector<int> budgets;
  int at_least = 0;
  std::string more = "Wait";
  int more_times = 1;
  std::string csv, plot;  // files; empty: none
  std::function<bool(const std::string& option)> given;

  bool asked() const { return !names.empty(); }
};

// --strategy, --scorer, --opinions, --judge, --confidence, --think-…, --csv, --plot. The command must outlive
// the arguments.
void add_strategy_options(Command& command, StrategyArguments& arguments);

// What stands in them, but for sampling, k and seed, which the caller fills in. Checks all that can be
// checked before a model is read, files to write included. Errors name the option.
Result<TestTimeOptions> strategy_options(const StrategyArguments& arguments);

// The judge, and the scorer where it is a verifier or `friends`, whom run_test_time() asks and who may be
// filled in until then. Error: an unknown scorer.
Result<Rubric> with_scorer(const VerifierOptions& judge, const std::string& scorer, std::uint64_t seed,
                           std::shared_ptr<const Friends> friends);

// The model that gives --scorer friends its opinions, sampled as the answers are: `model`, or --judge's. Both
// arguments outlive it.
Result<std::unique_ptr<Friend>> scoring_friend(const StrategyArguments& arguments, Model& model,
                                               const LocalModel& own, const SamplingParams& sampling,
                                               std::uint64_t seed);

// The option in place of the part of the loop.
Error as_strategy_option(Error error);

std::string strategy_table(const TestTime& result, const ViewStyle& style);
nlohmann::ordered_json strategy_json(const TestTime& result);
// A line's "outcomes": {"maj@16": 1.0}, of one problem.
nlohmann::ordered_json outcomes_json(const TestTime& result, std::size_t problem);
// The files that the arguments name.
Result<void> write_strategy_files(const TestTime& result, const StrategyArguments& arguments,
                                  const std::string& title);

}  // namespace hone
