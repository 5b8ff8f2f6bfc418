// C, C++ and JavaScript.
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>

#include "support/patience.h"
#include "verify/code/code_helpers.h"

namespace hone {
namespace {

using testing::calls_row;
using testing::Json;
using testing::judged;
using testing::stdio_row;

std::string shown(const Verdict& v) { return std::string(to_string(v.status)) + ": " + v.detail; }
Json sums(const std::string& language) { return stdio_row(language, {{"1 2\n", "3\n"}, {"10 20\n", "30"}}); }

TEST(C, StdinAndStdout) {
  const std::string head = "#include <stdio.h>\nint main(void) {\n  int a, b;\n  scanf(\"%d %d\", &a, &b);\n";
  const Verdict right = judged(sums("c"), head + "  printf(\"%d\\n\", a + b);\n  return 0;\n}");
  EXPECT_EQ(right.status, VerdictStatus::kCorrect) << shown(right);
  const Verdict wrong = judged(sums("c"), head + "  printf(\"%d\\n\", a - b);\n  return 0;\n}");
  EXPECT_NE(wrong.detail.find("compiled; 0 of 2 tests passed; test 1: line 1 is '-1', must be '3'"),
            std::string::npos)
      << shown(wrong);
  const Verdict crash = judged(sums("c"), head + "  *(volatile int *)0 = a;\n  return 0;\n}");
  EXPECT_NE(crash.detail.find("ended by signal 11"), std::string::npos) << shown(crash);
  const Verdict broken = judged(sums("c"), head + "  printf(;\n}");
  EXPECT_EQ(broken.status, VerdictStatus::kWrong);
  EXPECT_NE(broken.detail.find("does not compile; 0 of 2 tests passed; error: expected expression"),
            std::string::npos)
      << shown(broken);
}

TEST(C, WhatTccCannotCompileGccMay) {
  const Verdict v =
      judged(sums("c"),
             "#include <stdio.h>\n#include <stdatomic.h>\nint main(void) {\n  _Atomic int s = 0;\n  int a;\n"
             "  while (scanf(\"%d\", &a) == 1) atomic_fetch_add(&s, a);\n  printf(\"%d\\n\", (int)s);\n}");
  EXPECT_EQ(v.status, VerdictStatus::kCorrect) << shown(v);
}

TEST(C, CallsWithTypedLiterals) {
  const Json row = calls_row(
      "c", "dot",
      Json::parse(
          R"([[[[1, 2], [0.5, 4], 2], 8.5], [[[], [], 0], 0], [[[-9223372036854775808], [0], 1], 0.0]])"));
  const Verdict v =
      judged(row,
             "/* dot(x) { */\ndouble dot(const long long *a, double b[], int n) {\n  double s = 0;\n"
             "  for (int i = 0; i < n; i++) s += a[i] * b[i];\n  return s;\n}\nint main() { return 7; }");
  EXPECT_EQ(v.status, VerdictStatus::kCorrect) << shown(v);
  const Json text =
      calls_row("c", "up", Json::parse(R"([[["a\"\\?\u00e9\n", "x"], "A\"\\?\u00e9\n"], [["", "y"], ""]])"));
  const Verdict upper = judged(text,
                               "#include <ctype.h>\nchar *up(char *s, char c) {\n  for (char *p = s; *p; "
                               "p++)\n    if (*p > 0) *p = toupper(*p);\n  return s;\n}");
  EXPECT_EQ(upper.status, VerdictStatus::kCorrect) << shown(upper);
  const Verdict flag =
      judged(calls_row("c", "f", Json::parse("[[[3, true], true], [[4294967295, false], false]]")),
             "#include <stdbool.h>\n#include <stdint.h>\nbool f(uint32_t x, bool b) { return b && x < 10; }");
  EXPECT_EQ(flag.status, VerdictStatus::kCorrect) << shown(flag);
  EXPECT_EQ(judged(calls_row("c", "f", Json::parse("[[[18446744073709551615], 18446744073709551615]]")),
                   "unsigned long long f(unsigned long long x) { return x; }")
                .status,
            VerdictStatus::kCorrect);
}

TEST(C, CallsThatCannotBe) {
  const Json row = calls_row("c", "f", Json::parse("[[[1], 1]]"));
  EXPECT_NE(judged(row, "int g(int x) { return x; }").detail.find("must define f at its top level"),
            std::string::npos);
  EXPECT_NE(judged(row, "struct p f(int x);\nstruct p f(int x) { }").detail.find("types must be numbers"),
            std::string::npos);
  EXPECT_NE(judged(row, "int f(int x, int y) { return x; }").detail.find("must take 1 arguments, got 2"),
            std::string::npos);
  EXPECT_NE(judged(row, "int f(char *x) { return 1; }").detail.find("must fit the parameter's type"),
            std::string::npos);
  EXPECT_EQ(judged(row, "#include <stdlib.h>\nint f(int x) { exit(0); }").status, VerdictStatus::kWrong);
  EXPECT_EQ(judged(row, "#include <unistd.h>\nint f(int x) { write(4, \"{\\\"v\\\":0}\\n\", 8); _exit(0); }")
                .status,
            VerdictStatus::kWrong);
}

