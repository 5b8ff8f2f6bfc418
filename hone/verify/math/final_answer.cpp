#include "hone/verify/math/final_answer.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>

#include "hone/base/ascii.h"
#include "hone/verify/answer.h"

namespace hone {
namespace {

constexpr std::size_t kNowhere = std::string_view::npos;
constexpr std::size_t kLongest = 8192;  // of a candidate
constexpr int kMaxBoxes = 12;
constexpr std::size_t kTail = 200'000;      // a final answer stands in the last so many bytes
constexpr std::size_t kShortTail = 40'000;  // and an unmarked one in so many

struct Box {
  std::size_t begin = 0, end = 0;  // the command and its group
  std::string_view content;
};

// The box whose command starts at `at`: \boxed{…}, \fbox{…}, or \boxed and one word.
std::optional<Box> box_at(std::string_view text, std::size_t at) {
  std::size_t i = at + 1;
  while (i < text.size() && is_letter(text[i])) ++i;
  while (i < text.size() && is_space(text[i])) ++i;
  if (i >= text.size()) return std::nullopt;
  if (text[i] != '{') {
    std::size_t end = i;
    while (end < text.size() && !is_space(text[end]) && text[end] != '$' && text[end] != '\\') ++end;
    if (end == i) return std::nullopt;
    return Box{at, end, text.substr(i, end - i)};
  }
  const std::size_t begin = ++i;
  for (std::size_t depth = 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '{') {
      ++depth;
    } else if (text[i] == '}' && --depth == 0) {
      return Box{at, i + 1, text.substr(begin, i - begin)};
    }
  }
  return std::nullopt;
}

std::size_t last_box_command(std::string_view text) {
  const std::size_t boxed = text.rfind("\\boxed"), framed = text.rfind("\\fbox");
  if (boxed == kNowhere) return framed;
  return framed == kNowhere ? boxed : std::max(boxed, framed);
}

// Nothing but commas, "and", "or" and typesetting: two boxes beside it are two answers of one list.
bool joins(std::string_view between) {
  if (between.size() > 40) return false;
  std::string kept;
  for (std::size_t i = 0; i < between.size(); ++i) {
    const char c = between[i];
    if (c == '\\') {
      std::size_t end = i + 1;
      while (end < between.size() && is_letter(between[end])) ++end;
      const std::string_view name = between.substr(i + 1, end - i - 1);
      if (name != "text" && name != "quad" && name != "qquad" && !name.empty()) return false;
      i = name.empty() ? i + 1 : end - 1;
    } else if (c != '$' && c != ' ' && c != '\n' && c != '{' && c != '}' && c != '*') {
      kept += c;
    }
  }
  for (const std::string_view word : {",", "and", "or", ",and", ",or", ";"}) {
    if (kept == word) return true;
  }
  return false;
}

// The last box, with those that join it.
std::optional<std::string> boxes(std::string_view text) {
  std::size_t at = last_box_command(text);
  if (at == kNowhere) return std::nullopt;
  const auto last = box_at(text, at);
  if (!last) return std::nullopt;
  std::vector<Box> found = {*last};
  for (int i = 1; i < kMaxBoxes; ++i) {
    at = last_box_command(text.substr(0, found.back().begin));
    // Boxes that join are close: no search through the whole text for each.
    if (at == kNowhere || found.back().begin - at > 400) break;
    const auto before = box_at(text.substr(0, found.back().begin), at);
    if (!before || !joins(text.substr(before->end, found.back().begin - before->end))) break;
    found.push_back(*before);
  }
  std::string all;
  for (auto box = found.rbegin(); box != found.rend(); ++box) {
    if (!all.empty()) all += ", ";
    all += trimmed(box->content);
  }
  return all;
}

struct Formulas {
  std::string_view last;
  int count = 0;
};

// $…$, $$…$$, \(…\), \[…\].
Formulas formulas(std::string_view text) {
  Formulas found;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::size_t begin = 0, end = kNowhere, next = 0;
    if (text[i] == '\\' && i + 1 < text.size()) {
      const char open = text[i + 1];
      if (open == '(' || open == '[') {
        begin = i + 2;
        end = text.find(open == '(' ? "\\)" : "\\]", begin);
        next = end + 1;
      }
      if (end == kNowhere) {
        ++i;
        // No closing mark in the rest: do not look for it again.
        if (open == '(' || open == '[') break;
        continue;
      }
    } else if (text[i] == '$') {
      begin = text.find_first_not_of('$', i);
      if (begin == kNowhere) break;
      end = begin;
      while (end < text.size() && text[end] != '$') end += text[end] == '\\' ? 2 : 1;
      if (end >= text.size()) break;
      next = std::min(text.find_first_not_of('$', end), text.size()) - 1;
      next = std::min(next, end + (begin - i) - 1);
    } else {
      continue;
    }
    const std::string_view content = trimmed(text.substr(begin, end - begin));
    if (!content.empty() && content.size() <= kLongest) {
      found.last = content;
      ++found.count;
    }
    i = next;
  }
  return found;
}

struct Numbers {
  std::string_view last;
  int count = 0;
};

