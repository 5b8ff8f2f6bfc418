// How late a deadline may be kept before a test says that it was not: shared machines stall for seconds.
#pragma once

namespace hone::testing {

constexpr double kPatience = 5;  // seconds

}  // namespace hone::testing
