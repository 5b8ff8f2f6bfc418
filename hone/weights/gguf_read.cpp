#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "hone/base/json.h"
#include "hone/weights/gguf.h"

namespace hone {
namespace {

// The format's numbers of metadata types.
enum ValueType : std::uint32_t {
  kU8,
  kI8,
  kU16,
  kI16,
  kU32,
  kI32,
  kFloat32,
  kBool,
  kText,
  kArray,
  kU64,
  kI64,
  kFloat64,
};

constexpr std::uint64_t kMaxDimensions = 4;  // GGML_MAX_DIMS

// Names of other programs' tensor types, for the message.
const char* foreign_type(std::uint32_t type) {
  switch (type) {
    case 2:
      return "Q4_0";
    case 3:
      return "Q4_1";
    case 6:
      return "Q5_0";
    case 7:
      return "Q5_1";
    case 10:
      return "Q2_K";
    case 11:
      return "Q3_K";
    case 12:
      return "Q4_K";
    case 13:
      return "Q5_K";
    case 14:
      return "Q6_K";
    case 39:
      return "MXFP4";
    default:
      return nullptr;
  }
}

std::string shown(std::string_view name) { return brief(Json(std::string(name))); }

}  // namespace

// Reads from front to back; every length is compared with what is left before it is believed.
class GgufReader {
 public:
  GgufReader(MappedFile file, std::string where) : file_(std::move(file)), rest_(file_.bytes()) {
    out_.where_ = std::move(where);
  }

  Result<GgufFile> read() {
    HONE_TRY_VOID(read_header());
    for (std::uint64_t i = 0; i < values_; ++i) HONE_TRY_VOID(read_pair(i));
    HONE_TRY(const std::optional<std::int64_t> alignment, out_.get<std::int64_t>("general.alignment"));
    if (alignment) {
      const std::int64_t a = *alignment;
      if (a < 1 || a > (1 << 20) || !std::has_single_bit(static_cast<std::uint64_t>(a)))
        return Error{place("general.alignment"), "must be a power of two", std::to_string(a)};
      alignment_ = static_cast<std::uint64_t>(a);
    }
    std::vector<Entry> entries;
    for (std::uint64_t i = 0; i < tensors_; ++i) {
      HONE_TRY(Entry entry, read_entry(i));
      entries.push_back(std::move(entry));
    }
    HONE_TRY_VOID(place_tensors(std::move(entries)));
    return std::move(out_);
  }

 private:
  struct Entry {
    std::string name;
    GgufTensor tensor;
    std::uint64_t offset = 0, size = 0;  // bytes, from the first one of the data
  };

  std::string place(std::string_view what) const { return fmt::format("{}: {}", out_.where_, what); }

  template <class T>
  Result<T> number(const std::string& what) {
    if (rest_.size() < sizeof(T)) return cut_short(what);
    T value;
    std::memcpy(&value, rest_.data(), sizeof value);
    rest_ = rest_.subspan(sizeof value);
    return value;
  }

  Error cut_short(const std::string& what) const {
    return Error{place(what), "must lie within the file", fmt::format("{} bytes left", rest_.size())};
  }

  Result<std::string> text(const std::string& what) {
    HONE_TRY(const std::uint64_t length, number<std::uint64_t>(what));
    if (length > rest_.size())
      return Error{place(what), fmt::format("a text must fit the {} bytes that are left", rest_.size()),
                   fmt::format("{} bytes", length)};
    std::string value(reinterpret_cast<const char*>(rest_.data()), length);
    rest_ = rest_.subspan(length);
    return value;
  }

  Result<void> read_header() {
    const auto magic = rest_.first(std::min<std::size_t>(4, rest_.size()));
    if (magic.size() < 4 || std::memcmp(magic.data(), "GGUF", 4) != 0) {
      const std::string_view start(reinterpret_cast<const char*>(magic.data()), magic.size());
      return Error{out_.where_, "must be a GGUF file (start with \"GGUF\")", shown(start)};
    }
    rest_ = rest_.subspan(4);
    HONE_TRY(const auto version, number<std::uint32_t>("version"));
    if ((version & 0xFFFF) == 0 && version != 0)
      return Error{place("version"), "must be little-endian", "a big-endian file"};
    if (version != 2 && version != 3)
      return Error{place("version"), "must be 2 or 3", std::to_string(version)};
    HONE_TRY(tensors_, number<std::uint64_t>("the count of tensors"));
    HONE_TRY(values_, number<std::uint64_t>("the count of metadata"));
    // The least that one takes: a length, a type and a byte; a length, one dimension, type and offset.
    if (values_ > rest_.size() / 13)
      return Error{place("the count of metadata"), "must fit the file", std::to_string(values_)};
    if (tensors_ > rest_.size() / 32)
      return Error{place("the count of tensors"), "must fit the file", std::to_string(tensors_)};
    return {};
  }

