// The one table of a recipe's keys. Reading, --set, writing, comparing and the reference all walk it, so that
// a key is written once.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "hone/config/options.h"

namespace hone {

// Which numbers a field takes. Infinities and NaN are never among them.
struct Range {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool above = false;    // low itself is refused
  bool below = false;    // high itself is refused
  bool or_zero = false;  // 0 is accepted besides: "off"

  bool holds(double value) const;
};

// An enum, seen through its words.
struct Choice {
  std::span<const char* const> words;  // words[i] is the i-th enumerator
  std::function<std::size_t()> get;
  std::function<void(std::size_t)> set;
};

// Where a field's value lives, in the options that the table was made for.
using Target = std::variant<bool*, int*, std::int64_t*, std::uint64_t*, double*, std::string*,
                            std::vector<std::string>*, std::vector<int>*, std::vector<double>*, Choice,
                            std::vector<VerifierOptions>*, std::vector<FriendOptions>*>;

struct Field {
  std::string key;  // dotted, from the top
  Target target;
  std::string help;
  Range range = {};
  std::vector<std::string> words = {};  // of text: the words it may be; empty: any text
};

struct Section {
  std::string key;  // dotted
  std::string help;
};

struct Fields {
  std::vector<Section> sections;
  std::vector<Field> fields;  // a section's keys follow one another, nested sections between them
};

// The tables point into their argument, which must outlive them.
Fields fields_of(Recipe& recipe);
Fields fields_of(VerifierOptions& verifier);
Fields fields_of(FriendOptions& judge);

// "integer, at least 2": what a field takes, for errors and the reference.
std::string type_of(const Field& field);

// The value as YAML on one line. Numbers are the shortest text that reads back to the same bits.
std::string render(const Field& field);
std::string render(double value);
std::string render(const std::string& text);

}  // namespace hone
