// The verifier around the checkers: where the proof stands in a completion, what is remembered, what a row
// must hold.
#include "hone/verify/proof/proof.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "verify/verify_helpers.h"

namespace hone {
namespace {

using testing::completion;
using testing::with_fields;

ProofOptions small_options() {
  ProofOptions options;
  options.metamath_database =
      (std::filesystem::path(HONE_SOURCE_DIR) / "tests/golden/proofs/small.mm").string();
  return options;
}

const Verifier& verifier() {
  static const std::unique_ptr<Verifier> made = [] {
    Result<std::unique_ptr<Verifier>> result = make_proof_verifier(small_options());
    EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().message());
    return std::move(result).value();
  }();
  return *made;
}

TEST(ProofOf, TheLastAnswerElseTheLastBlockElseWhatFollowsTheThought) {
  EXPECT_EQ(proof_of("wph id"), "wph id");
  EXPECT_EQ(proof_of("<think>keep</think>\n wph id \n"), "wph id");
  EXPECT_EQ(proof_of("<think>a</think><answer>no</answer><answer> wph id </answer> more"), "wph id");
  EXPECT_EQ(proof_of("The proof:\n```metamath\nwph id\n```\nDone."), "wph id");
  EXPECT_EQ(proof_of("```\nno\n```\nbetter:\n```coq\nauto.\n```"), "auto.");
  EXPECT_EQ(proof_of("<answer>\n```\nwph id\n```\n</answer>"), "wph id");
  EXPECT_EQ(proof_of("```\nno\n```\n<answer>wph id</answer>"), "wph id");
  EXPECT_EQ(proof_of("so:\n  ```\n  auto.\n"), "auto.");
  EXPECT_EQ(proof_of("```\na\n```\n```\nb"), "b");
  EXPECT_EQ(proof_of("<think>```\nwph id\n```"), "");
  EXPECT_EQ(proof_of("```"), "");
  EXPECT_EQ(proof_of(""), "");
  EXPECT_EQ(proof_of("<answer>\n\n  intro n\n  rfl\n</answer>"), "  intro n\n  rfl");
  EXPECT_EQ(proof_of("<answer>  intro n\n  rfl</answer>"), "  intro n\n  rfl");
  EXPECT_EQ(proof_of("intro n\n  rfl\n"), "intro n\n  rfl");
}

TEST(ProofVerifier, JudgesCorrectness) {
  EXPECT_EQ(verifier().name(), "proof");
  EXPECT_TRUE(verifier().judges_correctness());
}

TEST(ProofVerifier, Verdicts) {
  const Problem id = with_fields(R"j({"statement": "|- ( ph -> ph )"})j");
  const Verdict right = verifier().verify(id, completion("<think>hm</think><answer>wph id</answer>"));
  EXPECT_EQ(right.status, VerdictStatus::kCorrect);
  EXPECT_EQ(right.score, 1.0);
  const Verdict wrong = verifier().verify(id, completion("<answer>wph wps keep</answer>"));
  EXPECT_EQ(wrong.status, VerdictStatus::kWrong);
  EXPECT_EQ(wrong.score, 0.0);
  EXPECT_NE(wrong.detail.find("proves"), std::string::npos) << wrong.detail;
  EXPECT_EQ(verifier().verify(id, completion("<answer></answer>")).status, VerdictStatus::kUnparsable);
  EXPECT_EQ(verifier().verify(id, completion("<think>wph id")).status, VerdictStatus::kUnparsable);
}

TEST(ProofVerifier, FieldsOfTheRow) {
  const Completion id = completion("wph id");
  const auto status = [&](const char* fields) { return verifier().verify(with_fields(fields), id).status; };
  EXPECT_EQ(status(R"j({"statement": "|- ( ph -> ph )", "checker": "metamath"
})j"),
            VerdictStatus::kCorrect);
  EXPECT_EQ(status(R"j({"statement": "|- ( ph -> ph )", "before": "id"
})j"),
            VerdictStatus::kWrong);
  EXPECT_EQ(
      verifier()
          .verify(with_fields(R"j({"statement": "|- ps", "preamble": "h $e |- ps $."})j"), completion("h"))
          .status,
      VerdictStatus::kCorrect);
  for (const char* bad :
       {"", "[]", "{}", "{\"statement\": 1}", "not JSON", R"j({"statement": "|- ph", "checker": "magic"})j",
        R"j({"statement": "|- ph", "before": 3})j", R"j({"statement": "|- nonsense"})j"}) {
    EXPECT_EQ(status(bad), VerdictStatus::kError) << bad;
  }
  const Verdict verdict =
      verifier().verify(with_fields(R"j({"statement": "|- ph", "checker": "metamat"})j"), id);
  EXPECT_NE(verdict.detail.find("did you mean 'metamath'"), std::string::npos) << verdict.detail;
}

TEST(ProofVerifier, ManyCheckersOfOddNamesAreNotKept) {
  for (int i = 0; i < 40; ++i) {
    const Problem odd = with_fields(R"j({"statement": "|- ph", "checker": "x)j" + std::to_string(i) + "\"}");
    EXPECT_EQ(verifier().verify(odd, completion("id")).status, VerdictStatus::kError);
  }
  const Problem id = with_fields(R"j({"statement": "|- ( ph -> ph )"
})j");
  EXPECT_EQ(verifier().verify(id, completion("wph id")).status, VerdictStatus::kCorrect);
}

TEST(ProofVerifier, ErrorsWhenMade) {
  ProofOptions options;
  EXPECT_TRUE(make_proof_verifier(options).ok()) << "the built-in database";
  options.metamath_database = "/nothing/there.mm";
  EXPECT_FALSE(make_proof_verifier(options).ok());
  options.checker = "magic";
  EXPECT_FALSE(make_proof_verifier(options).ok());
}

}  // namespace
}  // namespace hone
