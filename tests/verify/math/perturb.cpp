#include <algorithm>
#include <regex>

#include "verify/math/respell.h"

namespace hone::testing {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

struct Run {
  std::size_t begin, end;
};

// Maximal runs of digits.
std::vector<Run> digit_runs(const std::string& text) {
  std::vector<Run> runs;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_digit(text[i])) continue;
    std::size_t end = i;
    while (end < text.size() && is_digit(text[end])) ++end;
    runs.push_back({i, end});
    i = end;
  }
  return runs;
}

std::string plus_one(std::string digits) {
  for (std::size_t i = digits.size(); i-- > 0;) {
    if (digits[i] != '9') {
      ++digits[i];
      return digits;
    }
    digits[i] = '0';
  }
  return "1" + digits;
}

bool is_zero(const std::string& text) {
  return text.find_first_of("123456789abcdefghijklmnopqrstuvwxyz") == std::string::npos;
}

class Perturber {
 public:
  explicit Perturber(const std::string& text) : text_(text) {}
  std::vector<Perturbed> all();

 private:
  void add(const char* name, std::string perturbed) {
    if (perturbed != text_) found_.push_back({name, std::move(perturbed)});
  }
  void numbers();
  void signs();
  void brackets();
  void elements();
  void letters();
  void values();

  const std::string& text_;
  std::vector<Perturbed> found_;
};

void Perturber::numbers() {
  for (const auto& [begin, end] : digit_runs(text_)) {
    const std::string digits = text_.substr(begin, end - begin), before = text_.substr(0, begin),
                      after = text_.substr(end);
    // The exponent of a unit, as in cm^2, is no part of the value.
    if (begin > 0 && text_[begin - 1] == '^' && text_.find("box{") != std::string::npos) continue;
    std::string next = plus_one(digits);
    // .999 + .001 is another number, with another number of digits; leave the length as it is.
    if (next.size() != digits.size() && begin > 0 && (text_[begin - 1] == '.' || text_[begin - 1] == '!'))
      next = std::string(digits.size(), '1');
    add("number + 1", before + next + after);
    for (std::size_t i = 0; i < digits.size(); ++i) {
      std::string other = digits;
      other[i] = other[i] == '7' ? '2' : '7';
      // A first zero that appears, or a digit of a grouped number, still changes the value.
      add("digit changed", before + other + after);
    }
    const bool fraction_part = begin > 0 && text_[begin - 1] == '.';
    if (!(fraction_part && digits.back() == '0') && !is_zero(digits))
      add("digit doubled", before + digits + "3" + after);
    if (digits.size() > 1 && digits.find_first_not_of(digits[0]) != std::string::npos) {
      std::string turned(digits.rbegin(), digits.rend());
      if (!fraction_part && digits[0] != '0' && turned[0] != '0')
        add("digits turned", before + turned + after);
    }
  }
  if (is_decimal(text_) && !is_zero(text_)) {
    const std::size_t point = text_.find('.');
    std::string moved = text_;
    moved.erase(point, 1);
    moved.insert(std::min(point + 1, moved.size()), ".");
    if (moved.back() == '.') moved.pop_back();
    add("point moved", moved);
  }
  if (is_integer(text_) && !is_zero(text_)) add("a power of ten more", text_ + "0");
}

void Perturber::signs() {
  if (is_value(text_) && !is_zero(text_))
    add("sign flipped",
        text_[0] == '-' ? "-(" + text_ + ")"
                        : "-" + (text_.find_first_of("+-") == std::string::npos ? text_ : "(" + text_ + ")"));
  if (text_.find("\\pm") != std::string::npos) {
    add("one sign alone", replaced(text_, "\\pm", "+"));
    add("one sign alone", replaced(text_, "\\pm", "-"));
  }
  // An inner + becomes a -, and the reverse; not inside words.
  if (!is_words(text_)) {
    for (std::size_t i = 1; i < text_.size(); ++i) {
      if (text_[i] != '+' && text_[i] != '-') continue;
      std::string other = text_;
      other[i] = text_[i] == '+' ? '-' : '+';
      add("inner sign", other);
    }
  }
  if (text_.find("\\infty") != std::string::npos) {
    add("infinity's sign", text_.find("-\\infty") != std::string::npos
                               ? replaced(text_, "-\\infty", "\\infty")
                               : replaced(text_, "\\infty", "-\\infty"));
  }
}

void Perturber::brackets() {
  const bool pair = text_.find(',') != std::string::npos && text_.find_first_of("([") != std::string::npos &&
                    text_.find("\\!") == std::string::npos;
  if (!pair) return;
  const std::size_t open = text_.find_first_of("(["), close = text_.find_last_of(")]");
  std::string left = text_, right = text_;
  left[open] = text_[open] == '(' ? '[' : '(';
  right[close] = text_[close] == ')' ? ']' : ')';
  add("bracket type", left);
  add("bracket type", right);
  std::string both = left;
  both[close] = right[close];
  add("bracket type", both);
  if (text_.find("\\cup") != std::string::npos) {
    add("union to intersection", replaced(text_, "\\cup", "\\cap"));
    add("one piece", text_.substr(0, text_.find("\\cup")));
    add("one piece", text_.substr(text_.find("\\cup") + 4));
  }
}

