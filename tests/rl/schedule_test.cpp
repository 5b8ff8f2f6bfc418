#include "hone/rl/schedule.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace hone {
namespace {

OptimizerOptions options(std::string schedule, double warmup, double floor = 0.0) {
  OptimizerOptions o;
  o.learning_rate = 2.0;
  o.schedule = std::move(schedule);
  o.warmup = warmup;
  o.min_lr_ratio = floor;
  return o;
}

TEST(Schedule, ConstantFromTheFirstStep) {
  for (const std::int64_t step : {0, 5, 9, 100})
    EXPECT_EQ(learning_rate_at(options("constant", 0), step, 10), 2.0);
}

TEST(Schedule, WarmUpClimbsToThePeak) {
  const OptimizerOptions o = options("constant", 4);
  EXPECT_DOUBLE_EQ(learning_rate_at(o, 0, 10), 0.5);
  EXPECT_DOUBLE_EQ(learning_rate_at(o, 1, 10), 1.0);
  EXPECT_DOUBLE_EQ(learning_rate_at(o, 3, 10), 2.0);
  EXPECT_DOUBLE_EQ(learning_rate_at(o, 4, 10), 2.0);
}

TEST(Schedule, WarmUpAsAShareIsRoundedUp) {
  const OptimizerOptions o = options("constant", 0.25);
  EXPECT_DOUBLE_EQ(learning_rate_at(o, 0, 10), 2.0 / 3.0);
  EXPECT_DOUBLE_EQ(learning_rate_at(o, 2, 10), 2.0);
  EXPECT_DOUBLE_EQ(learning_rate_at(options("constant", 1.0), 0, 10), 2.0) << "1 is a step, not the whole";
}

TEST(Schedule, LinearFallsToItsFloor) {
  const OptimizerOptions o = options("linear", 2, 0.1);
  EXPECT_DOUBLE_EQ(learning_rate_at(o, 2, 10), 2.0);
  EXPECT_DOUBLE_EQ(learning_rate_at(o, 6, 10), 2.0 * 0.55);
  EXPECT_GT(learning_rate_at(o, 9, 10), 0.2);
  EXPECT_DOUBLE_EQ(learning_rate_at(o, 10, 10), 0.2);
  EXPECT_DOUBLE_EQ(learning_rate_at(o, 50, 10), 0.2);
}

TEST(Schedule, CosineFallsSlowlyAtBothEnds) {
  const OptimizerOptions o = options("cosine", 0, 0.5);
  EXPECT_DOUBLE_EQ(learning_rate_at(o, 0, 8), 2.0);
  EXPECT_NEAR(learning_rate_at(o, 2, 8), 1.0 + 0.5 * (1.0 + 0.70710678118654752), 1e-12);
  EXPECT_NEAR(learning_rate_at(o, 4, 8), 1.5, 1e-12);
  EXPECT_NEAR(learning_rate_at(o, 8, 8), 1.0, 1e-12);
}

TEST(Schedule, WarmUpLongerThanTheRun) {
  EXPECT_DOUBLE_EQ(learning_rate_at(options("cosine", 20), 9, 10), 1.0);
  EXPECT_DOUBLE_EQ(learning_rate_at(options("cosine", 0), 0, 0), 2.0);
}

TEST(Schedule, AnUnknownOneIsBroken) {
  EXPECT_THROW(learning_rate_at(options("polynomial", 0), 0, 10), std::logic_error);
}

}  // namespace
}  // namespace hone
