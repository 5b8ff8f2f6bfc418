#include "hone/text/jinja/arguments.h"

#include <algorithm>

namespace hone::jinja {

Result<std::vector<Value>> bind(const Arguments& given, std::initializer_list<Formal> formals) {
  if (given.positional.size() > formals.size()) {
    return failure("at most " + std::to_string(formals.size()) + " arguments",
                   std::to_string(given.positional.size()));
  }
  for (const auto& [name, value] : given.named) {
    const bool known =
        std::any_of(formals.begin(), formals.end(), [&](const Formal& f) { return f.name == name; });
    if (!known) return failure("no argument has this name", name);
  }
  std::vector<Value> bound;
  for (const Formal& formal : formals) {
    const auto named = std::find_if(given.named.begin(), given.named.end(),
                                    [&](const auto& argument) { return argument.first == formal.name; });
    if (bound.size() < given.positional.size()) {
      if (named != given.named.end())
        return failure("an argument must be given once", std::string(formal.name));
      bound.push_back(given.positional[bound.size()]);
    } else if (named != given.named.end()) {
      bound.push_back(named->second);
    } else if (formal.otherwise) {
      bound.push_back(*formal.otherwise);
    } else {
      return failure("the argument '" + std::string(formal.name) + "' must be given");
    }
  }
  return bound;
}

Result<std::int64_t> as_integer(const Value& value, std::string_view what) {
  if (value.is_integral()) return value.integer();
  if (value.is_undefined()) return failure(value.why_undefined());
  return failure(std::string(what) + " must be an integer", type_name(value));
}

Result<std::string> as_string(const Value& value, std::string_view what) {
  if (value.is_string()) return value.text();
  if (value.is_undefined()) return failure(value.why_undefined());
  return failure(std::string(what) + " must be a string", type_name(value));
}

}  // namespace hone::jinja
