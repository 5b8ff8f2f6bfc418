// The golden cases through Coq itself: true proofs accepted, broken and cheating ones not.
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include "hone/base/json.h"
#include "hone/verify/proof/proof.h"
#include "verify/verify_helpers.h"

namespace hone {
namespace {

ProofOptions options() {
  ProofOptions made;
  made.seconds = 10.0;
  made.processes = 12;  // every preamble of the cases stays loaded
  return made;
}

// One for all tests: starting Coq is what takes the time.
const Result<std::unique_ptr<ProofChecker>>& coq() {
  static const Result<std::unique_ptr<ProofChecker>> made = make_proof_checker("coq", options());
  return made;
}
#define SKIP_WITHOUT_COQ() \
  if (!coq().ok()) GTEST_SKIP() << "coq is not tested here: " << coq().error().message()

struct Case {
  std::string kind, expect;
  ProofTask task;
};

std::vector<Case> cases() {
  std::vector<Case> read;
  std::ifstream file(std::filesystem::path(HONE_SOURCE_DIR) / "tests/golden/proofs/coq.jsonl");
  for (std::string line; std::getline(file, line);) {
    const Json row = Json::parse(line);
    read.push_back(
        {row["kind"], row["expect"], {"coq", row["statement"], row["preamble"], "", row["proof"]}});
  }
  return read;
}

TEST(Coq, TheCases) {
  SKIP_WITHOUT_COQ();
  const std::vector<Case> all = cases();
  std::map<std::string, int> counts;
  for (const Case& one : all) counts[one.expect] += 1;
  EXPECT_GE(counts["correct"], 60);
  EXPECT_GE(counts["wrong"], 200);
  std::vector<Verdict> verdicts(all.size());
  // A thread takes all cases of one preamble, so that each is loaded once.
  std::map<std::string, std::vector<std::size_t>> by_preamble;
  for (std::size_t i = 0; i < all.size(); ++i) by_preamble[all[i].task.preamble].push_back(i);
  std::vector<std::vector<std::size_t>> groups;
  for (const auto& [preamble, group] : by_preamble) groups.push_back(group);
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t group = next++; group < groups.size(); group = next++) {
      for (const std::size_t i : groups[group]) {
        if (all[i].expect != "timeout") verdicts[i] = (*coq())->check(all[i].task);
      }
    }
  };
  std::thread other(work);
  work();
  other.join();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].expect == "timeout") continue;
    EXPECT_EQ(to_string(verdicts[i].status), all[i].expect)
        << all[i].kind << ": " << all[i].task.statement << "\n"
        << all[i].task.proof << "\n"
        << verdicts[i].detail;
    EXPECT_FALSE(verdicts[i].detail.empty());
  }
}

TEST(Coq, EndlessProofsTimeOut) {
  SKIP_WITHOUT_COQ();
  ProofOptions short_time = options();
  short_time.seconds = 1.0;
  const Result<std::unique_ptr<ProofChecker>> checker = make_proof_checker("coq", short_time);
  ASSERT_TRUE(checker.ok());
  int seen = 0;
  for (const Case& one : cases()) {
    if (one.expect != "timeout") continue;
    ++seen;
    const Verdict verdict = (*checker)->check(one.task);
    EXPECT_EQ(verdict.status, VerdictStatus::kTimeout) << one.task.proof << "\n" << verdict.detail;
  }
  EXPECT_GE(seen, 2);
  // The next proof has a process that is well.
  EXPECT_EQ((*checker)->check({"coq", "True", "", "", "exact I."}).status, VerdictStatus::kCorrect);
}

