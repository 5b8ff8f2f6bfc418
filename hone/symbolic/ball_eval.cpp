#include "hone/symbolic/ball_eval.h"

#include <acb_hypgeom.h>
#include <arb.h>
#include <flint.h>

namespace hone {
namespace {

// Beyond 2^±kMaxMagnitude a value's exponent alone would cost memory.
constexpr slong kMaxMagnitude = slong{1} << 36;

// Arb caches constants for each thread; they go with it.
struct ThreadCaches {
  ~ThreadCaches() { flint_cleanup(); }
  void touch() {}
};

class Evaluation {
 public:
  Evaluation(const Expressions& expressions, const BallPoint& point, slong bits, Budget& budget,
             std::size_t count)
      : x_(expressions),
        point_(point),
        bits_(bits),
        budget_(budget),
        values_(_acb_vec_init(static_cast<slong>(count))),
        count_(count) {}
  ~Evaluation() { _acb_vec_clear(values_, static_cast<slong>(count_)); }
  Evaluation(const Evaluation&) = delete;
  Evaluation& operator=(const Evaluation&) = delete;

  bool run(NodeId root, Ball& out);

 private:
  acb_ptr at(NodeId id) { return values_ + id; }
  bool node(NodeId id);
  bool number(const mpq_class& value, acb_ptr out);
  void variable(const Node& node, acb_ptr out);
  bool power(acb_srcptr base, acb_srcptr exponent, acb_ptr out);
  bool root(NodeId id, acb_ptr out);
  bool function(NodeId id, acb_ptr out);
  bool trigonometric(Function f, acb_srcptr z, acb_ptr out);
  bool real_function(Function f, acb_srcptr a, acb_srcptr b, acb_ptr out);
  bool odd_power(acb_srcptr base, const mpq_class& exponent, acb_ptr out);
  static bool tame(acb_srcptr z, slong magnitude);

