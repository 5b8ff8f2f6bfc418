#include "hone/verify/math/judge.h"

#include <algorithm>
#include <array>
#include <optional>

#include "hone/base/ascii.h"
#include "hone/symbolic/ball.h"
#include "hone/symbolic/clean.h"
#include "hone/symbolic/compare.h"
#include "hone/symbolic/parser.h"
#include "hone/text/utf8.h"
#include "hone/verify/answer.h"
#include "hone/verify/math/quantity.h"

namespace hone {
namespace {

std::string shown(std::string_view text) {
  std::string out(text.substr(0, 60));
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  }
  // A cut must not leave half a character.
  while (text.size() > 60 && !out.empty() && (static_cast<unsigned char>(out.back()) & 0xC0) == 0x80)
    out.pop_back();
  if (text.size() > 60) {
    if (!out.empty() && static_cast<unsigned char>(out.back()) >= 0xC0) out.pop_back();
    out += "…";
  }
  return out;
}

// Markdown bold, code marks, and one box around everything.
std::string_view unwrapped(std::string_view text) {
  text = trimmed(text);
  for (int i = 0; i < 8; ++i) {
    const std::size_t before = text.size();
    for (const std::string_view mark : {"**", "__", "`", "$$"}) {
      if (text.size() >= 2 * mark.size() + 1 && text.starts_with(mark) && text.ends_with(mark)) {
        text = trimmed(text.substr(mark.size(), text.size() - 2 * mark.size()));
      }
    }
    if (text.size() > 2 && text.front() == '$' && text.back() == '$' &&
        text.find('$', 1) == text.size() - 1) {
      text = trimmed(text.substr(1, text.size() - 2));
    }
    if (text.starts_with("\\displaystyle")) text = trimmed(text.substr(13));
    for (const auto& [open, close] : {std::pair{"\\(", "\\)"}, {"\\[", "\\]"}}) {
      if (text.size() > 4 && text.starts_with(open) && text.find(close) == text.size() - 2) {
        text = trimmed(text.substr(2, text.size() - 4));
      }
    }
    if (text.starts_with("\\boxed{") && text.ends_with("}")) {
      if (const auto inside = boxed_answer(text); inside && inside->size() + 8 == text.size())
        text = trimmed(*inside);
    }
    if (text.size() == before) break;
  }
  return text;
}

// Digits with a sign, without leading zeros; nothing for anything else.
std::optional<std::string_view> plain_integer(std::string_view text, bool& negative) {
  negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  if (text.empty() || !std::ranges::all_of(text, is_digit)) return std::nullopt;
  const std::size_t first = text.find_first_not_of('0');
  if (first == std::string_view::npos) {
    negative = false;
    return text.substr(0, 0);
  }
  return text.substr(first);
}

// "C", "(C)", "\text{(C)}", "C.": the letter; nothing for anything else. In an answer also "(C) 5" and
// "option C".
std::optional<char> choice(std::string_view text, bool in_answer) {
  std::string bare;
  std::string_view rest = text;
  for (const std::string_view command :
       {"\\textbf", "\\textrm", "\\text", "\\mathrm", "\\mathbf", "\\mbox", "\\textrm", "\\rm", "\\bf"}) {
    if (rest.starts_with(command)) rest.remove_prefix(command.size());
  }
  rest = trimmed(rest);
  if (in_answer) {
    for (const std::string_view word : {"option ", "Option ", "choice ", "Choice ", "answer ", "Answer "}) {
      if (rest.starts_with(word)) rest = trimmed(rest.substr(word.size()));
    }
  }
  std::size_t i = 0;
  bool bracketed = false;
  while (i < rest.size() &&
         (rest[i] == '{' || rest[i] == '(' || rest[i] == ' ' || rest[i] == '[' || rest[i] == '*')) {
    bracketed = bracketed || rest[i] == '(' || rest[i] == '[';
    ++i;
  }
  if (i >= rest.size() || !is_letter(rest[i])) return std::nullopt;
  const char letter = static_cast<char>(rest[i] & ~0x20);
  const bool upper = rest[i] == letter;
  ++i;
  std::size_t closed = 0;
  while (i < rest.size() && (rest[i] == '}' || rest[i] == ')' || rest[i] == ' ' || rest[i] == ']' ||
                             rest[i] == '.' || rest[i] == ':' || rest[i] == '*')) {
    closed += rest[i] == ')' || rest[i] == '.' || rest[i] == ':' || rest[i] == ']' ? 1 : 0;
    ++i;
  }
  if (letter > 'J') return std::nullopt;
  if (i < rest.size() && !(in_answer && upper && closed > 0 &&
                           (bracketed || rest[1] == '.' || rest[1] == ')' || rest[1] == ':'))) {
    return std::nullopt;
  }
  if (!in_answer && !upper) return std::nullopt;
  return letter;
}

// Words rather than a product of variables: \text{…}, four letters in a row, or one of a few short words.
// They are compared without regard to case.
bool is_wording(std::string_view text) {
  if (text.find_first_of("=^/*_<>|+0123456789") != std::string_view::npos) return false;
  if (text.starts_with("\\text") || text.starts_with("\\mbox")) return true;
  if (!std::ranges::all_of(text, [](char c) { return is_letter(c) || c == ' '; })) return false;
  constexpr std::array<std::string_view, 9> kShort = {"yes", "no",  "odd", "all", "one",
                                                      "two", "six", "ten", "red"};
  if (std::ranges::find(kShort, fold_words(text)) != kShort.end()) return true;
  std::size_t run = 0;
  for (const char c : text) {
    run = c == ' ' ? 0 : run + 1;
    if (run >= 4) return true;
  }
  return false;
}

// Cleaned text without what changes no meaning: spaces that part no words, braces around one sign, a full
// stop.
std::string normalised(std::string_view text) {
  const std::string cleaned = clean_math(text);
  const auto is_wordy = [](char c) { return is_letter(c) || is_digit(c) || c == '.'; };
  std::string out;
  for (std::size_t i = 0; i < cleaned.size(); ++i) {
    const auto at = [&](std::size_t k) { return k < cleaned.size() ? cleaned[k] : '\0'; };
    if (cleaned[i] == ' ') {
      const std::size_t word = out.find_last_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
      const bool command = word != std::string::npos && out[word] == '\\' && !is_letter(at(i + 1));
      if (!out.empty() && !command && is_wordy(out.back()) && is_wordy(at(i + 1))) out += ' ';
    } else if (cleaned[i] == '{' && at(i + 2) == '}' && !is_wordy(at(i + 3))) {
      out += at(++i);
      ++i;
    } else {
      out += cleaned[i];
    }
  }
  while (!out.empty() && (out.back() == '.' || out.back() == ' ')) out.pop_back();
  return out;
}

// The same words, or two ways of saying that there is nothing.
bool same_words(std::string_view a, std::string_view b) {
  const auto meaning = [](std::string_view text) -> std::string {
    std::string words = fold_words(text);
    if (words == "dne") return "does not exist";
    if (words == "no solutions") return "no solution";
    return words;
  };
  return meaning(a) == meaning(b);
}

// Two words of two letters or more in a row: a sentence, even when its letters multiply.
bool is_prose(std::string_view text) {
  int words = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_letter(text[i])) continue;
    std::size_t end = i;
    while (end < text.size() && is_letter(text[end])) ++end;
    const bool bare = (i == 0 || text[i - 1] == ' ') &&
                      (end == text.size() || text[end] == ' ' || text[end] == ',' || text[end] == ':');
    words += bare && end - i >= 2 ? 1 : 0;
    i = end;
  }
  return words >= 2;
}

