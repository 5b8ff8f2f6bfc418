#include "hone/web/pages_params.h"

#include <charconv>

namespace hone {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

template <class T>
std::optional<T> whole(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

}  // namespace

std::string form_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size();
    const int high = escape ? hex_digit(text[i + 1]) : -1, low = escape ? hex_digit(text[i + 2]) : -1;
    if (high >= 0 && low >= 0) {
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

PagesParams::PagesParams(std::string_view query) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    values_[form_decoded(pair.substr(0, equals))] =
        form_decoded(pair.substr(std::min(equals + 1, pair.size())));
  }
}

std::string PagesParams::text(const std::string& name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? "" : found->second;
}

Result<std::optional<std::int64_t>> PagesParams::integer(const std::string& name, std::int64_t low,
                                                         std::int64_t high) const {
  const std::string value = text(name);
  if (value.empty()) return std::optional<std::int64_t>();
  const auto number = whole<std::int64_t>(value);
  if (number && *number >= low && *number <= high) return number;
  return Error{name, fmt::format("must be a whole number in [{}, {}]", low, high), value.substr(0, 60)};
}

Result<std::optional<std::uint64_t>> PagesParams::key(const std::string& name) const {
  const std::string value = text(name);
  if (value.empty()) return std::optional<std::uint64_t>();
  if (const auto number = whole<std::uint64_t>(value)) return number;
  return Error{name, "must be a problem's number", value.substr(0, 60)};
}

}  // namespace hone
