#include <gmpxx.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hone/base/ascii.h"
#include "hone/base/json.h"
#include "hone/verify/answer.h"
#include "hone/verify/verifiers.h"

namespace hone {
namespace {

constexpr std::size_t kMaxBytes = 4096;  // of an expression
constexpr std::size_t kMaxNumbers = 64;  // of a problem
constexpr std::size_t kMaxDigits = 19;   // of a number, leading zeros apart

struct Countdown {
  std::vector<std::uint64_t> numbers;  // ascending
  std::int64_t target = 0;
};

Result<Countdown> read_fields(const std::string& fields, const std::string& where) {
  HONE_TRY(const Json json, parse_json(fields, where + ": fields"));
  if (!json.is_object()) return Error{where + ": fields", "must be an object", brief(json)};
  Countdown game;
  const auto numbers = json.find("numbers");
  if (numbers == json.end() || !numbers->is_array() || numbers->empty() || numbers->size() > kMaxNumbers) {
    return Error{where + ": numbers", fmt::format("must be a list of 1 to {} integers", kMaxNumbers),
                 numbers == json.end() ? "nothing" : brief(*numbers)};
  }
  for (const Json& number : *numbers) {
    if (!number.is_number_integer() || (!number.is_number_unsigned() && number.get<std::int64_t>() < 0) ||
        number.get<std::uint64_t>() > 999'999'999'999'999'999ull) {
      return Error{where + ": numbers", "must be integers from 0 to 10^18 - 1", brief(number)};
    }
    game.numbers.push_back(number.get<std::uint64_t>());
  }
  std::sort(game.numbers.begin(), game.numbers.end());
  const auto target = json.find("target");
  if (target == json.end() || !target->is_number_integer() ||
      (target->is_number_unsigned() && target->get<std::uint64_t>() > INT64_MAX)) {
    return Error{where + ": target", "must be an integer of 64 bits",
                 target == json.end() ? "nothing" : brief(*target)};
  }
  game.target = target->get<std::int64_t>();
  return game;
}

Verdict unparsable(std::string detail) { return {VerdictStatus::kUnparsable, 0.0, std::move(detail)}; }
Verdict wrong(std::string detail) { return {VerdictStatus::kWrong, 0.0, std::move(detail)}; }

// Operator precedence with two explicit stacks (Dijkstra's shunting yard); values are kept apart from the
// reading, so that an expression is read to its end before the first operation.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  // The expression in postfix order, and the text after '='; false when it is no expression.
  bool read();

  struct Item {
    char op = 0;  // 0: the number
    std::uint64_t value = 0;
  };
  const std::vector<Item>& postfix() const { return postfix_; }
  std::optional<std::string_view> tail() const { return tail_; }
  const std::string& complaint() const { return complaint_; }