class Judge {
 public:
  Judge(std::string_view reference, std::string_view answer)
      : reference_(unwrapped(reference)), answer_(unwrapped(answer)), budget_(kMathSteps) {}
  MathJudgement run();

 private:
  std::optional<MathJudgement> by_text();
  MathJudgement by_meaning();
  MathJudgement verdict(bool correct, std::string_view how) const {
    return {correct ? VerdictStatus::kCorrect : VerdictStatus::kWrong,
            shown(answer_) + " against " + shown(reference_) + (correct ? ": equal by " : ": different by ") +
                std::string(how),
            false, true};
  }
  MathJudgement undecided() const {
    return {VerdictStatus::kTimeout,
            shown(answer_) + " against " + shown(reference_) + ": the step budget is spent", false, true};
  }
  MathJudgement as_text() const {
    MathJudgement judged = verdict(normalised(reference_) == normalised(answer_), "normalised text");
    judged.read_reference = false;
    return judged;
  }
  std::optional<Comparison> scaled(const ParsedAnswer& reference, const ParsedAnswer& answer,
                                   const Quantity& r, const Quantity& a);
  bool within_tolerance(const ParsedAnswer& reference, NodeId answer);
  bool with_decimal_comma(const ParsedAnswer& reference, std::string_view body);

  std::string_view reference_, answer_;
  Budget budget_;
  Expressions x_;
};

