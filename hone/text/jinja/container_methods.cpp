// Methods of dictionaries, lists and tuples that leave them as they are, and of `loop`.
#include <algorithm>
#include <utility>

#include "hone/text/jinja/builtins.h"

namespace hone::jinja {
namespace {

using Flavor = Sequence::Flavor;

template <class Pick>
Result<Value> view(Interpreter& in, const Value& receiver, const Arguments& given, Flavor flavor, Pick pick) {
  HONE_TRY([[maybe_unused]] const auto none, bind(given, {}));
  const auto& entries = receiver.dict()->entries;
  HONE_TRY_VOID(in.budget().charge(static_cast<std::int64_t>(entries.size())));
  std::vector<Value> items;
  items.reserve(entries.size());
  for (const auto& entry : entries) {
    HONE_TRY(Value item, pick(entry));
    items.push_back(std::move(item));
  }
  return make_sequence(std::move(items), flavor);
}

using Entry = std::pair<Value, Value>;

Result<Value> dict_keys(Interpreter& in, const Value& receiver, const Arguments& given) {
  return view(in, receiver, given, Flavor::kKeys, [](const Entry& e) { return Result<Value>(e.first); });
}
Result<Value> dict_values(Interpreter& in, const Value& receiver, const Arguments& given) {
  return view(in, receiver, given, Flavor::kValues, [](const Entry& e) { return Result<Value>(e.second); });
}
Result<Value> dict_items(Interpreter& in, const Value& receiver, const Arguments& given) {
  return view(in, receiver, given, Flavor::kItems, [](const Entry& e) {
    return make_tuple({e.first, e.second});
  });
}

Result<Value> dict_get(Interpreter&, const Value& receiver, const Arguments& given) {
  if (!given.named.empty()) return failure("get takes no named arguments", given.named[0].first);
  HONE_TRY(const auto bound, bind(given, {{"key"}, {"default", None{}}}));
  if (!hashable(bound[0])) return failure("a key must be hashable", type_name(bound[0]));
  const Value* found = receiver.dict()->find(bound[0]);
  return found ? *found : bound[1];
}

Result<Value> copy(Interpreter&, const Value& receiver, const Arguments& given) {
  HONE_TRY([[maybe_unused]] const auto none, bind(given, {}));
  return receiver;  // nothing can change it
}

Result<Value> list_index(Interpreter& in, const Value& receiver, const Arguments& given) {
  HONE_TRY(const auto bound, bind(given, {{"value"}, {"start", 0}}));
  HONE_TRY_VOID(in.budget().charge(receiver.weight()));
  HONE_TRY(std::int64_t at, as_integer(bound[1], "start"));
  const auto& items = receiver.sequence()->items;
  const auto size = static_cast<std::int64_t>(items.size());
  for (at = at < 0 ? std::max<std::int64_t>(at < -size ? 0 : at + size, 0) : at; at < size; ++at) {
    if (equals(items[static_cast<std::size_t>(at)], bound[0])) return Value(at);
  }
  return failure("the value must be in the list");
}

Result<Value> list_count(Interpreter& in, const Value& receiver, const Arguments& given) {
  HONE_TRY(const auto bound, bind(given, {{"value"}}));
  HONE_TRY_VOID(in.budget().charge(receiver.weight()));
  const auto& items = receiver.sequence()->items;
  const auto count =
      std::count_if(items.begin(), items.end(), [&](const Value& v) { return equals(v, bound[0]); });
  return Value(static_cast<std::int64_t>(count));
}

Result<Value> loop_cycle(Interpreter&, const Value& receiver, const Arguments& given) {
  if (given.positional.empty() || !given.named.empty())
    return failure("cycle takes the values to go through");
  return given.positional[static_cast<std::size_t>(receiver.loop()->index0) % given.positional.size()];
}

constexpr std::pair<std::string_view, Method> kDictMethods[] = {
    {"copy", copy}, {"get", dict_get}, {"items", dict_items}, {"keys", dict_keys}, {"values", dict_values}};
constexpr std::pair<std::string_view, Method> kListMethods[] = {
    {"copy", copy}, {"count", list_count}, {"index", list_index}};

}  // namespace

Method find_container_method(const Value& receiver, std::string_view name) {
  if (receiver.dict()) return find_in(kDictMethods, name);
  if (receiver.loop()) return name == "cycle" ? loop_cycle : nullptr;
  const Sequence* sequence = receiver.sequence();
  if (!sequence || !sequence->indexable()) return nullptr;
  if (name == "copy" && sequence->flavor != Flavor::kList) return nullptr;
  return find_in(kListMethods, name);
}

}  // namespace hone::jinja
