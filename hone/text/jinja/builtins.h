// The filters, tests, functions and methods that a template may use, by name.
#pragma once

#include <string>
#include <string_view>

#include "hone/text/jinja/arguments.h"
#include "hone/text/jinja/interpreter.h"
#include "hone/text/jinja/value.h"

namespace hone::jinja {

using Filter = Result<Value> (*)(Interpreter&, const Value& subject, const Arguments&);
using Test = Result<bool> (*)(Interpreter&, const Value& subject, const Arguments&);
using Method = Result<Value> (*)(Interpreter&, const Value& receiver, const Arguments&);

// Null when there is none of this name.
Filter find_filter(std::string_view name);
Filter find_text_filter(std::string_view name);
Filter find_number_filter(std::string_view name);
Filter find_sequence_filter(std::string_view name);
Filter find_selection_filter(std::string_view name);
Test find_test(std::string_view name);
Method find_string_method(std::string_view name);
Method find_container_method(const Value& receiver, std::string_view name);

bool is_global(std::string_view name);
Result<Value> call_global(Interpreter& in, const std::string& name, const Arguments& given);

// Whether a value has this method, and calling it. Requires has_method for the call.
bool has_method(const Value& receiver, std::string_view name);
Result<Value> call_method(Interpreter& in, const Value& receiver, const std::string& name,
                          const Arguments& given);

// item.a.b.0 for the path "a.b.0" or an integer; undefined parts become `otherwise` when it is given.
Result<Value> follow(const Value& item, const Value& path, const Value& otherwise = Value());

// Shared by methods and filters. The budget is charged before the text is made.
Result<std::string> replaced(Budget& budget, const std::string& text, const std::string& old,
                             const std::string& by, std::int64_t limit);
// `align`: '<', '>', '^' as str.center does, or '0' as str.zfill does.
Result<std::string> aligned(Budget& budget, const std::string& text, std::int64_t width,
                            const std::string& fill, char align);
// str.isupper and str.islower: a cased letter, and none of the other case.
bool in_case(std::string_view text, bool upper_case);

// Entry of a name in a table of pairs.
template <class Table>
auto find_in(const Table& table, std::string_view name) -> decltype(table[0].second) {
  for (const auto& [known, entry] : table) {
    if (known == name) return entry;
  }
  return nullptr;
}

}  // namespace hone::jinja
