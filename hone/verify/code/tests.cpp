#include "hone/verify/code/tests.h"

#include <algorithm>
#include <cctype>

#include "hone/verify/code/text.h"

namespace hone {
namespace {

using ValueKind = PlainValue::Kind;

// object[key], nothing when it is absent or null.
const PlainValue* find(const PlainValue& object, std::string_view key) {
  for (std::size_t i = 0; i + 1 < object.items.size(); i += 2) {
    if (object.items[i].text == key && object.items[i + 1].kind != ValueKind::kNull)
      return &object.items[i + 1];
  }
  return nullptr;
}

Result<const PlainValue*> require(const PlainValue& object, std::string_view key, ValueKind kind,
                                  const std::string& where, const char* what) {
  const PlainValue* value = find(object, key);
  if (value == nullptr || value->kind != kind) {
    return Error{fmt::format("{}: {}", where, key), what, value ? brief(*value) : "nothing"};
  }
  return value;
}

Result<std::string> text(const PlainValue& object, std::string_view key, const std::string& where) {
  HONE_TRY(const PlainValue* value, require(object, key, ValueKind::kString, where, "must be text"));
  return value->text;
}

Result<std::string> text_or_none(const PlainValue& object, std::string_view key, const std::string& where) {
  if (find(object, key) == nullptr) return std::string();
  return text(object, key, where);
}

Result<std::string> name(const PlainValue& object, std::string_view key, const std::string& where) {
  HONE_TRY(std::string value, text(object, key, where));
  const bool letters =
      std::all_of(value.begin(), value.end(), [](unsigned char c) { return std::isalnum(c) || c == '_'; });
  const bool good = letters && !value.empty() && value.find_first_of("0123456789") != 0;
  if (!good) return Error{fmt::format("{}: {}", where, key), "must be a function's name", "'" + value + "'"};
  return value;
}

Result<const PlainValue*> cases_of(const PlainValue& tests, const std::string& where) {
  HONE_TRY(const PlainValue* cases, require(tests, "cases", ValueKind::kList, where, "must be a list"));
  if (cases->items.empty()) return Error{where + ": cases", "must hold at least one case", "none"};
  return cases;
}

Result<StdioTests> stdio(const PlainValue& tests, const std::string& where) {
  HONE_TRY(const PlainValue* cases, cases_of(tests, where));
  StdioTests out;
  for (std::size_t i = 0; i < cases->items.size(); ++i) {
    const std::string at = fmt::format("{}: cases[{}]", where, i);
    HONE_TRY(std::string in, text_or_none(cases->items[i], "stdin", at));
    HONE_TRY(std::string expected, text(cases->items[i], "stdout", at));
    out.cases.push_back({std::move(in), std::move(expected)});
  }
  return out;
}

Result<CallTests> calls(const PlainValue& tests, const std::string& where) {
  CallTests out;
  HONE_TRY(out.entry_point, name(tests, "entry_point", where));
  HONE_TRY(const PlainValue* cases, cases_of(tests, where));
  for (std::size_t i = 0; i < cases->items.size(); ++i) {
    const PlainValue& row = cases->items[i];
    const std::string at = fmt::format("{}: cases[{}]", where, i);
    CallTests::Case one;
    HONE_TRY(const PlainValue* args, require(row, "args", ValueKind::kList, at, "must be a list"));
    one.args = *args;
    one.kwargs.kind = ValueKind::kDict;
    if (find(row, "kwargs") != nullptr) {
      HONE_TRY(const PlainValue* kwargs, require(row, "kwargs", ValueKind::kDict, at, "must be an object"));
      one.kwargs = *kwargs;
    }
    bool there = false;  // null is a value here
    for (std::size_t k = 0; k + 1 < row.items.size(); k += 2) {
      if (row.items[k].text != "expected") continue;
      one.expected = row.items[k + 1];
      there = true;
    }
    if (!there) return Error{at + ": expected", "must be there", "nothing"};
    out.cases.push_back(std::move(one));
  }
  return out;
}

Result<CheckTests> check(const PlainValue& tests, const std::string& where) {
  CheckTests out;
  HONE_TRY(out.prompt, text_or_none(tests, "prompt", where));
  HONE_TRY(out.test, text(tests, "test", where));
  HONE_TRY(out.entry_point, name(tests, "entry_point", where));
  return out;
}

Result<AssertTests> asserts(const PlainValue& tests, const std::string& where) {
  AssertTests out;
  HONE_TRY(const PlainValue* list, require(tests, "test_list", ValueKind::kList, where, "must be a list"));
  for (const PlainValue& item : list->items) {
    if (item.kind != ValueKind::kString) return Error{where + ": test_list", "must hold texts", brief(item)};
    out.statements.push_back(item.text);
  }
  if (out.statements.empty()) return Error{where + ": test_list", "must hold at least one test", "none"};
  HONE_TRY(out.setup, text_or_none(tests, "test_setup_code", where));
  if (const PlainValue* imports = find(tests, "test_imports");
      imports != nullptr && imports->kind == ValueKind::kList) {
    for (const PlainValue& line : imports->items) out.setup = line.text + "\n" + out.setup;
  }
  HONE_TRY(out.reference, text_or_none(tests, "code", where));
  return out;
}

}  // namespace

Result<CodeTests> parse_tests(const std::string& fields, const std::string& default_language) {
  HONE_TRY(const PlainValue row, parse_plain(fields, "the row"));
  if (row.kind != ValueKind::kDict) return Error{"the row", "must be an object", brief(row)};
  CodeTests out;
  HONE_TRY(std::string language, text_or_none(row, "language", "the row"));
  if (language.empty()) language = default_language;
  const auto known = language_of(language);
  if (!known)
    return Error{"the row: language", "must be python, c, cpp or javascript", "'" + cut(language, 40) + "'"};
  out.language = *known;

  const PlainValue* tests = find(row, "tests");
  if (tests == nullptr) {  // the data sets' own rows
    if (find(row, "test_list") != nullptr) {
      HONE_TRY(out.kind, asserts(row, "the row"));
    } else if (find(row, "test") != nullptr && find(row, "entry_point") != nullptr) {
      HONE_TRY(out.kind, check(row, "the row"));
    } else {
      return Error{"the row: tests", "must be there (or HumanEval's or MBPP's keys)", "nothing"};
    }
  } else {
    if (tests->kind != ValueKind::kDict) return Error{"the row: tests", "must be an object", brief(*tests)};
    HONE_TRY(const std::string kind, text(*tests, "kind", "tests"));
    if (kind == "stdio") {
      HONE_TRY(out.kind, stdio(*tests, "tests"));
    } else if (kind == "calls") {
      HONE_TRY(out.kind, calls(*tests, "tests"));
    } else if (kind == "humaneval") {
      HONE_TRY(out.kind, check(*tests, "tests"));
    } else if (kind == "mbpp") {
      HONE_TRY(out.kind, asserts(*tests, "tests"));
    } else {
      return Error{"tests: kind", "must be stdio, calls, humaneval or mbpp", brief(*find(*tests, "kind"))};
    }
  }
  const bool python_only =
      std::holds_alternative<CheckTests>(out.kind) || std::holds_alternative<AssertTests>(out.kind);
  if (python_only && out.language != Language::kPython) {
    return Error{"the row: language", "must be python for humaneval and mbpp", to_string(out.language)};
  }
  return out;
}

}  // namespace hone
