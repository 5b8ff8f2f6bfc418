// What the filter lets through to Lean, the file made of it, and the reading of Lean's report. No Lean is
// needed here.
#include "hone/verify/proof/lean_text.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "hone/base/json.h"
#include "hone/verify/proof/base64.h"
#include "hone/verify/proof/lean_report.h"
#include "verify/verify_helpers.h"

namespace hone {
namespace {

constexpr const char* kStatement = "∀ n : Nat,  n + 0 = n";

std::string kept(std::string_view proof) {
  const Result<LeanProof> result = lean_proof(proof, kStatement);
  EXPECT_TRUE(result.ok()) << proof << ": " << (result.ok() ? "" : result.error().message());
  return result.ok() ? (result->tactics ? "tactics: " : "term: ") + result->text : "";
}
bool passes(std::string_view proof) { return lean_proof(proof, kStatement).ok(); }

TEST(LeanText, TacticsAndTerms) {
  EXPECT_EQ(kept("intro n\nrfl"), "tactics: intro n\nrfl");
  EXPECT_EQ(kept("  intro n\n  rfl\n\n"), "tactics: intro n\nrfl");
  EXPECT_EQ(kept("by\n    intro n\n    cases n\n    · rfl\n      done"),
            "tactics: intro n\ncases n\n· rfl\n  done");
  EXPECT_EQ(kept("by intro n\n   rfl"), "tactics: intro n\nrfl");
  EXPECT_EQ(kept("by rfl"), "tactics: rfl");
  EXPECT_EQ(kept(":= by\n  rfl"), "tactics: rfl");
  EXPECT_EQ(kept(":= fun n => rfl"), "term: fun n => rfl");
  EXPECT_EQ(kept("byte_lemma"), "tactics: byte_lemma");
  EXPECT_EQ(kept("theorem x : ∀ n : Nat,\n n + 0 = n := by\n  intro n\n  rfl"), "tactics: intro n\nrfl");
  EXPECT_EQ(kept("example : (∀ n : Nat, n + 0 = n) := fun n => rfl"), "term: fun n => rfl");
  EXPECT_EQ(kept("by"), "tactics: ");
  EXPECT_EQ(kept(":= "), "term: ");
  EXPECT_EQ(kept(" \n "), "tactics: ");
}

TEST(LeanText, CommentsAreTakenOut) {
  EXPECT_EQ(kept("intro n -- all of \"them\"\nrfl"), "tactics: intro n  \nrfl");
  EXPECT_EQ(kept("/- a /- b -/ sorry -/ rfl"), "tactics: rfl");
  EXPECT_EQ(kept("intro n\r\nrfl\r\n"), "tactics: intro n\nrfl");
  EXPECT_FALSE(passes("rfl /- a"));
  EXPECT_FALSE(passes("/- -/ sorry"));
  EXPECT_FALSE(passes("-- a\nsorry"));
  EXPECT_FALSE(passes("rfl /- /- -/ sorry"));
}

TEST(LeanText, PartsOfNamesAreNotCommands) {
  for (const char* good :
       {"exact List.prefix x", "exact h.end", "rcases h with ⟨opened, ended⟩", "simp_all!",
        "exact Foo.instance", "intro sorry'", "intro admitted", "exact x % 2", "simp [my_def]"}) {
    EXPECT_TRUE(passes(good)) << good;
  }
  for (const char* bad : {"exact Foo.sorry", "exact sorry.x", "exact (sorry)", "exact ⟨sorry⟩",
                          "exact[sorry]", "x%", "∀axiom x", "rfl;axiom x : y", "end", "rfl\n  end"}) {
    EXPECT_FALSE(passes(bad)) << bad;
  }
}

TEST(LeanText, OtherTheorems) {
  for (const char* other : {"theorem x : True := trivial", "theorem x (n : Nat) : n + 0 = n := rfl",
                            "theorem x : ∀ n : Nat, n + 0 = n", "theorem x", "lemma {n} : n = n := rfl",
                            "theorem x : ∀ n : Nat, n + 0 = n := by sorry"}) {
    EXPECT_FALSE(passes(other)) << other;
  }
}

TEST(LeanText, Bounds) {
  EXPECT_FALSE(passes(std::string(kMaxLeanProof + 1, 'x')));
  EXPECT_FALSE(passes(testing::repeated("/-", kMaxLeanProof / 2)));
  EXPECT_TRUE(passes(testing::repeated("x ", kMaxLeanProof / 2)));
}

// The golden cases as far as text decides them.
TEST(LeanText, TheCases) {
  std::ifstream file(std::filesystem::path(HONE_SOURCE_DIR) / "tests/golden/proofs/lean4.jsonl");
  std::map<std::string, int> counts;
  for (std::string line; std::getline(file, line);) {
    const Json row = Json::parse(line);
    const std::string kind = row["kind"], statement = row["statement"], proof = row["proof"];
    counts[kind] += 1;
    const Result<LeanProof> made = lean_proof(proof, statement);
    if (kind == "true" || kind == "last line missing") {
      EXPECT_TRUE(made.ok() && !made->text.empty()) << proof << (made.ok() ? "" : made.error().message());
    } else if (kind == "cheat") {
      EXPECT_FALSE(made.ok()) << proof;
    } else if (kind == "nothing") {
      EXPECT_TRUE(made.ok() && made->text.empty()) << proof;
    }
    EXPECT_EQ(check_lean_statement(statement).ok(), kind != "bad statement") << statement;
  }
  EXPECT_GE(counts["true"], 60);
  EXPECT_GE(counts["cheat"], 100);
  EXPECT_GE(counts["cheat"] + counts["false statement"] + counts["last line missing"] + counts["broken"],
            200);
}

TEST(LeanPreamble, IsCutByTheFirstWords) {
  const LeanPreamble parts = split_lean_preamble(
      "import A\nimport B\n\nopen Nat\nvariable (n : Nat)\n  (m : Nat)\ndef two := 2\n  + 0\nset_option x "
      "true\n");
  EXPECT_EQ(parts.imports, "import A\nimport B\n");
  EXPECT_EQ(parts.scope, "open Nat\nvariable (n : Nat)\n  (m : Nat)\nset_option x true\n");
  EXPECT_TRUE(parts.declarations);
  EXPECT_FALSE(split_lean_preamble("import A\nopen B\n").declarations);
  EXPECT_FALSE(split_lean_preamble("").declarations);
}

TEST(LeanFile, PinsTheStatement) {
  const LeanPreamble preamble = split_lean_preamble("import A\nopen Nat\ndef x := 1\n");
  const LeanFile file =
      make_lean_file(preamble, "Header", "∀ n : Nat,\nn = n", {true, "intro n\nrfl"}, "name");
  EXPECT_EQ(file.text,
            "import A\nimport Header\nopen Nat\ntheorem name : (\n    ∀ n : Nat,\n    n = n\n  ) := by\n"
            "  intro n\n  rfl\n#print axioms name\n");
  EXPECT_EQ(file.proof_line, 8);
  EXPECT_EQ(file.axioms_line, 10);
  EXPECT_EQ(make_lean_file({}, "", "True", {false, "trivial"}, "n").text,
            "theorem n : (\n    True\n  ) :=\n  trivial\n#print axioms n\n");
}

std::string message(const char* severity, int line, const std::string& data) {
  return Json{{"severity", severity}, {"pos", {{"line", line}, {"column", 0}}}, {"data", data}}.dump() + "\n";
}

TEST(LeanReport, OnlyTheLastLineOfThatNameCounts) {
  LeanFile file;
  file.proof_line = 3;
  file.axioms_line = 5;
  const auto judge = [&](const std::string& output, bool success = true) {
    return judge_lean_report(output, success, file, "n1", {"propext", "Quot.sound"});
  };
  const std::string none = "'n1' does not depend on any axioms";
  EXPECT_EQ(judge(message("information", 5, none)).status, VerdictStatus::kCorrect);
  EXPECT_EQ(judge(message("info", 5, none)).status, VerdictStatus::kCorrect);
  EXPECT_EQ(judge(message("information", 5, "'n1' depends on axioms: [propext,\n Quot.sound]")).status,
            VerdictStatus::kCorrect);
  const Verdict sorry = judge(message("warning", 3, "declaration uses 'sorry'") +
                              message("information", 5, "'n1' depends on axioms: [propext, sorryAx]"));
  EXPECT_EQ(sorry.status, VerdictStatus::kWrong);
  EXPECT_NE(sorry.detail.find("sorryAx"), std::string::npos);
  const Verdict broken =
      judge(message("error", 4, "unsolved goals") + message("information", 5, none), false);
  EXPECT_EQ(broken.status, VerdictStatus::kWrong);
  EXPECT_EQ(broken.detail, "unsolved goals");
  EXPECT_EQ(judge(message("error", 2, "unknown identifier"), false).status, VerdictStatus::kError);
  // Forgeries: another line, another name, another severity, text around, plain text; or none at all.
  EXPECT_EQ(judge(message("information", 4, none)).status, VerdictStatus::kError);
  EXPECT_EQ(judge(message("information", 5, "'n2' does not depend on any axioms")).status,
            VerdictStatus::kError);
  EXPECT_EQ(judge(message("warning", 5, none)).status, VerdictStatus::kError);
  EXPECT_EQ(judge(message("information", 5, "x " + none)).status, VerdictStatus::kError);
  EXPECT_EQ(judge(message("information", 5, "'n1' depends on axioms: propext")).status,
            VerdictStatus::kError);
  EXPECT_EQ(judge(none + "\n").status, VerdictStatus::kError);
  EXPECT_EQ(judge("").status, VerdictStatus::kError);
  EXPECT_EQ(judge(message("information", 5, none), false).status, VerdictStatus::kError);
  EXPECT_EQ(judge("{\"severity\": 3}\n{\n[]\n{\"pos\":{\"line\":\"5\"}}\n" + message("information", 5, none))
                .status,
            VerdictStatus::kCorrect);
}

TEST(Base64, Decodes) {
  EXPECT_EQ(base64_decoded("aG9uZQ==\n"), "hone");
  EXPECT_EQ(base64_decoded("aG9uZXM="), "hones");
  EXPECT_EQ(base64_decoded("AP+/"), std::string("\0\xFF\xBF", 3));
  EXPECT_EQ(base64_decoded(""), "");
  for (const char* bad : {"a", "ab", "abc", "a===", "ab!=", "=abc", "ab=c"}) {
    EXPECT_FALSE(base64_decoded(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace hone
