// TFRecord framing: the container of TensorBoard's event files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hone {

// CRC-32C (Castagnoli, reflected polynomial 0x82F63B78; RFC 3720 appendix B.4).
std::uint32_t crc32c(std::string_view bytes);

// One record: length (uint64), masked crc of the length, the data, masked crc of the data; little-endian.
// The mask, rotate right by 15 and add 0xa282ead8, keeps a crc of bytes that hold crcs from degenerating.
std::string tfrecord(std::string_view data);

}  // namespace hone
