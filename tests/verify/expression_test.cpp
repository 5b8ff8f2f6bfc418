#include <gtest/gtest.h>

#include "hone/verify/verifiers.h"
#include "verify/verify_helpers.h"

namespace hone {
namespace {

using testing::completion;
using testing::repeated;
using testing::with_fields;

Verdict judge(const std::string& fields, const std::string& expression) {
  return make_expression_verifier()->verify(
      with_fields(fields), completion("<think>x</think><answer>" + expression + "</answer>"));
}
VerdictStatus judged(const std::string& fields, const std::string& expression) {
  return judge(fields, expression).status;
}

const std::string kThirds = R"({"numbers": [8, 3, 8, 3], "target": 24})";

TEST(Expression, AcceptsExactSolutions) {
  const std::string game = R"({"numbers": [2, 3, 4], "target": 14})";
  for (const char* text :
       {"2 + 3 * 4", "3*4+2", "(3*4)+2", "((2))+(3*4)", "2+3*4=14", "2 + 3 \xC3\x97 4 = 14", "$2+3\\times4$",
        "2+3\\cdot 4", "`2+3*4`", "02+3*4", "\n2\n+3*4 ", "\\left(3*4\\right)+2"}) {
    EXPECT_EQ(judged(game, text), VerdictStatus::kCorrect) << text << ": " << judge(game, text).detail;
  }
  // The classic that needs exact thirds: 8 / (3 - 8/3) = 24.
  EXPECT_EQ(judged(kThirds, "8/(3-8/3)"), VerdictStatus::kCorrect);
}

TEST(Expression, OperatorsBindAsInArithmetic) {
  EXPECT_EQ(judged(R"({"numbers": [10, 4, 3], "target": 3})", "10-4-3"), VerdictStatus::kCorrect);
  EXPECT_EQ(judged(R"({"numbers": [10, 4, 3], "target": 9})", "10-(4-3)"), VerdictStatus::kCorrect);
  EXPECT_EQ(judged(R"({"numbers": [24, 4, 3], "target": 2})", "24/4/3"), VerdictStatus::kCorrect);
  EXPECT_EQ(judged(R"({"numbers": [24, 4, 3], "target": 18})", "24/4*3"), VerdictStatus::kCorrect);
  EXPECT_EQ(judged(R"({"numbers": [1, 2], "target": -1})", "1-2 = -1"), VerdictStatus::kCorrect);
}

TEST(Expression, EachNumberExactlyOnce) {
  const std::string game = R"({"numbers": [2, 3, 4], "target": 14})";
  for (const char* text :
       {"14", "7*2", "2*3+4*2", "2+3*4+4-4", "4+3+2+4+1", "2*7", "10+4", "23-9", "2+3+4"}) {
    EXPECT_EQ(judged(game, text), VerdictStatus::kWrong) << text;
  }
  EXPECT_EQ(judged(R"({"numbers": [5, 5], "target": 10})", "5+5"), VerdictStatus::kCorrect);
  EXPECT_EQ(judged(R"({"numbers": [5, 5], "target": 5})", "5"), VerdictStatus::kWrong);
  EXPECT_EQ(judged(R"({"numbers": [5], "target": 10})", "5+5"), VerdictStatus::kWrong);
}

TEST(Expression, NoWayAround) {
  const std::string game = R"({"numbers": [2, 3], "target": 1})";
  for (const char* text : {"-2+3",       "+3-2",
                           "3+-2",       "3-(-2)",
                           "3--2",       "2**3",
                           "3//2",       "2 3",
                           "(2)(3)",     "2(3)",
                           "3-2;",       "",
                           "()",         "(3-2",
                           "3-2)",       "3-",
                           "3-2=",       "3-2=1=1",
                           "3-2=one",    "3.0-2",
                           "3-2 # hi",   "1=3-2",
                           "3^2",        "3e0-2",
                           "print(3-2)", "__import__('os')",
                           "[3-2]",      "99999999999999999999999-2"}) {
    EXPECT_EQ(judged(game, text), VerdictStatus::kUnparsable) << text;
  }
  EXPECT_EQ(judged(game, "3-2=2"), VerdictStatus::kWrong) << "another tail";
  EXPECT_EQ(judged(game, "3*2=1"), VerdictStatus::kWrong) << "a false equation";
}

TEST(Expression, DivisionByZeroIsWrong) {
  EXPECT_EQ(judged(R"({"numbers": [1, 5, 5], "target": 1})", "1/(5-5)"), VerdictStatus::kWrong);
  EXPECT_EQ(judged(R"({"numbers": [0, 5], "target": 0})", "0/5"), VerdictStatus::kCorrect);
  EXPECT_EQ(judged(R"({"numbers": [0, 5], "target": 0})", "5/0"), VerdictStatus::kWrong);
}

TEST(Expression, LargeValuesStayExact) {
  const std::string n = "999999999999999999";
  EXPECT_EQ(judged("{\"numbers\": [" + n + "," + n + "], \"target\": 1}", n + "/" + n),
            VerdictStatus::kCorrect);
  EXPECT_EQ(judged("{\"numbers\": [" + n + "," + n + "," + n + "," + n + "], \"target\": 0}",
                   n + "*" + n + "-" + n + "*" + n),
            VerdictStatus::kCorrect);
}

TEST(Expression, BadFieldsAreErrors) {
  for (const char* fields :
       {"", "[]", "{", "{}", R"({"numbers": [1]})", R"({"target": 1})", R"({"numbers": 1, "target": 1})",
        R"({"numbers": [], "target": 1})", R"({"numbers": [1.5], "target": 1})",
        R"({"numbers": [-1], "target": 1})", R"({"numbers": ["1"], "target": 1})",
        R"({"numbers": [1], "target": "1"})", R"({"numbers": [1], "target": 1.5})",
        R"({"numbers": [1], "target": 18446744073709551615})",
        R"({"numbers": [1000000000000000000], "target": 1})"}) {
    const Verdict verdict = judge(fields, "1");
    EXPECT_EQ(verdict.status, VerdictStatus::kError) << fields;
    EXPECT_NE(verdict.detail.find("test:1"), std::string::npos) << verdict.detail;
  }
}

TEST(Expression, AnswerMustBeMarked) {
  const Problem problem = with_fields(R"({"numbers": [2, 3], "target": 5})");
  const auto verifier = make_expression_verifier();
  EXPECT_EQ(verifier->verify(problem, completion("2+3")).status, VerdictStatus::kUnparsable);
  EXPECT_EQ(verifier->verify(problem, completion("so \\boxed{2+3}")).status, VerdictStatus::kCorrect);
}

TEST(Expression, HostileTextIsBounded) {
  const std::string game = R"({"numbers": [2], "target": 2})";
  EXPECT_EQ(judged(game, repeated("(", 2000) + "2" + repeated(")", 2000)), VerdictStatus::kCorrect);
  EXPECT_EQ(judged(game, repeated("(", 1'000'000)), VerdictStatus::kUnparsable);
  EXPECT_EQ(judged(game, repeated("2*", 2000) + "2"), VerdictStatus::kWrong);
  EXPECT_EQ(judged(repeated("[", 100'000), "2"), VerdictStatus::kError);
}

}  // namespace
}  // namespace hone
