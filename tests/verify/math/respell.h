// Other spellings of one answer, and answers that are nearly it but mean something else.
//
// Both are written against the text alone, without the code under test. One thread at a time.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hone::testing {

struct Respelling {
  const char* name;
  // Nothing where the rule does not apply.
  std::function<std::optional<std::string>(const std::string&)> rule;
};

// Each keeps the meaning.
const std::vector<Respelling>& respellings();

// All different in meaning from `answer`.
struct Perturbed {
  const char* name;
  std::string text;
};
std::vector<Perturbed> perturbations(const std::string& answer);

// What kind of text an answer is, as far as the rules above need it.
bool is_integer(std::string_view text);
bool is_decimal(std::string_view text);
bool is_words(std::string_view text);
// One value: no list, set, bracket pair, relation or unit.
bool is_value(std::string_view text);
std::string replaced(std::string text, std::string_view from, std::string_view to);

}  // namespace hone::testing
