#include "hone/base/result.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "hone/base/check.h"

namespace hone {
namespace {

using ::testing::HasSubstr;

TEST(Error, SaysWhereRuleAndGotOnOneLine) {
  EXPECT_EQ((Error{"a.json: key", "must be 1", "2"}).message(), "[a.json: key] must be 1, got 2");
  EXPECT_EQ((Error{"a.json", "must exist", ""}).message(), "[a.json] must exist");
  EXPECT_EQ((Error{"", "must be 1", "2"}).message(), "must be 1, got 2");
}

Result<int> half(int n) {
  if (n % 2 != 0) return Error{"half", "must be even", std::to_string(n)};
  return n / 2;
}

Result<std::string> quarter_text(int n) {
  HONE_TRY(const int h, half(n));
  HONE_TRY(const int q, half(h));
  return std::to_string(q);
}

Result<void> check_even(int n) {
  HONE_TRY(const int h, half(n));
  static_cast<void>(h);
  return {};
}

Result<int> twice_checked(int n) {
  HONE_TRY_VOID(check_even(n));
  HONE_TRY_VOID(check_even(n / 2));
  return n;
}

TEST(Result, TryUnwrapsOrReturnsTheError) {
  ASSERT_TRUE(quarter_text(12).ok());
  EXPECT_EQ(*quarter_text(12), "3");
  EXPECT_EQ(quarter_text(7).error().got, "7");
  EXPECT_EQ(quarter_text(14).error().got, "7");
  EXPECT_EQ(*twice_checked(8), 8);
  EXPECT_EQ(twice_checked(6).error().message(), "[half] must be even, got 3");
}

TEST(Result, CarriesWhatCanOnlyBeMoved) {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(5));
  ASSERT_TRUE(static_cast<bool>(result));
  const std::unique_ptr<int> owned = std::move(result).value();
  EXPECT_EQ(*owned, 5);
}

TEST(Result, AskingForTheWrongHalfThrows) {
  EXPECT_THROW(static_cast<void>(half(3).value()), std::bad_variant_access);
  EXPECT_THROW(static_cast<void>(half(4).error()), std::bad_variant_access);
  EXPECT_THROW(static_cast<void>(check_even(4).error()), std::bad_optional_access);
}

TEST(Check, ThrowsWithPlaceConditionAndDetail) {
  EXPECT_NO_THROW(HONE_CHECK(1 + 1 == 2, "never"));
  try {
    const int n = -3;
    HONE_CHECK(n > 0, "n = {}", n);
    FAIL() << "the check let a broken invariant pass";
  } catch (const BrokenInvariant& e) {
    EXPECT_THAT(e.what(), HasSubstr("result_test.cpp:"));
    EXPECT_THAT(e.what(), HasSubstr("n > 0"));
    EXPECT_THAT(e.what(), HasSubstr("n = -3"));
  }
}

}  // namespace
}  // namespace hone
