#include "hone/data/parquet/codec.h"

#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <array>

namespace hone {
namespace {

constexpr std::array<std::string_view, 8> kCodecNames = {"none",   "Snappy", "gzip",      "LZO",
                                                         "Brotli", "LZ4",    "Zstandard", "LZ4"};

bool unpack_snappy(std::string_view packed, std::string& out) {
  std::size_t size = 0;
  return snappy::GetUncompressedLength(packed.data(), packed.size(), &size) && size == out.size() &&
         snappy::RawUncompress(packed.data(), packed.size(), out.data());
}

bool unpack_gzip(std::string_view packed, std::string& out) {
  z_stream stream{};
  constexpr int kGzipOrZlib = 15 + 32;
  if (inflateInit2(&stream, kGzipOrZlib) != Z_OK) return false;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  int state = inflate(&stream, Z_FINISH);
  while (state == Z_STREAM_END && stream.avail_in > 0 && inflateReset(&stream) == Z_OK)  // several members
    state = inflate(&stream, Z_FINISH);
  inflateEnd(&stream);
  return state == Z_STREAM_END && stream.avail_out == 0;
}

bool unpack_zstd(std::string_view packed, std::string& out) {
  return ZSTD_decompress(out.data(), out.size(), packed.data(), packed.size()) == out.size();
}

}  // namespace

Result<std::string> unpack_page(std::int64_t codec, std::string_view packed, std::size_t size,
                                const std::string& where) {
  enum { kNone = 0, kSnappy = 1, kGzip = 2, kZstd = 6 };
  std::string out;
  bool good = false;
  if (codec == kNone) {
    out = packed;
    good = out.size() == size;
  } else if (codec == kSnappy || codec == kGzip || codec == kZstd) {
    out.resize(size);
    const auto unpack = codec == kSnappy ? unpack_snappy : codec == kGzip ? unpack_gzip : unpack_zstd;
    good = unpack(packed, out);
  } else {
    const bool known = codec > 0 && codec < std::ssize(kCodecNames);
    return Error{
        where, "must be compressed by Snappy, gzip, Zstandard or not at all",
        known ? std::string(kCodecNames[static_cast<std::size_t>(codec)]) : fmt::format("codec {}", codec)};
  }
  if (!good)
    return Error{where, fmt::format("a page of {} bytes must unpack to {}", packed.size(), size),
                 "something else"};
  return out;
}

}  // namespace hone
