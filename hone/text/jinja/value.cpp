#include "hone/text/jinja/value.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace hone::jinja {
namespace {

// A value that shares its parts can stand for exponentially many: its weight counts them all.
constexpr std::int64_t kMaxWeight = std::int64_t{1} << 24;
constexpr std::size_t kIndexFrom = 8;  // smaller dictionaries are searched from end to end

Result<void> grow(int& depth, std::int64_t& weight, const Value& part) {
  depth = std::max(depth, part.depth() + 1);
  weight += part.weight();
  if (depth > kMaxDepth) return failure("values must not nest deeper than " + std::to_string(kMaxDepth));
  if (weight > kMaxWeight)
    return failure("a value must not hold more than " + std::to_string(kMaxWeight) + " parts");
  return {};
}

Result<int> compare_sequences(const Sequence& a, const Sequence& b) {
  const std::size_t common = std::min(a.items.size(), b.items.size());
  for (std::size_t i = 0; i < common; ++i) {
    if (!equals(a.items[i], b.items[i])) return compare(a.items[i], b.items[i]);
  }
  return a.items.size() < b.items.size() ? -1 : (a.items.size() > b.items.size() ? 1 : 0);
}

bool equal_dicts(const Dict& a, const Dict& b) {
  if (a.entries.size() != b.entries.size()) return false;
  return std::all_of(a.entries.begin(), a.entries.end(), [&](const auto& entry) {
    const Value* other = b.find(entry.first);
    return other != nullptr && equals(entry.second, *other);
  });
}

int order(double a, double b) { return a < b ? -1 : (a > b ? 1 : 0); }

}  // namespace

Value Value::undefined(std::string why) {
  Value value;
  value.data_ = Undefined{std::make_shared<const std::string>(std::move(why))};
  return value;
}

const std::string& Value::why_undefined() const {
  static const std::string unnamed = "value is undefined";
  const auto& why = std::get<Undefined>(data_).why;
  return why ? *why : unnamed;
}

const Sequence* Value::sequence() const {
  const auto* held = std::get_if<std::shared_ptr<const Sequence>>(&data_);
  return held ? held->get() : nullptr;
}

std::shared_ptr<const Sequence> Value::shared_sequence() const {
  const auto* held = std::get_if<std::shared_ptr<const Sequence>>(&data_);
  return held ? *held : nullptr;
}

const Dict* Value::dict() const {
  const auto* held = std::get_if<std::shared_ptr<const Dict>>(&data_);
  return held ? held->get() : nullptr;
}

Namespace* Value::space() const {
  const auto* held = std::get_if<Namespace*>(&data_);
  return held ? *held : nullptr;
}

const Callable* Value::callable() const {
  const auto* held = std::get_if<std::shared_ptr<const Callable>>(&data_);
  return held ? held->get() : nullptr;
}

const Loop* Value::loop() const {
  const auto* held = std::get_if<std::shared_ptr<const Loop>>(&data_);
  return held ? held->get() : nullptr;
}

int Value::depth() const {
  if (const Sequence* items = sequence()) return items->depth;
  if (const Dict* entries = dict()) return entries->depth;
  if (const Loop* state = loop()) return state->items->depth + 1;
  if (const Callable* function = callable()) return function->receiver.depth() + 1;
  return 0;
}

std::int64_t Value::weight() const {
  if (is_string()) return 1 + static_cast<std::int64_t>(text().size() / 32);
  if (const Sequence* items = sequence()) return items->weight;
  if (const Dict* entries = dict()) return entries->weight;
  return 1;
}

const Value* Dict::find(const Value& key) const {
  if (entries.size() < kIndexFrom) {
    for (const auto& entry : entries) {
      if (equals(entry.first, key)) return &entry.second;
    }
    return nullptr;
  }
  if (!hashable(key)) return nullptr;
  const auto found = index_.find(key);
  return found == index_.end() ? nullptr : &entries[found->second].second;
}

const Value* Dict::find_name(std::string_view key) const {
  if (entries.size() >= kIndexFrom) return find(Value(key));
  for (const auto& entry : entries) {
    if (entry.first.is_string() && entry.first.text() == key) return &entry.second;
  }
  return nullptr;
}

Result<void> Dict::set(Value key, Value value) {
  if (!hashable(key)) return failure("a key must be hashable", type_name(key));
  HONE_TRY_VOID(grow(depth, weight, key));
  HONE_TRY_VOID(grow(depth, weight, value));
  if (const Value* present = find(key)) {
    const_cast<Value&>(*present) = std::move(value);
    return {};
  }
  entries.emplace_back(std::move(key), std::move(value));
  if (entries.size() == kIndexFrom) {
    for (std::size_t i = 0; i < entries.size(); ++i) index_.emplace(entries[i].first, i);
  } else if (entries.size() > kIndexFrom) {
    index_.emplace(entries.back().first, entries.size() - 1);
  }
  return {};
}

