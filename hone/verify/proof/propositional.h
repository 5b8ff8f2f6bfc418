// The Metamath database that proofs are checked against when none is named: propositional calculus with
// implication and negation. Its text is propositional.mm, built in.
#pragma once

#include <string_view>

namespace hone {

std::string_view propositional_database();

}  // namespace hone
