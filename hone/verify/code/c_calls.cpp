#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "hone/verify/code/harness.h"
#include "hone/verify/code/text.h"

namespace hone {
namespace {

using ValueKind = PlainValue::Kind;

struct CType {
  enum Base { kVoid, kInteger, kFloating, kBool, kChar } base = kInteger;
  bool pointer = false;
  std::string spelling;  // of the base, without qualifiers
};

// Comments, texts and preprocessor lines as spaces, so that what is left can be searched for a definition.
std::string blanked(const std::string& code) {
  std::string out = code;
  const auto blank = [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < std::min(to, out.size()); ++i) {
      if (out[i] != '\n') out[i] = ' ';
    }
  };
  bool line_start = true;
  for (std::size_t i = 0; i < code.size();) {
    const char c = code[i];
    std::size_t end = i + 1;
    if (code.compare(i, 2, "//") == 0) {
      end = std::min(code.find('\n', i), code.size());
    } else if (code.compare(i, 2, "/*") == 0) {
      const std::size_t close = code.find("*/", i + 2);
      end = close == std::string::npos ? code.size() : close + 2;
    } else if (c == '"' || c == '\'') {
      while (end < code.size() && code[end] != c && code[end] != '\n') end += code[end] == '\\' ? 2 : 1;
      ++end;
    } else if (c == '#' && line_start) {
      while (end < code.size() && (code[end] != '\n' || code[end - 1] == '\\')) ++end;
    } else {
      line_start = c == '\n' || (line_start && std::isspace(static_cast<unsigned char>(c)) != 0);
      ++i;
      continue;
    }
    blank(i, end);
    i = end;
  }
  return out;
}

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < text.size();) {
    const auto letter = [&](std::size_t at) {
      return at < text.size() && (std::isalnum(static_cast<unsigned char>(text[at])) != 0 || text[at] == '_');
    };
    if (letter(i)) {
      std::size_t end = i;
      while (letter(end)) ++end;
      words.push_back(text.substr(i, end - i));
      i = end;
    } else {
      if (std::isspace(static_cast<unsigned char>(text[i])) == 0) words.emplace_back(1, text[i]);
      ++i;
    }
  }
  return words;
}

Error no_type(const std::string& text) {
  return {"calls", "the function's types must be numbers, bool, char, char* or pointers to numbers",
          "'" + cut(text, 60) + "'"};
}

// "const unsigned long long *values", "int a[]", "double": named: the last word is the parameter's name.
Result<CType> type_of(const std::string& text, bool named) {
  static constexpr std::array<const char*, 9> kSkipped = {
      "const", "static", "inline", "register", "restrict", "volatile", "extern", "__inline", "__restrict"};
  static constexpr std::array<const char*, 6> kParts = {"unsigned", "signed", "short", "int", "long", "char"};
  CType type;
  std::vector<std::string> base;
  bool name_seen = false;
  for (const std::string& word : words_of(text)) {
    if (std::find(kSkipped.begin(), kSkipped.end(), word) != kSkipped.end()) continue;
    const bool part =
        std::find(kParts.begin(), kParts.end(), word) != kParts.end() || word == "double" || word == "float";
    if (word == "*" || word == "[") {
      if (type.pointer) return no_type(text);
      type.pointer = true;
    } else if (word == "]" || (name_seen && std::isdigit(static_cast<unsigned char>(word[0])) != 0)) {
      continue;
    } else if (base.empty() || (part && !name_seen)) {
      base.push_back(word);
    } else if (named && !name_seen) {
      name_seen = true;
    } else {
      return no_type(text);
    }
  }
  if (base.empty()) return no_type(text);
  for (const std::string& word : base) type.spelling += (type.spelling.empty() ? "" : " ") + word;
  const std::string& last = base.back();
  static constexpr std::array<const char*, 15> kIntegers = {
      "int8_t", "int16_t", "int32_t",   "int64_t",  "uint8_t",   "uint16_t", "uint32_t", "uint64_t",
      "size_t", "ssize_t", "ptrdiff_t", "intptr_t", "uintptr_t", "intmax_t", "uintmax_t"};
  if (type.spelling == "char") {
    type.base = CType::kChar;
  } else if (last == "double" || last == "float") {
    type.base = CType::kFloating;
  } else if (last == "bool" || last == "_Bool") {
    type.base = CType::kBool;
    type.spelling = "_Bool";
  } else if (last == "void" && base.size() == 1) {
    type.base = CType::kVoid;
  } else if (std::find(kParts.begin(), kParts.end(), last) != kParts.end() ||
             std::find(kIntegers.begin(), kIntegers.end(), last) != kIntegers.end()) {
    type.base = CType::kInteger;
  } else {
    return no_type(text);
  }
  return type;
}