TEST(Cpp, StdinAndStdout) {
  const Verdict right = judged(sums("cpp"),
                               "#include <bits/stdc++.h>\nusing namespace std;\nint main() {\n  int a, b;\n  "
                               "cin >> a >> b;\n  cout << a + b << endl;\n}");
  EXPECT_EQ(right.status, VerdictStatus::kCorrect) << shown(right);
  const Verdict broken = judged(sums("cpp"), "#include <iostream>\nint main() { return x; }");
  EXPECT_NE(broken.detail.find("does not compile; 0 of 2 tests passed; error: "), std::string::npos)
      << shown(broken);
}

TEST(Cpp, WhatTheCommonHeadersLackIsTriedAgain) {
  // A header that is not precompiled, and C++20.
  const Verdict v =
      judged(sums("cpp"),
             "#include <iostream>\n#include <regex>\nint main() {\n  int a, sum = 0;\n  while (std::cin >> "
             "a) sum += a;\n"
             "  auto two = [](auto x) requires true { return x; };\n  std::cout << two(sum) << '\\n';\n}");
  EXPECT_EQ(v.status, VerdictStatus::kCorrect) << shown(v);
}

TEST(Cpp, ProgramsLeaveNothingForEachOther) {
  const std::string head = "#include <iostream>\n";
  for (const char* type : {"int", "long", "short"}) {
    const std::string use =
        std::string("typedef ") + type + " T;\nstruct P { T x; };\n#define SUM(p) (p.x + b)\n";
    const Verdict v = judged(
        sums("cpp"),
        head + use + "int main() {\n  P p;\n  T b;\n  std::cin >> p.x >> b;\n  std::cout << SUM(p);\n}");
    EXPECT_EQ(v.status, VerdictStatus::kCorrect) << shown(v);
  }
  // What stands between a compiler's answers is no program's business.
  const Verdict marked = judged(stdio_row("cpp", {{"", "--hone-end-of-answer--"}}),
                                head +
                                    "int main() { std::cout << R\"(\n--hone-end-of-answer--\n)\" + 1; "
                                    "asm(\"\\n--hone-end-of-answer--\\n\" + 0); }");
  EXPECT_EQ(marked.status, VerdictStatus::kWrong);
  const Verdict text = judged(stdio_row("cpp", {{"", "\n--hone-end-of-answer--"}}),
                              head + "int main() { std::cout << \"\\n--hone-end-of-answer--\\n\"; }");
  EXPECT_EQ(text.status, VerdictStatus::kCorrect) << shown(text);
}

TEST(Cpp, CompilingEndsInTime) {
  CodeOptions options;
  options.seconds = 1.0;
  options.workers = 1;
  const auto verifier = testing::code_verifier(options);
  const Json row = stdio_row("cpp", {{"", "1"}});
  const auto judge = [&](const std::string& code) {
    return verifier->verify(testing::with_fields(row.dump()),
                            testing::completion("```cpp\n" + code + "\n```"));
  };
  judge("int main() {}");
  for (const char* code :
       {"constexpr long f(long n) { long s = 0; for (long i = 0; i < n; ++i) for (long j = 0; j < n; ++j) s "
        "+= i ^ j; return s; }\n"
        "constexpr long a = f(5000), b = f(5001), c = f(5002);\nint main() { return a + b + c; }",
        "template <class A, class B> struct T { typename T<T<A, B>, T<B, A>>::type x; };\nint main() { "
        "T<int, char> t; }",
        "#include \"/dev/zero\"\nint main() {}", "#include \"/proc/self/fd/0\"\nint main() {}"}) {
    const auto start = std::chrono::steady_clock::now();
    const Verdict v = judge(code);
    EXPECT_LT(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(), options.seconds + testing::kPatience) << code;
    EXPECT_NE(v.status, VerdictStatus::kCorrect) << code << shown(v);
  }
}

