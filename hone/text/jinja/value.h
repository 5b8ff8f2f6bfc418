// The values a chat template works on, with Python's meaning of truth, equality and order.
//
// Strings, sequences and dictionaries never change once made (transformers renders in an immutable sandbox),
// so they are shared. Namespaces do change: the interpreter owns them, and values only point at them, so that
// no template can build a cycle of owners. Every container knows how deep and how large it is: recursion over
// values is bounded by kMaxDepth, and work over them can be charged before it is done.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "hone/base/result.h"

namespace hone::jinja {

inline constexpr int kMaxDepth = 150;

struct Sequence;
struct Dict;
struct Namespace;
struct Callable;
struct Loop;

// What a missing name or attribute evaluates to: prints as nothing, fails when used; `why` is the failure.
struct Undefined {
  std::shared_ptr<const std::string> why;
};
struct None {};

class Value {
 public:
  using Text = std::shared_ptr<const std::string>;
  using Storage = std::variant<Undefined, None, bool, std::int64_t, double, Text,
                               std::shared_ptr<const Sequence>, std::shared_ptr<const Dict>, Namespace*,
                               std::shared_ptr<const Callable>, std::shared_ptr<const Loop>>;

  Value() = default;  // undefined
  Value(None none) : data_(none) {}
  Value(bool value) : data_(value) {}
  Value(std::int64_t value) : data_(value) {}
  Value(int value) : data_(std::int64_t{value}) {}
  Value(double value) : data_(value) {}
  Value(std::string text) : data_(std::make_shared<const std::string>(std::move(text))) {}
  Value(std::string_view text) : Value(std::string(text)) {}
  Value(const char* text) : Value(std::string(text)) {}
  Value(std::shared_ptr<const Sequence> items) : data_(std::move(items)) {}
  Value(std::shared_ptr<const Dict> dict) : data_(std::move(dict)) {}
  Value(Namespace* space) : data_(space) {}
  Value(std::shared_ptr<const Callable> callable) : data_(std::move(callable)) {}
  Value(std::shared_ptr<const Loop> loop) : data_(std::move(loop)) {}
  static Value undefined(std::string why);

  template <class T>
  bool is() const {
    return std::holds_alternative<T>(data_);
  }
  bool is_undefined() const { return is<Undefined>(); }
  bool is_none() const { return is<None>(); }
  bool is_bool() const { return is<bool>(); }
  bool is_int() const { return is<std::int64_t>(); }
  bool is_float() const { return is<double>(); }
  bool is_number() const { return is_bool() || is_int() || is_float(); }
  bool is_integral() const { return is_bool() || is_int(); }  // a bool is an int, as in Python
  bool is_string() const { return is<Text>(); }
  bool is_sequence() const { return sequence() != nullptr; }
  bool is_dict() const { return dict() != nullptr; }

  bool boolean() const { return std::get<bool>(data_); }
  std::int64_t integer() const { return is_bool() ? (boolean() ? 1 : 0) : std::get<std::int64_t>(data_); }
  double number() const { return is_float() ? std::get<double>(data_) : static_cast<double>(integer()); }
  const std::string& text() const { return *std::get<Text>(data_); }
  const std::string& why_undefined() const;

  // Null when the value is of another kind.
  const Sequence* sequence() const;
  std::shared_ptr<const Sequence> shared_sequence() const;
  const Dict* dict() const;
  Namespace* space() const;
  const Callable* callable() const;
  const Loop* loop() const;

  int depth() const;            // 0 for what holds no other value
  std::int64_t weight() const;  // the work that walking over the whole value may take; at least 1

 private:
  Storage data_;
};

// Python's list, tuple, range, dictionary views, and the iterators that filters such as map() return.
struct Sequence {
  enum class Flavor { kList, kTuple, kRange, kKeys, kValues, kItems, kIterator };
  Flavor flavor = Flavor::kList;
  std::vector<Value> items;
  int depth = 1;
  std::int64_t weight = 1;
  std::int64_t start = 0, step = 1, stop = 0;  // of a range
  mutable bool consumed = false;               // of an iterator: it can be walked once

  bool indexable() const { return flavor <= Flavor::kRange; }
  bool has_length() const { return flavor != Flavor::kIterator; }
};

struct ValueHash {
  std::size_t operator()(const Value& value) const;
};
struct ValueEqual {
  bool operator()(const Value& a, const Value& b) const;
};

struct Dict {
  std::vector<std::pair<Value, Value>> entries;  // in order of insertion
  int depth = 1;
  std::int64_t weight = 1;

  const Value* find(const Value& key) const;
  const Value* find_name(std::string_view key) const;
  // Replaces or appends. Error: the key is a list or dictionary, or the result would be too deep or too
  // large.
  Result<void> set(Value key, Value value);

 private:
  std::unordered_map<Value, std::size_t, ValueHash, ValueEqual> index_;
};

// Attributes that a template may assign: namespace().
struct Namespace {
  Dict attributes;
};

struct Macro;
struct Stmt;

// A scope of variables, for as long as it lives: its place on the interpreter's stack, and the number it had
// there.
struct ScopeRef {
  std::size_t at = 0;
  std::uint64_t id = 0;
};

// A global function, a method bound to its receiver, or a macro.
struct Callable {
  enum class Kind { kGlobal, kMethod, kMacro };
  Kind kind = Kind::kGlobal;
  std::string name;
  Value receiver;                // of a method
  const Macro* macro = nullptr;  // of a macro: its definition and the scope that it sees
  ScopeRef scope;
};

// The `loop` variable of one iteration.
struct Loop {
  std::shared_ptr<const Sequence> items;
  std::int64_t index0 = 0;
  int level = 0;                    // of a recursive loop, how many are around it
  const Stmt* recursive = nullptr;  // the loop to run when it is called, in its own scope
  ScopeRef scope;
};

// Error: too deep or too large for a template's value.
Result<Value> make_sequence(std::vector<Value> items, Sequence::Flavor flavor = Sequence::Flavor::kList);
Result<Value> make_tuple(std::vector<Value> items);
// Requires step ≠ 0 and at most 100,000 numbers.
Value make_range(std::int64_t start, std::int64_t stop, std::int64_t step);

bool truth(const Value& value);
bool equals(const Value& a, const Value& b);
bool hashable(const Value& value);
// Negative, zero or positive. Error: Python does not order these types.
Result<int> compare(const Value& a, const Value& b);
// "str", "int", "list" …, as Python names the type.
std::string type_name(const Value& value);

// An error whose place the interpreter fills in.
inline Error failure(std::string rule, std::string got = {}) {
  return Error{"", std::move(rule), std::move(got)};
}

}  // namespace hone::jinja
