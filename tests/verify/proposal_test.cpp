#include <gtest/gtest.h>

#include "hone/verify/verifiers.h"
#include "verify/verify_helpers.h"

namespace hone {
namespace {

using testing::completion;
using testing::with_fields;

VerdictStatus proposed(const std::string& fields, const std::string& text) {
  return make_proposal_verifier()->verify(with_fields(fields), completion(text)).status;
}

TEST(ProposalVerifier, RunsWhatIsProposed) {
  const std::string sums = R"({"language":"arithmetic"})";
  EXPECT_EQ(proposed(sums, "<answer>3+4*2</answer>"), VerdictStatus::kCorrect);
  EXPECT_EQ(proposed(sums, "<answer>3+</answer>"), VerdictStatus::kWrong);
  EXPECT_EQ(proposed(sums, "3+4"), VerdictStatus::kUnparsable);
  EXPECT_EQ(proposed(R"({"language":"program"})", "<answer>a=1;while a>0{a=1};print a</answer>"),
            VerdictStatus::kWrong);
  for (const char* bad : {"", "{}", R"({"language":"prose"})", R"({"language":3})", "[1]"})
    EXPECT_EQ(proposed(bad, "<answer>3+4</answer>"), VerdictStatus::kError) << bad;
}

}  // namespace
}  // namespace hone
