#include "hone/symbolic/clean.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "hone/base/ascii.h"
#include "hone/symbolic/clean_signs.h"

namespace hone {
namespace {

using symbolic_internal::kCommands;
using symbolic_internal::kUnicode;

// Their argument is set as text.
constexpr std::string_view kTextCommands[] = {"text",   "mbox",         "textbf",     "textit", "textrm",
                                              "mathrm", "hbox",         "textnormal", "mathsf", "texttt",
                                              "textsf", "operatorname", "emph",       "mathbf", "boldsymbol",
                                              "bm",     "mathit",       "pmb",        "textup", "textsc"};

constexpr std::string_view kSeparatorWords[] = {"and", "or", "or,", "and,", ", and", ", or", "and/or"};

template <class Range>
bool is_one_of(const Range& range, std::string_view word) {
  return std::find(std::begin(range), std::end(range), word) != std::end(range);
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

class Cleaner {
 public:
  explicit Cleaner(std::string_view text) : text_(text) { out_.reserve(text.size() + 16); }
  std::string clean();

 private:
  void command();
  void text_argument(std::string_view name);
  bool unicode();
  // The end of the group that opens at `at`, one past its brace; npos when it is not closed.
  std::size_t group_end(std::size_t at) const;
  bool starts(std::string_view literal) const { return text_.substr(at_).starts_with(literal); }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string out_;
};

std::size_t Cleaner::group_end(std::size_t at) const {
  // Text holds little: a bound keeps a line of unclosed \text{\text{… linear.
  const std::size_t last = std::min(text_.size(), at + 400);
  int depth = 0;
  for (std::size_t i = at; i < last; ++i) {
    if (text_[i] == '\\') {
      ++i;
    } else if (text_[i] == '{') {
      ++depth;
    } else if (text_[i] == '}' && --depth == 0) {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

void Cleaner::text_argument(std::string_view name) {
  std::size_t open = at_;
  while (open < text_.size() && is_space(text_[open])) ++open;
  if (open >= text_.size() || text_[open] != '{') return;
  const std::size_t end = group_end(open);
  if (end == std::string_view::npos) return;  // the brace stays, and the reader complains
  const std::string_view whole = text_.substr(open + 1, end - open - 2), content = trim(whole);
  if (is_one_of(kSeparatorWords, content)) {
    out_ += "\\sep ";
    at_ = end;
    return;
  }
  const auto letters = static_cast<std::size_t>(std::count_if(content.begin(), content.end(), is_letter));
  const bool maths = content.find_first_of("0123456789=^_\\+*/<>|$") != std::string_view::npos;
  const bool font = name.starts_with("math") || name == "operatorname" || name == "boldsymbol" ||
                    name == "bm" || name == "pmb";
  if (maths || letters == 0 || (font && letters <= 1)) return;  // read on, as a group
  out_ += font ? "\\word{" : "\\text{";
  for (const char c : content) {
    if (c != '{' && c != '}') out_ += c;
  }
  out_ += '}';
  at_ = end;
}

void Cleaner::command() {
  const char next = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
  if (!is_letter(next)) {
    at_ += 2;
    if (next == '!') {
      // 10,\!080: the comma groups digits.
      std::size_t after = at_;
      while (after < text_.size() && text_[after] == ' ') ++after;
      if (!out_.empty() && out_.back() == ',' && after < text_.size() && is_digit(text_[after])) {
        out_.back() = kGroupMark;
        at_ = after;
      }
    } else if (next == ',' || next == ';' || next == ':' || next == ' ' || next == '/' || next == '(' ||
               next == ')' || next == '[' || next == ']' || next == '\n' || next == '>') {
      out_ += ' ';
    } else if (next == '%') {
      out_ += '%';
    } else if (next == '$' || next == '#' || next == '\0') {
      out_ += ' ';
    } else if (next == '|') {
      out_ += '|';
    } else {
      out_ += '\\';
      out_ += next;
    }
    return;
  }
  std::size_t end = at_ + 1;
  while (end < text_.size() && is_letter(text_[end])) ++end;
  const std::string_view name = text_.substr(at_ + 1, end - at_ - 1);
  at_ = end;
  if (is_one_of(kTextCommands, name)) return text_argument(name);
  if ((name == "left" || name == "right") && starts(".")) ++at_;
  if (name == "hspace" || name == "phantom" || name == "vspace") {
    const std::size_t close = group_end(at_);
    if (close != std::string_view::npos) at_ = close;
    out_ += ' ';
    return;
  }
  for (const auto& [from, to] : kCommands) {
    if (from == name) {
      out_ += to;
      return;
    }
  }
  out_ += '\\';
  out_ += name;
  if (at_ < text_.size() && (is_letter(text_[at_]) || is_space(text_[at_]))) out_ += ' ';
}

bool Cleaner::unicode() {
  // Two superscripts in a row are one exponent.
  for (const auto& [from, to] : kUnicode) {
    if (text_[at_] != from[0] || !starts(from)) continue;
    at_ += from.size();
    if (to.starts_with("^{") && out_.ends_with('}') && at_ >= 2 * from.size() &&
        static_cast<unsigned char>(text_[at_ - from.size() - 1]) >= 0x80) {
      out_.pop_back();
      out_ += to.substr(2);
    } else {
      out_ += to;
    }
    return true;
  }
  return false;
}

std::string Cleaner::clean() {
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == '\\') {
      command();
    } else if (c == '$' || c == '~' || c == '`' || is_space(c)) {
      out_ += ' ';
      ++at_;
    } else if (c == '{' && (starts("{,}") || starts("{.}"))) {
      out_ += text_[at_ + 1] == ',' ? kGroupMark : '.';
      at_ += 3;
    } else if (c == '*' && starts("**")) {
      out_ += '^';
      at_ += 2;
    } else if (c == '<' && starts("<=")) {
      out_ += "\\le ";
      at_ += 2;
    } else if (c == '>' && starts(">=")) {
      out_ += "\\ge ";
      at_ += 2;
    } else if (c == '!' && starts("!=")) {
      out_ += "\\ne ";
      at_ += 2;
    } else if (c == '=' && starts("==")) {
      out_ += '=';
      at_ += 2;
    } else if (static_cast<unsigned char>(c) >= 0x80 && unicode()) {
    } else {
      out_ += c;
      ++at_;
    }
  }
  return std::move(out_);
}

}  // namespace

std::string clean_math(std::string_view text) { return Cleaner(text).clean(); }

std::string fold_words(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\' && i + 1 < text.size() && is_letter(text[i + 1])) {
      std::size_t end = i + 1;
      while (end < text.size() && is_letter(text[end])) ++end;
      const std::string_view name = text.substr(i + 1, end - i - 1);
      if (is_one_of(kTextCommands, name) || name == "left" || name == "right" || name == "word" ||
          name == "quad") {
        i = end - 1;
        if (!out.empty() && out.back() != ' ') out += ' ';
        continue;
      }
      out += name;
      i = end - 1;
    } else if (c >= 'A' && c <= 'Z') {
      out += static_cast<char>(c - 'A' + 'a');
    } else if (is_letter(c) || is_digit(c) || static_cast<unsigned char>(c) >= 0x80 || c == '-' || c == '+') {
      out += c;
    } else if (c == '\'') {
      continue;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  for (const std::string_view article : {"the ", "an ", "a "}) {
    if (out.starts_with(article) && out.size() > article.size()) return out.substr(article.size());
  }
  return out;
}

}  // namespace hone
