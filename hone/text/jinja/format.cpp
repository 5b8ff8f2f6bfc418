#include "hone/text/jinja/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "hone/text/jinja/characters.h"
#include "hone/text/jinja/print.h"

namespace hone::jinja {
namespace {

constexpr std::int64_t kMaxWidth = 10'000;

// One field's layout, in the words of both notations.
struct Layout {
  std::string fill = " ";
  char align = '\0';  // '<', '>', '^' or '=' (padding between sign and digits)
  char sign = '-';
  bool zero = false, alternate = false, grouped = false;
  std::int64_t width = 0, precision = -1;
  char type = '\0';
};

std::string group_thousands(const std::string& digits) {
  const std::size_t whole = std::min(digits.find_first_not_of("0123456789"), digits.size());
  std::string out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && i < whole && (whole - i) % 3 == 0) out += ',';
    out += digits[i];
  }
  return out;
}

std::string pad(const Layout& layout, const std::string& sign, const std::string& body, char default_align) {
  const std::int64_t missing = layout.width - character_count(sign) - character_count(body);
  if (missing <= 0) return sign + body;
  const char align = layout.align != '\0' ? layout.align : (layout.zero ? '=' : default_align);
  const std::string& fill = layout.zero && layout.align == '\0' ? std::string("0") : layout.fill;
  const std::int64_t left = align == '<' ? 0 : (align == '^' ? missing / 2 : missing);
  std::string before, behind;
  for (std::int64_t i = 0; i < missing; ++i) (i < left ? before : behind) += fill;
  return align == '=' ? sign + before + body : before + sign + body + behind;
}

Result<std::string> number_text(const Layout& layout, const Value& value) {
  if (value.is_undefined()) return failure(value.why_undefined());
  if (!value.is_number())
    return failure(std::string("the format '") + layout.type + "' needs a number", type_name(value));
  const bool real = std::string_view("fFeEgG%").find(layout.type) != std::string_view::npos;
  if (!real && value.is_float() && layout.type != 'd')
    return failure("this format needs an integer", "float");
  std::string digits;
  bool negative = false;
  if (real) {
    const double scaled = layout.type == '%' ? value.number() * 100 : value.number();
    negative = std::signbit(scaled);
    const char type = layout.type == '%' ? 'f' : layout.type;
    const std::string form = std::string("{:") + (layout.alternate ? "#" : "") + ".{}" + type + "}";
    const int precision = static_cast<int>(layout.precision < 0 ? 6 : layout.precision);
    digits = fmt::format(fmt::runtime(form), std::fabs(scaled), precision);
    if (layout.type == '%') digits += '%';
  } else {
    if (value.is_float() && !(std::fabs(value.number()) < 9.2e18))
      return failure("integers must fit 64 bits");
    const std::int64_t whole = value.is_float() ? static_cast<std::int64_t>(value.number()) : value.integer();
    negative = whole < 0;
    const std::uint64_t size =
        negative ? ~static_cast<std::uint64_t>(whole) + 1 : static_cast<std::uint64_t>(whole);
    const std::string form = std::string("{:") + (layout.alternate ? "#" : "") + layout.type + "}";
    digits = fmt::format(fmt::runtime(form), size);
  }
  if (layout.grouped) digits = group_thousands(digits);
  const std::string sign = negative ? "-" : (layout.sign == '-' ? "" : std::string(1, layout.sign));
  return pad(layout, sign, digits, '>');
}

std::string cut(const std::string& text, std::int64_t precision) {
  if (precision < 0) return text;
  std::string out;
  for (const std::string_view unit : characters(text)) {
    if (precision-- <= 0) break;
    out += unit;
  }
  return out;
}

// Reads a field's parts one after another.
class Reader {
 public:
  Reader(const std::string& text, std::size_t at) : text_(text), at_(at) {}
  bool done() const { return at_ >= text_.size(); }
  char peek() const { return done() ? '\0' : text_[at_]; }
  char take() { return done() ? '\0' : text_[at_++]; }
  bool take(char c) { return peek() == c && !done() ? (++at_, true) : false; }
  std::size_t at() const { return at_; }

