// From Oniguruma's regular expressions to PCRE2's. The two agree on most of what tokenizers write; the rest
// is rewritten here, each case with the difference it removes.
#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "hone/text/regex.h"
#include "hone/text/utf8.h"

namespace hone {
namespace {

// Oniguruma's words hold the numbers of Latin-1 besides what Unicode (UTS 18, annex C) puts in them.
constexpr std::string_view kWordMembers =
    "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\x{B2}\\x{B3}\\x{B9}\\x{BC}-\\x{BE}";
constexpr std::string_view kHexMembers = "0-9A-Fa-f";

constexpr std::array<std::string_view, 19> kBinaryProperties = {"alphabetic",
                                                                "ascii",
                                                                "any",
                                                                "cased",
                                                                "diacritic",
                                                                "emoji",
                                                                "extender",
                                                                "ideographic",
                                                                "lowercase",
                                                                "math",
                                                                "uppercase",
                                                                "whitespace",
                                                                "joincontrol",
                                                                "xidstart",
                                                                "xidcontinue",
                                                                "idstart",
                                                                "idcontinue",
                                                                "emojimodifier",
                                                                "extendedpictographic"};

constexpr std::array<std::pair<std::string_view, std::string_view>, 19> kLongNames = {{
    {"letter", "L"},
    {"mark", "M"},
    {"number", "N"},
    {"punctuation", "P"},
    {"symbol", "S"},
    {"separator", "Z"},
    {"other", "C"},
    {"uppercaseletter", "Lu"},
    {"lowercaseletter", "Ll"},
    {"titlecaseletter", "Lt"},
    {"decimalnumber", "Nd"},
    {"nonspacingmark", "Mn"},
    {"alpha", "Alphabetic"},
    {"digit", "Nd"},
    {"upper", "Uppercase"},
    {"lower", "Lowercase"},
    {"space", "White_Space"},
    {"cntrl", "Cc"},
    {"otherletter", "Lo"},
}};

// A bracketed class in parts: [a&&[^b]] has two, of which the second is negated.
struct ClassPart {
  std::string members;
  bool negated = false;
  std::string text() const { return (negated ? "[^" : "[") + members + "]"; }
};
struct CharacterClass {
  std::vector<ClassPart> parts;
  bool negated = false;
};

class Translator {
 public:
  explicit Translator(std::string_view pattern) : in_(pattern) {}

  Result<std::string> run() {
    while (at_ < in_.size()) HONE_TRY_VOID(step());
    return out_;
  }

 private:
  Error unsupported(const std::string& what) const {
    return Error{"regular expression", "must use supported syntax (" + what + " is not)", std::string(in_)};
  }
  bool next_is(std::string_view text) const { return in_.substr(at_, text.size()) == text; }

  Result<void> step() {
    const char c = in_[at_];
    switch (c) {
      case '\\': {
        atom_ = out_.size();
        HONE_TRY(const std::string text, escape(false));
        out_ += text;
        return {};
      }
      case '[': {
        atom_ = out_.size();
        HONE_TRY(const CharacterClass value, character_class());
        write_class(value);
        return {};
      }
      case '(':
        return open_group();
      case ')':
        if (!groups_.empty()) {
          atom_ = groups_.back();
          groups_.pop_back();
        }
        out_ += in_[at_++];
        return {};
      case '{':
        return braces();
      case '*':
      case '+':
      case '?':
      case '|':
      case '^':
      case '$':
        out_ += in_[at_++];
        return {};
      default:
        break;
    }
    atom_ = out_.size();
    const std::size_t length = next_utf8(in_.substr(at_)).length;
    out_ += in_.substr(at_, length);
    at_ += length;
    return {};
  }

