// Filters on sequences that keep, order or count their items.
#include <algorithm>
#include <cmath>
#include <utility>

#include "hone/text/jinja/builtins.h"
#include "hone/text/jinja/characters.h"
#include "hone/text/jinja/operators.h"

namespace hone::jinja {
namespace {

using Flavor = Sequence::Flavor;
using Values = std::vector<Value>;

Result<void> no_arguments(const Arguments& given) {
  HONE_TRY([[maybe_unused]] const auto none, bind(given, {}));
  return {};
}

Result<Value> length(Interpreter& in, const Value& subject, const Arguments& given) {
  HONE_TRY_VOID(no_arguments(given));
  if (subject.is_undefined()) return Value(0);
  if (subject.is_string()) {
    HONE_TRY_VOID(in.budget().charge(subject.weight()));
    return Value(character_count(subject.text()));
  }
  if (const Dict* dict = subject.dict()) return Value(static_cast<std::int64_t>(dict->entries.size()));
  if (const Sequence* items = subject.sequence(); items && items->has_length()) {
    return Value(static_cast<std::int64_t>(items->items.size()));
  }
  if (const Loop* loop = subject.loop()) return Value(static_cast<std::int64_t>(loop->items->items.size()));
  return failure("a value with a length", type_name(subject));
}

Result<Value> first(Interpreter& in, const Value& subject, const Arguments& given) {
  HONE_TRY_VOID(no_arguments(given));
  HONE_TRY(const auto items, in.iterate(subject));
  return items->items.empty() ? Value::undefined("no first item, the sequence was empty")
                              : items->items.front();
}

Result<Value> last(Interpreter& in, const Value& subject, const Arguments& given) {
  HONE_TRY_VOID(no_arguments(given));
  if (subject.sequence() && !subject.sequence()->has_length())
    return failure("a sequence that has an end", "generator");
  HONE_TRY(const auto items, in.iterate(subject));
  return items->items.empty() ? Value::undefined("no last item, the sequence was empty")
                              : items->items.back();
}

Result<Value> list(Interpreter& in, const Value& subject, const Arguments& given) {
  HONE_TRY_VOID(no_arguments(given));
  HONE_TRY(const auto items, in.iterate(subject));
  HONE_TRY_VOID(in.budget().charge(static_cast<std::int64_t>(items->items.size())));
  return make_sequence(items->items);
}

Result<Value> reverse(Interpreter& in, const Value& subject, const Arguments& given) {
  HONE_TRY_VOID(no_arguments(given));
  if (subject.is_string()) return slice(in.budget(), subject, Value(), Value(), Value(-1));
  HONE_TRY(const auto items, in.iterate(subject));
  HONE_TRY_VOID(in.budget().charge(static_cast<std::int64_t>(items->items.size())));
  return make_sequence(Values(items->items.rbegin(), items->items.rend()), Flavor::kIterator);
}

Result<Value> join(Interpreter& in, const Value& subject, const Arguments& given) {
  HONE_TRY(const auto bound, bind(given, {{"d", ""}, {"attribute", None{}}}));
  HONE_TRY(const std::string glue, in.text_of(bound[0]));
  HONE_TRY(const auto items, in.iterate(subject));
  std::string text;
  for (std::size_t i = 0; i < items->items.size(); ++i) {
    HONE_TRY(const Value item, follow(items->items[i], bound[1]));
    HONE_TRY(const std::string part, in.text_of(item));
    HONE_TRY_VOID(in.budget().charge_bytes(glue.size()));
    if (i > 0) text += glue;
    text += part;
  }
  return Value(std::move(text));
}

Result<Value> sum(Interpreter& in, const Value& subject, const Arguments& given) {
  HONE_TRY(const auto bound, bind(given, {{"attribute", None{}}, {"start", 0}}));
  if (bound[1].is_string()) return failure("strings are joined, not summed");
  HONE_TRY(const auto items, in.iterate(subject));
  Value total = bound[1];
  for (const Value& item : items->items) {
    HONE_TRY(const Value part, follow(item, bound[0]));
    HONE_TRY(total, arithmetic(in.budget(), Op::kAdd, total, part));
  }
  return total;
}

// What items are ordered by: the attributes that a comma-separated path names, in lower case unless told
// otherwise.
Result<Values> sort_key(Interpreter& in, const Value& item, const Value& path, bool case_sensitive) {
  Values paths{path};
  if (path.is_string()) {
    const auto parts = split(path.text(), ",", -1);
    paths.assign(parts.begin(), parts.end());
  }
  Values key;
  for (const Value& one : paths) {
    HONE_TRY(Value part, follow(item, one));
    HONE_TRY_VOID(in.budget().charge(part.weight()));
    if (part.is_string() && !case_sensitive) part = Value(lower(part.text()));
    key.push_back(std::move(part));
  }
  return key;
}

struct Keyed {
  Values key;
  Value item;
};

// Merges runs from the bottom up, so that a comparison that fails can stop the sort.
Result<void> sort_keyed(Interpreter& in, std::vector<Keyed>& items, bool descending) {
  const auto comes_first = [&](const Keyed& a, const Keyed& b) -> Result<bool> {
    for (std::size_t i = 0; i < a.key.size(); ++i) {
      HONE_TRY_VOID(in.budget().charge(std::min(a.key[i].weight(), b.key[i].weight())));
      if (equals(a.key[i], b.key[i])) continue;
      HONE_TRY(const int order, compare(a.key[i], b.key[i]));
      return descending ? order > 0 : order < 0;
    }
    return false;
  };
  std::vector<Keyed> merged(items.size());
  for (std::size_t width = 1; width < items.size(); width *= 2) {
    for (std::size_t begin = 0; begin < items.size(); begin += 2 * width) {
      const std::size_t middle = std::min(begin + width, items.size()),
                        end = std::min(begin + 2 * width, items.size());
      std::size_t left = begin, right = middle;
      for (std::size_t out = begin; out < end; ++out) {
        bool take_right = left == middle;
        if (left < middle && right < end) {
          HONE_TRY(take_right, comes_first(items[right], items[left]));
        }
        merged[out] = std::move(take_right ? items[right++] : items[left++]);
      }
    }
    std::swap(items, merged);
  }
  return {};
}

Result<std::vector<Keyed>> keyed(Interpreter& in, const Values& items, const Value& path,
                                 bool case_sensitive) {
  std::vector<Keyed> made;
  for (const Value& item : items) {
    HONE_TRY(Values key, sort_key(in, item, path, case_sensitive));
    made.push_back({std::move(key), item});
  }
  return made;
}

Result<Value> sort(Interpreter& in, const Value& subject, const Arguments& given) {
  HONE_TRY(const auto bound,
           bind(given, {{"reverse", false}, {"case_sensitive", false}, {"attribute", None{}}}));
  HONE_TRY(const auto source, in.iterate(subject));
  HONE_TRY(std::vector<Keyed> items, keyed(in, source->items, bound[2], truth(bound[1])));
  HONE_TRY_VOID(sort_keyed(in, items, truth(bound[0])));
  Values sorted;
  for (Keyed& item : items) sorted.push_back(std::move(item.item));
  return make_sequence(std::move(sorted));
}

Result<Value> dictsort(Interpreter& in, const Value& subject, const Arguments& given) {
  HONE_TRY(const auto bound, bind(given, {{"case_sensitive", false}, {"by", "key"}, {"reverse", false}}));
  if (subject.is_undefined()) return failure(subject.why_undefined());
  if (!subject.dict()) return failure("a dictionary", type_name(subject));
  HONE_TRY(const std::string by, as_string(bound[1], "by"));
  if (by != "key" && by != "value") return failure("by must be 'key' or 'value'", by);
  Values pairs;
  for (const auto& [key, value] : subject.dict()->entries) {
    HONE_TRY(Value pair, make_tuple({key, value}));
    pairs.push_back(std::move(pair));
  }
  HONE_TRY(std::vector<Keyed> items, keyed(in, pairs, Value(by == "key" ? 0 : 1), truth(bound[0])));
  HONE_TRY_VOID(sort_keyed(in, items, truth(bound[2])));
  Values sorted;
  for (Keyed& item : items) sorted.push_back(std::move(item.item));
  return make_sequence(std::move(sorted));
}

Result<Value> group_by(Interpreter& in, const Value& subject, const Arguments& given) {
  HONE_TRY(const auto bound, bind(given, {{"attribute"}, {"default", None{}}, {"case_sensitive", false}}));
  HONE_TRY(const auto source, in.iterate(subject));
  std::vector<Keyed> items;
  for (const Value& item : source->items) {
    HONE_TRY(Value key, follow(item, bound[0], bound[1]));
    if (key.is_string() && !truth(bound[2])) key = Value(lower(key.text()));
    items.push_back({{std::move(key)}, item});
  }
  HONE_TRY_VOID(sort_keyed(in, items, false));
  Values groups;
  for (std::size_t begin = 0, end = 0; begin < items.size(); begin = end) {
    Values members;
    for (end = begin; end < items.size() && equals(items[end].key[0], items[begin].key[0]); ++end) {
      members.push_back(items[end].item);
    }
    HONE_TRY(Value name, follow(members[0], bound[0], bound[1]));
    HONE_TRY(Value group, make_sequence(std::move(members)));
    HONE_TRY(Value pair, make_tuple({std::move(name), std::move(group)}));
    groups.push_back(std::move(pair));
  }
  return make_sequence(std::move(groups));
}

template <bool largest>
Result<Value> extreme(Interpreter& in, const Value& subject, const Arguments& given) {
  HONE_TRY(const auto bound, bind(given, {{"case_sensitive", false}, {"attribute", None{}}}));
  HONE_TRY(const auto source, in.iterate(subject));
  if (source->items.empty()) return Value::undefined("no aggregated item, the sequence was empty");
  Value best, best_key;
  for (std::size_t i = 0; i < source->items.size(); ++i) {
    HONE_TRY(Value key, follow(source->items[i], bound[1]));
    if (key.is_string() && !truth(bound[0])) key = Value(lower(key.text()));
    HONE_TRY_VOID(in.budget().charge(key.weight()));
    if (i > 0) {
      HONE_TRY(const int order, compare(key, best_key));
      if (largest ? order <= 0 : order >= 0) continue;
    }
    best = source->items[i], best_key = std::move(key);
  }
  return best;
}

Result<Value> unique(Interpreter& in, const Value& subject, const Arguments& given) {
  HONE_TRY(const auto bound, bind(given, {{"case_sensitive", false}, {"attribute", None{}}}));
  HONE_TRY(const auto source, in.iterate(subject));
  Dict seen;
  Values kept;
  for (const Value& item : source->items) {
    HONE_TRY(Value key, follow(item, bound[1]));
    HONE_TRY_VOID(in.budget().charge(1 + key.weight()));
    if (key.is_string() && !truth(bound[0])) key = Value(lower(key.text()));
    if (hashable(key) && seen.find(key)) continue;
    HONE_TRY_VOID(seen.set(std::move(key), Value(true)));
    kept.push_back(item);
  }
  return make_sequence(std::move(kept), Flavor::kIterator);
}

Result<Value> items_of(Interpreter& in, const Value& subject, const Arguments& given) {
  HONE_TRY_VOID(no_arguments(given));
  if (subject.is_undefined()) return make_sequence({}, Flavor::kIterator);
  if (!subject.dict()) return failure("a dictionary", type_name(subject));
  Values pairs;
  for (const auto& [key, value] : subject.dict()->entries) {
    HONE_TRY(Value pair, make_tuple({key, value}));
    pairs.push_back(std::move(pair));
  }
  HONE_TRY_VOID(in.budget().charge(static_cast<std::int64_t>(pairs.size())));
  return make_sequence(std::move(pairs), Flavor::kIterator);
}

Result<Value> batch(Interpreter& in, const Value& subject, const Arguments& given) {
  HONE_TRY(const auto bound, bind(given, {{"linecount"}, {"fill_with", None{}}}));
  HONE_TRY(const std::int64_t count, as_integer(bound[0], "linecount"));
  if (count < 1) return failure("linecount must be positive", std::to_string(count));
  HONE_TRY(const auto source, in.iterate(subject));
  Values rows, row;
  const auto full = static_cast<std::size_t>(count);
  const auto finish_row = [&]() -> Result<void> {
    HONE_TRY(Value made, make_sequence(std::exchange(row, {})));
    rows.push_back(std::move(made));
    return {};
  };
  for (const Value& item : source->items) {
    HONE_TRY_VOID(in.budget().charge(1));
    if (row.size() == full) HONE_TRY_VOID(finish_row());
    row.push_back(item);
  }
  if (!row.empty()) {
    if (!bound[1].is_none() && row.size() < full) {
      HONE_TRY_VOID(in.budget().charge(count));
      row.resize(full, bound[1]);
    }
    HONE_TRY_VOID(finish_row());
  }
  return make_sequence(std::move(rows), Flavor::kIterator);
}

Result<Value> slices(Interpreter& in, const Value& subject, const Arguments& given) {
  HONE_TRY(const auto bound, bind(given, {{"slices"}, {"fill_with", None{}}}));
  HONE_TRY(const std::int64_t count, as_integer(bound[0], "slices"));
  if (count < 1) return failure("slices must be positive", std::to_string(count));
  HONE_TRY(const auto source, in.iterate(subject));
  HONE_TRY_VOID(in.budget().charge(count + static_cast<std::int64_t>(source->items.size())));
  const auto size = static_cast<std::int64_t>(source->items.size());
  Values columns;
  std::int64_t at = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t end = at + size / count + (i < size % count ? 1 : 0);
    Values column(source->items.begin() + at, source->items.begin() + end);
    if (!bound[1].is_none() && i >= size % count) column.push_back(bound[1]);
    HONE_TRY(Value made, make_sequence(std::move(column)));
    columns.push_back(std::move(made));
    at = end;
  }
  return make_sequence(std::move(columns), Flavor::kIterator);
}

constexpr std::pair<std::string_view, Filter> kSequenceFilters[] = {
    {"batch", batch},     {"count", length},     {"dictsort", dictsort}, {"first", first},
    {"items", items_of},  {"groupby", group_by}, {"join", join},         {"last", last},
    {"length", length},   {"list", list},        {"max", extreme<true>}, {"min", extreme<false>},
    {"reverse", reverse}, {"slice", slices},     {"sort", sort},         {"sum", sum},
    {"unique", unique},
};

}  // namespace

Filter find_sequence_filter(std::string_view name) { return find_in(kSequenceFilters, name); }

Filter find_filter(std::string_view name) {
  for (const auto find :
       {find_text_filter, find_number_filter, find_sequence_filter, find_selection_filter}) {
    if (const Filter filter = find(name)) return filter;
  }
  return nullptr;
}

}  // namespace hone::jinja