void Perturber::elements() {
  if (is_value(text_) || text_.find("\\!") != std::string::npos || text_.find("\\cup") != std::string::npos)
    return;
  const std::string mark = text_.find("\\\\") != std::string::npos ? "\\\\" : ",";
  const std::size_t first = text_.find(mark), last = text_.rfind(mark);
  if (first == std::string::npos) return;
  // The elements stand between the first bracket and the last one, if there are any.
  std::size_t begin = 0, end = text_.size();
  if (mark == "\\\\") {
    begin = text_.find('}') + 1;
    end = text_.rfind("\\end");
  } else if (text_.find_first_of("([{") < first &&
             (text_[0] == '(' || text_[0] == '[' || text_.starts_with("\\{") ||
              text_.starts_with("\\left"))) {
    begin = text_.find_first_of("([{") + 1;
    end = text_.find_last_of(")]}");
    for (const char* tail : {"\\right", "\\"}) {
      const std::string_view close(tail);
      if (end >= close.size() && text_.compare(end - close.size(), close.size(), close) == 0)
        end -= close.size();
    }
  }
  const std::string head = text_.substr(0, begin), tail = text_.substr(end);
  const std::string one = text_.substr(begin, first - begin),
                    other = text_.substr(last + mark.size(), end - last - mark.size());
  add("first element dropped", head + text_.substr(first + mark.size(), end - first - mark.size()) + tail);
  add("last element dropped", head + text_.substr(begin, last - begin) + tail);
  add("element added", head + text_.substr(begin, end - begin) + mark + " 1234" + tail);
  const bool ordered = text_[0] != '\\' || !text_.starts_with("\\{");
  const bool bracketed = text_.find_first_of("([") != std::string::npos || mark == "\\\\";
  if (ordered && bracketed && first == last && replaced(one, " ", "") != replaced(other, " ", "")) {
    add("elements exchanged", head + other + mark + one + tail);
  }
}

void Perturber::letters() {
  if (is_words(text_)) {
    for (std::size_t i = 6; i + 1 < text_.size(); ++i) {
      if (!is_letter(text_[i])) continue;
      std::string other = text_;
      other[i] = text_[i] == 'z' ? 'q' : text_[i] == 'E' ? 'D' : static_cast<char>(text_[i] + 1);
      add("letter changed", other);
    }
    return;
  }
  // A variable: a letter with no letter or backslash beside it.
  for (std::size_t i = 0; i < text_.size(); ++i) {
    if (!is_letter(text_[i]) || text_[i] == 'i' || text_[i] == 'e') continue;
    const bool alone = (i == 0 || (!is_letter(text_[i - 1]) && text_[i - 1] != '\\')) &&
                       (i + 1 == text_.size() || !is_letter(text_[i + 1]));
    if (!alone) continue;
    std::string other = text_;
    std::replace(other.begin() + static_cast<std::ptrdiff_t>(i),
                 other.begin() + static_cast<std::ptrdiff_t>(i) + 1, text_[i], text_[i] == 'q' ? 'p' : 'q');
    add("variable renamed", other);
    other = text_;
    other[i] = static_cast<char>(text_[i] ^ 0x20);
    add("variable's case", other);
  }
  add("root dropped", replaced(text_, "\\sqrt", ""));
  add("another function", replaced(text_, "\\cot", "\\tan"));
  if (text_.find("\\pi") != std::string::npos) add("e for pi", replaced(text_, "\\pi", "e"));
}

void Perturber::values() {
  static const std::regex fraction("\\\\d?frac\\{(-?[^{}]+)\\}\\{([^{}]+)\\}");
  std::smatch match;
  if (std::regex_search(text_, match, fraction) && match[1] != match[2]) {
    add("fraction turned", match.prefix().str() + "\\frac{" + match[2].str() + "}{" + match[1].str() + "}" +
                               match.suffix().str());
    add("fraction to product", match.prefix().str() + "{" + match[1].str() + "} \\cdot {" + match[2].str() +
                                   "}" + match.suffix().str());
  }
  if (!is_value(text_)) return;
  add("plus one", "(" + text_ + ") + 1");
  if (!is_zero(text_)) {
    add("doubled", "2(" + text_ + ")");
    add("halved", "\\frac{" + text_ + "}{2}");
    add("times x", "(" + text_ + ")k_9");
    if (text_ != "1" && text_ != "1.0" && text_ != "-1.0" && text_ != "01")
      add("squared", "(" + text_ + ")^2");
    // Within a decimal reference's tolerance.
    if (!is_decimal(text_)) add("hair more", "(" + text_ + ")(1 + 10^{-30})");
    add("a root", "\\sqrt{2}(" + text_ + ")");
    add("i times", "i(" + text_ + ")");
  }
  add("in an open pair", "(" + text_ + ", 3)");
  add("a list", "3, " + text_ + ", 1111");
  add("infinity", "\\infty");
  add("words", "\\text{none}");
}

std::vector<Perturbed> Perturber::all() {
  numbers();
  signs();
  brackets();
  elements();
  letters();
  values();
  return std::move(found_);
}

}  // namespace

std::vector<Perturbed> perturbations(const std::string& answer) { return Perturber(answer).all(); }

}  // namespace hone::testing