  Result<void> open_group() {
    const std::size_t begin = out_.size();
    out_ += in_[at_++];
    if (!next_is("?")) {
      groups_.push_back(begin);
      return {};
    }
    const std::size_t end = next_is("?#") ? in_.find(')', at_) : in_.find_first_of(":=!>)", at_);
    if (end == std::string_view::npos) return unsupported("an unfinished group");
    std::string head(in_.substr(at_, end + 1 - at_));
    // Oniguruma's m lets a dot match a newline, which is PCRE2's s.
    if (head[1] != '<' && head[1] != '#') std::replace(head.begin(), head.end(), 'm', 's');
    out_ += head;
    at_ = end + 1;
    if (head.back() != ')') groups_.push_back(begin);
    return {};
  }

  // {n}, {n,}, {n,m} and {,m}. A plus after it repeats, where in PCRE2 it would be possessive.
  Result<void> braces() {
    const std::size_t end = in_.find('}', at_);
    const std::string_view inside =
        end == std::string_view::npos ? std::string_view() : in_.substr(at_ + 1, end - at_ - 1);
    const bool counts = !inside.empty() && inside != "," &&
                        inside.find_first_not_of("0123456789,") == std::string_view::npos &&
                        std::count(inside.begin(), inside.end(), ',') <= 1;
    if (!counts) {
      atom_ = out_.size();
      out_ += "\\{";
      ++at_;
      return {};
    }
    at_ = end + 1;
    const bool repeated = next_is("+");
    if (repeated) out_.insert(atom_, "(?:");
    out_ += (inside.front() == ',' ? "{0" : "{") + std::string(inside) + "}";
    if (repeated) {
      out_ += ")+";
      ++at_;
    }
    return {};
  }

  // An escape, as it stands within a class or outside one.
  Result<std::string> escape(bool in_class) {
    if (at_ + 1 >= in_.size()) return unsupported("a lone backslash at the end");
    const char c = in_[at_ + 1];
    if (c == 'p' || c == 'P') return property();
    at_ += 2;
    const auto members = [&](std::string_view text, bool negated) -> Result<std::string> {
      if (!in_class) return (negated ? "[^" : "[") + std::string(text) + "]";
      if (negated) return unsupported(fmt::format("\\{} within a class", c));
      return std::string(text);
    };
    switch (c) {
      // PCRE2 counts U+180E as a space; Unicode does not.
      case 's':
        return std::string("\\p{White_Space}");
      case 'S':
        return std::string("\\P{White_Space}");
      case 'd':
        return std::string("\\p{Nd}");
      case 'D':
        return std::string("\\P{Nd}");
      // PCRE2's \w has neither marks nor connectors.
      case 'w':
        return members(kWordMembers, false);
      case 'W':
        return members(kWordMembers, true);
      // PCRE2's \h is a horizontal space, its \v a vertical one.
      case 'h':
        return members(kHexMembers, false);
      case 'H':
        return members(kHexMembers, true);
      case 'v':
        return std::string("\\x0B");
      case 'b':
        if (in_class) return std::string("\\x08");
        return boundary(true);
      case 'B':
        if (in_class) return unsupported("\\B within a class");
        return boundary(false);
      case 'u': {
        const std::string_view digits = in_.substr(at_, 4);
        if (digits.size() < 4) return unsupported("an unfinished \\u");
        at_ += 4;
        return "\\x{" + std::string(digits) + "}";
      }
      default:
        break;
    }
    constexpr std::string_view kSame = "xnrtfae0123456789AzZGKRX";
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (letter && kSame.find(c) == std::string_view::npos) return unsupported(fmt::format("\\{}", c));
    if (static_cast<unsigned char>(c) < 0x80) return std::string{'\\', c};
    --at_;  // an escaped character beyond ASCII is itself
    const std::size_t length = next_utf8(in_.substr(at_)).length;
    at_ += length;
    return std::string(in_.substr(at_ - length, length));
  }

  // A word boundary, or the lack of one, by the same words as \w.
  Result<std::string> boundary(bool present) const {
    const std::string word = "[" + std::string(kWordMembers) + "]";
    const std::string same = present ? "!" : "=", other = present ? "=" : "!";
    return "(?:(?<=" + word + ")(?" + same + word + ")|(?<!" + word + ")(?" + other + word + "))";
  }

