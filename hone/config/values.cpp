// What a field's type and range are in words, and its value as YAML.
#include <charconv>
#include <cmath>

#include "hone/base/check.h"
#include "hone/config/fields.h"

namespace hone {
namespace {

template <class... Functions>
struct Overload : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
Overload(Functions...) -> Overload<Functions...>;

std::string join(const std::vector<std::string>& words, const char* between) {
  return fmt::format("{}", fmt::join(words, between));
}

std::string limit(double value) {
  return std::abs(value) < 1e15 && value == std::trunc(value) ? fmt::format("{:.0f}", value) : render(value);
}

// ", at least 2"; empty where any number will do.
std::string in_words(const Range& range, const char* each) {
  std::vector<std::string> parts;
  if (std::isfinite(range.low)) parts.push_back((range.above ? "above " : "at least ") + limit(range.low));
  if (std::isfinite(range.high)) parts.push_back((range.below ? "below " : "at most ") + limit(range.high));
  if (parts.empty()) return "";
  return fmt::format(", {}{}{}", each, range.or_zero ? "0 or " : "", join(parts, " and "));
}

// Whether a plain scalar reads back as this text in every YAML dialect.
bool is_plain(const std::string& text) {
  constexpr std::string_view kOthers[] = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"};
  if (text.empty() || !(std::isalpha(static_cast<unsigned char>(text[0])) != 0 || text[0] == '_'))
    return false;
  std::string lower;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 || !(std::isalnum(byte) != 0 || c == '_' || c == '-' || c == '.' || c == '/'))
      return false;
    lower += static_cast<char>(std::tolower(byte));
  }
  for (const std::string_view other : kOthers) {
    if (lower == other) return false;
  }
  return true;
}

template <class Items, class Render>
std::string list(const Items& items, Render render_item) {
  std::vector<std::string> parts;
  for (const auto& item : items) parts.push_back(render_item(item));
  return fmt::format("[{}]", join(parts, ", "));
}

// What is always said (`first` keys: its name …), and what is not as it comes.
template <class Options>
std::string render_item(Options options, std::size_t first) {
  Options unchanged;
  std::vector<std::string> parts;
  const Fields table = fields_of(options), defaults = fields_of(unchanged);
  for (std::size_t i = 0; i < table.fields.size(); ++i) {
    const std::string value = render(table.fields[i]);
    const bool named = i < first;
    if (named || value != render(defaults.fields[i])) parts.push_back(table.fields[i].key + ": " + value);
  }
  return fmt::format("{{{}}}", join(parts, ", "));
}

}  // namespace

bool Range::holds(double value) const {
  if (!std::isfinite(value)) return false;
  if (or_zero && value == 0) return true;
  return (above ? value > low : value >= low) && (below ? value < high : value <= high);
}

std::string type_of(const Field& field) {
  const Range& range = field.range;
  return std::visit(
      Overload{
          [](bool*) -> std::string { return "true or false"; },
          [&](int*) -> std::string { return fmt::format("an integer{}", in_words(range, "")); },
          [&](std::int64_t*) -> std::string { return fmt::format("an integer{}", in_words(range, "")); },
          [](std::uint64_t*) -> std::string { return "an integer, at least 0"; },
          [&](double*) -> std::string { return fmt::format("a number{}", in_words(range, "")); },
          [&](std::string*) -> std::string {
            return field.words.empty() ? "text" : "one of " + join(field.words, ", ");
          },
          [](std::vector<std::string>*) -> std::string { return "text, or a list of texts"; },
          [&](std::vector<int>*) -> std::string {
            return "an integer, or a list of integers" + in_words(range, "each ");
          },
          [&](std::vector<double>*) -> std::string {
            return "a number, or a list of numbers" + in_words(range, "each ");
          },
          [](const Choice& choice) -> std::string {
            return fmt::format("one of {}", fmt::join(choice.words, ", "));
          },
          [](std::vector<VerifierOptions>*) -> std::string { return "a verifier, or a list of verifiers"; },
          [](std::vector<FriendOptions>*) -> std::string { return "a friend, or a list of friends"; },
      },
      field.target);
}

std::string render(double value) {
  char buffer[32];
  const auto [end, status] = std::to_chars(buffer, buffer + sizeof buffer, value);
  HONE_CHECK(status == std::errc(), "a double needs more than {} characters", sizeof buffer);
  return std::string(buffer, end);
}

std::string render(const std::string& text) {
  if (is_plain(text)) return text;
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        out += byte < 0x20 || byte == 0x7f ? fmt::format("\\x{:02x}", byte) : std::string(1, c);
    }
  }
  return out + "\"";
}

std::string render(const Field& field) {
  return std::visit(Overload{
                        [](const bool* value) -> std::string { return *value ? "true" : "false"; },
                        [](const int* value) -> std::string { return std::to_string(*value); },
                        [](const std::int64_t* value) -> std::string { return std::to_string(*value); },
                        [](const std::uint64_t* value) -> std::string { return std::to_string(*value); },
                        [](const double* value) -> std::string { return render(*value); },
                        [](const std::string* value) -> std::string { return render(*value); },
                        [](const std::vector<std::string>* value) -> std::string {
                          return list(*value, [](const std::string& text) { return render(text); });
                        },
                        [](const std::vector<int>* value) -> std::string {
                          return list(*value, [](int number) { return std::to_string(number); });
                        },
                        [](const std::vector<double>* value) -> std::string {
                          return list(*value, [](double number) { return render(number); });
                        },
                        [](const Choice& choice) -> std::string { return choice.words[choice.get()]; },
                        [](const std::vector<VerifierOptions>* value) -> std::string {
                          return list(*value, [](const auto& item) { return render_item(item, 2); });
                        },
                        [](const std::vector<FriendOptions>* value) -> std::string {
                          return list(*value, [](const auto& item) { return render_item(item, 1); });
                        },
                    },
                    field.target);
}

}  // namespace hone