  const Expressions& x_;
  BallPoint point_;
  slong bits_;
  Budget& budget_;
  acb_ptr values_;
  std::size_t count_;
};

// Whether |z| < 2^magnitude.
bool Evaluation::tame(acb_srcptr z, slong magnitude) {
  mag_t m;
  mag_init(m);
  acb_get_mag(m, z);
  const bool small = mag_cmp_2exp_si(m, magnitude) < 0;
  mag_clear(m);
  return small;
}

bool Evaluation::number(const mpq_class& value, acb_ptr out) {
  fmpz_t above, below;
  fmpz_init(above);
  fmpz_init(below);
  fmpz_set_mpz(above, value.get_num_mpz_t());
  fmpz_set_mpz(below, value.get_den_mpz_t());
  acb_set_fmpz(out, above);
  // Integers stay exact: floors and powers depend on it.
  if (!fmpz_is_one(below)) acb_div_fmpz(out, out, below, bits_);
  fmpz_clear(above);
  fmpz_clear(below);
  return true;
}

// Points 0, 2, 4: positive; 1, 3: negative or of mixed signs; 5 and above: positive integers. All are dyadic,
// so that they are exact.
void Evaluation::variable(const Node& node, acb_ptr out) {
  std::uint64_t z = 0x9E3779B97F4A7C15ull * (node.payload + 1) +
                    0xD1B54A32D192ED03ull * static_cast<std::uint64_t>(point_.which + 1);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  z ^= z >> 31;
  if (point_.which >= 5) {
    acb_set_si(out, static_cast<slong>(2 + z % (point_.which >= 8 ? 40 : 9)));
    return;
  }
  // k/2^20 in (0, 4), in (0, 1) at point 2.
  const slong range = point_.which == 2 ? slong{1} << 20 : slong{1} << 22;
  slong k = static_cast<slong>(z % static_cast<std::uint64_t>(range - 1)) + 1;
  if (point_.which == 1 || (point_.which == 3 && ((z >> 40) & 1))) k = -k;
  acb_set_si(out, k);
  acb_mul_2exp_si(out, out, -20);
}

bool Evaluation::odd_power(acb_srcptr base, const mpq_class& exponent, acb_ptr out) {
  // The real root of a negative number.
  Ball positive, e;
  acb_neg(positive.get(), base);
  number(exponent, e.get());
  acb_pow(out, positive.get(), e.get(), bits_);
  if (mpz_odd_p(exponent.get_num_mpz_t())) acb_neg(out, out);
  return true;
}

bool Evaluation::power(acb_srcptr base, acb_srcptr exponent, acb_ptr out) {
  if (!tame(base, kMaxMagnitude) || !tame(exponent, 40)) return false;
  if (acb_contains_zero(base) && !acb_is_int(exponent)) {
    if (!acb_is_zero(base) || !arb_is_positive(acb_realref(exponent))) return false;
    acb_zero(out);
    return true;
  }
  // The magnitude of the result: |exponent| · |log2 base|.
  Ball size;
  if (!acb_contains_zero(base)) {
    acb_log(size.get(), base, 32);
    acb_mul(size.get(), size.get(), exponent, 32);
    if (!tame(size.get(), 36)) return false;
  }
  acb_pow(out, base, exponent, bits_);
  return true;
}

bool Evaluation::root(NodeId id, acb_ptr out) {
  const NodeId index = x_.operand(id, 1);
  acb_srcptr radicand = at(x_.operand(id, 0));
  if (!x_.is_number(index) || x_.value(index) == 0) return false;
  const mpq_class& n = x_.value(index);
  if (n == 2) {
    acb_sqrt(out, radicand, bits_);
    return true;
  }
  const mpq_class exponent = 1 / n;
  if (mpz_odd_p(n.get_num_mpz_t()) && acb_is_real(radicand) && arb_is_negative(acb_realref(radicand))) {
    return odd_power(radicand, exponent, out);
  }
  Ball e;
  number(exponent, e.get());
  return power(radicand, e.get(), out);
}

bool Evaluation::trigonometric(Function f, acb_srcptr z, acb_ptr out) {
  if (!tame(z, 64)) return false;
  switch (f) {
    case Function::kSin:
      acb_sin(out, z, bits_);
      return true;
    case Function::kCos:
      acb_cos(out, z, bits_);
      return true;
    case Function::kTan:
      acb_tan(out, z, bits_);
      return true;
    case Function::kCot:
      acb_cot(out, z, bits_);
      return true;
    case Function::kSec:
      acb_sec(out, z, bits_);
      return true;
    case Function::kCsc:
      acb_csc(out, z, bits_);
      return true;
    case Function::kSinh:
      acb_sinh(out, z, bits_);
      return tame(z, 30);
    case Function::kCosh:
      acb_cosh(out, z, bits_);
      return tame(z, 30);
    case Function::kTanh:
      acb_tanh(out, z, bits_);
      return tame(z, 30);
    case Function::kCoth:
      acb_coth(out, z, bits_);
      return tame(z, 30);
    default:
      return false;
  }
}

bool Evaluation::real_function(Function f, acb_srcptr a, acb_srcptr b, acb_ptr out) {
  if (!acb_is_real(a) || !acb_is_real(b)) {
    if (f != Function::kAbs) return false;
    arb_t modulus;
    arb_init(modulus);
    acb_abs(modulus, a, bits_);
    acb_set_arb(out, modulus);
    arb_clear(modulus);
    return true;
  }
  arb_ptr real = acb_realref(out);
  arb_srcptr p = acb_realref(a), q = acb_realref(b);
  arb_zero(acb_imagref(out));
  switch (f) {
    case Function::kAbs:
      arb_abs(real, p);
      return true;
    case Function::kFloor:
    case Function::kCeiling:
      if (!tame(a, 4000)) return false;
      (f == Function::kFloor ? arb_floor : arb_ceil)(real, p, bits_ + 4000);
      return arb_is_exact(real) != 0;
    case Function::kMin:
      arb_min(real, p, q, bits_);
      return true;
    case Function::kMax:
      arb_max(real, p, q, bits_);
      return true;
    case Function::kMod: {
      if (arb_contains_zero(q)) return false;
      arb_t whole;
      arb_init(whole);
      arb_div(whole, p, q, bits_);
      arb_floor(whole, whole, bits_);
      const bool exact = arb_is_exact(whole);
      arb_mul(whole, whole, q, bits_);
      arb_sub(real, p, whole, bits_);
      arb_clear(whole);
      return exact;
    }
    default:
      return false;
  }
}

bool Evaluation::function(NodeId id, acb_ptr out) {
  const auto f = static_cast<Function>(x_.at(id).detail);
  acb_srcptr a = at(x_.operand(id, 0));
  acb_srcptr b = x_.at(id).count > 1 ? at(x_.operand(id, 1)) : a;
  Ball t;
  switch (f) {
    case Function::kArcsin:
      acb_asin(out, a, bits_);
      return true;
    case Function::kArccos:
      acb_acos(out, a, bits_);
      return true;
    case Function::kArctan:
      acb_atan(out, a, bits_);
      return true;
    case Function::kArccot:
      acb_atan(out, a, bits_);
      acb_const_pi(t.get(), bits_);
      acb_mul_2exp_si(t.get(), t.get(), -1);
      acb_sub(out, t.get(), out, bits_);
      return true;
    case Function::kArcsec:
    case Function::kArccsc:
      if (acb_contains_zero(a)) return false;
      acb_inv(t.get(), a, bits_);
      (f == Function::kArcsec ? acb_acos : acb_asin)(out, t.get(), bits_);
      return true;
    case Function::kArsinh:
      acb_asinh(out, a, bits_);
      return true;
    case Function::kArcosh:
      acb_acosh(out, a, bits_);
      return true;
    case Function::kArtanh:
      acb_atanh(out, a, bits_);
      return true;
    case Function::kLn:
    case Function::kLog: {
      acb_srcptr argument = f == Function::kLog ? b : a;
      if (acb_contains_zero(argument)) return false;
      acb_log(out, argument, bits_);
      if (f == Function::kLn) return true;
      if (acb_contains_zero(a)) return false;
      acb_log(t.get(), a, bits_);
      if (acb_contains_zero(t.get())) return false;
      acb_div(out, out, t.get(), bits_);
      return true;
    }
    case Function::kFactorial:
      if (!tame(a, 24)) return false;
      acb_add_ui(t.get(), a, 1, bits_);
      acb_gamma(out, t.get(), bits_);
      return true;
    case Function::kBinomial: {
      // Γ(n+1) / (Γ(k+1) Γ(n-k+1))
      if (!tame(a, 24) || !tame(b, 24)) return false;
      Ball u;
      acb_add_ui(t.get(), b, 1, bits_);
      acb_rgamma(t.get(), t.get(), bits_);
      acb_sub(u.get(), a, b, bits_);
      acb_add_ui(u.get(), u.get(), 1, bits_);
      acb_rgamma(u.get(), u.get(), bits_);
      acb_mul(t.get(), t.get(), u.get(), bits_);
      acb_add_ui(u.get(), a, 1, bits_);
      acb_gamma(u.get(), u.get(), bits_);
      acb_mul(out, t.get(), u.get(), bits_);
      return true;
    }
    case Function::kAbs:
    case Function::kFloor:
    case Function::kCeiling:
    case Function::kMin:
    case Function::kMax:
    case Function::kMod:
      return real_function(f, a, b, out);
    default:
      return trigonometric(f, a, out);
  }
}

bool Evaluation::node(NodeId id) {
  acb_ptr out = at(id);
  const Node& n = x_.at(id);
  switch (n.kind) {
    case Kind::kNumber:
      return number(x_.value(id), out);
    case Kind::kVariable:
      variable(n, out);
      return true;
    case Kind::kPi:
      acb_const_pi(out, bits_);
      return true;
    case Kind::kEuler:
      arb_const_e(acb_realref(out), bits_);
      return true;
    case Kind::kImaginary:
      acb_onei(out);
      return true;
    case Kind::kAdd:
      acb_add(out, at(x_.operand(id, 0)), at(x_.operand(id, 1)), bits_);
      return true;
    case Kind::kMultiply:
      acb_mul(out, at(x_.operand(id, 0)), at(x_.operand(id, 1)), bits_);
      return tame(out, kMaxMagnitude);
    case Kind::kPercent:
      acb_div_si(out, at(x_.operand(id, 0)), 100, bits_);
      return true;
    case Kind::kDegrees:
      acb_const_pi(out, bits_);
      acb_mul(out, out, at(x_.operand(id, 0)), bits_);
      acb_div_si(out, out, 180, bits_);
      return true;
    case Kind::kPower: {
      acb_srcptr base = at(x_.operand(id, 0));
      const NodeId exponent = x_.operand(id, 1);
      if (point_.real && x_.is_number(exponent) && x_.value(exponent).get_den() != 1 &&
          mpz_odd_p(x_.value(exponent).get_den_mpz_t()) && acb_is_real(base) &&
          arb_is_negative(acb_realref(base))) {
        return odd_power(base, x_.value(exponent), out);
      }
      return power(base, at(exponent), out);
    }
    case Kind::kRoot:
      return root(id, out);
    case Kind::kFunction:
      return function(id, out);
    default:
      return false;
  }
}

bool Evaluation::run(NodeId root, Ball& out) {
  if (!budget_.spend(root / 4)) return false;
  const std::vector<bool> used = x_.reachable(root);
  for (NodeId id = 0; id <= root; ++id) {
    if (!used[id]) continue;
    const Kind kind = x_.kind(id);
    const bool heavy = kind == Kind::kPower || kind == Kind::kRoot || kind == Kind::kFunction;
    const auto f = static_cast<Function>(x_.at(id).detail);
    const bool gamma = kind == Kind::kFunction && (f == Function::kFactorial || f == Function::kBinomial);
    if (!budget_.spend((gamma ? 1000 : heavy ? 120 : 6) * (1 + bits_ / 512))) return false;
    if (!node(id) || !acb_is_finite(at(id))) return false;
    if (point_.real && !acb_is_real(at(id))) return false;
  }
  acb_set(out.get(), at(root));
  return true;
}

}  // namespace

bool evaluate_in_balls(const Expressions& expressions, NodeId root, const BallPoint& point, slong bits,
                       Budget& budget, Ball& out) {
  return Evaluation(expressions, point, bits, budget, root + 1).run(root, out);
}

}  // namespace hone
