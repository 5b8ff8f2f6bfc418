#include "verify/math/respell.h"

#include <algorithm>
#include <map>
#include <regex>

namespace hone::testing {

using Maybe = std::optional<std::string>;

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

bool is_integer(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_decimal(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return text.find('.') != std::string_view::npos && std::count(text.begin(), text.end(), '.') == 1 &&
         text.size() > 1 && text.find_first_not_of("0123456789.") == std::string_view::npos &&
         text.back() != '.';
}

bool is_words(std::string_view text) { return text.starts_with("\\text{"); }

bool is_value(std::string_view text) {
  if (is_words(text) || text.find("box{") != std::string_view::npos ||
      text.find("text") != std::string_view::npos)
    return false;
  for (const char* mark :
       {"\\begin", "\\{", "[", "]", "=", "\\cup", "\\infty", "\\in", "\\$", "_", "\\pm", "<", ":", "circ"}) {
    if (text.find(mark) != std::string_view::npos) return false;
  }
  if (text.find(',') == std::string_view::npos) return true;
  static const std::regex grouped("-?\\d{1,3}(,(\\\\!)? ?\\d{3})+");
  return std::regex_match(text.begin(), text.end(), grouped);
}

namespace {

Maybe changed(const std::string& before, std::string after) {
  if (before == after) return std::nullopt;
  return after;
}

// Compiled once a pattern: there are 1,700 answers for each.
const std::regex& compiled(const char* pattern) {
  static std::map<std::string, std::regex> all;
  const auto found = all.find(pattern);
  return found != all.end() ? found->second : all.emplace(pattern, std::regex(pattern)).first->second;
}

Maybe by_regex(const std::string& text, const char* pattern, const char* with) {
  const std::regex& regex = compiled(pattern);
  if (!std::regex_search(text, regex)) return std::nullopt;
  return changed(text, std::regex_replace(text, regex, with));
}

Maybe grouped(const std::string& text, const std::string& mark) {
  if (!is_integer(text)) return std::nullopt;
  const bool minus = text[0] == '-';
  std::string digits = text.substr(minus ? 1 : 0);
  if (digits.size() < 4 || digits[0] == '0') return std::nullopt;
  for (std::size_t at = digits.size() - 3; at > 0 && at<digits.size(); at = at> 3 ? at - 3 : 0)
    digits.insert(at, mark);
  return (minus ? "-" : "") + digits;
}

// The last two terms of a sum outside of brackets, exchanged.
Maybe commuted(const std::string& text) {
  if (!is_value(text)) return std::nullopt;
  int depth = 0;
  std::vector<std::size_t> signs;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '(' || text[i] == '{') ++depth;
    if (text[i] == ')' || text[i] == '}') --depth;
    if (depth == 0 && i > 0 && (text[i] == '+' || text[i] == '-')) signs.push_back(i);
  }
  if (signs.size() != 1) return std::nullopt;
  return text.substr(signs[0]) + (text[0] == '-' ? "" : "+") + text.substr(0, signs[0]);
}

// Elements of a list or a set from the last to the first.
Maybe reversed(const std::string& text) {
  if (is_value(text) || text.find_first_of("([=") != std::string::npos ||
      text.find("\\$") != std::string::npos)
    return std::nullopt;
  if (text.find(',') == std::string::npos || text.find("\\!") != std::string::npos) return std::nullopt;
  const bool set = text.starts_with("\\{");
  std::string inside = set ? text.substr(2, text.size() - 4) : text, out;
  for (std::size_t end = inside.size();;) {
    const std::size_t comma = inside.rfind(',', end - 1);
    out += (out.empty() ? "" : ", ") + inside.substr(comma == std::string::npos ? 0 : comma + 1,
                                                     end - (comma == std::string::npos ? 0 : comma + 1));
    if (comma == std::string::npos) break;
    end = comma;
  }
  return set ? "\\{" + out + "\\}" : out;
}

Maybe swapped_union(const std::string& text) {
  const std::size_t at = text.find("\\cup");
  if (at == std::string::npos) return std::nullopt;
  return text.substr(at + 4) + "\\cup " + text.substr(0, at);
}

Maybe around(const std::string& text, const char* before, const char* after) { return before + text + after; }

Maybe value_around(const std::string& text, const char* before, const char* after) {
  // "(58,500)" may be a pair.
  if (!is_value(text) || text.find(',') != std::string::npos) return std::nullopt;
  return before + text + after;
}

std::vector<Respelling> make() {
  using S = const std::string&;
  return {
      {"dollars around", [](S t) { return around(t, "$", "$"); }},
      {"display dollars", [](S t) { return around(t, "$$ ", " $$"); }},
      {"\\( \\)", [](S t) { return around(t, "\\( ", " \\)"); }},
      {"boxed", [](S t) { return around(t, "\\boxed{", "}"); }},
      {"bold", [](S t) { return around(t, "**", "**"); }},
      {"full stop", [](S t) { return around(t, "", "."); }},
      {"white space", [](S t) { return around(t, " \n ", "  "); }},
      {"displaystyle", [](S t) { return around(t, "\\displaystyle ", ""); }},
      {"dfrac", [](S t) { return by_regex(t, "\\\\frac", "\\dfrac"); }},
      {"tfrac", [](S t) { return by_regex(t, "\\\\frac", "\\tfrac"); }},
      {"frac", [](S t) { return by_regex(t, "\\\\dfrac", "\\frac"); }},
      {"slash", [](S t) { return by_regex(t, "^(-?)\\\\d?frac\\{(\\d+)\\}\\{(\\d+)\\}$", "$1$2/$3"); }},
      {"slash with brackets",
       [](S t) { return by_regex(t, "(^|[^\\d ])\\\\frac\\{([^{}]+)\\}\\{([^{}]+)\\}", "$1(($2)/($3))"); }},
      {"short fraction", [](S t) { return by_regex(t, "\\\\frac\\{(\\d)\\}\\{(\\d)\\}", "\\frac$1$2"); }},
      {"sign in the numerator", [](S t) { return by_regex(t, "^-\\\\frac\\{", "\\frac{-"); }},
      {"spaces around signs",
       [](S t) { return is_words(t) ? Maybe() : by_regex(t, "([+=]|\\\\cup)", " $1 "); }},
      {"no spaces",
       [](S t) {
         return is_words(t) || t.find("\\text") != std::string::npos || t.find("mbox") != std::string::npos
                    ? Maybe()
                    : by_regex(t, "([^a-zA-Z]) +", "$1");
       }},
      {"thin spaces", [](S t) { return is_words(t) ? Maybe() : by_regex(t, "([+=])", "\\, $1\\; "); }},
      {"left right",
       [](S t) {
         return t.find("\\left") != std::string::npos || is_words(t)
                    ? Maybe()
                    : by_regex(by_regex(t, "([(\\[])", "\\left$1").value_or(t), "([)\\]])", "\\right$1");
       }},
      {"no left right", [](S t) { return by_regex(t, "\\\\(left|right)", ""); }},
      {"commas", [](S t) { return grouped(t, ","); }},
      {"braced commas", [](S t) { return grouped(t, "{,}"); }},
      {"thin comma", [](S t) { return grouped(t, ",\\!"); }},
      {"thin groups", [](S t) { return grouped(t, "\\,"); }},
      {"point zero", [](S t) { return is_integer(t) ? Maybe(t + ".0") : Maybe(); }},
      {"another zero", [](S t) { return is_decimal(t) ? Maybe(t + "0") : Maybe(); }},
      {"leading zero", [](S t) { return t[0] == '.' && is_decimal(t) ? Maybe("0" + t) : Maybe(); }},
      {"no leading zero",
       [](S t) { return is_decimal(t) && t.starts_with("0.") ? Maybe(t.substr(1)) : Maybe(); }},
      {"over one", [](S t) { return is_integer(t) ? Maybe("\\frac{" + t + "}{1}") : Maybe(); }},
      {"scientific", [](S t) { return is_integer(t) ? Maybe(t + "0 \\times 10^{-1}") : Maybe(); }},
      {"e notation", [](S t) { return is_integer(t) ? Maybe(t + "e0") : Maybe(); }},
      {"unicode",
       [](S t) {
         std::string u = replaced(t, "\\pi", "π");
         u = replaced(replaced(u, "\\infty", "∞"), "\\cup", "∪");
         u = replaced(replaced(u, "^\\circ", "°"), "\\pm", "±");
         return changed(t, replaced(u, "\\sqrt", "√"));
       }},
      {"unicode minus", [](S t) { return is_words(t) ? Maybe() : changed(t, replaced(t, "-", "−")); }},
      {"superscript", [](S t) { return by_regex(t, "\\^2(?!\\d)", "²"); }},
      {"braced exponent", [](S t) { return by_regex(t, "\\^(\\d)", "^{$1}"); }},
      {"stars",
       [](S t) {
         return t.find("box") != std::string::npos || t.find("circ") != std::string::npos
                    ? Maybe()
                    : by_regex(t, "\\^", "**");
       }},
      {"root as power", [](S t) { return by_regex(t, "\\\\sqrt\\{(\\d+)\\}", "{$1}^{1/2}"); }},
      {"root in words", [](S t) { return by_regex(t, "\\\\sqrt\\{(\\d+)\\}", " sqrt($1)"); }},
      {"bare root", [](S t) { return by_regex(t, "\\\\sqrt\\{(\\d)\\}", "\\sqrt$1"); }},
      {"cdot", [](S t) { return by_regex(t, "(\\d) ?\\\\(sqrt|pi)", "$1 \\cdot \\$2"); }},
      {"plain pi", [](S t) { return by_regex(t, "\\\\pi", "pi"); }},
      {"degrees", [](S t) { return by_regex(t, "\\^\\\\circ", " degrees"); }},
      {"no degrees", [](S t) { return by_regex(t, "\\^\\\\circ", ""); }},
      {"braced degree", [](S t) { return by_regex(t, "\\^\\\\circ", "^{\\circ}"); }},
      {"commuted", [](S t) { return commuted(t); }},
      {"reversed", [](S t) { return reversed(t); }},
      {"swapped union", [](S t) { return swapped_union(t); }},
      {"named", [](S t) { return is_value(t) ? Maybe("w = " + t) : Maybe(); }},
      {"chained", [](S t) { return is_value(t) ? Maybe("w = " + t + "+1-1 = " + t) : Maybe(); }},
      {"in brackets", [](S t) { return value_around(t, "(", ")"); }},
      {"plus zero", [](S t) { return value_around(t, "0 + ", ""); }},
      {"minus minus", [](S t) { return value_around(t, "-(-(", "))"); }},
      {"halved twice", [](S t) { return value_around(t, "\\frac{2\\cdot(", ")}{2}"); }},
      {"plus a difference", [](S t) { return value_around(t, "", " + 3 - 3"); }},
      {"bmatrix", [](S t) { return changed(t, replaced(t, "pmatrix", "bmatrix")); }},
      {"mbox", [](S t) { return changed(t, replaced(t, "\\text{", "\\mbox{")); }},
      {"bare words", [](S t) { return by_regex(t, "^\\\\text\\{(.*)\\}$", "$1"); }},
      {"bold words", [](S t) { return by_regex(t, "^\\\\text\\{(.*)\\}$", "\\textbf{$1}"); }},
      {"lower case",
       [](S t) -> Maybe {
         if (!is_words(t)) return std::nullopt;
         std::string low = t;
         for (char& c : low) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
         return changed(t, low);
       }},
      {"braced base", [](S t) { return by_regex(t, "_(\\d)$", "_{$1}"); }},
      {"no base", [](S t) { return by_regex(t, "^(\\d+)_\\{?\\d\\}?$", "$1"); }},
      {"equation turned", [](S t) { return by_regex(t, "^([^=]+)=([^=]+)$", "$2 = $1"); }},
      {"equation on one side", [](S t) { return by_regex(t, "^([a-z]) ?=([^=]+)$", "$1 - ($2) = 0"); }},
      {"equation doubled", [](S t) { return by_regex(t, "^([^=]+)=([^=]+)$", "2($1) = 2($2)"); }},
  };
}

}  // namespace

const std::vector<Respelling>& respellings() {
  static const std::vector<Respelling> all = make();
  return all;
}

}  // namespace hone::testing