struct Signature {
  CType result;
  std::vector<CType> parameters;
};

// The definition of `name` at the top level.
Result<Signature> signature_of(const std::string& code, const std::string& name) {
  const std::string text = blanked(code);
  int depth = 0;
  std::size_t begin = 0;  // of the declaration at hand
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '{') ++depth;
    if (c == '}') --depth;
    if (depth == 0 && (c == ';' || c == '}')) begin = i + 1;
    if (depth != 0 || c != '(') continue;
    const std::size_t close = text.find(')', i);
    if (close == std::string::npos) break;
    const std::vector<std::string> before = words_of(text.substr(begin, i - begin));
    const std::size_t brace = text.find_first_not_of(" \t\r\n", close + 1);
    if (before.size() < 2 || before.back() != name || brace == std::string::npos || text[brace] != '{')
      continue;
    Signature signature;
    const std::string head = text.substr(begin, i - begin);
    HONE_TRY(signature.result, type_of(head.substr(0, head.rfind(name)), false));
    std::string parameters = text.substr(i + 1, close - i - 1);
    const std::vector<std::string> words = words_of(parameters);
    if (words.empty() || (words.size() == 1 && words[0] == "void")) return signature;
    for (std::size_t at = 0; at <= parameters.size();) {
      const std::size_t comma = std::min(parameters.find(',', at), parameters.size());
      HONE_TRY(CType type, type_of(parameters.substr(at, comma - at), true));
      if (type.base == CType::kVoid) return no_type(parameters);
      signature.parameters.push_back(std::move(type));
      at = comma + 1;
    }
    return signature;
  }
  return Error{"calls", "the program must define " + name + " at its top level", "no definition"};
}

Error no_fit(const PlainValue& value, const std::string& type) {
  return {"calls: args", "must fit the parameter's type " + type, brief(value)};
}

std::string text_literal(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7F && c != '"' && c != '\\' && c != '?') {
      out += c;
    } else {
      out += fmt::format("\\{:03o}", byte);
    }
  }
  return out + "\"";
}

Result<std::string> scalar(const PlainValue& value, const CType& type) {
  switch (type.base) {
    case CType::kInteger:
      if (value.kind == ValueKind::kBool) return std::string(value.text == "true" ? "1" : "0");
      if (value.kind != ValueKind::kInteger || value.text.size() > 20) break;
      if (value.text == "-9223372036854775808") return std::string("(-9223372036854775807LL - 1)");
      return value.text[0] == '-' ? "(" + value.text + "LL)"
                                  : value.text + (value.text.size() >= 19 ? "ULL" : "LL");
    case CType::kFloating:
      if (value.kind != ValueKind::kInteger && value.kind != ValueKind::kFloat) break;
      return "(" + value.text + (value.text.find_first_of(".eE") == std::string::npos ? ".0)" : ")");
    case CType::kBool:
      if (value.kind != ValueKind::kBool) break;
      return std::string(value.text == "true" ? "1" : "0");
    case CType::kChar:
      if (value.kind == ValueKind::kString && value.text.size() == 1) {
        return fmt::format("(char){}", static_cast<int>(static_cast<unsigned char>(value.text[0])));
      }
      break;
    case CType::kVoid:
      break;
  }
  return no_fit(value, type.spelling);
}

