// What stands around C, C++ and JavaScript functions that tests call. As for Python, it only states values:
// one line for each call on a descriptor of its own, in the form of value.h's parse_tagged.
//
// Thread safety: pure functions.
#pragma once

#include <string>

#include "hone/base/result.h"
#include "hone/verify/code/tests.h"

namespace hone {

// The C program and a main that calls entry_point with typed literals, on descriptor 4. The function's
// parameters are read from its definition. Parameters: integer and floating types, bool, char (a text of one
// character), char* (text), and pointers to or arrays of numbers (a list). Result: the same without arrays,
// or void (null). Error: no definition of entry_point at the top level, a type outside these, an argument
// that does not fit.
Result<std::string> c_calls_main(const CallTests& tests, const std::string& code);

// The C++ program and a main that reads the arguments as the function's own parameter types ask: arithmetic
// types, std::string, const char*, std::vector, array, list, deque, set, unordered_set, pair, tuple, map,
// unordered_map, optional of these, by value or reference. The function is neither overloaded nor a template;
// a method of `class Solution` is called on a fresh object. Descriptor 4.
std::string cpp_calls_main(const CallTests& tests, const std::string& code);
// hone_calls.h, which it includes: the same for all, and so precompiled with the common headers.
std::string cpp_calls_header();

// calls.js: loads main.js, calls what cases.json says. Descriptor 3.
std::string javascript_calls();

}  // namespace hone