  Result<void> read_pair(std::uint64_t index) {
    HONE_TRY(const std::string key, text(fmt::format("metadata {}", index)));
    const std::string what = shown(key);
    if (key.empty()) return Error{place(fmt::format("metadata {}", index)), "must have a key", "none"};
    HONE_TRY(const auto type, number<std::uint32_t>(what));
    HONE_TRY(GgufValue value, type == kArray ? array(what) : scalar(type, what));
    if (!out_.metadata_.emplace(key, std::move(value)).second)
      return Error{place(what), "a key must come once", "it again"};
    return {};
  }

  Result<GgufValue> scalar(std::uint32_t type, const std::string& what) {
    switch (type) {
      case kU8:
        return integer<std::uint8_t>(what);
      case kI8:
        return integer<std::int8_t>(what);
      case kU16:
        return integer<std::uint16_t>(what);
      case kI16:
        return integer<std::int16_t>(what);
      case kU32:
        return integer<std::uint32_t>(what);
      case kI32:
        return integer<std::int32_t>(what);
      case kU64:
        return integer<std::uint64_t>(what);
      case kI64:
        return integer<std::int64_t>(what);
      case kFloat32: {
        HONE_TRY(const float value, number<float>(what));
        return GgufValue(static_cast<double>(value));
      }
      case kFloat64: {
        HONE_TRY(const double value, number<double>(what));
        return GgufValue(value);
      }
      case kBool: {
        HONE_TRY(const auto value, number<std::uint8_t>(what));
        if (value > 1)
          return Error{place(what), "true and false are the bytes 1 and 0", std::to_string(value)};
        return GgufValue(value == 1);
      }
      case kText: {
        HONE_TRY(std::string value, text(what));
        return GgufValue(std::move(value));
      }
      default:
        return Error{place(what), "the value's type must be one of GGUF's, 0 to 12", std::to_string(type)};
    }
  }

  template <class T>
  Result<GgufValue> integer(const std::string& what) {
    HONE_TRY(const T value, number<T>(what));
    if (!std::in_range<std::int64_t>(value))
      return Error{place(what), "an integer must fit 63 bits", fmt::format("{}", value)};
    return GgufValue(static_cast<std::int64_t>(value));
  }

  Result<GgufValue> array(const std::string& what) {
    HONE_TRY(const auto type, number<std::uint32_t>(what));
    HONE_TRY(const auto count, number<std::uint64_t>(what));
    constexpr std::size_t kLeast[] = {1, 1, 2, 2, 4, 4, 4, 1, 8, 0, 8, 8, 8};  // bytes of an element
    if (type == kArray || type >= std::size(kLeast))
      return Error{place(what), "a list must hold numbers, texts or truth values",
                   fmt::format("type {}", type)};
    if (count > rest_.size() / kLeast[type])
      return Error{place(what), fmt::format("a list must fit the {} bytes that are left", rest_.size()),
                   fmt::format("{} elements", count)};
    switch (type) {
      case kText:
        return elements<std::string>(type, count, what);
      case kBool:
        return elements<bool>(type, count, what);
      case kFloat32:
      case kFloat64:
        return elements<double>(type, count, what);
      default:
        return elements<std::int64_t>(type, count, what);
    }
  }

  template <class T>
  Result<GgufValue> elements(std::uint32_t type, std::uint64_t count, const std::string& what) {
    std::vector<T> values;
    for (std::uint64_t i = 0; i < count; ++i) {
      HONE_TRY(GgufValue value, scalar(type, what));
      values.push_back(std::get<T>(std::move(value)));
    }
    return GgufValue(std::move(values));
  }

  Result<Entry> read_entry(std::uint64_t index) {
    Entry entry;
    HONE_TRY(entry.name, text(fmt::format("tensor {}", index)));
    const std::string what = "tensor " + shown(entry.name);
    if (entry.name.empty()) return Error{place(what), "must have a name", "none"};
    HONE_TRY(const auto dimensions, number<std::uint32_t>(what));
    if (dimensions < 1 || dimensions > kMaxDimensions)
      return Error{place(what), "must have 1 to 4 dimensions", std::to_string(dimensions)};
    std::int64_t count = 1;
    for (std::uint32_t i = 0; i < dimensions; ++i) {
      HONE_TRY(const auto n, number<std::uint64_t>(what));
      if (n == 0 || !std::in_range<std::int64_t>(n) ||
          __builtin_mul_overflow(count, static_cast<std::int64_t>(n), &count) ||
          count > std::numeric_limits<std::int64_t>::max() / 8)
        return Error{place(what), "its dimensions must be above zero and their product must fit 60 bits",
                     std::to_string(n)};
      entry.tensor.shape.insert(entry.tensor.shape.begin(), static_cast<std::int64_t>(n));
    }
    HONE_TRY(const auto type, number<std::uint32_t>(what));
    switch (type) {
      case 0:
      case 1:
      case 8:
      case 30:
        entry.tensor.type = static_cast<GgufType>(type);
        break;
      default: {
        const char* name = foreign_type(type);
        return Error{place(what), "its type must be F32, F16, BF16 or Q8_0",
                     name != nullptr ? name : fmt::format("type {}", type)};
      }
    }
    if (entry.tensor.shape.back() % block_size(entry.tensor.type) != 0)
      return Error{place(what),
                   fmt::format("rows of {} must be multiples of {}", to_string(entry.tensor.type),
                               block_size(entry.tensor.type)),
                   std::to_string(entry.tensor.shape.back())};
    HONE_TRY(entry.offset, number<std::uint64_t>(what));
    entry.size = gguf_bytes(entry.tensor.type, static_cast<std::uint64_t>(count));
    return entry;
  }

