// Filters on numbers and on any value.
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <utility>

#include "hone/text/jinja/builtins.h"
#include "hone/text/jinja/characters.h"
#include "hone/text/jinja/operators.h"

namespace hone::jinja {
namespace {

// Python reads white space around a number, a sign, and single underscores between digits.
std::optional<std::string> plain_number(const std::string& text) {
  std::string plain;
  const std::string_view inner = strip(text, Side::kBoth);
  const auto digit = [&](std::size_t at) {
    return at < inner.size() && std::isalnum(static_cast<unsigned char>(inner[at]));
  };
  for (std::size_t i = 0; i < inner.size(); ++i) {
    if (inner[i] != '_') {
      plain += inner[i];
    } else if (i == 0 || !digit(i - 1) || !digit(i + 1)) {
      return std::nullopt;
    }
  }
  if (!plain.empty() && plain[0] == '+' && plain.substr(1, 1) != "-") plain.erase(0, 1);
  if (plain.empty()) return std::nullopt;
  return plain;
}

std::optional<std::int64_t> read_integer(const std::string& text, int base) {
  auto plain = plain_number(text);
  if (!plain) return std::nullopt;
  const bool negative = (*plain)[0] == '-';
  std::string digits = plain->substr(negative ? 1 : 0);
  const auto prefix = [&](const char* lower_case, int of) {
    if (digits.size() < 3 || digits[0] != '0' || (digits[1] | 0x20) != lower_case[1]) return;
    if (base == of || base == 0) digits.erase(0, 2), base = of;
  };
  prefix("0x", 16), prefix("0o", 8), prefix("0b", 2);
  if (base == 0) base = 10;
  if (digits.empty() || digits[0] == '-' || digits[0] == '+') return std::nullopt;
  if (negative) digits.insert(0, "-");
  std::int64_t value = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (read.ec != std::errc() || read.ptr != digits.data() + digits.size()) return std::nullopt;
  return value;
}

std::optional<double> read_float(const std::string& text) {
  const auto plain = plain_number(text);
  if (!plain) return std::nullopt;
  std::string word = lower(*plain);
  if (word.starts_with('-')) word.erase(0, 1);
  const bool named = word == "inf" || word == "infinity" || word == "nan";
  if (!named && (word.empty() || (word[0] != '.' && (word[0] < '0' || word[0] > '9')))) return std::nullopt;
  double value = 0;
  const auto read = std::from_chars(plain->data(), plain->data() + plain->size(), value);
  if (read.ec != std::errc() || read.ptr != plain->data() + plain->size()) return std::nullopt;
  return value;
}

Result<Value> to_int(Interpreter&, const Value& subject, const Arguments& given) {
  HONE_TRY(const auto bound, bind(given, {{"default", 0}, {"base", 10}}));
  if (subject.is_undefined()) return failure(subject.why_undefined());
  if (subject.is_integral()) return Value(subject.integer());
  std::optional<double> number;
  if (subject.is_string()) {
    HONE_TRY(const std::int64_t base, as_integer(bound[1], "base"));
    if (base != 0 && (base < 2 || base > 36))
      return failure("base must be 0 or from 2 to 36", std::to_string(base));
    if (const auto whole = read_integer(subject.text(), static_cast<int>(base))) return Value(*whole);
    number = read_float(subject.text());
  } else if (subject.is_float()) {
    number = subject.number();
  }
  if (!number || !std::isfinite(*number)) return bound[0];
  if (std::fabs(*number) >= 9.2e18) return failure("integers must fit 64 bits");
  return Value(static_cast<std::int64_t>(*number));
}

Result<Value> to_float(Interpreter&, const Value& subject, const Arguments& given) {
  HONE_TRY(const auto bound, bind(given, {{"default", 0.0}}));
  if (subject.is_undefined()) return failure(subject.why_undefined());
  if (subject.is_number()) return Value(subject.number());
  const auto number = subject.is_string() ? read_float(subject.text()) : std::nullopt;
  return number ? Value(*number) : bound[0];
}

Result<Value> absolute(Interpreter&, const Value& subject, const Arguments& given) {
  HONE_TRY([[maybe_unused]] const auto none, bind(given, {}));
  if (subject.is_undefined()) return failure(subject.why_undefined());
  if (subject.is_float()) return Value(std::fabs(subject.number()));
  if (!subject.is_integral()) return failure("a number", type_name(subject));
  return subject.integer() < 0 ? negate(subject) : Value(subject.integer());
}

// As Python's round(): exact on the decimal digits, ties to even.
double round_digits(double value, int digits) {
  if (digits < 0) {
    const double scale = std::pow(10.0, -digits);
    return std::nearbyint(value / scale) * scale;
  }
  char text[512];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return std::strtod(text, nullptr);
}

// To a multiple of 10^zeros, ties to the even one. Requires zeros ≤ 18.
Result<Value> round_integer(std::int64_t value, int zeros) {
  std::int64_t unit = 1;
  for (int i = 0; i < zeros; ++i) unit *= 10;
  std::int64_t rest = value % unit;
  if (rest < 0) rest += unit;
  std::int64_t low = 0;
  const std::int64_t quotient = value / unit - (value % unit < 0 ? 1 : 0);
  const bool up = rest > unit - rest || (rest == unit - rest && quotient % 2 != 0);
  if (__builtin_sub_overflow(value, rest, &low) || __builtin_add_overflow(low, up ? unit : 0, &low)) {
    return failure("integers must fit 64 bits");
  }
  return Value(low);
}

Result<Value> round_filter(Interpreter&, const Value& subject, const Arguments& given) {
  HONE_TRY(const auto bound, bind(given, {{"precision", 0}, {"method", "common"}}));
  HONE_TRY(const std::int64_t precision, as_integer(bound[0], "precision"));
  HONE_TRY(const std::string method, as_string(bound[1], "method"));
  if (subject.is_undefined()) return failure(subject.why_undefined());
  if (!subject.is_number()) return failure("a number", type_name(subject));
  if (precision < -18 || precision > 100)
    return failure("precision must be from -18 to 100", std::to_string(precision));
  const int digits = static_cast<int>(precision);
  if (method == "common") {
    if (subject.is_integral() && digits >= 0) return Value(subject.integer());
    if (subject.is_integral()) return round_integer(subject.integer(), -digits);
    return Value(round_digits(subject.number(), digits));
  }
  if (method != "ceil" && method != "floor") return failure("method must be common, ceil or floor", method);
  const double scale = std::pow(10.0, digits);
  const double scaled = subject.number() * scale;
  return Value((method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / scale);
}

Result<Value> default_filter(Interpreter&, const Value& subject, const Arguments& given) {
  HONE_TRY(const auto bound, bind(given, {{"default_value", ""}, {"boolean", false}}));
  const bool missing = subject.is_undefined() || (truth(bound[1]) && !truth(subject));
  return missing ? bound[0] : subject;
}

Result<Value> attr(Interpreter&, const Value& subject, const Arguments& given) {
  HONE_TRY(const auto bound, bind(given, {{"name"}}));
  HONE_TRY(const std::string name, as_string(bound[0], "name"));
  if (subject.is_dict() && !has_method(subject, name)) return Value::undefined("no attribute '" + name + "'");
  return attribute(subject, name);
}

constexpr std::pair<std::string_view, Filter> kNumberFilters[] = {
    {"abs", absolute},   {"attr", attr},  {"d", default_filter},   {"default", default_filter},
    {"float", to_float}, {"int", to_int}, {"round", round_filter},
};

}  // namespace

Filter find_number_filter(std::string_view name) { return find_in(kNumberFilters, name); }

}  // namespace hone::jinja