TEST(Coq, AProofLeavesNothingBehind) {
  SKIP_WITHOUT_COQ();
  ProofOptions one = options();
  one.processes = 1;
  const Result<std::unique_ptr<ProofChecker>> checker = make_proof_checker("coq", one);
  ASSERT_TRUE(checker.ok());
  const auto status = [&](const char* statement, const char* proof) {
    return (*checker)->check({"coq", statement, "", "", proof}).status;
  };
  EXPECT_EQ(status("exists n, n = 3", "assert (3 = 3) by abstract reflexivity. exists 3. assumption."),
            VerdictStatus::kCorrect);
  EXPECT_EQ(status("3 = 3", "exact hone_pinned_subproof."), VerdictStatus::kWrong);
  EXPECT_EQ(status("3 = 3", "exact hone_pinned."), VerdictStatus::kWrong);
  EXPECT_EQ(status("forall P : Prop, P -> P", "intros P p. set (q := p). { exact q."), VerdictStatus::kWrong);
  EXPECT_EQ(status("1 = 1", "reflexivity."), VerdictStatus::kCorrect);
  EXPECT_EQ(status("nonsense", "reflexivity."), VerdictStatus::kError);
  EXPECT_EQ(status("1 = 1", "reflexivity."), VerdictStatus::kCorrect);
}

TEST(Coq, AxiomsOfTheAllowList) {
  SKIP_WITHOUT_COQ();
  ProofOptions classical = options();
  classical.coq_axioms = {"classic"};
  const Result<std::unique_ptr<ProofChecker>> checker = make_proof_checker("coq", classical);
  ASSERT_TRUE(checker.ok());
  const ProofTask middle{"coq", "forall P : Prop, P \\/ ~ P", "Require Import Classical.", "",
                         "exact classic."};
  EXPECT_EQ((*checker)->check(middle).status, VerdictStatus::kCorrect);
  EXPECT_EQ((*coq())->check(middle).status, VerdictStatus::kWrong);
  EXPECT_NE((*coq())->check(middle).detail.find("classic"), std::string::npos);
}

TEST(Coq, OutputIsBounded) {
  SKIP_WITHOUT_COQ();
  const Verdict loud =
      (*coq())->check({"coq", "True", "", "", "do 2000000 (idtac 1 2 3 4 5 6 7 8 9). exact I."});
  EXPECT_EQ(loud.status, VerdictStatus::kWrong) << loud.detail;
  EXPECT_NE(loud.detail.find("output"), std::string::npos) << loud.detail;
}

TEST(Coq, MoreCallersAndPreamblesThanProcesses) {
  SKIP_WITHOUT_COQ();
  ProofOptions two = options();
  two.processes = 2;
  const Result<std::unique_ptr<ProofChecker>> checker = make_proof_checker("coq", two);
  ASSERT_TRUE(checker.ok());
  const char* preambles[] = {"", "Definition a := 1.", "not Coq"};
  std::atomic<int> correct{0}, errors{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 6; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 3; ++i) {
        const Verdict verdict =
            (*checker)->check({"coq", "1 = 1", preambles[(thread + i / 2) % 3], "", "reflexivity."});
        correct += verdict.status == VerdictStatus::kCorrect;
        errors += verdict.status == VerdictStatus::kError;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(correct, 12);
  EXPECT_EQ(errors, 6);
}

TEST(Coq, MemoryIsBounded) {
  SKIP_WITHOUT_COQ();
  ProofOptions small = options();
  small.memory_bytes = 512 << 20;
  const Result<std::unique_ptr<ProofChecker>> checker = make_proof_checker("coq", small);
  ASSERT_TRUE(checker.ok());
  const Verdict large = (*checker)->check({"coq", "Nat.pow 2 30 = 0", "", "", "vm_compute. reflexivity."});
  EXPECT_EQ(large.status, VerdictStatus::kTimeout) << large.detail;
  EXPECT_NE(large.detail.find("memory"), std::string::npos) << large.detail;
  EXPECT_EQ((*checker)->check({"coq", "True", "", "", "exact I."}).status, VerdictStatus::kCorrect);
}

TEST(Coq, AsAVerifier) {
  SKIP_WITHOUT_COQ();
  ProofOptions made = options();
  made.checker = "coq";
  const Result<std::unique_ptr<Verifier>> verifier = make_proof_verifier(made);
  ASSERT_TRUE(verifier.ok());
  const Problem problem = testing::with_fields(R"({"statement": "1 + 1 = 2"})");
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ((*verifier)
                  ->verify(problem, testing::completion("<think>easy</think>\n```coq\nreflexivity.\n```"))
                  .status,
              VerdictStatus::kCorrect);
  }
}

}  // namespace
}  // namespace hone
