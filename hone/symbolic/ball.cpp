#include "hone/symbolic/ball.h"

#include <acb.h>

#include <algorithm>
#include <initializer_list>

#include "hone/symbolic/ball_eval.h"

namespace hone {
namespace {

constexpr slong kBits = 256, kMoreBits = 640, kMostBits = 2048;
constexpr slong kAgreedBits = 200;
constexpr int kPoints = 11, kNeeded = 3;

// The ball of a difference against the size of what was subtracted.
Agreement judge(Ball& difference, Ball& a, Ball& b) {
  if (!acb_contains_zero(difference.get())) return Agreement::kDifferent;
  mag_t gap, left, right;
  mag_init(gap);
  mag_init(left);
  mag_init(right);
  acb_get_mag(gap, difference.get());
  acb_get_mag(left, a.get());
  acb_get_mag(right, b.get());
  mag_max(left, left, right);
  mag_mul_2exp_si(left, left, -kAgreedBits);
  const bool tight = mag_cmp(gap, left) <= 0 || mag_cmp_2exp_si(gap, -kAgreedBits) <= 0;
  mag_clear(gap);
  mag_clear(left);
  mag_clear(right);
  return tight ? Agreement::kEqual : Agreement::kUnknown;
}

// At one point, with more bits while the balls are too wide. `valid` is false when a side has no value there.
Agreement compare_at(const Expressions& x, NodeId a, NodeId b, const BallPoint& point, slong bits,
                     Budget& budget, bool& valid) {
  valid = false;
  for (; bits <= kMostBits; bits *= 2) {
    Ball left, right, difference;
    const bool found = evaluate_in_balls(x, a, point, bits, budget, left) &&
                       evaluate_in_balls(x, b, point, bits, budget, right);
    if (!found) {
      // A wide ball can straddle the edge of a domain: try again, once.
      if (bits >= 2 * kBits || budget.spent()) return Agreement::kUnknown;
      continue;
    }
    valid = true;
    acb_sub(difference.get(), left.get(), right.get(), bits);
    const Agreement agreement = judge(difference, left, right);
    if (agreement != Agreement::kUnknown) return agreement;
  }
  return Agreement::kUnknown;
}

bool has(const Expressions& x, NodeId a, NodeId b, Kind kind) {
  return x.contains(a, kind) || x.contains(b, kind);
}

Agreement compare_over(const Expressions& x, NodeId a, NodeId b, bool real, Budget& budget,
                       int& valid_points) {
  valid_points = 0;
  bool valid = false;
  if (!has(x, a, b, Kind::kVariable)) {
    const Agreement first = compare_at(x, a, b, {0, real}, kBits, budget, valid);
    valid_points = valid ? 1 : 0;
    if (first != Agreement::kEqual) return first;
    // Once more, with more bits: 10^-80 is no zero.
    return compare_at(x, a, b, {0, real}, kMoreBits, budget, valid);
  }
  int agreed = 0;
  for (int which = 0; which < kPoints; ++which) {
    const Agreement at = compare_at(x, a, b, {which, real}, kBits, budget, valid);
    if (valid) ++valid_points;
    if (at == Agreement::kDifferent) return at;
    if (at == Agreement::kEqual) ++agreed;
    if (budget.spent()) return Agreement::kUnknown;
  }
  return agreed >= kNeeded ? Agreement::kEqual : Agreement::kUnknown;
}

}  // namespace

Agreement compare_in_balls(const Expressions& expressions, NodeId a, NodeId b, Budget& budget) {
  int valid = 0;
  if (!has(expressions, a, b, Kind::kImaginary)) {
    const Agreement real = compare_over(expressions, a, b, true, budget, valid);
    if (real != Agreement::kUnknown || valid > 0 || budget.spent()) return real;
  }
  return compare_over(expressions, a, b, false, budget, valid);
}

Agreement proportional_in_balls(const Expressions& expressions, NodeId a, NodeId b, Budget& budget,
                                int& sign) {
  const bool real = !has(expressions, a, b, Kind::kImaginary);
  sign = 0;
  Ball first_a, first_b;
  bool have_first = false;
  int agreed = 0;
  for (int which = 0; which < kPoints; ++which) {
    Ball p, q, left, right, difference;
    if (!evaluate_in_balls(expressions, a, {which, real}, kBits, budget, p) ||
        !evaluate_in_balls(expressions, b, {which, real}, kBits, budget, q)) {
      if (budget.spent()) return Agreement::kUnknown;
      continue;
    }
    const bool zero_a = acb_contains_zero(p.get()), zero_b = acb_contains_zero(q.get());
    if (zero_a || zero_b) {
      // Exactly zero on one side alone is a proof; a ball around zero is none.
      const bool proof = acb_is_zero(p.get()) ? !zero_b : acb_is_zero(q.get()) && !zero_a;
      if (proof) return Agreement::kDifferent;
      continue;
    }
    if (!have_first) {
      acb_set(first_a.get(), p.get());
      acb_set(first_b.get(), q.get());
      acb_div(left.get(), p.get(), q.get(), kBits);
      if (acb_is_real(left.get())) sign = arb_is_positive(acb_realref(left.get())) ? 1 : -1;
      have_first = true;
      continue;
    }
    // a1·b2 = a2·b1
    acb_mul(left.get(), first_a.get(), q.get(), kBits);
    acb_mul(right.get(), p.get(), first_b.get(), kBits);
    acb_sub(difference.get(), left.get(), right.get(), kBits);
    const Agreement at = judge(difference, left, right);
    if (at == Agreement::kDifferent) return at;
    if (at == Agreement::kEqual) ++agreed;
  }
  return agreed >= kNeeded ? Agreement::kEqual : Agreement::kUnknown;
}

int sign_in_balls(const Expressions& expressions, NodeId constant, Budget& budget) {
  for (const slong bits : {kBits, kMoreBits}) {
    Ball value;
    if (!evaluate_in_balls(expressions, constant, {0, true}, bits, budget, value)) return 0;
    if (arb_is_positive(acb_realref(value.get()))) return 1;
    if (arb_is_negative(acb_realref(value.get()))) return -1;
  }
  return 0;
}

}  // namespace hone
