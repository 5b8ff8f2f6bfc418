#include "hone/verify/proof/metamath_tokens.h"

#include <algorithm>
#include <array>

namespace hone::metamath {
namespace {

enum : unsigned char { kBad = 0, kSpace = 1, kPrintable = 2 };

constexpr std::array<unsigned char, 256> make_classes() {
  std::array<unsigned char, 256> classes{};
  for (int c = 33; c < 127; ++c) classes[static_cast<std::size_t>(c)] = kPrintable;
  for (const char c : {' ', '\t', '\n', '\r', '\f'}) classes[static_cast<unsigned char>(c)] = kSpace;
  return classes;
}
constexpr std::array<unsigned char, 256> kClasses = make_classes();

unsigned char class_of(char c) { return kClasses[static_cast<unsigned char>(c)]; }

}  // namespace

Error Tokens::error(std::string rule, std::string_view got) const {
  const auto line = 1 + std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(token_), '\n');
  std::string value = got.empty() ? "" : "'" + std::string(got.substr(0, 60)) + "'";
  return Error{fmt::format("{}:{}", name_, line), std::move(rule), std::move(value)};
}

Result<std::string_view> Tokens::next() {
  while (true) {
    while (at_ < text_.size() && class_of(text_[at_]) == kSpace) ++at_;
    token_ = at_;
    while (at_ < text_.size() && class_of(text_[at_]) == kPrintable) ++at_;
    if (at_ < text_.size() && class_of(text_[at_]) == kBad) {
      token_ = at_;
      return error("characters must be printable ASCII or white space",
                   fmt::format("byte {}", static_cast<unsigned char>(text_[at_])));
    }
    const std::string_view token = text_.substr(token_, at_ - token_);
    if (token != "$(") return token;
    HONE_TRY_VOID(skip_comment());
  }
}

Result<void> Tokens::skip_comment() {
  const std::size_t open = token_;
  for (; at_ < text_.size(); ++at_) {
    const char c = text_[at_];
    if (class_of(c) == kBad) {
      token_ = at_;
      return error("characters must be printable ASCII or white space",
                   fmt::format("byte {}", static_cast<unsigned char>(c)));
    }
    if (c != '$' || at_ + 1 == text_.size()) continue;
    const char after = text_[at_ + 1];
    if (after == '(') {
      token_ = at_;
      return error("a comment must not hold another");
    }
    if (after == ')') {
      const bool alone = class_of(text_[at_ - 1]) == kSpace &&
                         (at_ + 2 == text_.size() || class_of(text_[at_ + 2]) == kSpace);
      if (!alone) {
        token_ = at_;
        return error("$) must stand between white space");
      }
      at_ += 2;
      return {};
    }
  }
  token_ = open;
  return error("a comment must be closed by $)");
}

Result<std::string_view> Tokens::raw_until_end() {
  const std::size_t begin = at_;
  while (true) {
    HONE_TRY(const std::string_view token, next());
    if (token.empty()) return error("the proof must end with $.");
    if (token == "$.") return text_.substr(begin, token_ - begin);
    if (token.find('$') != std::string_view::npos) return error("a proof holds labels only", token);
  }
}

bool is_label(std::string_view token) {
  return !token.empty() && std::all_of(token.begin(), token.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

bool is_math_symbol(std::string_view token) {
  return !token.empty() && token.find('$') == std::string_view::npos;
}

}  // namespace hone::metamath
