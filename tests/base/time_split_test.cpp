#include "hone/base/time_split.h"

#include <gtest/gtest.h>

#include <numeric>
#include <thread>

namespace hone {
namespace {

void spend(int milliseconds) { std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds)); }

double of(const TimeSplit& split, TimePart part) { return split[static_cast<std::size_t>(part)]; }

TEST(TimeSplit, ChargesTheInnermostPart) {
  start_time_split();
  {
    const Timed outer(TimePart::kSoftmax);
    spend(4);
    {
      const Timed inner(TimePart::kProducts);
      spend(8);
    }
    spend(4);
  }
  spend(3);
  const TimeSplit split = end_time_split();
  EXPECT_GE(of(split, TimePart::kSoftmax), 0.008);
  EXPECT_GE(of(split, TimePart::kProducts), 0.008);
  EXPECT_GE(of(split, TimePart::kOther), 0.003);
  EXPECT_EQ(of(split, TimePart::kAttention), 0.0);
}

TEST(TimeSplit, IsOffUntilAskedForAndStartsAnew) {
  {
    const Timed part(TimePart::kProducts);
    spend(1);
  }
  EXPECT_EQ(of(end_time_split(), TimePart::kAttention), 0.0);
  start_time_split();
  const TimeSplit split = end_time_split();
  EXPECT_EQ(of(split, TimePart::kProducts), 0.0);
}

}  // namespace
}  // namespace hone
