#include "hone/symbolic/field.h"

#include <optional>
#include <utility>
#include <vector>

#include "hone/symbolic/primes.h"

namespace hone {
namespace {

using Value = std::uint64_t;
__extension__ typedef unsigned __int128 Wide;

// Primes below 2^61 that are 1 modulo 4, so that -1 has a root.
constexpr Value kPrimes[] = {2305843009213693921ull, 2305843009213693693ull, 2305843009213693669ull,
                             2305843009213693613ull, 2305843009213693561ull, 2305843009213693549ull,
                             2305843009213693421ull, 2305843009213693373ull, 2305843009213693277ull,
                             2305843009213693193ull, 2305843009213693153ull, 2305843009213693133ull};

class Field {
 public:
  explicit Field(Value prime) : q_(prime) {}
  Value add(Value a, Value b) const {
    const Value sum = a + b;
    return sum >= q_ ? sum - q_ : sum;
  }
  Value multiply(Value a, Value b) const { return static_cast<Value>(static_cast<Wide>(a) * b % q_); }
  Value power(Value base, Value exponent) const {
    Value result = 1;
    for (; exponent > 0; exponent >>= 1) {
      if (exponent & 1) result = multiply(result, base);
      base = multiply(base, base);
    }
    return result;
  }
  Value inverse(Value a) const { return power(a, q_ - 2); }
  Value reduce(const mpz_class& n) const {
    static_assert(sizeof(unsigned long) == sizeof(Value));
    return mpz_fdiv_ui(n.get_mpz_t(), q_);
  }
  bool is_square(Value a) const { return a == 0 || power(a, (q_ - 1) / 2) == 1; }
  Value square_root(Value a) const;
  Value prime() const { return q_; }

 private:
  Value q_;
};

// Tonelli and Shanks. Requires is_square(a).
Value Field::square_root(Value a) const {
  if (a == 0) return 0;
  Value odd = q_ - 1;
  int twos = 0;
  for (; odd % 2 == 0; odd /= 2) ++twos;
  Value other = 2;
  while (is_square(other)) ++other;
  Value c = power(other, odd), t = power(a, odd), root = power(a, (odd + 1) / 2);
  for (int m = twos; t != 1;) {
    int i = 0;
    for (Value s = t; s != 1; s = multiply(s, s)) ++i;
    Value b = c;
    for (int k = 0; k < m - i - 1; ++k) b = multiply(b, b);
    m = i;
    c = multiply(b, b);
    t = multiply(t, c);
    root = multiply(root, b);
  }
  return root;
}

// One map of expressions into one field.
class Point {
 public:
  Point(const Expressions& expressions, Field field, std::uint64_t seed, Budget& budget)
      : x_(expressions), f_(field), seed_(seed), budget_(budget) {}

  enum class Failure : std::uint8_t { kNone, kUnsupported, kNoRoot, kZero };
  std::optional<Value> at(NodeId root);
  Failure failure() const { return failure_; }

 private:
  std::optional<Value> node(NodeId id, const std::vector<Value>& values);
  std::optional<Value> root_of(const mpq_class& number);
  std::optional<Value> root_of(mpz_class n);
  std::optional<Value> rational(const mpq_class& number);
  std::nullopt_t fail(Failure why) {
    failure_ = why;
    return std::nullopt;
  }

