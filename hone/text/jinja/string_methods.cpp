// Methods of strings.
#include <algorithm>
#include <array>
#include <utility>

#include "hone/text/jinja/builtins.h"
#include "hone/text/jinja/characters.h"
#include "hone/text/jinja/format.h"

namespace hone::jinja {
namespace {

using Views = std::vector<std::string_view>;

Result<Value> list_of(Interpreter& in, const Views& parts) {
  HONE_TRY_VOID(in.budget().charge(static_cast<std::int64_t>(parts.size())));
  return make_sequence(std::vector<Value>(parts.begin(), parts.end()));
}

template <std::string (*convert)(std::string_view)>
Result<Value> converted(Interpreter&, const Value& receiver, const Arguments& given) {
  HONE_TRY([[maybe_unused]] const auto none, bind(given, {}));
  return Value(convert(receiver.text()));
}

template <Side side>
Result<Value> stripped(Interpreter& in, const Value& receiver, const Arguments& given) {
  HONE_TRY(const auto bound, bind(given, {{"chars", None{}}}));
  if (bound[0].is_none()) return Value(strip(receiver.text(), side));
  HONE_TRY(const std::string chars, as_string(bound[0], "chars"));
  HONE_TRY_VOID(in.budget().charge(receiver.weight() * bound[0].weight()));
  return Value(strip(receiver.text(), side, chars));
}

template <bool from_right>
Result<Value> splitted(Interpreter& in, const Value& receiver, const Arguments& given) {
  HONE_TRY(const auto bound, bind(given, {{"sep", None{}}, {"maxsplit", -1}}));
  HONE_TRY(const std::int64_t limit, as_integer(bound[1], "maxsplit"));
  const std::string& text = receiver.text();
  if (bound[0].is_none())
    return list_of(in, from_right ? split_space_right(text, limit) : split_space(text, limit));
  HONE_TRY(const std::string separator, as_string(bound[0], "sep"));
  if (separator.empty()) return failure("a separator must not be empty");
  if (from_right) HONE_TRY_VOID(in.budget().charge(receiver.weight() * bound[0].weight()));
  return list_of(in, from_right ? split_right(text, separator, limit) : split(text, separator, limit));
}

Result<Value> splitlines(Interpreter& in, const Value& receiver, const Arguments& given) {
  HONE_TRY(const auto bound, bind(given, {{"keepends", false}}));
  return list_of(in, split_lines(receiver.text(), truth(bound[0])));
}

// The part of the text that the optional arguments start and end (in characters) name, as bytes.
struct Window {
  std::string_view text;
  std::int64_t offset = 0;  // characters before it
  bool empty_range = false;
};

Result<Window> window(const std::string& text, const Value& start, const Value& end) {
  if (start.is_none() && end.is_none()) return Window{text};
  const Views units = characters(text);
  const auto size = static_cast<std::int64_t>(units.size());
  const auto place = [&](const Value& bound, std::int64_t otherwise) -> Result<std::int64_t> {
    if (bound.is_none()) return otherwise;
    HONE_TRY(const std::int64_t at, as_integer(bound, "a bound"));
    return at < 0 ? std::max<std::int64_t>(at < -size ? 0 : at + size, 0) : at;
  };
  HONE_TRY(const std::int64_t from, place(start, 0));
  HONE_TRY(std::int64_t to, place(end, size));
  to = std::min(to, size);
  if (from > size || from > to) return Window{{}, from, true};
  const auto byte = [&](std::int64_t at) {
    return at == size ? text.size()
                      : static_cast<std::size_t>(units[static_cast<std::size_t>(at)].data() - text.data());
  };
  return Window{std::string_view(text).substr(byte(from), byte(to) - byte(from)), from};
}

template <bool at_end>
Result<Value> starts_or_ends(Interpreter&, const Value& receiver, const Arguments& given) {
  HONE_TRY(const auto bound, bind(given, {{"prefix"}, {"start", None{}}, {"end", None{}}}));
  HONE_TRY(const Window part, window(receiver.text(), bound[1], bound[2]));
  const auto matches = [&](const std::string& affix) {
    return !part.empty_range && (at_end ? part.text.ends_with(affix) : part.text.starts_with(affix));
  };
  const Sequence* several = bound[0].sequence();
  if (several && several->flavor == Sequence::Flavor::kTuple) {
    for (const Value& affix : several->items) {
      HONE_TRY(const std::string text, as_string(affix, "an affix"));
      if (matches(text)) return Value(true);
    }
    return Value(false);
  }
  HONE_TRY(const std::string affix, as_string(bound[0], "an affix"));
  return Value(matches(affix));
}

template <bool from_right, bool must_be>
Result<Value> found(Interpreter& in, const Value& receiver, const Arguments& given) {
  HONE_TRY(const auto bound, bind(given, {{"sub"}, {"start", None{}}, {"end", None{}}}));
  HONE_TRY(const std::string needle, as_string(bound[0], "what is looked for"));
  HONE_TRY(const Window part, window(receiver.text(), bound[1], bound[2]));
  std::size_t at = std::string_view::npos;
  if (!part.empty_range && from_right) {
    HONE_TRY_VOID(in.budget().charge(receiver.weight() * bound[0].weight()));
    at = part.text.rfind(needle);
  } else if (!part.empty_range) {
    at = find_text(part.text, needle);
  }
  if (at != std::string_view::npos) return Value(part.offset + characters_before(part.text, at));
  if (must_be) return failure("the text must hold what is looked for", needle);
  return Value(-1);
}

Result<Value> count(Interpreter&, const Value& receiver, const Arguments& given) {
  HONE_TRY(const auto bound, bind(given, {{"sub"}, {"start", None{}}, {"end", None{}}}));
  HONE_TRY(const std::string needle, as_string(bound[0], "what is counted"));
  HONE_TRY(const Window part, window(receiver.text(), bound[1], bound[2]));
  if (part.empty_range) return Value(0);
  if (needle.empty()) return Value(character_count(part.text) + 1);
  return Value(static_cast<std::int64_t>(split(part.text, needle, -1).size()) - 1);
}

Result<Value> replace_method(Interpreter& in, const Value& receiver, const Arguments& given) {
  HONE_TRY(const auto bound, bind(given, {{"old"}, {"new"}, {"count", -1}}));
  HONE_TRY(const std::string old, as_string(bound[0], "old"));
  HONE_TRY(const std::string by, as_string(bound[1], "new"));
  HONE_TRY(const std::int64_t limit, as_integer(bound[2], "count"));
  HONE_TRY(std::string text, replaced(in.budget(), receiver.text(), old, by, limit));
  return Value(std::move(text));
}

Result<Value> joined(Interpreter& in, const Value& receiver, const Arguments& given) {
  HONE_TRY(const auto bound, bind(given, {{"iterable"}}));
  HONE_TRY(const auto items, in.iterate(bound[0]));
  std::string text;
  for (std::size_t i = 0; i < items->items.size(); ++i) {
    HONE_TRY(const std::string part, as_string(items->items[i], "what is joined"));
    HONE_TRY_VOID(in.budget().charge_bytes(part.size() + receiver.text().size()));
    if (i > 0) text += receiver.text();
    text += part;
  }
  return Value(std::move(text));
}

template <bool from_right>
Result<Value> partition(Interpreter& in, const Value& receiver, const Arguments& given) {
  HONE_TRY(const auto bound, bind(given, {{"sep"}}));
  HONE_TRY(const std::string separator, as_string(bound[0], "sep"));
  if (separator.empty()) return failure("a separator must not be empty");
  HONE_TRY_VOID(in.budget().charge(receiver.weight() * bound[0].weight()));
  const std::string& text = receiver.text();
  const std::size_t at = from_right ? text.rfind(separator) : find_text(text, separator);
  if (at == std::string::npos) {
    return from_right ? make_tuple({Value(""), Value(""), receiver})
                      : make_tuple({receiver, Value(""), Value("")});
  }
  return make_tuple({Value(text.substr(0, at)), bound[0], Value(text.substr(at + separator.size()))});
}

template <bool at_end>
Result<Value> without_affix(Interpreter&, const Value& receiver, const Arguments& given) {
  HONE_TRY(const auto bound, bind(given, {{"affix"}}));
  HONE_TRY(const std::string affix, as_string(bound[0], "an affix"));
  std::string_view text = receiver.text();
  if (at_end ? text.ends_with(affix) : text.starts_with(affix)) {
    at_end ? text.remove_suffix(affix.size()) : text.remove_prefix(affix.size());
  }
  return Value(text);
}

template <char align>
Result<Value> padded(Interpreter& in, const Value& receiver, const Arguments& given) {
  HONE_TRY(const auto bound, bind(given, {{"width"}, {"fillchar", align == '0' ? "0" : " "}}));
  HONE_TRY(const std::int64_t width, as_integer(bound[0], "width"));
  HONE_TRY(const std::string fill, as_string(bound[1], "fillchar"));
  if (character_count(fill) != 1) return failure("fillchar must be one character", fill);
  HONE_TRY(std::string text, aligned(in.budget(), receiver.text(), width, fill, align));
  return Value(std::move(text));
}

Result<Value> format_method(Interpreter& in, const Value& receiver, const Arguments& given) {
  HONE_TRY(std::string text, brace_format(in.budget(), receiver.text(), given));
  return Value(std::move(text));
}

// Whether there is a character and all of them are of the kind.
template <bool (*of_kind)(std::int32_t)>
Result<Value> all_are(Interpreter&, const Value& receiver, const Arguments& given) {
  HONE_TRY([[maybe_unused]] const auto none, bind(given, {}));
  const Views units = characters(receiver.text());
  return Value(!units.empty() && std::all_of(units.begin(), units.end(), [](std::string_view unit) {
    return of_kind(character_at(unit, 0).code);
  }));
}

bool is_letter_or_digit(std::int32_t code) { return is_letter(code) || is_digit(code); }

template <bool upper_case>
Result<Value> has_case(Interpreter&, const Value& receiver, const Arguments& given) {
  HONE_TRY([[maybe_unused]] const auto none, bind(given, {}));
  return Value(in_case(receiver.text(), upper_case));
}

Result<Value> is_title(Interpreter&, const Value& receiver, const Arguments& given) {
  HONE_TRY([[maybe_unused]] const auto none, bind(given, {}));
  const std::string& text = receiver.text();
  return Value((in_case(text, true) || in_case(lower(text), false)) && title(text) == text);
}

constexpr std::pair<std::string_view, Method> kMethods[] = {
    {"capitalize", converted<capitalize>},
    {"casefold", converted<lower>},
    {"center", padded<'^'>},
    {"count", count},
    {"endswith", starts_or_ends<true>},
    {"find", found<false, false>},
    {"format", format_method},
    {"index", found<false, true>},
    {"isalnum", all_are<is_letter_or_digit>},
    {"isalpha", all_are<is_letter>},
    {"isdecimal", all_are<is_digit>},
    {"isdigit", all_are<is_digit>},
    {"islower", has_case<false>},
    {"isnumeric", all_are<is_digit>},
    {"isspace", all_are<is_space>},
    {"istitle", is_title},
    {"isupper", has_case<true>},
    {"join", joined},
    {"ljust", padded<'<'>},
    {"lower", converted<lower>},
    {"lstrip", stripped<Side::kLeft>},
    {"partition", partition<false>},
    {"removeprefix", without_affix<false>},
    {"removesuffix", without_affix<true>},
    {"replace", replace_method},
    {"rfind", found<true, false>},
    {"rindex", found<true, true>},
    {"rjust", padded<'>'>},
    {"rpartition", partition<true>},
    {"rsplit", splitted<true>},
    {"rstrip", stripped<Side::kRight>},
    {"split", splitted<false>},
    {"splitlines", splitlines},
    {"startswith", starts_or_ends<false>},
    {"strip", stripped<Side::kBoth>},
    {"swapcase", converted<swap_case>},
    {"title", converted<title>},
    {"upper", converted<upper>},
    {"zfill", padded<'0'>},
};

}  // namespace

Method find_string_method(std::string_view name) { return find_in(kMethods, name); }

}  // namespace hone::jinja