  Result<std::int64_t> number() {
    std::int64_t value = 0;
    while (peek() >= '0' && peek() <= '9') {
      value = value * 10 + (take() - '0');
      if (value > kMaxWidth) return failure("a width must be at most " + std::to_string(kMaxWidth));
    }
    return value;
  }

 private:
  const std::string& text_;
  std::size_t at_;
};

// The part of '%…' after its name: flags, width, precision and type.
Result<Layout> read_percent(Reader& in) {
  Layout layout;
  for (bool flags = true; flags;) {
    switch (in.peek()) {
      case '-':
        layout.align = '<';
        break;
      case '+':
        layout.sign = '+';
        break;
      case ' ':
        layout.sign = layout.sign == '+' ? '+' : ' ';
        break;
      case '0':
        layout.zero = true;
        break;
      case '#':
        layout.alternate = true;
        break;
      default:
        flags = false;
        continue;
    }
    in.take();
  }
  HONE_TRY(layout.width, in.number());
  if (in.take('.')) {
    HONE_TRY(layout.precision, in.number());
  }
  layout.type = in.take();
  if (layout.type == 'i' || layout.type == 'u') layout.type = 'd';
  return layout;
}

Result<std::string> percent_field(const Layout& layout, const Value& value) {
  if (layout.type == 's' || layout.type == 'r') {
    Layout text = layout;
    text.zero = false;
    return pad(text, "", cut(layout.type == 's' ? to_text(value) : repr(value), layout.precision), '>');
  }
  if (layout.type == 'c') {
    if (value.is_string() && character_count(value.text()) == 1) return pad(layout, "", value.text(), '>');
    if (!value.is_int() || value.integer() < 0 || value.integer() > 0x10FFFF)
      return failure("%c needs one character");
    std::string unit;
    append_utf8(unit, static_cast<std::uint32_t>(value.integer()));
    return pad(layout, "", unit, '>');
  }
  if (layout.type == '\0' || std::string_view("dfFeEgGxXo").find(layout.type) == std::string_view::npos) {
    return failure("a known conversion after '%'", std::string(1, layout.type));
  }
  return number_text(layout, value);
}

Result<Layout> read_brace(const std::string& spec) {
  Layout layout;
  const auto is_align = [](char c) { return c == '<' || c == '>' || c == '^' || c == '='; };
  std::size_t at = 0;
  if (!spec.empty()) {
    const std::size_t first = character_at(spec, 0).bytes;
    if (first < spec.size() && is_align(spec[first])) {
      layout.fill = spec.substr(0, first), layout.align = spec[first], at = first + 1;
    } else if (is_align(spec[0])) {
      layout.align = spec[0], at = 1;
    }
  }
  Reader in(spec, at);
  if (in.peek() == '+' || in.peek() == '-' || in.peek() == ' ') layout.sign = in.take();
  layout.alternate = in.take('#');
  layout.zero = in.take('0');
  HONE_TRY(layout.width, in.number());
  layout.grouped = in.take(',');
  if (in.take('.')) {
    HONE_TRY(layout.precision, in.number());
  }
  layout.type = in.take();
  if (!in.done()) return failure("a known format in {}", spec);
  return layout;
}

Result<std::string> brace_field(const Value& value, const std::string& spec) {
  if (spec.empty()) return to_text(value);
  HONE_TRY(Layout layout, read_brace(spec));
  if (value.is_string() || layout.type == 's' || !value.is_number()) {
    if (!value.is_string()) return failure("a value that takes this format", type_name(value));
    if (layout.type != '\0' && layout.type != 's')
      return failure("a string's format is s", std::string(1, layout.type));
    return pad(layout, "", cut(value.text(), layout.precision), '<');
  }
  if (layout.type == '\0' && value.is_float() && layout.precision < 0) {
    const std::string text = float_repr(std::fabs(value.number()));
    const bool negative = std::signbit(value.number());
    return pad(layout, negative ? "-" : (layout.sign == '-' ? "" : std::string(1, layout.sign)),
               layout.grouped ? group_thousands(text) : text, '>');
  }
  if (layout.type == '\0') layout.type = value.is_float() ? 'g' : 'd';
  if (std::string_view("dfFeEgG%xXob").find(layout.type) == std::string_view::npos ||
      (layout.type == 'd' && value.is_float())) {
    return failure("a known format for a " + type_name(value), std::string(1, layout.type));
  }
  return number_text(layout, value);
}

}  // namespace

