// How the interpreter enters and leaves scopes.
#pragma once

#include "hone/text/jinja/interpreter.h"

namespace hone::jinja {

class Interpreter::Entered {
 public:
  Entered(Interpreter& in, std::size_t parent) : in_(in), before_(in.current_) {
    in.scopes_.push_back({{}, parent, in.next_scope_++});
    in.current_ = in.scopes_.size() - 1;
  }
  ~Entered() {
    in_.scopes_.pop_back();
    in_.current_ = before_;
  }
  Entered(const Entered&) = delete;
  Entered& operator=(const Entered&) = delete;

 private:
  Interpreter& in_;
  std::size_t before_;
};

}  // namespace hone::jinja
