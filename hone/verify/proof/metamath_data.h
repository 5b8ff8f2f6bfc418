// What a Metamath database is in memory: symbols and labels as numbers, expressions in one pool. Internal to
// verify/proof; the contract for users is metamath.h.
//
// Thread safety: plain values, not changed after reading.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "hone/base/files.h"
#include "hone/base/result.h"

namespace hone::metamath {

// An index into Data::symbols; the top bit marks variables, so that substitution needs no look-up.
using Symbol = std::uint32_t;
inline constexpr Symbol kVariableBit = 1U << 31;
inline bool is_variable(Symbol symbol) { return (symbol & kVariableBit) != 0; }
inline std::uint32_t index_of(Symbol symbol) { return symbol & ~kVariableBit; }

inline constexpr std::uint32_t kNoIndex = std::numeric_limits<std::uint32_t>::max();

struct Span {
  std::uint32_t offset = 0, length = 0;
};

struct SymbolEntry {
  std::string_view name;
  Symbol symbol = 0;               // with its variable bit
  std::uint32_t declared = 0;      // statements before its first declaration
  bool active = false;             // variables: inside their scope; at the end: declared in the outermost
  std::uint32_t floating = kNoIndex;  // variables: their active $f; at the end: that of the outermost scope
};

enum class Kind : std::uint8_t { kFloating, kEssential, kAxiom, kTheorem };

// A labelled statement. Its number is its index in Data::statements, so a smaller one came earlier.
struct Statement {
  std::string_view label;
  Kind kind = Kind::kAxiom;
  Span math;                        // in Data::pool; the first symbol is the typecode, a constant
  std::uint32_t scope_end = kNoIndex;  // hypotheses: the first statement for which they are no longer active
  std::uint32_t frame = kNoIndex;      // assertions: index into Data::frames

  bool is_assertion() const { return kind == Kind::kAxiom || kind == Kind::kTheorem; }
};

struct Frame {
  Span hypotheses;                     // in Data::hypotheses: mandatory, in order of appearance
  Span disjoint;                       // in Data::disjoint: pairs of mandatory variables
  std::uint32_t all_disjoint = kNoIndex;  // $p: head of every active pair, in Data::disjoint_nodes
  std::string_view proof;              // $p: what stands between $= and $.
};

struct DisjointPair {
  Symbol x = 0, y = 0;
};

// The active $d pairs of a scope as a list towards the outside: scopes share their tails.
struct DisjointNode {
  DisjointPair pair;
  std::uint32_t outer = kNoIndex;
  std::uint32_t declared = 0;  // statements before it
};

struct Data {
  std::vector<MappedFile> files;
  std::string text;  // of parse(); names are views into it or into the files
  std::string name;

  std::vector<SymbolEntry> symbols;
  std::unordered_map<std::string_view, std::uint32_t> symbol_index;
  std::vector<Statement> statements;
  std::unordered_map<std::string_view, std::uint32_t> label_index;
  std::vector<Symbol> pool;
  std::vector<Frame> frames;
  std::vector<std::uint32_t> hypotheses;
  std::vector<DisjointPair> disjoint;
  std::vector<DisjointNode> disjoint_nodes;
  std::uint32_t outermost_disjoint = kNoIndex;  // head at the end of the database
  std::vector<std::uint32_t> outermost_essential;

  std::span<const Symbol> math(const Statement& statement) const {
    return {pool.data() + statement.math.offset, statement.math.length};
  }
};

// Fills `data` from data.text (`path` empty) or from the file `path` and what it includes.
Result<void> read_database(Data& data, const fs::path& path);

}  // namespace hone::metamath
