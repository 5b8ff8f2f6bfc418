// HONE_CHECK: broken invariants. Throws BrokenInvariant, which no layer catches to go on with:
// the run stops, and what was last saved stays whole.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>

namespace hone {

class BrokenInvariant : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

[[noreturn]] void throw_broken_invariant(const char* file, int line, const char* condition, const std::string& detail);

}  // namespace hone

// HONE_CHECK(condition, "format", args…)
#define HONE_CHECK(condition, ...)                                                                      \
  do {                                                                                                  \
    if (!(condition)) ::hone::throw_broken_invariant(__FILE__, __LINE__, #condition, fmt::format(__VA_ARGS__)); \
  } while (false)
