#include "hone/base/check.h"

namespace hone {

void throw_broken_invariant(const char* file, int line, const char* condition, const std::string& detail) {
  throw BrokenInvariant(fmt::format("[{}:{}] {} must hold, {}", file, line, condition, detail));
}

}  // namespace hone
