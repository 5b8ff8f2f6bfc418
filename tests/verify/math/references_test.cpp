// The reference answers of five public sets: each equals itself in every spelling and nothing that is nearly
// it.
#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "hone/symbolic/parser.h"
#include "hone/verify/math/judge.h"
#include "hone/verify/math/quantity.h"
#include "verify/math/respell.h"

namespace hone::testing {
namespace {

std::vector<std::string> answers(const std::string& name) {
  std::ifstream file(std::string(HONE_SOURCE_DIR) + "/tests/golden/math/" + name + ".txt");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

std::vector<std::string> all_answers() {
  std::vector<std::string> all;
  for (const char* name : {"math500", "aime", "amc", "asdiv", "gsm8k"}) {
    for (std::string& answer : answers(name)) all.push_back(std::move(answer));
  }
  return all;
}

TEST(MathReferences, AreThere) {
  EXPECT_GE(answers("math500").size(), 300u);
  EXPECT_GE(all_answers().size(), 1700u);
}

TEST(MathReferences, AreRead) {
  for (const char* name : {"math500", "aime", "amc", "asdiv", "gsm8k"}) {
    std::size_t read = 0, all = 0;
    for (const std::string& answer : answers(name)) {
      Expressions expressions;
      Budget budget(kMathSteps);
      const auto parsed = parse_answer(take_unit(answer).body, {}, expressions, budget);
      ++all;
      if (parsed.ok()) {
        ++read;
      } else {
        std::printf("not read: %s: %s\n", answer.c_str(), parsed.error().message().c_str());
      }
    }
    EXPECT_GE(static_cast<double>(read), 0.995 * static_cast<double>(all)) << name;
  }
}

TEST(MathReferences, EqualThemselvesInEverySpelling) {
  std::size_t equal = 0, all = 0;
  std::map<std::string, int> used;
  for (const std::string& answer : all_answers()) {
    EXPECT_EQ(judge_answer(answer, answer).status, VerdictStatus::kCorrect) << answer;
    for (const Respelling& respelling : respellings()) {
      const auto text = respelling.rule(answer);
      if (!text) continue;
      ++all;
      ++used[respelling.name];
      const MathJudgement judged = judge_answer(answer, *text);
      if (judged.status == VerdictStatus::kCorrect) {
        ++equal;
      } else {
        std::printf("%s: %s as %s: %s\n", respelling.name, answer.c_str(), text->c_str(),
                    judged.detail.c_str());
      }
    }
  }
  EXPECT_GE(static_cast<double>(equal), 0.99 * static_cast<double>(all));
  EXPECT_GE(all, 10'000u);
  EXPECT_GE(used.size(), 55u);
  std::printf("%zu of %zu spellings by %zu rules are equal\n", equal, all, used.size());
}

TEST(MathReferences, DifferFromWhatIsNearlyThem) {
  std::size_t all = 0;
  std::map<std::string, int> used;
  for (const std::string& answer : all_answers()) {
    for (const Perturbed& perturbed : perturbations(answer)) {
      ++all;
      ++used[perturbed.name];
      const MathJudgement judged = judge_answer(answer, perturbed.text);
      EXPECT_NE(judged.status, VerdictStatus::kCorrect)
          << perturbed.name << ": " << answer << " taken for " << perturbed.text << ": " << judged.detail;
      // Undecided is no difference either.
      EXPECT_NE(judged.status, VerdictStatus::kTimeout) << perturbed.text;
    }
  }
  EXPECT_GE(all, 20'000u);
  EXPECT_GE(used.size(), 25u);
  std::printf("%zu perturbed answers of %zu kinds differ\n", all, used.size());
}

}  // namespace
}  // namespace hone::testing