  Result<void> place_tensors(std::vector<Entry> entries) {
    const std::size_t read = file_.bytes().size() - rest_.size();
    const std::size_t start = (read + alignment_ - 1) / alignment_ * alignment_;
    const std::uint64_t data_bytes = start <= file_.bytes().size() ? file_.bytes().size() - start : 0;
    for (const Entry& entry : entries) {
      const std::string what = "tensor " + shown(entry.name);
      if (entry.offset % alignment_ != 0)
        return Error{place(what), fmt::format("must stand at a multiple of the alignment, {}", alignment_),
                     std::to_string(entry.offset)};
      if (entry.offset > data_bytes || entry.size > data_bytes - entry.offset)
        return Error{place(what), fmt::format("must lie within the {} bytes of the file's data", data_bytes),
                     fmt::format("{} bytes at {}", entry.size, entry.offset)};
    }
    std::ranges::sort(entries, {}, &Entry::offset);
    for (std::size_t i = 1; i < entries.size(); ++i) {
      if (entries[i - 1].offset + entries[i - 1].size > entries[i].offset)
        return Error{place("tensor " + shown(entries[i].name)), "must not overlap another",
                     "tensor " + shown(entries[i - 1].name)};
    }
    for (Entry& entry : entries) {
      entry.tensor.bytes = file_.bytes().subspan(start + entry.offset, entry.size);
      entry.tensor.file = file_;
      if (!out_.tensors_.emplace(entry.name, std::move(entry.tensor)).second)
        return Error{place("tensor " + shown(entry.name)), "a name must come once", "it again"};
    }
    return {};
  }

  MappedFile file_;
  std::span<const std::byte> rest_;
  std::uint64_t tensors_ = 0, values_ = 0, alignment_ = 32;
  GgufFile out_;
};

Result<GgufFile> GgufFile::open(const std::filesystem::path& file) {
  HONE_TRY(MappedFile mapped, MappedFile::open(file));
  return GgufReader(std::move(mapped), file.string()).read();
}

template <class T>
Result<std::optional<T>> GgufFile::get(const std::string& key) const {
  const auto it = metadata_.find(key);
  if (it == metadata_.end()) return std::optional<T>();
  if (const T* value = std::get_if<T>(&it->second)) return std::optional<T>(*value);
  if constexpr (std::is_same_v<T, double>) {
    if (const auto* value = std::get_if<std::int64_t>(&it->second))
      return std::optional<T>(static_cast<double>(*value));
  }
  constexpr const char* kNames[] = {
      "true or false",         "an integer",         "a number",          "text",
      "a list of true, false", "a list of integers", "a list of numbers", "a list of texts"};
  return Error{fmt::format("{}: {}", where_, shown(key)),
               fmt::format("must be {}", kNames[GgufValue(T{}).index()]), kNames[it->second.index()]};
}

template <class T>
Result<T> GgufFile::require(const std::string& key) const {
  HONE_TRY(std::optional<T> value, get<T>(key));
  if (!value) return Error{fmt::format("{}: {}", where_, shown(key)), "must be present", ""};
  return std::move(*value);
}

#define HONE_GGUF_INSTANCES(...)                                                                    \
  template Result<std::optional<__VA_ARGS__>> GgufFile::get<__VA_ARGS__>(const std::string&) const; \
  template Result<__VA_ARGS__> GgufFile::require<__VA_ARGS__>(const std::string&) const;
HONE_GGUF_INSTANCES(bool)
HONE_GGUF_INSTANCES(std::int64_t)
HONE_GGUF_INSTANCES(double)
HONE_GGUF_INSTANCES(std::string)
HONE_GGUF_INSTANCES(std::vector<std::int64_t>)
HONE_GGUF_INSTANCES(std::vector<std::string>)
#undef HONE_GGUF_INSTANCES

}  // namespace hone
