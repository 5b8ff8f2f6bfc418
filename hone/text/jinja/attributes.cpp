// value.name and value[key].
#include <algorithm>

#include "hone/text/jinja/builtins.h"
#include "hone/text/jinja/characters.h"
#include "hone/text/jinja/print.h"

namespace hone::jinja {
namespace {

Value method_of(const Value& receiver, const std::string& name) {
  auto bound = std::make_shared<Callable>();
  bound->kind = Callable::Kind::kMethod;
  bound->name = name;
  bound->receiver = receiver;
  return Value(std::shared_ptr<const Callable>(std::move(bound)));
}

// The sandbox withholds what would change a list or a dictionary.
bool changes_receiver(const Value& receiver, std::string_view name) {
  static constexpr std::string_view on_lists[] = {"append", "clear",  "extend",  "insert",
                                                  "pop",    "remove", "reverse", "sort"};
  static constexpr std::string_view on_dicts[] = {"clear", "pop", "popitem", "setdefault", "update"};
  if (receiver.is_dict())
    return std::find(std::begin(on_dicts), std::end(on_dicts), name) != std::end(on_dicts);
  const bool list = receiver.sequence() && receiver.sequence()->flavor == Sequence::Flavor::kList;
  return list && std::find(std::begin(on_lists), std::end(on_lists), name) != std::end(on_lists);
}

Value missing(const Value& value, const std::string& name) {
  if (value.is_none()) return Value::undefined("'None' has no attribute '" + name + "'");
  return Value::undefined("'" + type_name(value) + " object' has no attribute '" + name + "'");
}

Value neighbour(const Loop& loop, std::int64_t offset) {
  const std::int64_t at = loop.index0 + offset;
  if (at >= 0 && at < static_cast<std::int64_t>(loop.items->items.size())) {
    return loop.items->items[static_cast<std::size_t>(at)];
  }
  return Value::undefined(offset < 0 ? "there is no previous item" : "there is no next item");
}

Value loop_attribute(const Value& value, const std::string& name) {
  const Loop& loop = *value.loop();
  const auto length = static_cast<std::int64_t>(loop.items->items.size());
  if (name == "index") return loop.index0 + 1;
  if (name == "index0") return loop.index0;
  if (name == "revindex") return length - loop.index0;
  if (name == "revindex0") return length - loop.index0 - 1;
  if (name == "first") return loop.index0 == 0;
  if (name == "last") return loop.index0 + 1 == length;
  if (name == "length") return length;
  if (name == "previtem") return neighbour(loop, -1);
  if (name == "nextitem") return neighbour(loop, 1);
  if (name == "depth") return loop.level + 1;
  if (name == "depth0") return loop.level;
  if (name == "cycle") return method_of(value, name);
  return missing(value, name);
}

// A method or built-in attribute; undefined (named so) when there is none.
Value own_attribute(const Value& value, const std::string& name) {
  if (value.loop()) return loop_attribute(value, name);
  if (Namespace* space = value.space()) {
    const Value* found = space->attributes.find_name(name);
    return found ? *found : missing(value, name);
  }
  if (changes_receiver(value, name)) {
    return Value::undefined("access to attribute '" + name + "' of '" + type_name(value) +
                            "' object is unsafe");
  }
  return has_method(value, name) ? method_of(value, name) : missing(value, name);
}

bool owns(const Value& value, const std::string& name) {
  return has_method(value, name) || changes_receiver(value, name);
}

}  // namespace

Result<Value> attribute(const Value& value, const std::string& name) {
  if (value.is_undefined()) return failure(value.why_undefined());
  if (const Dict* dict = value.dict(); dict && !owns(value, name)) {
    const Value* found = dict->find_name(name);
    return found ? *found : missing(value, name);
  }
  return own_attribute(value, name);
}

Result<Value> subscript(const Value& value, const Value& key) {
  if (value.is_undefined()) return failure(value.why_undefined());
  if (const Dict* dict = value.dict()) {
    const Value* found = hashable(key) ? dict->find(key) : nullptr;
    if (found) return *found;
  }
  if (key.is_integral()) {
    const std::int64_t at = key.integer();
    if (const Sequence* sequence = value.sequence(); sequence && sequence->indexable()) {
      const auto size = static_cast<std::int64_t>(sequence->items.size());
      if (at >= -size && at < size) return sequence->items[static_cast<std::size_t>(at < 0 ? at + size : at)];
    } else if (value.is_string()) {
      const auto units = characters(value.text());
      const auto size = static_cast<std::int64_t>(units.size());
      if (at >= -size && at < size) return Value(units[static_cast<std::size_t>(at < 0 ? at + size : at)]);
    }
    return Value::undefined("'" + type_name(value) + " object' has no element " + std::to_string(at));
  }
  if (key.is_string()) return own_attribute(value, key.text());
  return Value::undefined("'" + type_name(value) + " object' has no element " + repr(key));
}

Result<Value> follow(const Value& item, const Value& path, const Value& otherwise) {
  if (path.is_none()) return item;
  if (!path.is_string()) return subscript(item, path);
  Value at = item;
  for (const std::string_view part : split(path.text(), ".", -1)) {
    const bool digits =
        !part.empty() && part.size() < 10 && part.find_first_not_of("0123456789") == part.npos;
    HONE_TRY(at, subscript(at, digits ? Value(std::int64_t{std::stoll(std::string(part))}) : Value(part)));
    if (at.is_undefined() && !otherwise.is_undefined() && !otherwise.is_none()) at = otherwise;
  }
  return at;
}

bool has_method(const Value& receiver, std::string_view name) {
  if (receiver.is_string()) return find_string_method(name) != nullptr;
  return find_container_method(receiver, name) != nullptr;
}

Result<Value> call_method(Interpreter& in, const Value& receiver, const std::string& name,
                          const Arguments& given) {
  const Method method =
      receiver.is_string() ? find_string_method(name) : find_container_method(receiver, name);
  if (!method) return failure("a known method", name);
  // Methods of strings look at each character.
  HONE_TRY_VOID(in.budget().charge(1 + (receiver.is_string() ? 4 * receiver.weight() : 0)));
  return method(in, receiver, given);
}

}  // namespace hone::jinja
