// The encodings of Parquet's values and levels (parquet-format, Encodings.md). What a page does not hold
// fails the reader, and what is returned is then shorter. Internal to data/parquet/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hone/data/parquet/byte_reader.h"

namespace hone {

// Of numbers of up to 32 bits, runs of equal ones and packed ones in turn; `count` of them.
std::vector<std::uint32_t> read_run_lengths(ByteReader& reader, unsigned bit_width, std::size_t count);

// DELTA_BINARY_PACKED: as many numbers as it says that it holds, at most `most`.
std::vector<std::int64_t> read_deltas(ByteReader& reader, std::size_t most);

// DELTA_LENGTH_BYTE_ARRAY: all lengths, then all bytes.
std::vector<std::string_view> read_delta_lengths(ByteReader& reader, std::size_t most);

// DELTA_BYTE_ARRAY: what each shares with the one before, then the rest of each.
std::vector<std::string> read_delta_texts(ByteReader& reader, std::size_t most);

}  // namespace hone
