// Numbered things, of which the first are let go once they are done with: numbers stay what they were.
#pragma once

#include <cstddef>
#include <deque>
#include <utility>

#include "hone/base/check.h"

namespace hone {

template <class T>
class Window {
 public:
  // Its number; they count up from 0.
  std::size_t push_back(T value) {
    kept_.push_back(std::move(value));
    return end() - 1;
  }
  // Requires begin() ≤ number < end().
  T& operator[](std::size_t number) {
    HONE_CHECK(holds(number), "number {} of [{}, {})", number, begin(), end());
    return kept_[number - begin_];
  }
  const T& operator[](std::size_t number) const { return const_cast<Window&>(*this)[number]; }

  bool holds(std::size_t number) const { return number >= begin_ && number < end(); }
  std::size_t begin() const { return begin_; }
  std::size_t end() const { return begin_ + kept_.size(); }

  // Lets go of those before `number`.
  void drop_before(std::size_t number) {
    for (; begin_ < number && !kept_.empty(); ++begin_) kept_.pop_front();
  }

 private:
  std::deque<T> kept_;
  std::size_t begin_ = 0;
};

}  // namespace hone