  const Expressions& x_;
  Field f_;
  std::uint64_t seed_;
  Budget& budget_;
  Failure failure_ = Failure::kNone;
};

std::optional<Value> Point::rational(const mpq_class& number) {
  const Value below = f_.reduce(number.get_den());
  if (below == 0) return fail(Failure::kZero);
  const Value above = f_.reduce(number.get_num());
  return below == 1 ? above : f_.multiply(above, f_.inverse(below));
}

// Prime by prime, so that √2·√3 is √6.
std::optional<Value> Point::root_of(mpz_class n) {
  Value result = 1;
  const auto take = [&](Value prime) {
    if (!f_.is_square(prime)) return false;
    result = f_.multiply(result, f_.square_root(prime));
    return true;
  };
  if (n < 0) {
    if (!take(f_.prime() - 1)) return fail(Failure::kNoRoot);
    n = -n;
  }
  if (n == 0) return Value{0};
  if (!budget_.spend(mpz_fits_ulong_p(n.get_mpz_t()) ? 200 : 1500)) return fail(Failure::kUnsupported);
  const Factors factors = small_factors(std::move(n));
  if (factors.rest != 1) return fail(Failure::kUnsupported);
  for (const auto& [factor, count] : factors.small) {
    if (!budget_.spend(200)) return fail(Failure::kUnsupported);
    for (long i = 0; i < count % 2; ++i) {
      if (!take(factor)) return fail(Failure::kNoRoot);
    }
    result = f_.multiply(result, f_.power(factor, static_cast<Value>(count / 2)));
  }
  return result;
}

std::optional<Value> Point::root_of(const mpq_class& number) {
  const auto above = root_of(number.get_num()), below = root_of(number.get_den());
  if (!above || !below) return std::nullopt;
  if (*below == 0) return fail(Failure::kZero);
  return f_.multiply(*above, f_.inverse(*below));
}

std::optional<Value> Point::node(NodeId id, const std::vector<Value>& values) {
  const Node& n = x_.at(id);
  const auto operand = [&](std::size_t i) { return values[x_.operand(id, i)]; };
  switch (n.kind) {
    case Kind::kNumber:
      return rational(x_.value(id));
    case Kind::kVariable: {
      // SplitMix64 of the seed and the variable.
      std::uint64_t z = seed_ + 0x9E3779B97F4A7C15ull * (n.payload + 1);
      z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
      z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
      return (z ^ (z >> 31)) % f_.prime();
    }
    case Kind::kImaginary:
      return f_.square_root(f_.prime() - 1);
    case Kind::kAdd:
      return f_.add(operand(0), operand(1));
    case Kind::kMultiply:
      return f_.multiply(operand(0), operand(1));
    case Kind::kPercent:
      return f_.multiply(operand(0), f_.inverse(100));
    case Kind::kPower: {
      const NodeId exponent = x_.operand(id, 1), base = x_.operand(id, 0);
      if (!x_.is_number(exponent)) return fail(Failure::kUnsupported);
      const mpq_class& power = x_.value(exponent);
      if (power.get_den() != 1) {
        if (power != mpq_class(1, 2) || !x_.is_number(base)) return fail(Failure::kUnsupported);
        return root_of(x_.value(base));
      }
      if (operand(0) == 0 && power <= 0) return fail(Failure::kZero);
      return f_.power(operand(0), mpz_fdiv_ui(power.get_num_mpz_t(), f_.prime() - 1));
    }
    case Kind::kRoot: {
      const NodeId radicand = x_.operand(id, 0), index = x_.operand(id, 1);
      if (!x_.is_number(radicand) || !x_.is_number(index) || x_.value(index) != 2)
        return fail(Failure::kUnsupported);
      return root_of(x_.value(radicand));
    }
    default:
      return fail(Failure::kUnsupported);
  }
}

std::optional<Value> Point::at(NodeId root) {
  if (!budget_.spend(root / 8)) return fail(Failure::kUnsupported);
  const std::vector<bool> used = x_.reachable(root);
  std::vector<Value> values(root + 1, 0);
  for (NodeId id = 0; id <= root; ++id) {
    if (!used[id]) continue;
    if (!budget_.spend(x_.kind(id) == Kind::kPower ? 60 : 8)) return fail(Failure::kUnsupported);
    const auto value = node(id, values);
    if (!value) return std::nullopt;
    values[id] = *value;
  }
  return values[root];
}

}  // namespace

Agreement compare_in_field(const Expressions& expressions, NodeId a, NodeId b, Budget& budget) {
  int agreed = 0;
  std::size_t prime = 0;
  for (std::uint64_t attempt = 0; attempt < 16 && agreed < 3; ++attempt) {
    Point point(expressions, Field(kPrimes[prime]), attempt * 0x5851F42D4C957F2Dull + 77, budget);
    const auto left = point.at(a);
    const auto right = left ? point.at(b) : std::nullopt;
    if (left && right) {
      if (*left != *right) return Agreement::kDifferent;
      ++agreed;
    } else if (point.failure() == Point::Failure::kNoRoot) {
      if (++prime == std::size(kPrimes)) return Agreement::kUnknown;
    } else if (point.failure() == Point::Failure::kUnsupported) {
      return Agreement::kUnknown;
    }
  }
  return agreed == 3 ? Agreement::kEqual : Agreement::kUnknown;
}

}  // namespace hone
