#include "hone/verify/proof/propositional.h"

#include <gtest/gtest.h>

#include "hone/verify/proof/metamath.h"

namespace hone {
namespace {

MetamathDatabase database() {
  auto parsed = MetamathDatabase::parse(std::string(propositional_database()), "built in");
  EXPECT_TRUE(parsed.ok()) << parsed.error().message();
  return std::move(parsed).value();
}

TEST(Propositional, EveryTheoremIsProved) {
  const MetamathDatabase db = database();
  EXPECT_GE(db.counts().theorems, 15u);
  const auto verified = db.verify_all();
  EXPECT_TRUE(verified.ok()) << verified.error().message();
}

// Its axioms are Łukasiewicz's three, modus ponens and the two that make formulas: nothing else is taken on
// trust.
TEST(Propositional, RestsOnItsAxiomsAlone) { EXPECT_EQ(database().counts().axioms, 6u); }

TEST(Propositional, ProvesWhatIsTrueOnly) {
  const MetamathDatabase db = database();
  EXPECT_EQ(db.check({"|- ( ps -> ( ph -> ph ) )", "", ""}, "wph wph wi wps wph id a1i").status,
            VerdictStatus::kCorrect);
  EXPECT_EQ(db.check({"|- ( ph -> ps )", "", ""}, "wph id").status, VerdictStatus::kWrong);
}

}  // namespace
}  // namespace hone
