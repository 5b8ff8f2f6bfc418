// hone compare on files like those of hone eval --completions.
#include <gtest/gtest.h>

#include "cli/run_command.h"

namespace hone {
namespace {

using namespace hone::testing;

class Compare : public ::testing::Test {
 protected:
  // One line for each problem: right[i] of `samples` completions are correct.
  std::string file(const std::string& name, const std::vector<int>& right, int samples,
                   const std::string& prefix = "p") const {
    std::string text;
    for (std::size_t i = 0; i < right.size(); ++i) {
      Json rollouts = Json::array();
      for (int s = 0; s < samples; ++s) rollouts.push_back({{"correct", s < right[i]}});
      text += Json{{"source", prefix + std::to_string(i)},
                   {"answer", std::to_string(i)},
                   {"rollouts", rollouts},
                   {"outcomes", {{"maj@4", right[i] > samples / 2 ? 1.0 : 0.0}, {"pass@1", 0.5}}}}
                  .dump() +
              "\n";
    }
    return written(name, text);
  }
  std::string written(const std::string& name, const std::string& text) const {
    write_file(folder_ / name, text);
    return (folder_ / name).string();
  }
  static Json compared(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "compare");
    arguments.push_back("--json");
    const Ran ran = run_command(arguments);
    EXPECT_EQ(ran.exit_code, 0) << ran.err;
    return ran.exit_code == 0 ? ran.lines().at(0) : Json();
  }
  TempFolder folder_;
};

std::vector<int> lifted(std::vector<int> right, int by, std::size_t problems) {
  for (std::size_t i = 0; i < problems; ++i) right[i * 7 % right.size()] += by;
  return right;
}

TEST_F(Compare, PairsProblemsAndSaysWhoBeatsWhom) {
  std::vector<int> weak;
  for (int i = 0; i < 200; ++i) weak.push_back(i * 13 % 3);  // 0 to 2 of 4
  const auto a = file("a.jsonl", lifted(weak, 1, 30), 4), b = file("b.jsonl", weak, 4);
  const Json json = compared({a, b});
  EXPECT_EQ(json["problems"], 200);
  EXPECT_NEAR(json["difference"]["mean"].get<double>(), 30 * 0.25 / 200, 1e-12);
  EXPECT_NEAR(json["a"]["mean"].get<double>() - json["b"]["mean"].get<double>(), 30 * 0.25 / 200, 1e-12);
  EXPECT_GT(json["difference"]["low"].get<double>(), 0.0);
  EXPECT_LT(json["a"]["low"].get<double>(), json["b"]["high"].get<double>()) << "apart, they overlap";
  EXPECT_EQ(json["a_beats_b"], true);
  EXPECT_EQ(json["b_beats_a"], false);
  EXPECT_EQ(compared({b, a})["b_beats_a"], true);
  const Json self = compared({a, a});
  EXPECT_EQ(self["a_beats_b"], false);
  EXPECT_EQ(self["b_beats_a"], false);

  const Ran ran = run_command({"compare", a, b});
  EXPECT_NE(ran.out.find("A beats B."), std::string::npos) << ran.out;
  EXPECT_NE(run_command({"compare", b, a}).out.find("B beats A."), std::string::npos);
  EXPECT_NE(run_command({"compare", a, a}).out.find("Neither beats the other"), std::string::npos);
}

TEST_F(Compare, StrategiesOfOneFileCanBeCompared) {
  const auto a = file("a.jsonl", {4, 4, 0, 3, 4, 1, 4, 4}, 4);
  const Json json = compared({a, a, "--a", "maj@4", "--b", "pass@1"});
  EXPECT_NEAR(json["a"]["mean"].get<double>(), 6.0 / 8, 1e-12);
  EXPECT_EQ(json["b"]["mean"], 0.5);
  EXPECT_NEAR(compared({a, a, "--a", "maj@4"})["b"]["mean"].get<double>(), 24.0 / 32, 1e-12);
}

TEST_F(Compare, OnlyProblemsOfBothCount) {
  const auto a = file("a.jsonl", {4, 4, 4}, 4), b = file("b.jsonl", {0, 0}, 4);
  const Ran ran = run_command({"compare", a, b, "--json"});
  const Json json = ran.lines().at(0);
  EXPECT_EQ(json["problems"], 2);
  EXPECT_EQ(json["only_a"], 1);
  EXPECT_EQ(json["only_b"], 0);
  EXPECT_NE(ran.err.find("1 problems that only A has"), std::string::npos) << ran.err;
}

TEST_F(Compare, SaysWhatIsWrong) {
  const auto a = file("a.jsonl", {4, 4, 4}, 4);
  const auto refuse = [&](std::vector<std::string> arguments, const std::vector<std::string>& parts) {
    arguments.insert(arguments.begin(), "compare");
    const Ran ran = run_command(arguments);
    expect_one_error(ran, parts);
    EXPECT_EQ(ran.out, "");
  };
  refuse({a, (folder_ / "nowhere").string()}, {"nowhere"});
  refuse({a, file("other.jsonl", {1}, 4, "q")}, {"other.jsonl", "in common"});
  refuse({a, written("e.jsonl", "")}, {"e.jsonl", "at least one problem"});
  refuse({a, written("n.jsonl", "{}\n")}, {"n.jsonl:1", "source"});
  refuse({a, written("r.jsonl", R"({"source":"p0","answer":"0"})")}, {"r.jsonl:1: rollouts"});
  refuse({a, written("c.jsonl", R"({"source":"p0","answer":"0","rollouts":[{"correct":1}]})")},
         {"c.jsonl:1: rollouts", "correct"});
  refuse({a, written("w.jsonl", R"({"source":"p0","answer":"7","rollouts":[{"correct":true}]})")},
         {"w.jsonl: p0", "got 7"});
  const std::string twice = R"({"source":"p0","answer":"0","rollouts":[{"correct":true}]})";
  refuse({a, written("t.jsonl", twice + "\n" + twice)}, {"t.jsonl:2: source", "once"});
  refuse({a, a, "--a", "maj@5"}, {"[--a]", "did you mean maj@4?"});
  refuse({a, written("t.jsonl", twice), "--b", "maj@4"}, {"[--b]", "no outcomes"});
  refuse({a, a, "--confidence", "1"}, {"[--confidence]", "got 1"});
  refuse({a, a, "--resamples", "3"}, {"[--resamples]", "got 3"});
}

}  // namespace
}  // namespace hone
