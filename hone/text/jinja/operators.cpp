#include "hone/text/jinja/operators.h"

#include <algorithm>
#include <cmath>

#include "hone/text/jinja/characters.h"
#include "hone/text/jinja/format.h"

namespace hone::jinja {
namespace {

const char* symbol(Op op) {
  switch (op) {
    case Op::kAdd:
      return "+";
    case Op::kSub:
      return "-";
    case Op::kMul:
      return "*";
    case Op::kDiv:
      return "/";
    case Op::kFloorDiv:
      return "//";
    case Op::kMod:
      return "%";
    case Op::kPow:
      return "**";
    default:
      return "?";
  }
}

Error mismatch(Op op, const Value& a, const Value& b) {
  return failure(std::string("operands that '") + symbol(op) + "' combines",
                 type_name(a) + " and " + type_name(b));
}

Error overflow() { return failure("integers must fit 64 bits"); }

Result<Value> integer_power(std::int64_t base, std::int64_t exponent) {
  if (exponent < 0) {
    if (base == 0) return failure("zero must not be raised to a negative power");
    return Value(std::pow(static_cast<double>(base), static_cast<double>(exponent)));
  }
  std::int64_t result = 1;
  while (exponent > 0) {
    if ((exponent & 1) != 0 && __builtin_mul_overflow(result, base, &result)) return overflow();
    exponent >>= 1;
    if (exponent > 0 && __builtin_mul_overflow(base, base, &base)) return overflow();
  }
  return Value(result);
}

Result<Value> integer_arithmetic(Op op, std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  switch (op) {
    case Op::kAdd:
      if (__builtin_add_overflow(a, b, &result)) return overflow();
      return Value(result);
    case Op::kSub:
      if (__builtin_sub_overflow(a, b, &result)) return overflow();
      return Value(result);
    case Op::kMul:
      if (__builtin_mul_overflow(a, b, &result)) return overflow();
      return Value(result);
    case Op::kPow:
      return integer_power(a, b);
    default:
      break;
  }
  if (b == 0) return failure("a divisor must not be zero");
  if (op == Op::kDiv) return Value(static_cast<double>(a) / static_cast<double>(b));
  if (b == -1) {  // the one division that overflows
    if (op == Op::kMod) return Value(0);
    if (__builtin_sub_overflow(std::int64_t{0}, a, &result)) return overflow();
    return Value(result);
  }
  const std::int64_t rest = a % b;
  const bool down = rest != 0 && (rest < 0) != (b < 0);  // Python rounds towards minus infinity
  if (op == Op::kMod) return Value(down ? rest + b : rest);
  return Value(a / b - (down ? 1 : 0));
}

Result<Value> float_arithmetic(Op op, double a, double b) {
  switch (op) {
    case Op::kAdd:
      return Value(a + b);
    case Op::kSub:
      return Value(a - b);
    case Op::kMul:
      return Value(a * b);
    case Op::kPow:
      if (a == 0 && b < 0) return failure("zero must not be raised to a negative power");
      if (a < 0 && b != std::floor(b)) return failure("a negative number must be raised to a whole power");
      return Value(std::pow(a, b));
    default:
      break;
  }
  if (b == 0) return failure("a divisor must not be zero");
  if (op == Op::kDiv) return Value(a / b);
  double rest = std::fmod(a, b);
  if (rest != 0 && (rest < 0) != (b < 0)) rest += b;
  if (op == Op::kMod) return Value(rest == 0 ? std::copysign(0.0, b) : rest);
  return Value(std::round((a - rest) / b));
}

Result<Value> repeat(Budget& budget, const Value& value, std::int64_t times) {
  times = std::max<std::int64_t>(times, 0);
  const bool text = value.is_string();
  const auto size = static_cast<std::int64_t>(text ? value.text().size() : value.sequence()->items.size());
  std::int64_t total = 0;
  if (__builtin_mul_overflow(size, times, &total)) return overflow();
  HONE_TRY_VOID(budget.charge(text ? total / kBytesPerUnit : total));
  if (total == 0) times = 0;
  if (text) {
    std::string out;
    out.reserve(static_cast<std::size_t>(total));
    for (std::int64_t i = 0; i < times; ++i) out += value.text();
    return Value(std::move(out));
  }
  std::vector<Value> items;
  items.reserve(static_cast<std::size_t>(total));
  const auto& source = value.sequence()->items;
  for (std::int64_t i = 0; i < times; ++i) items.insert(items.end(), source.begin(), source.end());
  return make_sequence(std::move(items), value.sequence()->flavor);
}

bool repeatable(const Value& value) {
  return value.is_string() || (value.sequence() && value.sequence()->flavor <= Sequence::Flavor::kTuple);
}

Result<Value> concatenate(Budget& budget, const Sequence& a, const Sequence& b) {
  HONE_TRY_VOID(budget.charge(static_cast<std::int64_t>(a.items.size() + b.items.size())));
  std::vector<Value> items = a.items;
  items.insert(items.end(), b.items.begin(), b.items.end());
  return make_sequence(std::move(items), a.flavor);
}

struct Bounds {
  std::int64_t start, stop, step;
};

// Python's slice.indices().
Result<Bounds> bounds(std::int64_t size, const Value& start, const Value& stop, const Value& step) {
  const auto given = [](const Value& bound) { return !bound.is_undefined() && !bound.is_none(); };
  for (const Value* bound : {&start, &stop, &step}) {
    if (given(*bound) && !bound->is_integral())
      return failure("a slice's bounds must be integers", type_name(*bound));
  }
  Bounds b{0, 0, given(step) ? step.integer() : 1};
  if (b.step == 0) return failure("a slice's step must not be zero");
  b.step = std::clamp(b.step, -size - 1, size + 1);
  const std::int64_t low = b.step < 0 ? -1 : 0, high = b.step < 0 ? size - 1 : size;
  const auto place = [&](const Value& bound, std::int64_t otherwise) {
    if (!given(bound)) return otherwise;
    const std::int64_t at = bound.integer();
    return at < 0 ? std::max(at < -size ? low : at + size, low) : std::min(at, high);
  };
  b.start = place(start, b.step < 0 ? high : low);
  b.stop = place(stop, b.step < 0 ? low : high);
  return b;
}

template <class Item, class Take>
void for_slice(const Bounds& b, const std::vector<Item>& items, Take take) {
  for (std::int64_t i = b.start; b.step > 0 ? i < b.stop : i > b.stop; i += b.step) {
    take(items[static_cast<std::size_t>(i)]);
  }
}

}  // namespace

Result<Value> arithmetic(Budget& budget, Op op, const Value& a, const Value& b) {
  if (op == Op::kMod && a.is_string()) {
    HONE_TRY_VOID(budget.charge(a.weight() + b.weight()));
    HONE_TRY(std::string text, percent_format(budget, a.text(), b));
    return Value(std::move(text));
  }
  if (a.is_undefined()) return failure(a.why_undefined());
  if (b.is_undefined()) return failure(b.why_undefined());
  if (a.is_integral() && b.is_integral()) return integer_arithmetic(op, a.integer(), b.integer());
  if (a.is_number() && b.is_number()) return float_arithmetic(op, a.number(), b.number());
  if (op == Op::kAdd && a.is_string() && b.is_string()) {
    HONE_TRY_VOID(budget.charge_bytes(a.text().size() + b.text().size()));
    return Value(a.text() + b.text());
  }
  if (op == Op::kAdd && a.sequence() && b.sequence() && repeatable(a) &&
      a.sequence()->flavor == b.sequence()->flavor) {
    return concatenate(budget, *a.sequence(), *b.sequence());
  }
  if (op == Op::kMul && repeatable(a) && b.is_integral()) return repeat(budget, a, b.integer());
  if (op == Op::kMul && repeatable(b) && a.is_integral()) return repeat(budget, b, a.integer());
  return mismatch(op, a, b);
}

Result<Value> negate(const Value& value) {
  if (value.is_undefined()) return failure(value.why_undefined());
  if (value.is_float()) return Value(-value.number());
  if (value.is_integral()) return integer_arithmetic(Op::kSub, 0, value.integer());
  return failure("a number after '-'", type_name(value));
}

Result<Value> plus(const Value& value) {
  if (value.is_undefined()) return failure(value.why_undefined());
  if (value.is_float()) return value;
  if (value.is_integral()) return Value(value.integer());
  return failure("a number after '+'", type_name(value));
}

Result<bool> compares(Budget& budget, Op op, const Value& a, const Value& b) {
  if (op == Op::kIn || op == Op::kNotIn) {
    HONE_TRY(const bool found, contains(budget, b, a));
    return found == (op == Op::kIn);
  }
  HONE_TRY_VOID(budget.charge(std::min(a.weight(), b.weight())));
  if (op == Op::kEq) return equals(a, b);
  if (op == Op::kNe) return !equals(a, b);
  HONE_TRY(const int order, compare(a, b));
  switch (op) {
    case Op::kLt:
      return order < 0;
    case Op::kLe:
      return order <= 0;
    case Op::kGt:
      return order > 0;
    default:
      return order >= 0;
  }
}

Result<bool> contains(Budget& budget, const Value& container, const Value& item) {
  if (container.is_undefined()) return false;
  if (container.is_string()) {
    if (!item.is_string()) return failure("'in' a string asks for a string", type_name(item));
    HONE_TRY_VOID(budget.charge(container.weight()));
    return find_text(container.text(), item.text()) != std::string::npos;
  }
  if (const Dict* dict = container.dict()) {
    if (!hashable(item)) return failure("a key must be hashable", type_name(item));
    HONE_TRY_VOID(budget.charge(item.weight()));
    return dict->find(item) != nullptr;
  }
  if (const Sequence* sequence = container.sequence()) {
    HONE_TRY_VOID(budget.charge(container.weight()));
    const auto& items = sequence->items;
    return std::any_of(items.begin(), items.end(), [&](const Value& other) { return equals(item, other); });
  }
  return failure("'in' needs a string, a list or a dictionary", type_name(container));
}

Result<Value> slice(Budget& budget, const Value& value, const Value& start, const Value& stop,
                    const Value& step) {
  if (value.is_undefined()) return failure(value.why_undefined());
  if (value.is_string()) {
    HONE_TRY_VOID(budget.charge_bytes(value.text().size()));
    const std::vector<std::string_view> units = characters(value.text());
    HONE_TRY(const Bounds b, bounds(static_cast<std::int64_t>(units.size()), start, stop, step));
    std::string out;
    for_slice(b, units, [&](std::string_view unit) { out += unit; });
    return Value(std::move(out));
  }
  const Sequence* sequence = value.sequence();
  if (!sequence || !sequence->indexable()) {
    return Value::undefined("'" + type_name(value) + " object' cannot be sliced");
  }
  HONE_TRY(const Bounds b, bounds(static_cast<std::int64_t>(sequence->items.size()), start, stop, step));
  std::vector<Value> items;
  for_slice(b, sequence->items, [&](const Value& item) { items.push_back(item); });
  HONE_TRY_VOID(budget.charge(static_cast<std::int64_t>(items.size())));
  const bool tuple = sequence->flavor == Sequence::Flavor::kTuple;
  return make_sequence(std::move(items), tuple ? Sequence::Flavor::kTuple : Sequence::Flavor::kList);
}

}  // namespace hone::jinja
