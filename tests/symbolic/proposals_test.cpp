#include "hone/symbolic/proposals.h"

#include <gtest/gtest.h>

#include <set>

#include "hone/symbolic/program_language.h"

namespace hone {
namespace {

std::string printed(const std::string& program) {
  const auto run = run_program(program);
  return run.ok() ? std::to_string(run->output) : run.error().rule;
}

TEST(Program, Runs) {
  EXPECT_EQ(printed("a=3;print a*2+1"), "7");
  EXPECT_EQ(printed(" a = 3 ; b = a - 10 ; print (a+b)*b "), "28");
  EXPECT_EQ(printed("print z+1"), "1") << "names begin at 0";
  EXPECT_EQ(printed("a=1;i=0;while i<5{a=a*2;i=i+1};print a"), "32");
  EXPECT_EQ(printed("a=10;while a!=1{a=a/2};print a"), "1");
  EXPECT_EQ(printed("a=0-7;print a/2"), "-4") << "towards minus infinity";
  EXPECT_EQ(printed("a=0-7;print a%3"), "2");
  EXPECT_EQ(printed("a=5;while a>0{while a>3{a=a-2};a=a-1};print a"), "0");
  EXPECT_EQ(printed("a=1;while a<9{print a+5};print 1"), "6") << "the first print ends it";
}

TEST(Program, NonsenseAndWhatDoesNotEndIsRefused) {
  const std::string steps = "must end within 1000 steps";
  EXPECT_EQ(printed("a=1;while a>0{a=1};print a"), steps);
  EXPECT_EQ(printed("while 1>0{};print a"), "must be NAME=…, while…{…} or print…");
  EXPECT_EQ(printed("a=2;while a!=1{a=a*a};print a"), "numbers must stay below 10^9");
  EXPECT_EQ(printed("a=1;print a/(a-1)"), "must not divide by 0");
  EXPECT_EQ(printed("print 5+6"), "must print what depends on a name");
  EXPECT_EQ(printed("a=5"), "must print");
  EXPECT_EQ(printed("a=5;print a;b"), "must be NAME=…, while…{…} or print…") << "behind the print too";
  EXPECT_EQ(printed("a=5;print a}"), "must end where a statement ends");
  EXPECT_EQ(printed("a=(1;print a"), "must close a bracket");
  EXPECT_EQ(printed(""), "must be NAME=…, while…{…} or print…");
  EXPECT_EQ(printed("a=99999999999999999999;print a"), "numbers must stay below 10^9");
  EXPECT_EQ(printed("a=1;while a<0{b=1/0};print a"), "1") << "what is never run divides nothing";
  EXPECT_EQ(printed("print " + std::string(150, '(') + "a"), "must nest at most 8 deep");
  EXPECT_EQ(printed(std::string(201, 'a')), "must have at most 200 bytes");
}

const ProposalLanguage& language(const std::string& name) {
  const ProposalLanguage* found = find_proposal_language(name);
  EXPECT_NE(found, nullptr);
  return *found;
}

TEST(Proposals, OfSums) {
  const auto problem = language("arithmetic").read(" 7 + 12*3");
  ASSERT_TRUE(problem.ok()) << problem.error().message();
  EXPECT_EQ(problem->answer, "43");
  EXPECT_EQ(problem->messages.back().content, "7+12*3");
  EXPECT_EQ(problem->id, language("arithmetic").read("7+12 *3")->id);
  for (const char* bad : {"", "7", "7+", "+7-2", "7++2", "7/2", "(7+2)", "07+2", "1000+1", "x+2", "7+2=9",
                          "1+1+1+1+1+1+1+1+1", "999*999*999*999", "-3+4"})
    EXPECT_FALSE(language("arithmetic").read(bad).ok()) << bad;
}

TEST(Proposals, OfCountdown) {
  const auto problem = language("countdown").read("3 5 12: 12*5-3");
  ASSERT_TRUE(problem.ok()) << problem.error().message();
  EXPECT_EQ(problem->messages.back().content, "Make 57 from 3, 5, 12.");
  EXPECT_EQ(problem->fields, R"({"numbers":[3,5,12],"target":57})");
  for (const char* bad : {"3 5 12: 12*5", "3 5: 3-5", "3 5: 3+5+3", "3 5 3+5", "3 5:", ": 3+5"})
    EXPECT_FALSE(language("countdown").read(bad).ok()) << bad;
}

// What the control is fed is in the language, and differs.
TEST(Proposals, DrawnOnesCanBeRead) {
  for (const auto& language : all_proposal_languages()) {
    std::set<std::uint64_t> ids;
    int good = 0;
    for (std::uint64_t i = 0; i < 300; ++i) {
      RandomStream random({.problem = i});
      const auto problem = language->read(language->draw(random));
      if (!problem.ok()) continue;
      ++good;
      ids.insert(problem->id);
      EXPECT_FALSE(problem->answer.empty());
    }
    EXPECT_GT(good, 240) << language->name();
    EXPECT_GT(ids.size(), 200u) << language->name();
  }
  EXPECT_EQ(find_proposal_language("nonsense"), nullptr);
}

}  // namespace
}  // namespace hone