Result<Value> make_sequence(std::vector<Value> items, Sequence::Flavor flavor) {
  auto made = std::make_shared<Sequence>();
  made->flavor = flavor;
  for (const Value& item : items) HONE_TRY_VOID(grow(made->depth, made->weight, item));
  made->items = std::move(items);
  return Value(std::shared_ptr<const Sequence>(std::move(made)));
}

Result<Value> make_tuple(std::vector<Value> items) {
  return make_sequence(std::move(items), Sequence::Flavor::kTuple);
}

Value make_range(std::int64_t start, std::int64_t stop, std::int64_t step) {
  auto made = std::make_shared<Sequence>();
  made->flavor = Sequence::Flavor::kRange;
  made->start = start, made->stop = stop, made->step = step;
  for (std::int64_t i = start; step > 0 ? i < stop : i > stop;) {
    made->items.emplace_back(i);
    if (__builtin_add_overflow(i, step, &i)) break;
  }
  made->weight += static_cast<std::int64_t>(made->items.size());
  return Value(std::shared_ptr<const Sequence>(std::move(made)));
}

bool truth(const Value& value) {
  if (value.is_undefined() || value.is_none()) return false;
  if (value.is_number()) return value.number() != 0;
  if (value.is_string()) return !value.text().empty();
  if (const Sequence* items = value.sequence()) return !items->has_length() || !items->items.empty();
  if (const Dict* dict = value.dict()) return !dict->entries.empty();
  return true;
}

bool equals(const Value& a, const Value& b) {
  if (a.is_integral() && b.is_integral()) return a.integer() == b.integer();
  if (a.is_number() && b.is_number()) return a.number() == b.number();
  if (a.is_string() && b.is_string()) return a.text() == b.text();
  if (a.is_none()) return b.is_none();
  if (a.is_undefined()) return b.is_undefined();
  const Sequence *left = a.sequence(), *right = b.sequence();
  if (left && right) {
    if (left == right) return true;
    const bool comparable = left->flavor == right->flavor && left->indexable();
    return comparable && left->items.size() == right->items.size() &&
           std::equal(left->items.begin(), left->items.end(), right->items.begin(), equals);
  }
  if (a.dict() && b.dict()) return a.dict() == b.dict() || equal_dicts(*a.dict(), *b.dict());
  if (a.space()) return a.space() == b.space();
  if (a.callable()) return a.callable() == b.callable();
  if (a.loop()) return a.loop() == b.loop();
  return false;
}

bool hashable(const Value& value) {
  if (value.is_dict()) return false;
  const Sequence* items = value.sequence();
  if (!items) return true;
  if (items->flavor != Sequence::Flavor::kTuple) return items->flavor == Sequence::Flavor::kRange;
  return std::all_of(items->items.begin(), items->items.end(), hashable);
}

std::size_t ValueHash::operator()(const Value& value) const {
  if (value.is_number()) return std::hash<double>{}(value.number());  // 1, 1.0 and true are one key
  if (value.is_string()) return std::hash<std::string>{}(value.text());
  std::size_t mixed = 0x9e3779b97f4a7c15ULL;
  if (const Sequence* items = value.sequence()) {
    for (const Value& item : items->items) mixed = mixed * 1099511628211ULL + (*this)(item);
  }
  return mixed;
}

bool ValueEqual::operator()(const Value& a, const Value& b) const { return equals(a, b); }

Result<int> compare(const Value& a, const Value& b) {
  if (a.is_undefined()) return failure(a.why_undefined());
  if (b.is_undefined()) return failure(b.why_undefined());
  if (a.is_integral() && b.is_integral()) {
    return a.integer() < b.integer() ? -1 : (a.integer() > b.integer() ? 1 : 0);
  }
  if (a.is_number() && b.is_number()) return order(a.number(), b.number());
  if (a.is_string() && b.is_string())
    return a.text().compare(b.text());  // UTF-8 orders as its code points do
  const Sequence *left = a.sequence(), *right = b.sequence();
  if (left && right && left->flavor == right->flavor && left->flavor <= Sequence::Flavor::kTuple) {
    return compare_sequences(*left, *right);
  }
  return failure("values of these types have no order", type_name(a) + " and " + type_name(b));
}

std::string type_name(const Value& value) {
  if (value.is_undefined()) return "Undefined";
  if (value.is_none()) return "NoneType";
  if (value.is_bool()) return "bool";
  if (value.is_int()) return "int";
  if (value.is_float()) return "float";
  if (value.is_string()) return "str";
  if (value.is_dict()) return "dict";
  if (value.space()) return "Namespace";
  if (value.callable()) return "function";
  if (value.loop()) return "LoopContext";
  switch (value.sequence()->flavor) {
    case Sequence::Flavor::kList:
      return "list";
    case Sequence::Flavor::kTuple:
      return "tuple";
    case Sequence::Flavor::kRange:
      return "range";
    case Sequence::Flavor::kKeys:
      return "dict_keys";
    case Sequence::Flavor::kValues:
      return "dict_values";
    case Sequence::Flavor::kItems:
      return "dict_items";
    case Sequence::Flavor::kIterator:
      return "generator";
  }
  return "object";
}

}  // namespace hone::jinja