std::optional<MathJudgement> Judge::by_text() {
  if (reference_ == answer_) return verdict(true, "text");
  bool minus_r = false, minus_a = false;
  const auto r = plain_integer(reference_, minus_r), a = plain_integer(answer_, minus_a);
  if (r && a) return verdict(*r == *a && minus_r == minus_a, "exact numbers");
  if (reference_.size() <= 40) {
    // "\\textbf{(A)}\\ 5": the letter or what it stands for.
    const std::size_t brace = reference_.find('}');
    if (reference_.starts_with("\\text") && brace != std::string_view::npos &&
        brace + 1 < reference_.size()) {
      const auto letter = choice(reference_, true), chosen = choice(answer_, true);
      if (letter && chosen) return verdict(*letter == *chosen, "choice");
      std::string_view rest = trimmed(reference_.substr(brace + 1));
      while (rest.starts_with("\\ ") || rest.starts_with("~"))
        rest = trimmed(rest.substr(rest[0] == '~' ? 1 : 2));
      if (letter && !rest.empty()) return Judge(rest, answer_).run();
    }
    if (const auto letter = choice(reference_, false)) {
      const auto chosen = choice(answer_, true);
      if (chosen) return verdict(*letter == *chosen, "choice");
      if (reference_.find_first_of("({") != std::string_view::npos) {
        return verdict(false, "choice");
      }
    }
    if (is_wording(reference_) && answer_.size() <= 200) {
      if (!fold_words(reference_).empty() && same_words(reference_, answer_)) return verdict(true, "words");
    }
  }
  return std::nullopt;
}

// Whether 1/n has a finite decimal expansion.
bool only_twos_and_fives(mpz_class n) {
  for (const unsigned long p : {2ul, 5ul}) mpz_remove(n.get_mpz_t(), n.get_mpz_t(), mpz_class(p).get_mpz_t());
  return n == 1;
}

bool Judge::within_tolerance(const ParsedAnswer& reference, NodeId answer) {
  if (!reference.decimal || !is_scalar(x_.kind(answer)) || x_.contains(answer, Kind::kVariable) ||
      x_.contains(answer, Kind::kInfinity)) {
    return false;
  }
  const mpq_class value = x_.value(reference.root);
  mpz_class tens;
  mpz_ui_pow_ui(tens.get_mpz_t(), 10, reference.decimals);
  mpq_class half_digit(1, 2 * tens);
  half_digit.canonicalize();
  const bool is_decimal = x_.is_number(answer) && only_twos_and_fives(x_.value(answer).get_den());
  const mpq_class relative = abs(value) / (is_decimal ? kToleranceInverse : kRoundedToleranceInverse);
  const mpq_class limit = std::min(half_digit, relative);
  if (x_.is_number(answer)) {
    const mpq_class gap = abs(x_.value(answer) - value);
    return gap <= limit;
  }
  const NodeId gap = x_.subtract(answer, reference.root);
  return sign_in_balls(x_, x_.subtract(x_.number(limit), gap), budget_) > 0 &&
         sign_in_balls(x_, x_.add(x_.number(limit), gap), budget_) > 0;
}

