// A second Metamath checker, written for clearness alone: strings, maps and copies. The tests ask it what the
// kernel should have said.
#pragma once

#include <string>
#include <vector>

namespace hone::testing {

// White-space separated tokens without comments. Requires well-formed comments.
std::vector<std::string> metamath_tokens(const std::string& text);

// Whether every proof of the database is right. Judges proofs, $d and declarations that matter to them; text
// that is no database at all may be called wrong for any reason.
bool naive_accepts(const std::vector<std::string>& tokens);

}  // namespace hone::testing
