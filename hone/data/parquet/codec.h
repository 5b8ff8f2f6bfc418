// The compressions of Parquet pages (CompressionCodec in parquet.thrift). Internal to data/parquet/.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "hone/base/result.h"

namespace hone {

// `packed`, taken apart into exactly `size` bytes: uncompressed, Snappy, gzip or Zstandard. Errors: another
// codec, by its name; bytes that are not of it, or of another size.
Result<std::string> unpack_page(std::int64_t codec, std::string_view packed, std::size_t size,
                                const std::string& where);

}  // namespace hone