Result<std::string> percent_format(Budget& budget, const std::string& format, const Value& values) {
  const Sequence* sequence = values.sequence();
  const bool tuple = sequence && sequence->flavor == Sequence::Flavor::kTuple;
  const std::size_t count = tuple ? sequence->items.size() : 1;
  std::size_t used = 0;
  std::string out;
  bool by_name = false;
  for (std::size_t at = 0; at < format.size();) {
    if (format[at] != '%') {
      out += format[at++];
      continue;
    }
    Reader in(format, at + 1);
    std::string name;
    const bool named = in.take('(');
    while (named && in.peek() != ')' && !in.done()) name += in.take();
    if (named) in.take();
    HONE_TRY(const Layout layout, read_percent(in));
    at = in.at();
    if (layout.type == '%') {
      out += '%';
      continue;
    }
    Value value;
    if (named) {
      by_name = true;
      const Value* found = values.dict() ? values.dict()->find_name(name) : nullptr;
      if (!found) return failure("'%' needs a value for every name", name);
      value = *found;
    } else {
      if (used == count) return failure("'%' needs a value for every conversion", format);
      value = tuple ? sequence->items[used] : values;
      ++used;
    }
    HONE_TRY_VOID(budget.charge(value.weight() + layout.width / kBytesPerUnit));
    HONE_TRY(const std::string field, percent_field(layout, value));
    out += field;
  }
  if (!by_name && used < count && !values.is_dict() && !(sequence && !tuple)) {
    return failure("'%' needs a conversion for every value", format);
  }
  return out;
}

Result<std::string> brace_format(Budget& budget, const std::string& format, const Arguments& values) {
  std::string out;
  std::size_t automatic = 0;
  bool numbered = false;
  for (std::size_t at = 0; at < format.size(); ++at) {
    const char c = format[at];
    const bool doubled = at + 1 < format.size() && format[at + 1] == c;
    if ((c == '{' || c == '}') && doubled) {
      out += c, ++at;
      continue;
    }
    if (c == '}') return failure("'}' must close a field", format);
    if (c != '{') {
      out += c;
      continue;
    }
    const std::size_t close = format.find('}', at);
    if (close == std::string::npos) return failure("'{' must be closed", format);
    std::string field = format.substr(at + 1, close - at - 1), spec;
    at = close;
    if (const std::size_t colon = field.find(':'); colon != std::string::npos) {
      spec = field.substr(colon + 1);
      field.resize(colon);
    }
    const bool as_repr = field.ends_with("!r");
    if (as_repr || field.ends_with("!s")) field.resize(field.size() - 2);
    const Value* value = nullptr;
    if (field.find_first_not_of("0123456789") == std::string::npos) {
      numbered = numbered || !field.empty();
      if (numbered && (field.empty() || automatic > 0))
        return failure("fields must all have numbers, or none", format);
      if (field.size() > 9) return failure("a field's number must be small", field);
      const std::size_t index =
          field.empty() ? automatic++ : static_cast<std::size_t>(std::atoll(field.c_str()));
      if (index < values.positional.size()) value = &values.positional[index];
    } else {
      for (const auto& [name, named] : values.named) value = name == field ? &named : value;
    }
    if (!value) return failure("format() needs a value for every field", "{" + field + "}");
    HONE_TRY_VOID(budget.charge(value->weight() + 2));
    HONE_TRY(const std::string text, brace_field(as_repr ? Value(repr(*value)) : *value, spec));
    HONE_TRY_VOID(budget.charge_bytes(text.size()));
    out += text;
  }
  return out;
}

}  // namespace hone::jinja
