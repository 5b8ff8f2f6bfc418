// Units and currency around a value: "15 cm^2", "5.4 \text{ cents}", "\$32".
//
// A unit is taken off where it can only be one. Thread-safe; linear in the text.
#pragma once

#include <string>
#include <string_view>

namespace hone {

struct Quantity {
  std::string body;       // the text without its unit
  std::string dimension;  // "length^2"; empty for none, or a word that is no known unit
  long scale_above = 1;   // the unit in its dimension's base unit, as a fraction
  long scale_below = 1;
};

Quantity take_unit(std::string_view text);

}  // namespace hone
