// Expressions and answers as nodes of one directed acyclic graph.
//
// A node's operands always have smaller ids than the node, so that every pass over an expression is a loop
// and not a recursion, and equal nodes are one node: equality of ids is equality of spelling. Arithmetic on
// rational numbers is done while building, as long as the result has at most kMaxBits bits.
//
// Requires: ids of the same Expressions. Thread safety: one thread at a time.
#pragma once

#include <gmpxx.h>

#include <cstdint>
#include <deque>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hone {

using NodeId = std::uint32_t;

enum class Kind : std::uint8_t {
  // Scalars.
  kNumber,
  kVariable,
  kPi,
  kEuler,
  kImaginary,
  kInfinity,
  kAdd,        // 2 operands
  kMultiply,   // 2
  kPower,      // base, exponent; a quotient is a product with a power of -1
  kRoot,       // radicand, index; real for an odd index
  kFunction,   // detail: Function
  kDegrees,    // 1: x·π/180
  kPercent,    // 1: x/100
  kPlusMinus,  // 1: both signs
  // Answers that are no scalars.
  kText,          // name: folded words
  kNumeral,       // name: digits; operand: the base
  kRatio,         // 2 or more
  kClock,         // operand: minutes since midnight; detail: 1 when the half of the day was said
  kList,          // without brackets, order free
  kTuple,         // ( ), or ⟨ ⟩; with 2 operands also an open interval
  kSquare,        // [ ] of other than 2 operands
  kSet,           // { }
  kInterval,      // 2; detail: kClosedLeft | kClosedRight
  kUnion,         // 2
  kIntersection,  // 2
  kSetMinus,      // 2
  kMatrix,        // row by row; detail: columns
  kRelation,      // 2; detail: Relation
  kAll,           // several relations that hold together: a < x < b
};

enum class Function : std::uint8_t {
  kSin,
  kCos,
  kTan,
  kCot,
  kSec,
  kCsc,
  kArcsin,
  kArccos,
  kArctan,
  kArccot,
  kArcsec,
  kArccsc,
  kSinh,
  kCosh,
  kTanh,
  kCoth,
  kArsinh,
  kArcosh,
  kArtanh,
  kLn,
  kLog,  // kLog: base, argument
  kAbs,
  kFloor,
  kCeiling,
  kFactorial,
  kDoubleFactorial,
  kBinomial,
  kGcd,
  kLcm,
  kMin,
  kMax,
  kMod,
};

enum class Relation : std::uint8_t {
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIn,
  kApprox
};

inline constexpr std::uint32_t kClosedLeft = 1, kClosedRight = 2;

struct Node {
  Kind kind = Kind::kNumber;
  std::uint32_t detail = 0;   // as said at Kind
  std::uint32_t payload = 0;  // of kNumber, kVariable, kText, kNumeral: where the value or name is
  std::uint32_t first = 0;    // operands
  std::uint32_t count = 0;
  bool operator==(const Node&) const = default;
};

class Expressions {
 public:
  static constexpr std::size_t kMaxBits = 10'000;

  Expressions();

  NodeId number(mpq_class value);
  NodeId integer(long value) { return number(mpq_class(value)); }
  NodeId variable(std::string_view name);
  NodeId text(std::string_view words);
  NodeId numeral(std::string_view digits, NodeId base);
  NodeId constant(Kind kind) { return make(kind, 0, {}); }

  NodeId add(NodeId a, NodeId b);
  NodeId subtract(NodeId a, NodeId b) { return add(a, negate(b)); }
  NodeId multiply(NodeId a, NodeId b);
  NodeId negate(NodeId a) { return multiply(minus_one_, a); }
  NodeId divide(NodeId a, NodeId b) { return multiply(a, power(b, minus_one_)); }
  NodeId power(NodeId base, NodeId exponent);
  NodeId root(NodeId radicand, NodeId index);
  NodeId call(Function function, std::initializer_list<NodeId> arguments);
  NodeId make(Kind kind, std::uint32_t detail, std::span<const NodeId> operands);
  NodeId make(Kind kind, std::uint32_t detail, std::initializer_list<NodeId> operands) {
    return make(kind, detail, std::span<const NodeId>(operands.begin(), operands.size()));
  }

  std::size_t size() const { return nodes_.size(); }
  std::size_t names() const { return names_.size(); }
  const Node& at(NodeId id) const { return nodes_[id]; }
  Kind kind(NodeId id) const { return nodes_[id].kind; }
  std::span<const NodeId> operands(NodeId id) const {
    return {operands_.data() + nodes_[id].first, nodes_[id].count};
  }
  NodeId operand(NodeId id, std::size_t i) const { return operands_[nodes_[id].first + i]; }
  bool is_number(NodeId id) const { return nodes_[id].kind == Kind::kNumber; }
  // Requires is_number(id).
  const mpq_class& value(NodeId id) const { return numbers_[nodes_[id].payload]; }
  // Of a variable, a text or a numeral.
  const std::string& name(NodeId id) const { return names_[nodes_[id].payload]; }

  // A variable that stands for a set of numbers: \mathbb{R}.
  bool name_is_number_set(NodeId id) const {
    return kind(id) == Kind::kVariable && name(id).size() == 2 && name(id)[0] == '\\';
  }

  // The same expression with every kPlusMinus read as plus, or as minus.
  NodeId with_sign(NodeId root, bool plus);
  // Which nodes `root` is made of, itself included: [root + 1].
  std::vector<bool> reachable(NodeId root) const;
  bool contains(NodeId root, Kind kind) const;

 private:
  NodeId intern(const Node& node, std::span<const NodeId> operands);
  NodeId rebuilt(NodeId id, std::span<const NodeId> operands);
  std::uint32_t name_index(std::string_view name);
  void grow();

  std::vector<Node> nodes_;
  std::vector<NodeId> operands_;
  std::deque<mpq_class> numbers_;
  std::vector<std::string> names_;
  std::vector<NodeId> table_;  // open addressing; id + 1, 0 is empty
  NodeId minus_one_ = 0;
};

// Whether a kind is a scalar: what equivalence.h compares.
inline bool is_scalar(Kind kind) { return kind <= Kind::kPlusMinus; }

}  // namespace hone
