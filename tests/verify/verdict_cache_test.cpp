#include "hone/verify/verdict_cache.h"

#include <gtest/gtest.h>

namespace hone {
namespace {

TEST(VerdictCache, RemembersByEverything) {
  VerdictCache cache(1 << 20);
  EXPECT_FALSE(cache.find({"coq", "s", "", "proof"}).has_value());
  cache.insert({"coq", "s", "", "proof"}, {VerdictStatus::kWrong, 0.0, "no"});
  ASSERT_TRUE(cache.find({"coq", "s", "", "proof"}).has_value());
  EXPECT_EQ(cache.find({"coq", "s", "", "proof"})->detail, "no");
  const auto knows = [&](VerdictCache::Key key) { return cache.find(key).has_value(); };
  EXPECT_FALSE(knows({"coqx", "s", "", "proof"}));
  EXPECT_FALSE(knows({"coq", "t", "", "proof"}));
  EXPECT_FALSE(knows({"coq", "s", "x", "proof"}));
  EXPECT_FALSE(knows({"coq", "s", "", "proof."}));
  EXPECT_FALSE(knows({"coq", "s", "proof"}));
  // The same letters, cut elsewhere.
  EXPECT_FALSE(knows({"coq", "", "s", "proof"}));
  EXPECT_FALSE(knows({"coqs", "", "", "proof"}));
}

TEST(VerdictCache, UndecidedIsNotRemembered) {
  VerdictCache cache(1 << 20);
  cache.insert({"a"}, {VerdictStatus::kTimeout, 0.0, ""});
  cache.insert({"b"}, {VerdictStatus::kError, 0.0, ""});
  EXPECT_EQ(cache.size(), 0u);
}

TEST(VerdictCache, TheLeastRecentlyUsedLeaves) {
  VerdictCache cache(3000);
  const auto key = [](int i) { return std::string(300, static_cast<char>('a' + i)); };
  for (int i = 0; i < 26; ++i) {
    cache.insert({key(i)}, {VerdictStatus::kCorrect, 1.0, ""});
    EXPECT_TRUE(i < 1 || cache.find({key(0)}).has_value()) << i;
  }
  EXPECT_LT(cache.size(), 10u);
  EXPECT_GT(cache.size(), 2u);
  EXPECT_TRUE(cache.find({key(25)}).has_value());
  EXPECT_FALSE(cache.find({key(5)}).has_value());

  VerdictCache none(0);
  none.insert({key(0)}, {VerdictStatus::kCorrect, 1.0, ""});
  EXPECT_FALSE(none.find({key(0)}).has_value());
  VerdictCache tiny(10);
  tiny.insert({key(0)}, {VerdictStatus::kCorrect, 1.0, ""});
  EXPECT_EQ(tiny.size(), 0u);
}

}  // namespace
}  // namespace hone
