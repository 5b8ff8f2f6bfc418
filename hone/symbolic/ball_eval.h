// One evaluation of an expression in complex balls at one point. For ball.cpp.
// Not thread-safe; requires what ball.h requires.
#pragma once

#include <acb.h>

#include <cstdint>
#include <vector>

#include "hone/symbolic/budget.h"
#include "hone/symbolic/expression.h"

namespace hone {

// A complex ball that frees itself.
class Ball {
 public:
  Ball() { acb_init(value_); }
  ~Ball() { acb_clear(value_); }
  Ball(const Ball&) = delete;
  Ball& operator=(const Ball&) = delete;
  acb_ptr get() { return value_; }

 private:
  acb_t value_;
};

struct BallPoint {
  int which = 0;     // 0 and above: keys the variables' values
  bool real = true;  // a value that is not real makes the point void
};

// True when `out` has a finite value; false when there is none here, or the budget is spent.
bool evaluate_in_balls(const Expressions& expressions, NodeId root, const BallPoint& point, slong bits,
                       Budget& budget, Ball& out);

}  // namespace hone
