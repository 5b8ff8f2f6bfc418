// Python's two ways of filling in a string: '%s' % values, and '{}'.format(values).
#pragma once

#include <string>

#include "hone/text/jinja/arguments.h"
#include "hone/text/jinja/budget.h"
#include "hone/text/jinja/value.h"

namespace hone::jinja {

// Conversions s, r, d, i, u, f, F, e, E, g, G, x, X, o, c and %%; flags, width and precision; %(name)s with a
// dictionary.
Result<std::string> percent_format(Budget& budget, const std::string& format, const Value& values);

// Fields {}, {0} and {name}, with !s and !r and a format of fill, alignment, sign, 0, width, ',', precision
// and type. Attributes and subscripts within a field are errors, as are fields within formats.
Result<std::string> brace_format(Budget& budget, const std::string& format, const Arguments& values);

}  // namespace hone::jinja
