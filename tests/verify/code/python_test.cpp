#include <gtest/gtest.h>

#include "verify/code/code_helpers.h"

namespace hone {
namespace {

using testing::calls_row;
using testing::Json;
using testing::judged;
using testing::stdio_row;

const Json kSum = stdio_row("python", {{"1 2\n", "3\n"}, {"10 20\n", "30"}});
const Json kTwice =
    calls_row("python", "twice", Json::parse("[[[2], 4], [[\"ab\"], \"abab\"], [[[1]], [1, 1]]]"));

const Json kHumanEval = {
    {"task_id", "HumanEval/0"},
    {"prompt",
     "from typing import List\n\n\ndef helper(x):\n    return x + 1\n\n\ndef add(a: int, b: "
     "int) -> int:\n    \"\"\" Adds.\n    >>> add(1, 2)\n    3\n    \"\"\"\n"},
    {"canonical_solution", "    return a + b\n"},
    {"test",
     "METADATA = {}\n\n\ndef check(candidate):\n    assert candidate(1, 2) == 3\n"
     "    assert candidate(helper(1), 2) == 4\n    assert add(0, 0) == 0\n"},
    {"entry_point", "add"}};
const Json kMbpp = {{"task_id", 11},
                    {"text", "Write a function."},
                    {"code", "def pairs(items):\n  return set(items)"},
                    {"test_list",
                     {"assert pairs([1, 2, 2]) == {1, 2}", "assert sorted(pairs((3, 1))) == [1, 3]",
                      "assert math.isclose(len(pairs([])), 0)"}},
                    {"test_setup_code", ""},
                    {"challenge_test_list", Json::array()}};

std::string shown(const Verdict& v) { return std::string(to_string(v.status)) + ": " + v.detail; }

TEST(PythonStdio, RightAndWrong) {
  const Verdict right = judged(kSum, "a, b = map(int, input().split())\nprint(a + b)");
  EXPECT_EQ(right.status, VerdictStatus::kCorrect) << shown(right);
  EXPECT_EQ(right.score, 1.0);
  EXPECT_NE(right.detail.find("compiled; 2 of 2 tests passed"), std::string::npos) << right.detail;
  const Verdict wrong = judged(kSum, "a, b = map(int, input().split())\nprint(a + b if a < 5 else 31, '  ')");
  EXPECT_EQ(wrong.status, VerdictStatus::kWrong);
  EXPECT_EQ(wrong.score, 0.0);
  EXPECT_NE(wrong.detail.find("1 of 2 tests passed; test 2: line 1 is '31', must be '30'"), std::string::npos)
      << wrong.detail;
}

TEST(PythonStdio, TellsWhatFailed) {
  EXPECT_NE(judged(kSum, "def f(:").detail.find("does not compile; 0 of 2 tests passed; SyntaxError"),
            std::string::npos)
      << judged(kSum, "def f(:").detail;
  EXPECT_NE(judged(kSum, "1 / 0").detail.find("test 1: exit code 1: ZeroDivisionError"), std::string::npos);
  EXPECT_NE(judged(kSum, "import sys; sys.exit('bad input')").detail.find("exit code 1: bad input"),
            std::string::npos);
  EXPECT_NE(judged(kSum, "").detail.find("no code"), std::string::npos);
}

TEST(PythonStdio, BehavesAsAnInterpreter) {
  const Json row = stdio_row("python", {{"x\ny\n", "x y main.py __main__ True\nend\nlast\n"}});
  const Verdict v = judged(row, R"(
import sys, atexit, threading, time, pickle, dataclasses, typing
@dataclasses.dataclass
class P:
    x: 'int' = 1
assert pickle.loads(pickle.dumps(P(3))) == P(3)
typing.get_type_hints(P)
a, b = sys.stdin.read().split()
print(a, b, sys.argv[0], __name__, input.__module__ == 'builtins')
atexit.register(lambda: print('last'))
threading.Thread(target=lambda: (time.sleep(0.1), print('end'))).start()
)");
  EXPECT_EQ(v.status, VerdictStatus::kCorrect) << shown(v);
}

TEST(PythonStdio, PartialCredit) {
  CodeOptions options = testing::quick_options();
  options.partial_credit = true;
  const auto verifier = testing::code_verifier(options);
  const Verdict v =
      verifier->verify(testing::with_fields(kSum.dump()), testing::completion("```python\nprint(30)\n```"));
  EXPECT_EQ(v.status, VerdictStatus::kWrong);
  EXPECT_EQ(v.score, 0.5) << v.detail;
}

TEST(PythonStdio, WhatWasJudgedIsRememberedByRowAndCode) {
  const std::string random = "```python\nimport os; print(os.urandom(8).hex())\n```";
  CodeOptions options = testing::quick_options();
  options.cache_bytes = 1 << 20;
  const auto verifier = testing::code_verifier(options);
  const auto said = [&](const Json& row, const std::string& text) {
    return verifier->verify(testing::with_fields(row.dump()), testing::completion(text)).detail;
  };
  const Json other = stdio_row("python", {{"1 3\n", "4\n"}});
  const std::string first = said(kSum, random);
  EXPECT_EQ(said(kSum, "Once more:\n" + random), first);
  EXPECT_NE(said(other, random), first);
  EXPECT_EQ(said(kSum, random), first);
}

TEST(PythonCalls, RightAndWrong) {
  const Verdict right = judged(kTwice, "def twice(x):\n    return x + x");
  EXPECT_EQ(right.status, VerdictStatus::kCorrect) << shown(right);
  const Verdict wrong = judged(kTwice, "def twice(x):\n    return x * x");
  EXPECT_EQ(wrong.status, VerdictStatus::kWrong);
  EXPECT_NE(wrong.detail.find("test 2: TypeError"), std::string::npos) << wrong.detail;
  const Verdict other = judged(kTwice, "def twice(x):\n    return x + x if x != [1] else [2, 'é']");
  EXPECT_NE(other.detail.find("test 3: twice([[1]]) is [2, \"é\"], must be [1, 1]"), std::string::npos)
      << other.detail;
  EXPECT_NE(judged(kTwice, "twise = 1").detail.find("twice is not defined"), std::string::npos);
  EXPECT_EQ(judged(kTwice, "class Solution:\n  def twice(self, x): return x * 2").status,
            VerdictStatus::kCorrect);
}

TEST(PythonCalls, PlainDataOfEveryKind) {
  const Json row = calls_row("python", "f", Json::parse(R"([
    [[0], null], [[1], true], [[2], 1.5], [[3], "a\u0000\u20ac\"\\"], [[4], [1, [2, [3]]]], [[5], {"a": {"1": [null]}}],
    [[6], 123456789012345678901234567890], [[7], 0.30000000000000004], [[8], 2.0], [[9], []], [[10], {}]])"));
  const Verdict v = judged(row, R"(
from collections import Counter, OrderedDict, defaultdict, namedtuple
class I(int): pass
def f(i):
    return [None, True, 1.5, 'a\0€"\\', (1, (2, [3])), {'a': OrderedDict({1: (None,)})}, 123456789012345678901234567890,
            0.1 + 0.2, I(2), (), defaultdict(list)][i])");
  EXPECT_EQ(v.status, VerdictStatus::kCorrect) << shown(v);
  const Verdict set = judged(calls_row("python", "f", Json::parse("[[[], [1]]]")), "def f(): return {1}");
  EXPECT_EQ(set.status, VerdictStatus::kWrong) << shown(set);
  const Verdict object =
      judged(calls_row("python", "f", Json::parse("[[[], [1]]]")), "def f(): return iter([1])");
  EXPECT_NE(object.detail.find("list_iterator is no plain data"), std::string::npos) << object.detail;
}

TEST(PythonCalls, KeywordArguments) {
  Json row = calls_row("python", "f", Json::parse("[[[1], [1, 5]]]"));
  row["tests"]["cases"][0]["kwargs"] = {{"b", 5}};
  EXPECT_EQ(judged(row, "def f(a, b=2): return a, b").status, VerdictStatus::kCorrect);
}

TEST(HumanEval, ItsOwnRows) {
  for (const char* code :
       {"    return a + b\n", "def add(a, b):\n    return a + b\n",
        "from typing import List\ndef add(a: int, b: int) -> int:\n    return sum([a, b])\n"}) {
    const Verdict v = judged(kHumanEval, code);
    EXPECT_EQ(v.status, VerdictStatus::kCorrect) << code << shown(v);
  }
  const Verdict wrong = judged(kHumanEval, "    return a - b\n");
  EXPECT_EQ(wrong.status, VerdictStatus::kWrong);
  EXPECT_NE(wrong.detail.find("assertion failed (line 5 of the test)"), std::string::npos) << wrong.detail;
  EXPECT_NE(judged(kHumanEval, "    return a +").detail.find("SyntaxError"), std::string::npos);
  EXPECT_NE(judged(kHumanEval, "    raise KeyError('x')").detail.find("KeyError"), std::string::npos);
  const Json nested = {{"tests", kHumanEval}};
  Json with_kind = nested;
  with_kind["tests"]["kind"] = "humaneval";
  EXPECT_EQ(judged(with_kind, "    return a + b\n").status, VerdictStatus::kCorrect);
}

TEST(Mbpp, ItsOwnRows) {
  const Verdict right = judged(kMbpp, "def pairs(items):\n    return set(items)");
  EXPECT_EQ(right.status, VerdictStatus::kCorrect) << shown(right);
  EXPECT_NE(right.detail.find("3 of 3"), std::string::npos);
  const Verdict wrong = judged(kMbpp, "def pairs(items):\n    return frozenset(items) | {9}");
  EXPECT_EQ(wrong.status, VerdictStatus::kWrong);
  EXPECT_NE(wrong.detail.find("0 of 3 tests passed; test 1: assertion failed"), std::string::npos)
      << wrong.detail;
  EXPECT_NE(judged(kMbpp, "x = 1").detail.find("pairs is not defined"), std::string::npos);
}

TEST(Mbpp, TheReferencesNamesMayHideBuiltins) {
  const Json row = {{"code", "def sum(a, b):\n  return a - b"}, {"test_list", {"assert sum(5, 3) == 2"}}};
  EXPECT_EQ(judged(row, "def sum(a, b):\n    return a - b").status, VerdictStatus::kCorrect);
}

TEST(CodeRows, BadRowsAreErrors) {
  for (const char* row :
       {"{}", "[]", "nope", R"({"tests": {"kind": "magic"}})", R"({"tests": {"kind": "stdio", "cases": []}})",
        R"({"language": "cobol", "tests": {"kind": "stdio", "cases": [{"stdout": ""}]}})",
        R"({"tests": {"kind": "calls", "entry_point": "f(", "cases": [{"args": [], "expected": 1}]}})",
        R"({"tests": {"kind": "calls", "entry_point": "f", "cases": [{"args": []}]}})",
        R"({"test_list": ["assert f( == 1"]})", R"({"test_list": [1]})",
        R"({"prompt": "", "test": "x = 1", "entry_point": "f"})"}) {
    const auto verifier = testing::code_verifier(testing::quick_options());
    const Verdict v =
        verifier->verify(testing::with_fields(row), testing::completion("```python\ndef f(): pass\n```"));
    EXPECT_EQ(v.status, VerdictStatus::kError) << row << shown(v);
  }
}

}  // namespace
}  // namespace hone
