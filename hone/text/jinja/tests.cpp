// What may stand after `is`.
#include <utility>

#include "hone/text/jinja/builtins.h"
#include "hone/text/jinja/operators.h"

namespace hone::jinja {
namespace {

template <bool (*holds)(const Value&)>
Result<bool> of_value(Interpreter&, const Value& subject, const Arguments& given) {
  HONE_TRY([[maybe_unused]] const auto none, bind(given, {}));
  return holds(subject);
}

bool defined(const Value& v) { return !v.is_undefined(); }
bool undefined(const Value& v) { return v.is_undefined(); }
bool none(const Value& v) { return v.is_none(); }
bool boolean(const Value& v) { return v.is_bool(); }
bool is_true(const Value& v) { return v.is_bool() && v.boolean(); }
bool is_false(const Value& v) { return v.is_bool() && !v.boolean(); }
bool integer(const Value& v) { return v.is_int(); }
bool real(const Value& v) { return v.is_float(); }
bool number(const Value& v) { return v.is_number(); }
bool string(const Value& v) { return v.is_string(); }
bool mapping(const Value& v) { return v.is_dict(); }
bool callable(const Value& v) { return v.callable() != nullptr || v.is_undefined(); }
bool escaped(const Value&) { return false; }

bool iterable(const Value& v) {
  return v.is_undefined() || v.is_string() || v.is_sequence() || v.is_dict() || v.loop();
}

bool sequence(const Value& v) {
  return v.is_string() || v.is_dict() || (v.sequence() && v.sequence()->indexable());
}

template <bool upper_case>
Result<bool> cased(Interpreter& in, const Value& subject, const Arguments& given) {
  HONE_TRY([[maybe_unused]] const auto no_values, bind(given, {}));
  HONE_TRY(const std::string text, in.text_of(subject));
  return in_case(text, upper_case);
}

template <Op op>
Result<bool> compared(Interpreter& in, const Value& subject, const Arguments& given) {
  HONE_TRY(const auto bound, bind(given, {{"other"}}));
  return compares(in.budget(), op, subject, bound[0]);
}

// The remainder of a division by `divisor` is 0.
Result<bool> remainder_is(Interpreter& in, const Value& subject, const Value& divisor, int expected) {
  HONE_TRY(const Value rest, arithmetic(in.budget(), Op::kMod, subject, divisor));
  return equals(rest, Value(expected));
}

Result<bool> divisible_by(Interpreter& in, const Value& subject, const Arguments& given) {
  HONE_TRY(const auto bound, bind(given, {{"num"}}));
  return remainder_is(in, subject, bound[0], 0);
}

template <int rest>
Result<bool> parity(Interpreter& in, const Value& subject, const Arguments& given) {
  HONE_TRY([[maybe_unused]] const auto no_values, bind(given, {}));
  return remainder_is(in, subject, Value(2), rest);
}

// Python compares identities: exact for none and booleans, by kind and value for what cannot change.
Result<bool> same_as(Interpreter& in, const Value& subject, const Arguments& given) {
  HONE_TRY(const auto bound, bind(given, {{"other"}}));
  if (type_name(subject) != type_name(bound[0])) return false;
  if (subject.is_sequence()) return subject.sequence() == bound[0].sequence();
  if (subject.is_dict()) return subject.dict() == bound[0].dict();
  return compares(in.budget(), Op::kEq, subject, bound[0]);
}

template <bool filters>
Result<bool> known(Interpreter&, const Value& subject, const Arguments& given) {
  HONE_TRY([[maybe_unused]] const auto no_values, bind(given, {}));
  HONE_TRY(const std::string name, as_string(subject, "a name"));
  return filters ? find_filter(name) != nullptr : find_test(name) != nullptr;
}

constexpr std::pair<std::string_view, Test> kTests[] = {
    {"boolean", of_value<boolean>},
    {"callable", of_value<callable>},
    {"defined", of_value<defined>},
    {"divisibleby", divisible_by},
    {"eq", compared<Op::kEq>},
    {"equalto", compared<Op::kEq>},
    {"escaped", of_value<escaped>},
    {"even", parity<0>},
    {"false", of_value<is_false>},
    {"filter", known<true>},
    {"float", of_value<real>},
    {"ge", compared<Op::kGe>},
    {"greaterthan", compared<Op::kGt>},
    {"gt", compared<Op::kGt>},
    {"in", compared<Op::kIn>},
    {"integer", of_value<integer>},
    {"iterable", of_value<iterable>},
    {"le", compared<Op::kLe>},
    {"lessthan", compared<Op::kLt>},
    {"lower", cased<false>},
    {"lt", compared<Op::kLt>},
    {"mapping", of_value<mapping>},
    {"ne", compared<Op::kNe>},
    {"none", of_value<none>},
    {"number", of_value<number>},
    {"odd", parity<1>},
    {"sameas", same_as},
    {"sequence", of_value<sequence>},
    {"string", of_value<string>},
    {"test", known<false>},
    {"true", of_value<is_true>},
    {"undefined", of_value<undefined>},
    {"upper", cased<true>},
    {"==", compared<Op::kEq>},
    {"!=", compared<Op::kNe>},
    {"<", compared<Op::kLt>},
    {"<=", compared<Op::kLe>},
    {">", compared<Op::kGt>},
    {">=", compared<Op::kGe>},
};

}  // namespace

Test find_test(std::string_view name) { return find_in(kTests, name); }

}  // namespace hone::jinja