 private:
  bool fail(std::string why) {
    complaint_ = std::move(why);
    return false;
  }
  bool number();
  bool close();
  char take_operator();
  static int rank(char op) { return op == '+' || op == '-' ? 1 : op == '*' || op == '/' ? 2 : 0; }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<Item> postfix_;
  std::vector<char> pending_;  // operators and open brackets
  std::optional<std::string_view> tail_;
  std::string complaint_;
};

// One of + - * / ( ) = in any of its spellings; '\0', with nothing taken, for anything else.
char Reader::take_operator() {
  struct Spelling {
    std::string_view text;
    char op;
  };
  static constexpr Spelling kSpellings[] = {
      {"+", '+'},        {"-", '-'},        {"*", '*'},        {"/", '/'},
      {"(", '('},        {")", ')'},        {"=", '='},        {"\xE2\x88\x92", '-'},
      {"\xC3\x97", '*'}, {"\xC2\xB7", '*'}, {"\xC3\xB7", '/'}, {"\\times", '*'},
      {"\\cdot", '*'},   {"\\div", '/'},    {"\\left(", '('},  {"\\right)", ')'}};
  for (const auto& [spelling, op] : kSpellings) {
    if (text_.substr(at_).starts_with(spelling)) {
      at_ += spelling.size();
      return op;
    }
  }
  return '\0';
}

bool Reader::number() {
  std::size_t end = at_;
  while (end < text_.size() && text_[end] >= '0' && text_[end] <= '9') ++end;
  std::string_view digits = text_.substr(at_, end - at_);
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
  if (digits.size() > kMaxDigits) return fail("a number is too long");
  std::uint64_t value = 0;
  for (const char c : digits) value = value * 10 + static_cast<std::uint64_t>(c - '0');
  postfix_.push_back({0, value});
  at_ = end;
  return true;
}

bool Reader::close() {
  while (!pending_.empty() && pending_.back() != '(') {
    postfix_.push_back({pending_.back(), 0});
    pending_.pop_back();
  }
  if (pending_.empty()) return fail("')' without '('");
  pending_.pop_back();
  return true;
}

bool Reader::read() {
  bool operand_next = true;
  while (true) {
    while (at_ < text_.size() && (text_[at_] == ' ' || (text_[at_] >= '\t' && text_[at_] <= '\r'))) ++at_;
    if (at_ == text_.size()) break;
    if (text_[at_] >= '0' && text_[at_] <= '9') {
      if (!operand_next) return fail("an operator is missing before a number");
      if (!number()) return false;
      operand_next = false;
      continue;
    }
    const std::size_t begin = at_;
    const char op = take_operator();
    if (op == '\0') return fail(fmt::format("byte {} is no part of an expression", begin));
    if (op == '(') {
      if (!operand_next) return fail("an operator is missing before '('");
      pending_.push_back(op);
      continue;
    }
    if (operand_next) return fail(fmt::format("a number is missing before '{}'", op));
    if (op == '=') {
      tail_ = trimmed(text_.substr(at_));
      break;
    }
    if (op == ')') {
      if (!close()) return false;
      continue;
    }
    while (!pending_.empty() && rank(pending_.back()) >= rank(op)) {
      postfix_.push_back({pending_.back(), 0});
      pending_.pop_back();
    }
    pending_.push_back(op);
    operand_next = true;
  }
  if (operand_next) return fail("the expression ends without a number");
  while (!pending_.empty()) {
    if (pending_.back() == '(') return fail("'(' is not closed");
    postfix_.push_back({pending_.back(), 0});
    pending_.pop_back();
  }
  return true;
}

// The exact value; nothing when it divides by zero.
std::optional<mpq_class> evaluate(const std::vector<Reader::Item>& postfix) {
  static_assert(sizeof(unsigned long) == sizeof(std::uint64_t));
  std::vector<mpq_class> stack;
  for (const Reader::Item& item : postfix) {
    if (item.op == 0) {
      stack.emplace_back(static_cast<unsigned long>(item.value));
      continue;
    }
    const mpq_class right = std::move(stack.back());
    stack.pop_back();
    mpq_class& left = stack.back();
    switch (item.op) {
      case '+':
        left += right;
        break;
      case '-':
        left -= right;
        break;
      case '*':
        left *= right;
        break;
      default:
        if (right == 0) return std::nullopt;
        left /= right;
    }
  }
  return stack.back();
}

std::string_view without_wrapping(std::string_view text) {
  for (const char c : {'`', '$'}) {
    while (text.size() >= 2 && text.front() == c && text.back() == c)
      text = trimmed(text.substr(1, text.size() - 2));
  }
  return text;
}

bool is_integer_text(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && text.size() <= kMaxDigits &&
         text.find_first_not_of("0123456789") == std::string_view::npos;
}

class ExpressionVerifier : public Verifier {
 public:
  std::string name() const override { return "expression"; }
  bool judges_correctness() const override { return true; }
  Verdict verify(const Problem& problem, const Completion& completion) const override {
    const auto game = read_fields(problem.fields, problem.source);
    if (!game) return {VerdictStatus::kError, 0.0, game.error().message()};
    const auto marked = marked_answer(completion.text);
    if (!marked) return unparsable("no <answer>");
    const std::string_view text = without_wrapping(*marked);
    if (text.size() > kMaxBytes) return unparsable(fmt::format("an expression of {} bytes", text.size()));
    Reader reader(text);
    if (!reader.read()) return unparsable(reader.complaint());
    if (reader.tail() && !is_integer_text(*reader.tail())) return unparsable("no integer after '='");

    std::vector<std::uint64_t> used;
    for (const auto& item : reader.postfix()) {
      if (item.op == 0) used.push_back(item.value);
    }
    std::sort(used.begin(), used.end());
    // Before evaluating: an honest expression is as small as the problem.
    if (used != game->numbers) return wrong("does not use each number exactly once");
    const mpq_class target(static_cast<long>(game->target));
    if (reader.tail() && mpq_class(std::string(*reader.tail())) != target) {
      return wrong("the value after '=' is not the target");
    }
    const auto value = evaluate(reader.postfix());
    if (!value) return wrong("divides by zero");
    if (*value == target) return {VerdictStatus::kCorrect, 1.0, "= " + target.get_str()};
    return wrong(value->get_str().substr(0, 60) + " is not " + target.get_str());
  }

  // Expressions are compared as they are written, without white space: of many that hit the target the votes
  // are for one.
  bool compares_answers() const override { return true; }
  std::optional<std::string> final_answer(const Completion& completion) const override {
    const auto marked = marked_answer(completion.text);
    if (!marked) return std::nullopt;
    const std::string_view text = without_wrapping(*marked);
    if (text.size() > kMaxBytes || !Reader(text).read()) return std::nullopt;
    std::string answer;
    for (const char c : text.substr(0, text.find('='))) {
      if (!is_space(c)) answer += c;
    }
    return answer;
  }
};

}  // namespace

std::unique_ptr<Verifier> make_expression_verifier() { return std::make_unique<ExpressionVerifier>(); }

}  // namespace hone