// "3,14" for a reference that is one number.
bool Judge::with_decimal_comma(const ParsedAnswer& reference, std::string_view body) {
  if (!x_.is_number(reference.root) || std::ranges::count(body, ',') != 1 ||
      body.find(", ") != std::string_view::npos)
    return false;
  const auto again = parse_answer(body, {.decimal_comma = true}, x_, budget_);
  if (!again.ok() || !x_.is_number(again->root)) return false;
  return again->root == reference.root || within_tolerance(reference, again->root);
}

// Known units of one dimension: the values in the base unit.
std::optional<Comparison> Judge::scaled(const ParsedAnswer& reference, const ParsedAnswer& answer,
                                        const Quantity& r, const Quantity& a) {
  if (r.dimension.empty() || a.dimension.empty()) return std::nullopt;
  if (r.dimension != a.dimension) return Comparison{Agreement::kDifferent, Method::kStructure};
  if (r.scale_above == a.scale_above && r.scale_below == a.scale_below) return std::nullopt;
  if (!is_scalar(x_.kind(reference.root)) || !is_scalar(x_.kind(answer.root))) return std::nullopt;
  mpq_class left(r.scale_above, r.scale_below), right(a.scale_above, a.scale_below);
  left.canonicalize();
  right.canonicalize();
  return compare_answers(x_, x_.multiply(x_.number(left), reference.root),
                         x_.multiply(x_.number(right), answer.root), budget_);
}

MathJudgement Judge::by_meaning() {
  const Quantity r = take_unit(reference_), a = take_unit(answer_);
  const auto reference = parse_answer(r.body, {}, x_, budget_);
  if (!reference.ok()) return budget_.spent() ? undecided() : as_text();
  const auto answer = parse_answer(a.body, {}, x_, budget_);
  if (budget_.spent()) return undecided();
  const bool words = x_.kind(reference->root) == Kind::kText;
  if (!answer.ok()) {
    if (words) return verdict(false, "words");
    return {VerdictStatus::kUnparsable, answer.error().message(), false, true};
  }
  if (words || x_.kind(answer->root) == Kind::kText) {
    MathJudgement judged = verdict(same_words(reference_, answer_), "words");
    judged.is_words = !words;
    return judged;
  }
  const auto in_units = scaled(*reference, *answer, r, a);
  const Comparison compared =
      in_units ? *in_units : compare_answers(x_, reference->root, answer->root, budget_);
  if (compared.agreement == Agreement::kEqual) return verdict(true, to_string(compared.method));
  if (!in_units && within_tolerance(*reference, answer->root)) return verdict(true, "tolerance");
  if (with_decimal_comma(*reference, a.body)) return verdict(true, "a decimal comma");
  if (compared.agreement == Agreement::kDifferent) {
    MathJudgement judged = verdict(false, to_string(compared.method));
    judged.is_words = is_prose(answer_);
    return judged;
  }
  if (budget_.spent()) return undecided();
  MathJudgement judged = verdict(false, "default");
  judged.detail = shown(answer_) + " against " + shown(reference_) + ": not shown to be equal";
  return judged;
}

MathJudgement Judge::run() {
  if (reference_.empty()) return {VerdictStatus::kError, "the reference must not be empty", false, false};
  if (reference_.size() > kMaxAnswerBytes) {
    return {
        VerdictStatus::kError,
        fmt::format("the reference must have at most {} bytes, got {}", kMaxAnswerBytes, reference_.size()),
        false, false};
  }
  if (answer_.empty()) return {VerdictStatus::kUnparsable, "an empty answer", false, false};
  if (answer_.size() > kMaxAnswerBytes) {
    return {VerdictStatus::kUnparsable, fmt::format("an answer of {} bytes", answer_.size()), false, false};
  }
  if (auto judged = by_text()) return *judged;
  return by_meaning();
}

}  // namespace

MathJudgement judge_answer(std::string_view reference, std::string_view answer) {
  MathJudgement judged = Judge(reference, answer).run();
  // A detail quotes what a model wrote, cut somewhere; it goes into JSON.
  std::string valid;
  append_lossy_utf8(judged.detail, valid);
  judged.detail = std::move(valid);
  return judged;
}

}  // namespace hone
