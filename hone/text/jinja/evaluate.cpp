// Expressions.
#include <algorithm>

#include "hone/text/jinja/builtins.h"
#include "hone/text/jinja/interpreter.h"
#include "hone/text/jinja/lexer.h"
#include "hone/text/jinja/operators.h"
#include "hone/text/jinja/print.h"
#include "hone/text/jinja/scope.h"

namespace hone::jinja {
namespace {

using Kind = Expr::Kind;

}  // namespace

Result<Value> Interpreter::evaluate(const Expr& expr) {
  if (depth_ >= kMaxRecursion)
    return Error{place(expr.line), "macros must not call each other without end", ""};
  HONE_TRY_VOID(budget_.charge(1));
  ++depth_;
  auto result = evaluate_kind(expr);
  --depth_;
  if (result.ok() || !result.error().where.empty()) return result;
  return Error{place(expr.line), result.error().rule, result.error().got};
}

Result<Value> Interpreter::evaluate_kind(const Expr& expr) {
  switch (expr.kind) {
    case Kind::kConstant:
      return expr.constant;
    case Kind::kName:
      return lookup(expr.name);
    case Kind::kList:
    case Kind::kTuple:
      return evaluate_items(expr);
    case Kind::kDict:
      return evaluate_dict(expr);
    case Kind::kNot:
    case Kind::kNegate:
    case Kind::kPlus:
      return evaluate_unary(expr);
    case Kind::kBinary:
      return evaluate_binary(expr);
    case Kind::kCompare:
      return evaluate_compare(expr);
    case Kind::kAnd:
    case Kind::kOr:
      return evaluate_logic(expr);
    case Kind::kConcat:
      return evaluate_concat(expr);
    case Kind::kConditional:
      return evaluate_conditional(expr);
    case Kind::kAttribute:
    case Kind::kSubscript:
      return evaluate_access(expr);
    case Kind::kSlice:
      return evaluate_slice(expr);
    case Kind::kCall:
      return evaluate_call(expr);
    case Kind::kFilter:
      return evaluate_filter(expr);
    case Kind::kTest:
      return evaluate_test(expr);
  }
  return failure("a known expression");
}

Result<Value> Interpreter::lookup(const std::string& name) {
  if (const Value* value = find(name)) return *value;
  if (is_global(name)) {
    auto global = std::make_shared<Callable>();
    global->name = name;
    return Value(std::shared_ptr<const Callable>(std::move(global)));
  }
  return Value::undefined("'" + name + "' is undefined");
}

Result<Value> Interpreter::evaluate_items(const Expr& expr) {
  std::vector<Value> items;
  items.reserve(expr.items.size());
  for (const ExprPtr& item : expr.items) {
    HONE_TRY(Value value, evaluate(*item));
    items.push_back(std::move(value));
  }
  return make_sequence(std::move(items),
                       expr.kind == Kind::kTuple ? Sequence::Flavor::kTuple : Sequence::Flavor::kList);
}

Result<Value> Interpreter::evaluate_dict(const Expr& expr) {
  auto made = std::make_shared<Dict>();
  for (std::size_t i = 0; i < expr.items.size(); i += 2) {
    HONE_TRY(Value key, evaluate(*expr.items[i]));
    HONE_TRY(Value value, evaluate(*expr.items[i + 1]));
    HONE_TRY_VOID(made->set(std::move(key), std::move(value)));
  }
  return Value(std::shared_ptr<const Dict>(std::move(made)));
}

Result<Value> Interpreter::evaluate_unary(const Expr& expr) {
  HONE_TRY(const Value operand, evaluate(*expr.items[0]));
  if (expr.kind == Kind::kNot) return Value(!truth(operand));
  return expr.kind == Kind::kNegate ? negate(operand) : plus(operand);
}

Result<Value> Interpreter::evaluate_binary(const Expr& expr) {
  HONE_TRY(const Value left, evaluate(*expr.items[0]));
  HONE_TRY(const Value right, evaluate(*expr.items[1]));
  return arithmetic(budget_, expr.ops[0], left, right);
}

Result<Value> Interpreter::evaluate_compare(const Expr& expr) {
  HONE_TRY(Value left, evaluate(*expr.items[0]));
  for (std::size_t i = 0; i < expr.ops.size(); ++i) {
    HONE_TRY(Value right, evaluate(*expr.items[i + 1]));
    HONE_TRY(const bool holds, compares(budget_, expr.ops[i], left, right));
    if (!holds) return Value(false);
    left = std::move(right);
  }
  return Value(true);
}

Result<Value> Interpreter::evaluate_logic(const Expr& expr) {
  HONE_TRY(Value left, evaluate(*expr.items[0]));
  if (truth(left) == (expr.kind == Kind::kOr)) return left;
  return evaluate(*expr.items[1]);
}

Result<Value> Interpreter::evaluate_concat(const Expr& expr) {
  std::string text;
  for (const ExprPtr& item : expr.items) {
    HONE_TRY(const Value value, evaluate(*item));
    HONE_TRY(const std::string part, text_of(value));
    text += part;
  }
  return Value(std::move(text));
}

Result<Value> Interpreter::evaluate_conditional(const Expr& expr) {
  HONE_TRY(const Value condition, evaluate(*expr.items[1]));
  if (truth(condition)) return evaluate(*expr.items[0]);
  if (expr.items[2]) return evaluate(*expr.items[2]);
  return Value::undefined("the inline if-expression has no else, and its condition is false");
}

Result<Value> Interpreter::evaluate_access(const Expr& expr) {
  HONE_TRY(const Value owner, evaluate(*expr.items[0]));
  if (expr.kind == Kind::kAttribute) return attribute(owner, expr.name);
  HONE_TRY(const Value key, evaluate(*expr.items[1]));
  HONE_TRY_VOID(budget_.charge(key.weight() + (owner.is_string() ? owner.weight() : 0)));
  return subscript(owner, key);
}

Result<Value> Interpreter::evaluate_slice(const Expr& expr) {
  HONE_TRY(const Value owner, evaluate(*expr.items[0]));
  Value parts[3];
  for (std::size_t i = 0; i < 3; ++i) {
    if (!expr.items[i + 1]) continue;
    HONE_TRY(parts[i], evaluate(*expr.items[i + 1]));
    if (parts[i].is_undefined()) return failure(parts[i].why_undefined());
  }
  return slice(budget_, owner, parts[0], parts[1], parts[2]);
}

Result<Value> Interpreter::evaluate_call(const Expr& expr) {
  HONE_TRY(const Value callee, evaluate(*expr.items[0]));
  HONE_TRY(Arguments given, evaluate_arguments(expr.arguments));
  return call(callee, std::move(given));
}

Result<Value> Interpreter::evaluate_filter(const Expr& expr) {
  Value subject = body_text_;
  if (expr.items[0]) {
    HONE_TRY(subject, evaluate(*expr.items[0]));
  }
  HONE_TRY(const Arguments given, evaluate_arguments(expr.arguments));
  return apply_filter(expr.name, subject, given);
}

Result<Value> Interpreter::evaluate_test(const Expr& expr) {
  HONE_TRY(const Value subject, evaluate(*expr.items[0]));
  HONE_TRY(const Arguments given, evaluate_arguments(expr.arguments));
  HONE_TRY(const bool holds, apply_test(expr.name, subject, given));
  return Value(holds);
}

Result<Arguments> Interpreter::evaluate_arguments(const std::vector<Argument>& arguments) {
  Arguments given;
  for (const Argument& argument : arguments) {
    if (argument.form == Argument::Form::kSpread || argument.form == Argument::Form::kSpreadNamed) {
      HONE_TRY_VOID(spread(argument, given));
      continue;
    }
    HONE_TRY(Value value, evaluate(*argument.value));
    if (argument.form == Argument::Form::kPositional) {
      given.positional.push_back(std::move(value));
    } else {
      given.named.emplace_back(argument.name, std::move(value));
    }
  }
  return given;
}

Result<void> Interpreter::spread(const Argument& argument, Arguments& into) {
  HONE_TRY(const Value value, evaluate(*argument.value));
  if (argument.form == Argument::Form::kSpread) {
    HONE_TRY(const Items items, iterate(value));
    HONE_TRY_VOID(budget_.charge(static_cast<std::int64_t>(items->items.size())));
    into.positional.insert(into.positional.end(), items->items.begin(), items->items.end());
    return {};
  }
  if (!value.dict()) return failure("'**' needs a dictionary", type_name(value));
  HONE_TRY_VOID(budget_.charge(static_cast<std::int64_t>(value.dict()->entries.size())));
  for (const auto& [key, item] : value.dict()->entries) {
    HONE_TRY(std::string name, as_string(key, "an argument's name"));
    into.named.emplace_back(std::move(name), item);
  }
  return {};
}

Result<Value> Interpreter::apply_filter(const std::string& name, const Value& subject,
                                        const Arguments& given) {
  const Filter filter = find_filter(name);
  if (!filter) return failure("a known filter", name);
  auto result = filter(*this, subject, given);
  if (result.ok() || !result.error().where.empty()) return result;
  return failure("filter '" + name + "': " + result.error().rule, result.error().got);
}

Result<bool> Interpreter::apply_test(const std::string& name, const Value& subject, const Arguments& given) {
  const Test test = find_test(name);
  if (!test) return failure("a known test", name);
  return test(*this, subject, given);
}

Result<Value> Interpreter::call(const Value& callee, Arguments given) {
  if (callee.is_undefined()) return failure(callee.why_undefined());
  if (const Loop* loop = callee.loop(); loop && loop->recursive) return call_loop(*loop, given);
  const Callable* callable = callee.callable();
  if (!callable) return failure("a function is called", type_name(callee));
  if (callable->kind == Callable::Kind::kMacro) return call_macro(*callable, std::move(given));
  if (callable->kind == Callable::Kind::kMethod) {
    auto result = call_method(*this, callable->receiver, callable->name, given);
    if (result.ok()) return result;
    return failure(callable->name + "(): " + result.error().rule, result.error().got);
  }
  return call_global(*this, callable->name, given);
}

Value Interpreter::make_macro(const Macro& macro) {
  auto made = std::make_shared<Callable>();
  made->kind = Callable::Kind::kMacro;
  made->name = macro.name;
  made->macro = &macro;
  made->scope = {current_, scopes_[current_].id};
  return Value(std::shared_ptr<const Callable>(std::move(made)));
}

Result<Value> Interpreter::call_macro(const Callable& callable, Arguments given) {
  if (!alive(callable.scope))
    return failure("a macro must be called inside the block that defines it", callable.name);
  const Entered scope(*this, callable.scope.at);
  HONE_TRY_VOID(bind_parameters(*callable.macro, std::move(given)));
  HONE_TRY(std::string text, captured(callable.macro->body));
  return Value(std::move(text));
}

Result<void> Interpreter::bind_parameters(const Macro& macro, Arguments given) {
  const std::string name = "macro '" + macro.name + "' ";
  if (given.positional.size() > macro.parameters.size() && !macro.uses_varargs) {
    return failure(name + "takes at most " + std::to_string(macro.parameters.size()) + " arguments",
                   std::to_string(given.positional.size()));
  }
  Value caller;
  for (std::size_t i = 0; i < macro.parameters.size(); ++i) {
    const Parameter& parameter = macro.parameters[i];
    const auto named = std::find_if(given.named.begin(), given.named.end(),
                                    [&](const auto& argument) { return argument.first == parameter.name; });
    Value value = Value::undefined("parameter '" + parameter.name + "' was not provided");
    if (i < given.positional.size()) {
      if (named != given.named.end()) return failure(name + "takes an argument once", parameter.name);
      value = given.positional[i];
    } else if (named != given.named.end()) {
      value = std::move(named->second);
      given.named.erase(named);
    } else if (parameter.otherwise) {
      HONE_TRY(value, evaluate(*parameter.otherwise));
    }
    set(parameter.name, std::move(value));
  }
  auto others = std::make_shared<Dict>();
  for (auto& [key, value] : given.named) {
    if (key == "caller" && macro.uses_caller) {
      set("caller", std::move(value));
    } else if (macro.uses_kwargs) {
      HONE_TRY_VOID(others->set(Value(key), std::move(value)));
    } else {
      return failure(name + "has no such parameter", key);
    }
  }
  if (macro.uses_kwargs) set("kwargs", Value(std::shared_ptr<const Dict>(std::move(others))));
  if (macro.uses_varargs) {
    const std::size_t taken = std::min(macro.parameters.size(), given.positional.size());
    given.positional.erase(given.positional.begin(),
                           given.positional.begin() + static_cast<std::ptrdiff_t>(taken));
    HONE_TRY(Value rest, make_tuple(std::move(given.positional)));
    set("varargs", std::move(rest));
  }
  return {};
}

// loop(items) in a recursive loop: the same loop over other items, as text.
Result<Value> Interpreter::call_loop(const Loop& loop, const Arguments& given) {
  HONE_TRY(const auto bound, bind(given, {{"iterable"}}));
  if (!alive(loop.scope)) return failure("a loop must be called inside itself");
  HONE_TRY(Items items, iterate(bound[0]));
  std::string text;
  std::string* const before = std::exchange(out_, &text);
  const std::size_t caller = std::exchange(current_, loop.scope.at);
  auto result = run_loop(*loop.recursive, std::move(items), loop.level + 1);
  current_ = caller;
  out_ = before;
  if (!result.ok()) return result.error();
  return Value(std::move(text));
}

}  // namespace hone::jinja
