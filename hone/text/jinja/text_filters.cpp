// Filters on strings.
#include <algorithm>
#include <utility>

#include "hone/text/jinja/builtins.h"
#include "hone/text/jinja/characters.h"
#include "hone/text/jinja/format.h"
#include "hone/text/jinja/print.h"

namespace hone::jinja {
namespace {

template <std::string (*convert)(std::string_view)>
Result<Value> recased(Interpreter& in, const Value& subject, const Arguments& given) {
  HONE_TRY([[maybe_unused]] const auto none, bind(given, {}));
  HONE_TRY(const std::string text, in.text_of(subject));
  HONE_TRY_VOID(in.budget().charge_bytes(4 * text.size()));  // each character is looked at
  return Value(convert(text));
}

// The title filter starts a word after white space, '-', '(', '{', '[' and '<' only, unlike str.title.
std::string title_words(std::string_view text) {
  std::string out;
  bool start = true;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    const auto separates = [&](std::size_t place) {
      const std::int32_t code = character_at(text, place).code;
      return is_space(code) ||
             (code > 0 && code < 0x80 &&
              std::string_view("-({[<").find(static_cast<char>(code)) != std::string_view::npos);
    };
    start = separates(at);
    while (end < text.size() && separates(end) == start) end += character_at(text, end).bytes;
    const std::string_view run = text.substr(at, end - at);
    const std::size_t first = character_at(run, 0).bytes;
    out += start ? std::string(run) : upper(run.substr(0, first)) + lower(run.substr(first));
    at = end;
  }
  return out;
}

std::string escape_html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&#34;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string unchanged(std::string_view text) { return std::string(text); }

Result<Value> trim(Interpreter& in, const Value& subject, const Arguments& given) {
  HONE_TRY(const auto bound, bind(given, {{"chars", None{}}}));
  HONE_TRY(const std::string text, in.text_of(subject));
  if (bound[0].is_none()) return Value(strip(text, Side::kBoth));
  HONE_TRY(const std::string chars, as_string(bound[0], "chars"));
  HONE_TRY_VOID(in.budget().charge(Value(text).weight() * bound[0].weight()));
  return Value(strip(text, Side::kBoth, chars));
}

Result<Value> replace_filter(Interpreter& in, const Value& subject, const Arguments& given) {
  HONE_TRY(const auto bound, bind(given, {{"old"}, {"new"}, {"count", None{}}}));
  std::int64_t limit = -1;
  if (!bound[2].is_none()) {
    HONE_TRY(limit, as_integer(bound[2], "count"));
  }
  HONE_TRY(const std::string text, in.text_of(subject));
  HONE_TRY(const std::string old, in.text_of(bound[0]));
  HONE_TRY(const std::string by, in.text_of(bound[1]));
  HONE_TRY(std::string result, replaced(in.budget(), text, old, by, limit));
  return Value(std::move(result));
}

Result<Value> indent(Interpreter& in, const Value& subject, const Arguments& given) {
  HONE_TRY(const auto bound, bind(given, {{"width", 4}, {"first", false}, {"blank", false}}));
  HONE_TRY(const std::string text, as_string(subject, "what is indented"));
  std::string margin;
  if (bound[0].is_string()) {
    margin = bound[0].text();
  } else {
    HONE_TRY(const std::int64_t width, as_integer(bound[0], "width"));
    HONE_TRY_VOID(in.budget().charge(std::max<std::int64_t>(width, 0) / kBytesPerUnit));
    margin.assign(static_cast<std::size_t>(std::max<std::int64_t>(width, 0)), ' ');
  }
  const std::string whole = text + "\n";
  const auto lines = split_lines(whole);
  HONE_TRY_VOID(in.budget().charge_bytes(text.size()));
  std::string out = truth(bound[1]) ? margin : "";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    HONE_TRY_VOID(in.budget().charge_bytes(margin.size()));
    if (i > 0) out += '\n';
    if (i > 0 && (truth(bound[2]) || !lines[i].empty())) out += margin;
    out += lines[i];
  }
  return Value(std::move(out));
}

Result<Value> center(Interpreter& in, const Value& subject, const Arguments& given) {
  HONE_TRY(const auto bound, bind(given, {{"width", 80}}));
  HONE_TRY(const std::int64_t width, as_integer(bound[0], "width"));
  HONE_TRY(const std::string text, in.text_of(subject));
  HONE_TRY(std::string result, aligned(in.budget(), text, width, " ", '^'));
  return Value(std::move(result));
}

Result<Value> truncate(Interpreter& in, const Value& subject, const Arguments& given) {
  HONE_TRY(const auto bound,
           bind(given, {{"length", 255}, {"killwords", false}, {"end", "..."}, {"leeway", None{}}}));
  HONE_TRY(const std::string text, in.text_of(subject));
  HONE_TRY(const std::int64_t length, as_integer(bound[0], "length"));
  HONE_TRY(const std::string end, as_string(bound[2], "end"));
  std::int64_t leeway = 5;
  if (!bound[3].is_none()) {
    HONE_TRY(leeway, as_integer(bound[3], "leeway"));
  }
  const auto units = characters(text);
  const std::int64_t room = length - character_count(end);
  if (room < 0) return failure("length must be at least that of the end", std::to_string(length));
  if (static_cast<std::int64_t>(units.size()) <= length + leeway) return Value(text);
  std::string kept;
  for (std::int64_t i = 0; i < room; ++i) kept += units[static_cast<std::size_t>(i)];
  if (!truth(bound[1])) kept = std::string(split_right(kept, " ", 1)[0]);
  return Value(kept + end);
}