// Declares argument `name`, which may be written to.
Result<std::string> declared(const PlainValue& value, const CType& type, const std::string& name) {
  if (!type.pointer) {
    HONE_TRY(const std::string literal, scalar(value, type));
    return fmt::format("  {} {} = {};\n", type.spelling, name, literal);
  }
  if (type.base == CType::kChar && value.kind == ValueKind::kString) {
    if (value.text.find('\0') != std::string::npos) return no_fit(value, "char *");
    return fmt::format("  char {}[] = {};\n", name, text_literal(value.text));
  }
  if (value.kind != ValueKind::kList) return no_fit(value, type.spelling + " *");
  std::string items;
  for (const PlainValue& item : value.items) {
    HONE_TRY(const std::string literal, scalar(item, type));
    items += literal + ", ";
  }
  // One more than it has, since C has no empty arrays.
  return fmt::format("  {} {}[{}] = {{{}0}};\n", type.spelling, name, value.items.size() + 1, items);
}

constexpr const char* kPrinters = R"(
#undef main
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
static void hone_put_text(FILE *to, const char *text, size_t size) {
  fputc('"', to);
  for (size_t i = 0; i < size; ++i) {
    unsigned char c = (unsigned char)text[i];
    if (c < 0x20 || c == '"' || c == '\\') fprintf(to, "\\u%04x", c);
    else fputc(c, to);
  }
  fputc('"', to);
}
static void hone_put_number(FILE *to, double x) {
  if (isnan(x)) fputs("{\"f\":\"nan\"}", to);
  else if (isinf(x)) fputs(x > 0 ? "{\"f\":\"inf\"}" : "{\"f\":\"-inf\"}", to);
  else fprintf(to, "%.17e", x);
}
)";

std::string printed(const CType& type) {
  if (type.pointer) {
    return "    if (!value) fputs(\"null\", to); else { size_t n = 0; while (value[n]) ++n; "
           "hone_put_text(to, value, n); }\n";
  }
  switch (type.base) {
    case CType::kFloating:
      return "    hone_put_number(to, value);\n";
    case CType::kBool:
      return "    fputs(value ? \"true\" : \"false\", to);\n";
    case CType::kChar:
      return "    hone_put_text(to, &value, 1);\n";
    default:
      return "    if (value < 0) fprintf(to, \"%lld\", (long long)value); else fprintf(to, \"%llu\", "
             "(unsigned long long)value);\n";
  }
}

}  // namespace

Result<std::string> c_calls_main(const CallTests& tests, const std::string& code) {
  HONE_TRY(const Signature signature, signature_of(code, tests.entry_point));
  const CType& result = signature.result;
  if (result.pointer && result.base != CType::kChar) return no_type(result.spelling + " * as a result");
  std::string out =
      "#define main hone_other_main\n#include <stdbool.h>\n#include <stdint.h>\n#include <stddef.h>\n#line 1 "
      "\"main.c\"\n" +
      code + "\n" + kPrinters;
  std::string calls;
  for (std::size_t i = 0; i < tests.cases.size(); ++i) {
    const std::vector<PlainValue>& args = tests.cases[i].args.items;
    if (args.size() != signature.parameters.size()) {
      return Error{"calls", fmt::format("{} must take {} arguments", tests.entry_point, args.size()),
                   fmt::format("{}", signature.parameters.size())};
    }
    out += fmt::format("static void hone_case_{}(FILE *to) {{\n", i);
    std::string names;
    for (std::size_t k = 0; k < args.size(); ++k) {
      const std::string name = fmt::format("a{}", k);
      HONE_TRY(const std::string line, declared(args[k], signature.parameters[k], name));
      out += line;
      names += (k > 0 ? ", " : "") + name;
    }
    const std::string call = fmt::format("{}({})", tests.entry_point, names);
    if (result.base == CType::kVoid) {
      out += "  " + call + ";\n  fputs(\"{\\\"v\\\":null}\\n\", to);\n";
    } else {
      out += fmt::format(
          "  {}{}value = {};\n  fputs(\"{{\\\"v\\\":\", to);\n  {{\n{}  }}\n  fputs(\"}}\\n\", to);\n",
          result.pointer ? "const " : "", result.spelling + (result.pointer ? " *" : " "), call,
          printed(result));
    }
    out += "  fflush(to);\n}\n";
    calls += fmt::format("  hone_case_{}(to);\n", i);
  }
  out +=
      "int main(void) {\n  FILE *to = fdopen(4, \"w\");\n  if (!to) return 1;\n" + calls + "  return 0;\n}\n";
  return out;
}

}  // namespace hone
