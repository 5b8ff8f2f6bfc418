// Functions that every template may call.
#include <algorithm>
#include <ctime>
#include <utility>

#include "hone/text/jinja/builtins.h"

namespace hone::jinja {
namespace {

constexpr std::int64_t kMaxRange = 100'000;  // the sandbox's own bound

using Global = Result<Value> (*)(Interpreter&, const Arguments&);

Result<Value> range(Interpreter& in, const Arguments& given) {
  if (!given.named.empty()) return failure("range takes no named arguments", given.named[0].first);
  HONE_TRY(const auto bound, bind(given, {{"start"}, {"stop", None{}}, {"step", None{}}}));
  const bool only_stop = bound[1].is_none();
  std::int64_t step = 1;
  HONE_TRY(const std::int64_t start, as_integer(only_stop ? Value(0) : bound[0], "start"));
  HONE_TRY(const std::int64_t stop, as_integer(only_stop ? bound[0] : bound[1], "stop"));
  if (!bound[2].is_none()) {
    HONE_TRY(step, as_integer(bound[2], "step"));
  }
  if (step == 0) return failure("a range's step must not be zero");
  // In doubles, where nothing overflows; near the limit they are exact.
  const double count = (static_cast<double>(stop) - static_cast<double>(start)) / static_cast<double>(step);
  if (count > static_cast<double>(kMaxRange)) {
    return failure("a range must hold at most " + std::to_string(kMaxRange) + " numbers");
  }
  HONE_TRY_VOID(in.budget().charge(static_cast<std::int64_t>(std::max(count, 0.0))));
  return make_range(start, stop, step);
}

// dict(pairs or dictionary, name=value …)
Result<Value> dict(Interpreter& in, const Arguments& given) {
  if (given.positional.size() > 1) return failure("dict takes at most one positional argument");
  auto made = std::make_shared<Dict>();
  if (!given.positional.empty()) {
    const Value& source = given.positional[0];
    HONE_TRY_VOID(in.budget().charge(source.weight()));
    if (const Dict* other = source.dict()) {
      for (const auto& [key, value] : other->entries) HONE_TRY_VOID(made->set(key, value));
    } else {
      HONE_TRY(const auto pairs, in.iterate(source));
      for (const Value& pair : pairs->items) {
        HONE_TRY(const auto parts, in.iterate(pair));
        if (parts->items.size() != 2)
          return failure("dict needs pairs", std::to_string(parts->items.size()) + " values");
        HONE_TRY_VOID(made->set(parts->items[0], parts->items[1]));
      }
    }
  }
  for (const auto& [name, value] : given.named) HONE_TRY_VOID(made->set(Value(name), value));
  return Value(std::shared_ptr<const Dict>(std::move(made)));
}

Result<Value> make_namespace(Interpreter& in, const Arguments& given) {
  HONE_TRY(const Value attributes, dict(in, given));
  HONE_TRY_VOID(in.budget().charge(1 + static_cast<std::int64_t>(attributes.dict()->entries.size())));
  Namespace* space = in.new_namespace();
  for (const auto& [key, value] : attributes.dict()->entries)
    HONE_TRY_VOID(space->attributes.set(key, value));
  return Value(space);
}

Result<Value> raise_exception(Interpreter& in, const Arguments& given) {
  HONE_TRY(const auto bound, bind(given, {{"message"}}));
  HONE_TRY(std::string message, in.text_of(bound[0]));
  return failure(std::move(message));
}

Result<Value> strftime_now(Interpreter&, const Arguments& given) {
  HONE_TRY(const auto bound, bind(given, {{"format"}}));
  HONE_TRY(const std::string format, as_string(bound[0], "format"));
  if (format.size() > 256)
    return failure("a date's format must be at most 256 bytes", std::to_string(format.size()));
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  localtime_r(&now, &parts);
  // A mark at the end tells an empty result from one that did not fit.
  char text[8192];
  const std::size_t size = std::strftime(text, sizeof text, (format + "|").c_str(), &parts);
  if (size == 0) return failure("a date's text must be at most 8191 bytes", format);
  return Value(std::string(text, size - 1));
}

constexpr std::pair<std::string_view, Global> kGlobals[] = {
    {"dict", dict},   {"namespace", make_namespace},  {"raise_exception", raise_exception},
    {"range", range}, {"strftime_now", strftime_now},
};

}  // namespace

bool is_global(std::string_view name) { return find_in(kGlobals, name) != nullptr; }

Result<Value> call_global(Interpreter& in, const std::string& name, const Arguments& given) {
  const Global global = find_in(kGlobals, name);
  if (!global) return failure("a known function", name);
  return global(in, given);
}

}  // namespace hone::jinja
