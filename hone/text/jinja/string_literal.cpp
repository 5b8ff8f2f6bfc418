#include "hone/text/jinja/string_literal.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "hone/text/jinja/characters.h"

namespace hone::jinja {
namespace {

std::optional<std::uint32_t> hex_value(std::string_view digits, std::size_t expected) {
  if (digits.size() < expected) return std::nullopt;
  std::uint32_t value = 0;
  for (const char c : digits.substr(0, expected)) {
    const std::size_t digit = std::string_view("0123456789abcdef").find(static_cast<char>(c | 0x20));
    const bool letter = (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (digit == std::string_view::npos || (!letter && (c < '0' || c > '9'))) return std::nullopt;
    value = value * 16 + static_cast<std::uint32_t>(digit);
  }
  return value;
}

class Unescaper {
 public:
  explicit Unescaper(std::string_view body) : body_(body) {}

  Result<std::string> run() {
    while (at_ < body_.size()) {
      if (body_[at_] != '\\' || at_ + 1 == body_.size()) {
        out_ += body_[at_++];
        continue;
      }
      const char letter = body_[at_ + 1];
      at_ += 2;
      if (letter == 'x' || letter == 'u' || letter == 'U') {
        HONE_TRY_VOID(code_point(letter));
      } else if (letter >= '0' && letter <= '7') {
        octal(letter);
      } else if (letter == 'N') {
        return Error{"", "the escape \\N{name} is not supported", ""};
      } else {
        simple(letter);
      }
    }
    return std::move(out_);
  }

 private:
  void simple(char letter) {
    static constexpr std::string_view letters = "abfnrtv\\'\"", bytes = "\a\b\f\n\r\t\v\\'\"";
    const std::size_t known = letters.find(letter);
    if (known != letters.npos) {
      out_ += bytes[known];
    } else if (letter != '\n') {  // a break of the line itself disappears; another escape stays as written
      out_ += '\\', out_ += letter;
    }
  }

  void octal(char first) {
    std::uint32_t value = static_cast<std::uint32_t>(first - '0');
    for (int i = 0; i < 2 && at_ < body_.size() && body_[at_] >= '0' && body_[at_] <= '7'; ++i) {
      value = value * 8 + static_cast<std::uint32_t>(body_[at_++] - '0');
    }
    append_utf8(out_, value);
  }

  Result<void> code_point(char letter) {
    const std::size_t digits = letter == 'x' ? 2 : (letter == 'u' ? 4 : 8);
    const auto value = hex_value(body_.substr(at_), digits);
    if (!value || *value > 0x10FFFF) {
      return Error{"",
                   std::string("\\") + letter + " must be followed by a code point of " +
                       std::to_string(digits) + " hex digits",
                   std::string(body_.substr(at_, digits))};
    }
    at_ += digits;
    // Two halves of a surrogate pair are one character.
    if (*value >= 0xD800 && *value < 0xDC00 && body_.substr(at_, 2) == "\\u") {
      const auto low = hex_value(body_.substr(at_ + 2), 4);
      if (low && *low >= 0xDC00 && *low < 0xE000) {
        at_ += 6;
        append_utf8(out_, 0x10000 + ((*value - 0xD800) << 10) + (*low - 0xDC00));
        return {};
      }
    }
    append_utf8(out_, *value);
    return {};
  }

  std::string_view body_;
  std::size_t at_ = 0;
  std::string out_;
};

}  // namespace

Result<std::string> unescape(std::string_view body) { return Unescaper(body).run(); }

}  // namespace hone::jinja
