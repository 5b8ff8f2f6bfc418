// The Lean checker: its protocol against a script that answers as lean does, and the golden cases where lean
// itself is on PATH.
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "hone/base/files.h"
#include "hone/base/json.h"
#include "hone/sandbox/sandbox.h"
#include "hone/verify/proof/proof.h"
#include "support/temp_folder.h"

namespace hone {
namespace {

namespace fs = std::filesystem;

// Answers by the words that the proof holds.
constexpr const char* kFakeLean = R"sh(#!/bin/sh
if [ "$1" = --version ]; then echo "Lean (version 4.99.0, a script)"; exit 0; fi
if [ "$1" = -o ]; then
  if grep -q unacceptable "$3"; then echo "$3:1:0: error: unacceptable"; exit 1; fi
  { echo "olean"; cat "$3"; } > "$2"
  exit 0
fi
[ "$1" = --json ] || exit 9
file=$2
name=$(sed -n 's/^theorem \([^ ]*\) : ($/\1/p' "$file")
line=$(grep -n '^#print axioms' "$file" | cut -d: -f1)
say() { printf '{"severity":"%s","pos":{"line":%s,"column":0},"fileName":"%s","data":"%s"}\n' "$1" "$2" "$file" "$3"; }
has() { grep -q "$1" "$file"; }
if has '^import HoneHeader'; then
  if ! grep -q '^olean' HoneHeader.olean; then say error 1 "unknown package HoneHeader"; exit 1; fi
fi
if has answer_error; then say error "$((line - 1))" "unsolved goals"; exit 1; fi
if has statement_error; then say error 2 "unknown identifier"; exit 1; fi
if has answer_axiom; then say information "$line" "'$name' depends on axioms: [propext, mine]"; exit 0; fi
if has answer_forged; then
  say information "$((line - 1))" "'$name' does not depend on any axioms"
  say information "$line" "'hone_pinned' does not depend on any axioms"
  echo "'$name' does not depend on any axioms"
  exit 0
fi
if has answer_slowly; then sleep 60; fi
if has answer_loudly; then yes; fi
if has answer_dying; then kill -9 $$; fi
say information "$line" "'$name' depends on axioms: [propext, Classical.choice]"
)sh";

class FakeLean : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const Result<Sandbox> sandbox = Sandbox::open(); !sandbox.ok()) {
      GTEST_SKIP() << "no sandbox here: " << sandbox.error().message();
    }
    fs::create_directories(folder_.path() / "bin");
    const fs::path program = folder_.path() / "bin/lean";
    ASSERT_TRUE(write_file_atomically(program, kFakeLean).ok());
    // Readable by the sandbox's user.
    for (const fs::path& path : {folder_.path(), folder_.path() / "bin", program}) {
      fs::permissions(path, fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec |
                                fs::perms::others_read | fs::perms::others_exec);
    }
    options_.lean_program = program.string();
    options_.seconds = 5.0;
    Result<std::unique_ptr<ProofChecker>> made = make_proof_checker("lean4", options_);
    ASSERT_TRUE(made.ok()) << made.error().message();
    checker_ = std::move(made).value();
  }
  Verdict check(const std::string& proof, const std::string& preamble = "",
                const std::string& statement = "1 = 1") {
    return checker_->check({"lean4", statement, preamble, "", proof});
  }

  testing::TempFolder folder_;
  ProofOptions options_;
  std::unique_ptr<ProofChecker> checker_;
};

TEST_F(FakeLean, Verdicts) {
  const Verdict right = check("rfl");
  EXPECT_EQ(right.status, VerdictStatus::kCorrect) << right.detail;
  EXPECT_EQ(right.detail, "proved from propext, Classical.choice");
  const Verdict broken = check("answer_error");
  EXPECT_EQ(broken.status, VerdictStatus::kWrong);
  EXPECT_EQ(broken.detail, "unsolved goals");
  const Verdict axiom = check("answer_axiom");
  EXPECT_EQ(axiom.status, VerdictStatus::kWrong);
  EXPECT_EQ(axiom.detail, "rests on the axiom mine");
  EXPECT_EQ(check("answer_forged").status, VerdictStatus::kError);
  EXPECT_EQ(check("statement_error").status, VerdictStatus::kError);
  EXPECT_EQ(check("rfl", "", "1 = (1").status, VerdictStatus::kError);
  EXPECT_EQ(check("by").status, VerdictStatus::kUnparsable);
  EXPECT_EQ(check("sorry").status, VerdictStatus::kWrong);
  EXPECT_EQ(check("answer_dying").status, VerdictStatus::kWrong);
  EXPECT_EQ(check("answer_loudly").status, VerdictStatus::kWrong);
}

TEST_F(FakeLean, TimesOut) {
  options_.seconds = 0.3;
  const Result<std::unique_ptr<ProofChecker>> quick = make_proof_checker("lean4", options_);
  ASSERT_TRUE(quick.ok());
  EXPECT_EQ((*quick)->check({"lean4", "1 = 1", "", "", "answer_slowly"}).status, VerdictStatus::kTimeout);
}

TEST_F(FakeLean, PreamblesAreCompiledAndImported) {
  EXPECT_EQ(check("rfl", "def two := 2").status, VerdictStatus::kCorrect);
  EXPECT_EQ(check("rfl", "def two := 2").status, VerdictStatus::kCorrect);
  const Verdict bad = check("rfl", "def two := unacceptable");
  EXPECT_EQ(bad.status, VerdictStatus::kError);
  EXPECT_NE(bad.detail.find("unacceptable"), std::string::npos) << bad.detail;
  // Imports and scopes alone need no compilation.
  EXPECT_EQ(check("rfl", "open Nat").status, VerdictStatus::kCorrect);
}

TEST(Lean, WhatIsMissingIsNamed) {
  ProofOptions options;
  options.lean_program = "/nothing/lean";
  EXPECT_NE(make_proof_checker("lean4", options).error().message().find("/nothing/lean"), std::string::npos);
  options.lean_program = "no-such-lean";
  EXPECT_NE(make_proof_checker("lean4", options).error().message().find("no-such-lean"), std::string::npos);
  options.lean_program = "/bin/true";
  EXPECT_FALSE(make_proof_checker("lean4", options).ok());
}

TEST(Lean, TheCases) {
  ProofOptions options;
  const Result<std::unique_ptr<ProofChecker>> lean = make_proof_checker("lean4", options);
  if (!lean.ok()) GTEST_SKIP() << "lean4 is not tested here: " << lean.error().message();
  std::ifstream file(fs::path(HONE_SOURCE_DIR) / "tests/golden/proofs/lean4.jsonl");
  std::vector<Json> rows;
  for (std::string line; std::getline(file, line);) rows.push_back(Json::parse(line));
  std::atomic<std::size_t> next{0};
  std::vector<Verdict> verdicts(rows.size());
  const auto work = [&] {
    for (std::size_t i = next++; i < rows.size(); i = next++) {
      verdicts[i] =
          (*lean)->check({"lean4", rows[i]["statement"], rows[i]["preamble"], "", rows[i]["proof"]});
    }
  };
  std::thread other(work);
  work();
  other.join();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(to_string(verdicts[i].status), rows[i]["expect"].get<std::string>()) << rows[i].dump() << "\n"
                                                                                   << verdicts[i].detail;
  }
}

}  // namespace
}  // namespace hone