TEST(Cpp, CallsByTheFunctionsOwnTypes) {
  const Json row = calls_row(
      "cpp", "f",
      Json::parse(
          R"([[[[1, 2, 3], {"a": [1.5]}, "t\u00e9xt\n", true], [["t\u00e9xt\n", 7.5], [3, 2, 1]]]])"));
  const std::string body =
      "pair<pair<string, double>, vector<int>> f(vector<int>& v, const map<string, vector<double>>& m, "
      "string s, bool b) {\n"
      "  double x = 0;\n  for (int i : v) x += i;\n  for (auto& [k, w] : m) for (double y : w) x += y;\n"
      "  reverse(v.begin(), v.end());\n  return {{s, b ? x : 0}, v};\n}\n";
  const std::string head = "#include <bits/stdc++.h>\nusing namespace std;\n";
  const Verdict v = judged(row, head + body + "int main() { return 3; }");
  EXPECT_EQ(v.status, VerdictStatus::kCorrect) << shown(v);
  const Verdict method = judged(row, head + "class Solution {\npublic:\n" + body + "};");
  EXPECT_EQ(method.status, VerdictStatus::kCorrect) << shown(method);
  const Verdict wrong = judged(
      row, head + "int f(vector<int> v, map<string, vector<double>> m, string s, bool b) { return 1; }");
  EXPECT_NE(wrong.detail.find("is 1, must be [["), std::string::npos) << shown(wrong);
  const Verdict shape =
      judged(row, head + "int f(int v, map<string, vector<double>> m, string s, bool b) { return 1; }");
  EXPECT_NE(shape.detail.find("another type"), std::string::npos) << shown(shape);
  const Json set = calls_row(
      "cpp", "g",
      Json::parse(R"([[[["b", "a", "b"], {"3": 4}], {"1": ["a", "b"], "3": []}], [[[], {}], {"1": []}]])"));
  const Verdict sets =
      judged(set, head +
                      "map<long, vector<string>> g(set<string> s, unordered_map<int, int> m) {\n  map<long, "
                      "vector<string>> out;\n"
                      "  out[1] = {s.begin(), s.end()};\n  for (auto [k, v] : m) out[k];\n  return out;\n}");
  EXPECT_EQ(sets.status, VerdictStatus::kCorrect) << shown(sets);
}

TEST(Native, Attacks) {
  const Json row = stdio_row("c", {{"", "42\n"}});
  for (const char* code :
       {"#include <stdlib.h>\nint main(void) { exit(0); }",
        "#include <stdio.h>\nint main(void) { puts(\"passed\"); return 0; }",
        "int main(void) { for (;;) { volatile char *p = __builtin_alloca(1 << 20); *p = 1; } }",
        "#include \"/etc/shadow\"\nint main(void) { return 0; }",
        "#include <unistd.h>\n#include <stdio.h>\nint main(void) { for (int i = 3; i < "
        "99; i++) write(i, \"42\\n\", 3); return 0; }"}) {
    EXPECT_EQ(judged(row, code).status, VerdictStatus::kWrong) << code;
  }
  CodeOptions options;
  options.seconds = options.case_seconds = 0.8;
  options.workers = 1;
  const auto verifier = testing::code_verifier(options);
  for (const char* code :
       {"int main(void) { for (;;); }", "#include <unistd.h>\nint main(void) { for (;;) fork(); }",
        "#include <stdio.h>\nint main(void) { for (;;) puts(\"x\"); }",
        "#include <stdlib.h>\n#include <string.h>\nint main(void) { for (;;) memset(malloc(1 << 24), 1, 1 << "
        "24); }",
        "#define A(x) x x x x x x x x\n#define B(x) A(A(A(A(x))))\nint main(void) { B(B(B(;))) }"}) {
    // A worker that the last attack took along is replaced before the clock runs.
    verifier->verify(testing::with_fields(row.dump()),
                     testing::completion("```c\nint main(void) { return 0; }\n```"));
    const auto start = std::chrono::steady_clock::now();
    const Verdict v = verifier->verify(testing::with_fields(row.dump()),
                                       testing::completion(std::string("```c\n") + code + "\n```"));
    EXPECT_LT(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(), options.seconds + testing::kPatience) << code;
    EXPECT_TRUE(v.status == VerdictStatus::kWrong || v.status == VerdictStatus::kTimeout) << code << shown(v);
  }
}

TEST(JavaScript, StdioAndCalls) {
  if (::access("/usr/bin/node", X_OK) != 0) GTEST_SKIP() << "node is not installed";
  const Verdict right = judged(
      sums("javascript"),
      "const [a, b] = require('fs').readFileSync(0, 'utf8').split(' ').map(Number);\nconsole.log(a + b);");
  EXPECT_EQ(right.status, VerdictStatus::kCorrect) << shown(right);
  const Json row =
      calls_row("javascript", "f",
                Json::parse(R"([[[[3, 1, 2]], [1, 2, 3]], [[{"a": null}], {"a": null}], [["x"], null]])"));
  for (const char* code :
       {"function f(x) { return Array.isArray(x) ? x.sort() : x === 'x' ? undefined : x; }",
        "const f = (x) => Array.isArray(x) ? x.sort() : x === 'x' ? null : x;",
        "module.exports = {f: (x) => Array.isArray(x) ? x.sort() : x === 'x' ? null : x};"}) {
    const Verdict v = judged(row, code);
    EXPECT_EQ(v.status, VerdictStatus::kCorrect) << code << shown(v);
  }
  EXPECT_NE(judged(row, "function g() {}").detail.find("is not defined"), std::string::npos);
  EXPECT_EQ(judged(row, "process.exit(0)").status, VerdictStatus::kWrong);
  EXPECT_EQ(judged(row, "JSON.stringify = () => '{\"v\":true}';\nfunction f() { return {}; }").status,
            VerdictStatus::kWrong);
}

}  // namespace
}  // namespace hone