Result<Value> word_count(Interpreter& in, const Value& subject, const Arguments& given) {
  HONE_TRY([[maybe_unused]] const auto none, bind(given, {}));
  HONE_TRY(const std::string text, in.text_of(subject));
  std::int64_t words = 0;
  bool inside = false;
  for (const std::string_view unit : characters(text)) {
    const std::int32_t code = character_at(unit, 0).code;
    const bool word = is_letter(code) || is_digit(code) || code == '_';
    words += word && !inside ? 1 : 0;
    inside = word;
  }
  return Value(words);
}

Result<Value> format_filter(Interpreter& in, const Value& subject, const Arguments& given) {
  HONE_TRY(const std::string format, in.text_of(subject));
  if (!given.named.empty() && !given.positional.empty())
    return failure("values by place or by name, not both");
  Value values;
  if (given.named.empty()) {
    HONE_TRY(values, make_tuple(given.positional));
  } else {
    auto named = std::make_shared<Dict>();
    for (const auto& [name, value] : given.named) HONE_TRY_VOID(named->set(Value(name), value));
    values = Value(std::shared_ptr<const Dict>(std::move(named)));
  }
  HONE_TRY(std::string text, percent_format(in.budget(), format, values));
  return Value(std::move(text));
}

// tojson(indent, ensure_ascii, separators, sort_keys), in the order in which transformers takes them.
Result<Value> tojson(Interpreter& in, const Value& subject, const Arguments& given) {
  HONE_TRY(const auto bound,
           bind(given,
                {{"ensure_ascii", false}, {"indent", None{}}, {"separators", None{}}, {"sort_keys", false}}));
  HONE_TRY_VOID(in.budget().charge(subject.weight()));
  JsonStyle style;
  style.ensure_ascii = truth(bound[0]);
  style.sort_keys = truth(bound[3]);
  if (bound[1].is_string()) {
    style.indent = bound[1].text();
  } else if (!bound[1].is_none()) {
    HONE_TRY(const std::int64_t width, as_integer(bound[1], "indent"));
    if (width > 64) return failure("indent must be at most 64", std::to_string(width));
    style.indent = std::string(static_cast<std::size_t>(std::max<std::int64_t>(width, 0)), ' ');
  }
  if (style.indent) style.item_separator = ",";
  if (!bound[2].is_none()) {
    HONE_TRY(const auto separators, in.iterate(bound[2]));
    if (separators->items.size() != 2) return failure("separators must be two strings");
    HONE_TRY(style.item_separator, as_string(separators->items[0], "a separator"));
    HONE_TRY(style.key_separator, as_string(separators->items[1], "a separator"));
  }
  HONE_TRY(std::string text, to_json(subject, style));
  HONE_TRY_VOID(in.budget().charge_bytes(text.size()));
  return Value(std::move(text));
}

constexpr std::pair<std::string_view, Filter> kTextFilters[] = {
    {"capitalize", recased<capitalize>},
    {"center", center},
    {"e", recased<escape_html>},
    {"escape", recased<escape_html>},
    {"format", format_filter},
    {"forceescape", recased<escape_html>},
    {"indent", indent},
    {"lower", recased<lower>},
    {"replace", replace_filter},
    {"safe", recased<unchanged>},
    {"string", recased<unchanged>},
    {"title", recased<title_words>},
    {"tojson", tojson},
    {"trim", trim},
    {"truncate", truncate},
    {"upper", recased<upper>},
    {"wordcount", word_count},
};

}  // namespace

Result<std::string> replaced(Budget& budget, const std::string& text, const std::string& old,
                             const std::string& by, std::int64_t limit) {
  std::int64_t times =
      old.empty() ? character_count(text) + 1 : static_cast<std::int64_t>(split(text, old, limit).size()) - 1;
  if (limit >= 0) times = std::min(times, limit);
  HONE_TRY_VOID(budget.charge(times * (1 + static_cast<std::int64_t>(by.size()) / kBytesPerUnit)));
  HONE_TRY_VOID(budget.charge_bytes(text.size()));
  return replace(text, old, by, limit);
}

Result<std::string> aligned(Budget& budget, const std::string& text, std::int64_t width,
                            const std::string& fill, char align) {
  const std::int64_t size = character_count(text), missing = width - size;
  if (missing <= 0) return text;
  HONE_TRY_VOID(budget.charge(missing / kBytesPerUnit * static_cast<std::int64_t>(fill.size()) + 1));
  const bool after_sign = align == '0' && !text.empty() && (text[0] == '-' || text[0] == '+');
  // str.center puts the odd one to the left when the width is odd.
  const std::int64_t half = missing / 2 + (missing & width & 1);
  const std::int64_t left = align == '<' ? 0 : (align == '^' ? half : missing);
  std::string out = after_sign ? text.substr(0, 1) : "";
  for (std::int64_t i = 0; i < left; ++i) out += fill;
  out += after_sign ? text.substr(1) : text;
  for (std::int64_t i = left; i < missing; ++i) out += fill;
  return out;
}

bool in_case(std::string_view text, bool upper_case) {
  bool any = false;
  for (std::size_t at = 0; at < text.size();) {
    const Character c = character_at(text, at);
    if (upper_case ? is_lower(c.code) : is_upper(c.code)) return false;
    any = any || (upper_case ? is_upper(c.code) : is_lower(c.code));
    at += c.bytes;
  }
  return any;
}

Filter find_text_filter(std::string_view name) { return find_in(kTextFilters, name); }

}  // namespace hone::jinja