  Result<std::string> property() {
    const bool upper = in_[at_ + 1] == 'P';
    at_ += 2;
    if (at_ >= in_.size()) return unsupported("an unfinished \\p");
    if (in_[at_] != '{') return std::string(upper ? "\\P" : "\\p") + in_[at_++];
    const std::size_t end = in_.find('}', at_);
    if (end == std::string_view::npos) return unsupported("an unfinished \\p{");
    std::string_view name = in_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    bool negated = upper;
    if (!name.empty() && name.front() == '^') {
      negated = !negated;
      name.remove_prefix(1);
    }
    const std::string head = negated ? "\\P{" : "\\p{";
    if (name.size() <= 2) return head + std::string(name) + "}";
    std::string plain;
    for (const char c : name) {
      if (c == '_' || c == ' ' || c == '-') continue;
      plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    for (const auto& [from, to] : kLongNames) {
      if (plain == from) return head + std::string(to) + "}";
    }
    if (std::find(kBinaryProperties.begin(), kBinaryProperties.end(), plain) != kBinaryProperties.end()) {
      return head + std::string(name) + "}";
    }
    // A script: PCRE2 would read its extensions as well.
    return head + "sc:" + std::string(name) + "}";
  }

  Result<CharacterClass> character_class() {
    CharacterClass value;
    ++at_;
    if (next_is("^")) {
      value.negated = true;
      ++at_;
    }
    ClassPart part;
    bool only_nested = false;  // the part so far is one nested class and nothing else
    for (bool first = true;; first = false) {
      if (at_ >= in_.size()) return unsupported("an unfinished class");
      if (in_[at_] == ']' && !first) {
        ++at_;
        value.parts.push_back(std::move(part));
        return value;
      }
      if (next_is("&&")) {
        at_ += 2;
        value.parts.push_back(std::exchange(part, ClassPart{}));
        only_nested = false;
        continue;
      }
      const bool empty = part.members.empty();
      if (in_[at_] == '[' && !next_is("[:")) {
        HONE_TRY(const CharacterClass nested, character_class());
        const bool negated = nested.negated != nested.parts[0].negated;
        if (nested.parts.size() > 1 || (negated && !empty)) return unsupported("a nested class of this kind");
        part.members += nested.parts[0].members;
        part.negated = negated;
        only_nested = empty;
        continue;
      }
      if (only_nested && part.negated) return unsupported("a nested negated class beside members");
      HONE_TRY(const std::string member, class_member());
      part.members += member;
    }
  }

  Result<std::string> class_member() {
    if (in_[at_] == '\\') return escape(true);
    if (next_is("[:")) {
      const std::size_t end = in_.find(":]", at_);
      if (end == std::string_view::npos) return unsupported("an unfinished [: :]");
      const std::size_t begin = std::exchange(at_, end + 2);
      return std::string(in_.substr(begin, at_ - begin));
    }
    if (in_[at_] == ']') {  // the first in its class
      ++at_;
      return std::string("\\]");
    }
    const std::size_t length = next_utf8(in_.substr(at_)).length;
    at_ += length;
    return std::string(in_.substr(at_ - length, length));
  }

  // PCRE2 has no intersections: all parts but the last become look-aheads.
  void write_class(const CharacterClass& value) {
    if (value.parts.size() == 1) {
      ClassPart part = value.parts[0];
      part.negated = part.negated != value.negated;
      out_ += part.text();
      return;
    }
    std::string text;
    for (std::size_t i = 0; i + 1 < value.parts.size(); ++i) text += "(?=" + value.parts[i].text() + ")";
    text += value.parts.back().text();
    out_ += value.negated ? "(?:(?!" + text + ")(?s:.))" : "(?:" + text + ")";
  }

  std::string_view in_;
  std::size_t at_ = 0;
  std::string out_;
  std::size_t atom_ = 0;             // where the last atom begins in out_
  std::vector<std::size_t> groups_;  // where the open groups begin in out_
};

}  // namespace

Result<std::string> translate_regex(std::string_view pattern) { return Translator(pattern).run(); }

}  // namespace hone
