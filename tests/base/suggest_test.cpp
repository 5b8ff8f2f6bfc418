#include "hone/base/suggest.h"

#include <gtest/gtest.h>

#include <vector>

namespace hone {
namespace {

const std::vector<std::string> kWords = {"learning_rate", "group_size", "temperature",
                                         "top_k",         "top_p",      "beta"};

TEST(Nearest, FindsTheMistypedWord) {
  EXPECT_EQ(nearest("learning_rat", kWords), "learning_rate");
  EXPECT_EQ(nearest("laerning_rate", kWords), "learning_rate");
  EXPECT_EQ(nearest("Learning-Rate", kWords), "learning_rate");
  EXPECT_EQ(nearest("groupsize", kWords), "group_size");
  EXPECT_EQ(nearest("temprature", kWords), "temperature");
  EXPECT_EQ(nearest("btea", kWords), "beta");
  EXPECT_EQ(nearest("top_q", kWords), "top_k") << "the first of equals";
}

TEST(Nearest, SaysNothingWhenNothingIsClose) {
  EXPECT_EQ(nearest("", kWords), "");
  EXPECT_EQ(nearest("x", kWords), "");
  EXPECT_EQ(nearest("optimizer", kWords), "");
  EXPECT_EQ(nearest("beta", {}), "");
  EXPECT_EQ(nearest(std::string(1'000'000, 'b'), kWords), "");
}

}  // namespace
}  // namespace hone
