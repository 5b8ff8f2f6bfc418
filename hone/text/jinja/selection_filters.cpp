// map, select, reject, selectattr and rejectattr.
#include <utility>

#include "hone/text/jinja/builtins.h"

namespace hone::jinja {
namespace {

using Flavor = Sequence::Flavor;

Result<Value> map(Interpreter& in, const Value& subject, const Arguments& given) {
  std::vector<Value> mapped;
  HONE_TRY(const auto items, in.iterate(subject));
  if (given.positional.empty()) {
    HONE_TRY(const auto bound, bind(given, {{"attribute"}, {"default", None{}}}));
    for (const Value& item : items->items) {
      HONE_TRY_VOID(in.budget().charge(1));
      HONE_TRY(Value value, follow(item, bound[0], bound[1]));
      mapped.push_back(std::move(value));
    }
    return make_sequence(std::move(mapped), Flavor::kIterator);
  }
  HONE_TRY(const std::string name, as_string(given.positional[0], "a filter's name"));
  const Arguments rest{{given.positional.begin() + 1, given.positional.end()}, given.named};
  for (const Value& item : items->items) {
    HONE_TRY_VOID(in.budget().charge(1));
    HONE_TRY(Value value, in.apply_filter(name, item, rest));
    mapped.push_back(std::move(value));
  }
  return make_sequence(std::move(mapped), Flavor::kIterator);
}

// Without a test, an item is kept for its own truth.
template <bool wanted, bool by_attribute>
Result<Value> select(Interpreter& in, const Value& subject, const Arguments& given) {
  Arguments rest = given;
  const auto take = [&rest] {
    Value value = rest.positional.front();
    rest.positional.erase(rest.positional.begin());
    return value;
  };
  Value path = None{};
  if (by_attribute) {
    if (rest.positional.empty()) return failure("an attribute's name must be given");
    path = take();
  }
  std::string test;
  if (!rest.positional.empty()) {
    HONE_TRY(test, as_string(take(), "a test's name"));
  }
  HONE_TRY(const auto items, in.iterate(subject));
  std::vector<Value> kept;
  for (const Value& item : items->items) {
    HONE_TRY_VOID(in.budget().charge(1));
    HONE_TRY(const Value value, follow(item, path));
    bool holds = truth(value);
    if (!test.empty()) {
      HONE_TRY(holds, in.apply_test(test, value, rest));
    }
    if (holds == wanted) kept.push_back(item);
  }
  return make_sequence(std::move(kept), Flavor::kIterator);
}

constexpr std::pair<std::string_view, Filter> kSelectionFilters[] = {
    {"map", map},
    {"reject", select<false, false>},
    {"rejectattr", select<false, true>},
    {"select", select<true, false>},
    {"selectattr", select<true, true>},
};

}  // namespace

Filter find_selection_filter(std::string_view name) { return find_in(kSelectionFilters, name); }

}  // namespace hone::jinja
