#include "hone/text/jinja/lexer.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "hone/text/jinja/characters.h"
#include "hone/text/jinja/string_literal.h"

namespace hone::jinja {
namespace {

using TokenKind = Token::Kind;

bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool is_decimal(char c) { return c >= '0' && c <= '9'; }
bool is_name_part(char c) { return is_name_start(c) || is_decimal(c); }

// Every line break becomes \n, and the last one goes.
std::string normalize_lines(const std::string& source) {
  std::string text;
  text.reserve(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\r') {
      text += source[i];
    } else {
      text += '\n';
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
    }
  }
  if (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

class Lexer {
 public:
  explicit Lexer(const std::string& source) : text_(normalize_lines(source)), view_(text_) {}

  Result<std::vector<Token>> run() {
    while (at_ < view_.size()) {
      const std::size_t tag = next_tag();
      if (tag == std::string_view::npos) {
        emit(TokenKind::kData, view_.substr(at_));
        advance(view_.size());
        break;
      }
      const char kind = view_[tag + 1];
      const std::size_t body = tag + 2;
      const char sign =
          body < view_.size() && (view_[body] == '-' || view_[body] == '+') ? view_[body] : '\0';
      emit_data(tag, sign, kind != '{');
      advance(body + (sign != '\0' ? 1 : 0));
      if (kind == '#') {
        HONE_TRY_VOID(comment());
      } else if (kind == '%') {
        HONE_TRY(const bool raw, raw_block());
        if (!raw) HONE_TRY_VOID(tag_body(TokenKind::kBlockBegin, TokenKind::kBlockEnd, '%'));
      } else {
        HONE_TRY_VOID(tag_body(TokenKind::kPrintBegin, TokenKind::kPrintEnd, '}'));
      }
    }
    emit(TokenKind::kEnd, "");
    return std::move(tokens_);
  }

 private:
  Error error(std::string rule, std::string got = {}) const {
    return {place(line_), std::move(rule), std::move(got)};
  }

  void emit(TokenKind kind, std::string_view text) { tokens_.push_back({kind, std::string(text), line_}); }

  void advance(std::size_t to) {
    line_ += static_cast<int>(std::count(view_.begin() + static_cast<std::ptrdiff_t>(at_),
                                         view_.begin() + static_cast<std::ptrdiff_t>(to), '\n'));
    at_ = to;
  }

  void skip_space() {
    std::size_t to = at_;
    for (Character c; to < view_.size(); to += c.bytes) {
      c = character_at(view_, to);
      if (!is_space(c.code)) break;
    }
    advance(to);
  }

  std::size_t next_tag() const {
    for (std::size_t brace = view_.find('{', at_); brace != view_.npos; brace = view_.find('{', brace + 1)) {
      if (brace + 1 < view_.size() && std::string_view("{%#").find(view_[brace + 1]) != view_.npos)
        return brace;
    }
    return view_.npos;
  }

  // The data from here to a tag, less what the tag takes away before itself.
  void emit_data(std::size_t end, char sign, bool strips_line) {
    std::string_view data = view_.substr(at_, end - at_);
    if (sign == '-') {
      data = strip(data, Side::kRight);
    } else if (sign != '+' && strips_line) {
      const std::size_t line_break = data.rfind('\n');
      const bool line_known = line_break != data.npos || at_ == 0 || view_[at_ - 1] == '\n';
      const std::size_t line_start = line_break == data.npos ? 0 : line_break + 1;
      if (line_known && strip(data.substr(line_start), Side::kBoth).empty())
        data = data.substr(0, line_start);
    }
    if (!data.empty()) emit(TokenKind::kData, data);
    advance(end);
  }

  // Past a tag's end, whose two characters start at `end`; `sign` is the one before them.
  void close_tag(std::size_t end, char sign, bool trims_line) {
    advance(end + 2);
    if (sign == '-') {
      skip_space();
    } else if (sign != '+' && trims_line && at_ < view_.size() && view_[at_] == '\n') {
      advance(at_ + 1);
    }
  }

  char sign_before(std::size_t end) const {
    const char before = end > at_ ? view_[end - 1] : '\0';
    return before == '-' || before == '+' ? before : '\0';
  }

  Result<void> comment() {
    const std::size_t end = view_.find("#}", at_);
    if (end == view_.npos) return error("a comment must end with #}");
    close_tag(end, sign_before(end), true);
    return {};
  }

  // Whether `word` and the end of its tag stand at `from`; then the place of %} and of what is before it.
  std::optional<std::size_t> word_tag(std::size_t from, std::string_view word, char& sign) const {
    const auto skip = [&](std::size_t to) {
      while (to < view_.size() && is_space(character_at(view_, to).code)) to += character_at(view_, to).bytes;
      return to;
    };
    std::size_t to = skip(from);
    if (view_.substr(to, word.size()) != word) return std::nullopt;
    to = skip(to + word.size());
    sign = to < view_.size() && (view_[to] == '-' || view_[to] == '+') ? view_[to] : '\0';
    if (sign != '\0') ++to;
    if (view_.substr(to, 2) != "%}") return std::nullopt;
    return to;
  }

  // {% raw %}…{% endraw %}, when it stands here.
  Result<bool> raw_block() {
    char sign = '\0';
    const auto open = word_tag(at_, "raw", sign);
    if (!open || sign == '+') return false;
    close_tag(*open, sign, false);
    for (std::size_t tag = view_.find("{%", at_); tag != view_.npos; tag = view_.find("{%", tag + 2)) {
      const std::size_t body = tag + 2;
      const char before =
          body < view_.size() && (view_[body] == '-' || view_[body] == '+') ? view_[body] : '\0';
      const auto close = word_tag(body + (before != '\0' ? 1 : 0), "endraw", sign);
      if (!close) continue;
      emit_data(tag, before, true);
      close_tag(*close, sign, true);
      return true;
    }
    return error("raw must end with {% endraw %}");
  }

  Result<void> tag_body(TokenKind begin, TokenKind end, char last) {
    emit(begin, "");
    const int opened = line_;
    while (at_ < view_.size()) {
      if (brackets_.empty() && at_end(last)) {
        const char sign = view_[at_] == '-' || view_[at_] == '+' ? view_[at_] : '\0';
        emit(end, "");
        close_tag(at_ + (sign != '\0' ? 1 : 0), sign, last == '%');
        return {};
      }
      HONE_TRY_VOID(token());
    }
    return Error{place(opened), std::string("a tag must end with ") + last + "}", "the end of the template"};
  }

  bool at_end(char last) const {
    const char here = view_[at_];
    const bool signed_end = here == '-' || (here == '+' && last == '%');
    const std::size_t end = at_ + (signed_end ? 1 : 0);
    return end + 1 < view_.size() && view_[end] == last && view_[end + 1] == '}';
  }

  Result<void> token() {
    const char c = view_[at_];
    if (is_space(character_at(view_, at_).code)) {
      skip_space();
      return {};
    }
    if (is_decimal(c)) return number();
    if (c == '"' || c == '\'') return string(c);
    if (is_name_start(c)) {
      std::size_t end = at_;
      while (end < view_.size() && is_name_part(view_[end])) ++end;
      return take(TokenKind::kName, end);
    }
    return op();
  }

  Result<void> take(TokenKind kind, std::size_t end) {
    emit(kind, view_.substr(at_, end - at_));
    advance(end);
    return {};
  }

  // Digits with single underscores between them, from `from`.
  std::size_t digits(std::size_t from) const {
    std::size_t end = from;
    while (end < view_.size() &&
           (is_decimal(view_[end]) ||
            (view_[end] == '_' && end > from && end + 1 < view_.size() && is_decimal(view_[end + 1])))) {
      ++end;
    }
    return end;
  }

  Result<void> number() {
    if (view_[at_] == '0' && at_ + 1 < view_.size() &&
        std::string_view("xXoObB").find(view_[at_ + 1]) != view_.npos) {
      std::size_t end = at_ + 2;
      while (end < view_.size() && is_name_part(view_[end])) ++end;
      return take(TokenKind::kInteger, end);
    }
    const std::size_t whole = digits(at_);
    std::size_t end = whole;
    const bool after_dot = at_ > 0 && view_[at_ - 1] == '.';  // items.0.1 is two subscripts, not a float
    if (!after_dot) {
      if (end + 1 < view_.size() && view_[end] == '.' && is_decimal(view_[end + 1])) end = digits(end + 1);
      if (end < view_.size() && (view_[end] | 0x20) == 'e') {
        const std::size_t sign =
            end + 1 < view_.size() && (view_[end + 1] == '+' || view_[end + 1] == '-') ? 1 : 0;
        const std::size_t exponent = digits(end + 1 + sign);
        if (exponent > end + 1 + sign) end = exponent;
      }
    }
    const bool zero_led =
        view_[at_] == '0' && view_.substr(at_, whole - at_).find_first_not_of("0_") != view_.npos;
    if (zero_led && end == whole)
      return error("an integer must not start with 0", std::string(view_.substr(at_, end - at_)));
    return take(end == whole ? TokenKind::kInteger : TokenKind::kFloat, end);
  }

  Result<void> string(char quote) {
    std::size_t end = at_ + 1;
    while (end < view_.size() && view_[end] != quote) end += view_[end] == '\\' ? 2 : 1;
    if (end >= view_.size()) return error("a string must be closed", std::string(view_.substr(at_, 20)));
    auto value = unescape(view_.substr(at_ + 1, end - at_ - 1));
    if (!value.ok()) return error(value.error().rule, value.error().got);
    emit(TokenKind::kString, *value);
    advance(end + 1);
    return {};
  }

  Result<void> op() {
    for (const std::string_view two : {"//", "**", "==", "!=", ">=", "<="}) {
      if (view_.substr(at_, 2) == two) return take(TokenKind::kOperator, at_ + 2);
    }
    const char c = view_[at_];
    if (std::string_view("+-/*%~[](){}><=.:|,;").find(c) == view_.npos) {
      return error("a template's expression has no such character",
                   std::string(view_.substr(at_, character_at(view_, at_).bytes)));
    }
    if (c == '(' || c == '[' || c == '{') brackets_ += c == '(' ? ')' : (c == '[' ? ']' : '}');
    if (c == ')' || c == ']' || c == '}') {
      if (brackets_.empty()) return error("a bracket must be opened before it closes", std::string(1, c));
      if (brackets_.back() != c) return error(std::string("expected ") + brackets_.back(), std::string(1, c));
      brackets_.pop_back();
    }
    return take(TokenKind::kOperator, at_ + 1);
  }

  std::string text_;
  std::string_view view_;
  std::size_t at_ = 0;
  int line_ = 1;
  std::string brackets_;  // the closing brackets that are awaited
  std::vector<Token> tokens_;
};

}  // namespace

Result<std::vector<Token>> tokenize(const std::string& source) { return Lexer(source).run(); }

std::string place(int line) { return "chat template line " + std::to_string(line); }

std::string describe(const Token& token) {
  switch (token.kind) {
    case TokenKind::kData:
      return "text";
    case TokenKind::kPrintBegin:
      return "{{";
    case TokenKind::kPrintEnd:
      return "}}";
    case TokenKind::kBlockBegin:
      return "{%";
    case TokenKind::kBlockEnd:
      return "%}";
    case TokenKind::kString:
      return "a string";
    case TokenKind::kEnd:
      return "the end of the template";
    case TokenKind::kName:
    case TokenKind::kInteger:
    case TokenKind::kFloat:
    case TokenKind::kOperator:
      return "'" + token.text + "'";
  }
  return "";
}

}  // namespace hone::jinja
