// Memory for large arrays.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace hone {

// Asks the system for pages of 2 MiB behind memory that nobody has written to yet, where it offers them.
// Streams run faster over them, and the first touch of an array costs hundreds of times fewer faults. Never
// an error.
void advise_huge_pages(void* memory, std::size_t bytes);

struct FreeFloats {
  void operator()(float* floats) const;
};
using Floats = std::unique_ptr<float[], FreeFloats>;

// n floats, not initialised, on pages that appear as they are first written. Throws std::bad_alloc.
Floats allocate_floats(std::int64_t n);

}  // namespace hone
