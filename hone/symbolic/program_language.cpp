#include "hone/symbolic/program_language.h"

#include <array>
#include <cstddef>
#include <string_view>

#include "hone/base/ascii.h"

namespace hone {
namespace {

constexpr std::size_t kMaxProgramBytes = 200;
constexpr int kMaxProgramSteps = 1000, kMaxNesting = 8;
constexpr std::int64_t kProgramLimit = 1'000'000'000;

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  const std::int64_t quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

// Reads and runs at once: a loop goes back to its test in the text. With `running` false it only reads, so
// that what a loop skips is a program too.
class Interpreter {
 public:
  explicit Interpreter(std::string_view text) : text_(text) {}

  Result<ProgramRun> run() {
    HONE_TRY_VOID(block(true, 0));
    if (!printed_ && at_ != text_.size()) return wrong("must end where a statement ends");
    // What stands behind the print must be a program as well.
    if (printed_) {
      at_ = 0;
      HONE_TRY_VOID(block(false, 0));
      if (at_ != text_.size()) return wrong("must end where a statement ends");
    }
    if (!printed_) return wrong("must print");
    if (!named_) return wrong("must print what depends on a name");
    return ProgramRun{std::string(text_), output_, steps_};
  }

 private:
  Error wrong(std::string rule) const {
    return Error{"program", std::move(rule), fmt::format("'{}' at byte {}", text_.substr(at_, 20), at_)};
  }
  bool take(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  Result<void> count() {
    if (++steps_ > kMaxProgramSteps) return wrong(fmt::format("must end within {} steps", kMaxProgramSteps));
    return {};
  }

  // Statements up to "}" or the end of the text; stops early once something was printed.
  Result<void> block(bool running, int depth) {
    if (depth > kMaxNesting) return wrong(fmt::format("must nest at most {} deep", kMaxNesting));
    do {
      HONE_TRY_VOID(statement(running, depth));
      if (running && printed_) return {};
    } while (take(";"));
    return {};
  }

  Result<void> statement(bool running, int depth) {
    if (running) HONE_TRY_VOID(count());
    if (take("while")) return loop(running, depth);
    if (take("print")) {
      HONE_TRY(const std::int64_t value, sum(running, depth));
      if (!running) return {};
      printed_ = true;
      output_ = value;
      return {};
    }
    if (at_ + 1 >= text_.size() || !is_letter(text_[at_]) || text_[at_ + 1] != '=')
      return wrong("must be NAME=…, while…{…} or print…");
    const auto name = static_cast<unsigned char>(text_[at_]);
    at_ += 2;
    HONE_TRY(const std::int64_t value, sum(running, depth));
    if (running) names_[name] = value;
    return {};
  }

  Result<void> loop(bool running, int depth) {
    const std::size_t test_at = at_;
    for (;;) {
      at_ = test_at;
      HONE_TRY(const std::int64_t left, sum(running, depth));
      const bool less = take("<"), more = !less && take(">");
      if (!less && !more && !take("!=")) return wrong("must compare with <, > or !=");
      HONE_TRY(const std::int64_t right, sum(running, depth));
      const bool again = running && (less ? left < right : more ? left > right : left != right);
      if (!take("{")) return wrong("must open a loop with {");
      HONE_TRY_VOID(block(again, depth + 1));
      if (again && printed_) return {};
      if (!take("}")) return wrong("must close a loop with }");
      if (!again) return {};
      HONE_TRY_VOID(count());
    }
  }

  Result<std::int64_t> bounded(std::int64_t value) const {
    if (value >= kProgramLimit || value <= -kProgramLimit) return wrong("numbers must stay below 10^9");
    return value;
  }

  Result<std::int64_t> sum(bool running, int depth) {
    HONE_TRY(std::int64_t value, term(running, depth));
    for (;;) {
      const bool plus = take("+");
      if (!plus && !take("-")) return value;
      HONE_TRY(const std::int64_t next, term(running, depth));
      HONE_TRY(value, bounded(plus ? value + next : value - next));
    }
  }

  Result<std::int64_t> term(bool running, int depth) {
    HONE_TRY(std::int64_t value, factor(running, depth));
    for (;;) {
      const char op = at_ < text_.size() ? text_[at_] : '\0';
      if (op != '*' && op != '/' && op != '%') return value;
      ++at_;
      HONE_TRY(const std::int64_t next, factor(running, depth));
      if (op == '*') {
        HONE_TRY(value, bounded(value * next));  // both below 10^9: no overflow
        continue;
      }
      if (!running) continue;
      if (next == 0) return wrong("must not divide by 0");
      const std::int64_t quotient = floor_div(value, next);
      value = op == '/' ? quotient : value - quotient * next;
    }
  }

  Result<std::int64_t> factor(bool running, int depth) {
    if (depth > kMaxNesting) return wrong(fmt::format("must nest at most {} deep", kMaxNesting));
    if (take("(")) {
      HONE_TRY(const std::int64_t value, sum(running, depth + 1));
      if (!take(")")) return wrong("must close a bracket");
      return value;
    }
    if (at_ < text_.size() && is_letter(text_[at_])) {
      named_ = true;
      const auto name = static_cast<unsigned char>(text_[at_++]);
      return running ? names_[name] : 0;
    }
    if (at_ >= text_.size() || !is_digit(text_[at_])) return wrong("must be a number, a name or a bracket");
    std::int64_t value = 0;
    for (; at_ < text_.size() && is_digit(text_[at_]); ++at_) {
      HONE_TRY(value, bounded(value * 10 + (text_[at_] - '0')));
    }
    return running ? value : 0;
  }

  const std::string_view text_;
  std::size_t at_ = 0;
  std::array<std::int64_t, 256> names_{};
  int steps_ = 0;
  bool printed_ = false, named_ = false;
  std::int64_t output_ = 0;
};

}  // namespace

Result<ProgramRun> run_program(const std::string& text) {
  if (text.size() > kMaxProgramBytes) {
    return Error{"program", fmt::format("must have at most {} bytes", kMaxProgramBytes),
                 std::to_string(text.size())};
  }
  std::string packed;
  for (const char c : text) {
    if (!is_space(c)) packed += c;
  }
  return Interpreter(packed).run();
}

}  // namespace hone