// Runs of digits with signs, points, separators and one fraction bar.
Numbers numbers(std::string_view text) {
  Numbers found;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_digit(text[i])) continue;
    std::size_t begin = i, end = i;
    if (begin > 0 && text[begin - 1] == '.' && (begin < 2 || !is_letter(text[begin - 2]))) --begin;
    if (begin > 0 && text[begin - 1] == '$') --begin;
    if (begin > 0 && text[begin - 1] == '-' &&
        (begin < 2 || !(is_letter(text[begin - 2]) || is_digit(text[begin - 2]))))
      --begin;
    const auto digit_after = [&] { return end + 1 < text.size() && is_digit(text[end + 1]); };
    while (end < text.size() &&
           (is_digit(text[end]) ||
            ((text[end] == '.' || text[end] == ',' || text[end] == '/') && digit_after())))
      ++end;
    if (end < text.size() && text[end] == '%') ++end;
    found.last = text.substr(begin, end - begin);
    ++found.count;
    i = end;
  }
  return found;
}

// What follows the last "answer is" and its kin, up to the end of its sentence.
std::optional<std::string_view> statement(std::string_view text) {
  const std::string folded = lower(text);
  constexpr std::array<std::string_view, 7> kPhrases = {
      "answer is:", "answer is", "answer:", "answer =", "answer:**", "answer**:", "####"};
  std::size_t begin = kNowhere;
  for (const std::string_view phrase : kPhrases) {
    const std::size_t at = folded.rfind(phrase);
    if (at == kNowhere) continue;
    const std::size_t after = at + phrase.size();
    if (begin == kNowhere || after > begin) begin = after;
  }
  if (begin == kNowhere) return std::nullopt;
  std::string_view rest = text.substr(begin);
  while (!rest.empty() && (is_space(rest.front()) || rest.front() == ':' || rest.front() == '*'))
    rest.remove_prefix(1);
  std::size_t end = std::min(rest.size(), kLongest);
  for (std::size_t i = 0; i < end; ++i) {
    const bool line = rest[i] == '\n' && i > 0;
    const bool stop =
        (rest[i] == '.' || rest[i] == '!') && i + 1 < rest.size() && is_space(rest[i + 1]) && i > 0;
    // A display formula may stand on lines of its own.
    if (line && (rest.starts_with("$$") || rest.starts_with("\\["))) {
      const std::size_t close = rest.find(rest[0] == '$' ? "$$" : "\\]", 2);
      end = close == kNowhere ? end : std::min(end, close + 2);
      break;
    }
    if (line || stop) {
      end = i;
      break;
    }
  }
  rest = trimmed(rest.substr(0, end));
  while (!rest.empty() && (rest.back() == '*' || rest.back() == '.')) rest.remove_suffix(1);
  if (rest.empty()) return std::nullopt;
  return rest;
}

void add(std::vector<AnswerCandidate>& found, std::string_view text, const char* place, bool inner = false) {
  text = trimmed(text);
  if (!text.empty() && text.size() <= kLongest) found.push_back({std::string(text), inner, place});
}

std::string_view tail(std::string_view text, std::size_t bytes) {
  return text.size() <= bytes ? text : text.substr(text.size() - bytes);
}

// A sentence that cannot be read whole still holds one answer when it has one formula or one number.
void add_inner(std::vector<AnswerCandidate>& found, std::string_view sentence) {
  const Formulas inside = formulas(sentence);
  if (inside.count == 1) return add(found, inside.last, "formula", true);
  if (inside.count > 1) return;
  const Numbers digits = numbers(sentence);
  if (digits.count == 1) add(found, digits.last, "number", true);
}

}  // namespace

std::vector<AnswerCandidate> final_answers(std::string_view completion) {
  std::vector<AnswerCandidate> found;
  if (const auto tagged = tagged_answer(tail(completion, kTail))) {
    if (const auto boxed = boxes(*tagged)) {
      add(found, *boxed, "box");
      add_inner(found, *boxed);
      return found;
    }
    if (const auto stated = statement(*tagged)) add(found, *stated, "statement");
    add(found, *tagged, "answer tag");
    if (tagged->size() <= kLongest) add_inner(found, *tagged);
    return found;
  }
  std::string_view text = tail(after_thinking(completion), kTail);
  if (const auto boxed = boxes(text)) {
    add(found, *boxed, "box");
    add_inner(found, *boxed);
    return found;
  }
  text = tail(text, kShortTail);
  if (const auto stated = statement(text)) {
    add(found, *stated, "statement");
    add_inner(found, *stated);
    if (!found.empty()) return found;
  }
  const std::string_view bare = trimmed(text);
  // A short completion may be nothing but its answer.
  if (bare.size() <= 60 && bare.find('\n') == kNowhere && bare.find(". ") == kNowhere)
    add(found, bare, "whole text");
  const Formulas all = formulas(text);
  if (all.count > 0) add(found, all.last, "formula");
  const Numbers digits = numbers(text);
  if (digits.count > 0) add(found, digits.last, "number");
  return found;
}

}  // namespace hone
