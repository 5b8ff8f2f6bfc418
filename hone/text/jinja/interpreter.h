// Runs a parsed template. One interpreter serves one rendering, on one thread.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hone/text/jinja/arguments.h"
#include "hone/text/jinja/ast.h"
#include "hone/text/jinja/budget.h"
#include "hone/text/jinja/value.h"

namespace hone::jinja {

class Interpreter {
 public:
  // `variables` must outlive the interpreter.
  explicit Interpreter(const Dict& variables) : variables_(variables) {}

  Result<std::string> run(const Body& body);

  // What built-ins need.
  using Items = std::shared_ptr<const Sequence>;
  Budget& budget() { return budget_; }
  Result<Items> iterate(const Value& value);  // the characters of a string, the keys of a dictionary
  Result<std::string> text_of(const Value& value);
  Result<Value> call(const Value& callee, Arguments given);
  Result<Value> apply_filter(const std::string& name, const Value& subject, const Arguments& given);
  Result<bool> apply_test(const std::string& name, const Value& subject, const Arguments& given);
  Namespace* new_namespace();

 private:
  enum class Flow { kNext, kBreak, kContinue };

  struct Scope {
    std::vector<std::pair<std::string_view, Value>> names;  // the names stand in the tree
    std::size_t parent = 0;
    std::uint64_t id = 0;
  };
  // Pushes a scope under the given one, and leaves it on destruction.
  class Entered;

  Result<Flow> execute(const Body& body);
  Result<Flow> execute(const Stmt& stmt);
  Result<Flow> dispatch(const Stmt& stmt);
  Result<Flow> run_if(const Stmt& stmt);
  Result<Flow> run_for(const Stmt& stmt);
  Result<Flow> run_with(const Stmt& stmt);
  Result<Flow> run_scope(const Stmt& stmt);
  Result<void> run_loop(const Stmt& stmt, Items items, int level);
  Result<Items> filtered_items(const Stmt& stmt, Items items);
  Result<Flow> run_iteration(const Stmt& stmt, const Value& item, Value loop, bool& ran);
  Result<void> run_output(const Stmt& stmt);
  Result<void> run_set_block(const Stmt& stmt);
  Result<void> run_call_block(const Stmt& stmt);
  Result<void> run_filter_block(const Stmt& stmt);
  Result<std::string> captured(const Body& body);
  Result<Value> filtered_text(const ExprPtr& filter, std::string text);
  Result<void> assign(const Target& target, const Value& value);
  Result<void> assign_attribute(const Target& target, const Value& value);
  Result<void> write(const std::string& text);

  Result<Value> evaluate(const Expr& expr);
  Result<Value> evaluate_kind(const Expr& expr);
  Result<Value> lookup(const std::string& name);
  Result<Value> evaluate_dict(const Expr& expr);
  Result<Value> evaluate_items(const Expr& expr);
  Result<Value> evaluate_unary(const Expr& expr);
  Result<Value> evaluate_binary(const Expr& expr);
  Result<Value> evaluate_compare(const Expr& expr);
  Result<Value> evaluate_logic(const Expr& expr);
  Result<Value> evaluate_concat(const Expr& expr);
  Result<Value> evaluate_conditional(const Expr& expr);
  Result<Value> evaluate_access(const Expr& expr);
  Result<Value> evaluate_slice(const Expr& expr);
  Result<Value> evaluate_call(const Expr& expr);
  Result<Value> evaluate_filter(const Expr& expr);
  Result<Value> evaluate_test(const Expr& expr);
  Result<Arguments> evaluate_arguments(const std::vector<Argument>& arguments);
  Result<void> spread(const Argument& argument, Arguments& into);

  Result<Value> call_macro(const Callable& callable, Arguments given);
  Result<void> bind_parameters(const Macro& macro, Arguments given);
  Result<Value> call_loop(const Loop& loop, const Arguments& given);
  Value make_macro(const Macro& macro);
  bool alive(const ScopeRef& scope) const;
  void set(std::string_view name, Value value);
  const Value* find(std::string_view name) const;

  Budget budget_;
  const Dict& variables_;
  std::vector<Scope> scopes_;
  std::size_t current_ = 0;
  std::uint64_t next_scope_ = 0;
  std::deque<Namespace> namespaces_;
  std::string* out_ = nullptr;
  Value body_text_;  // what a filter without a subject is applied to
  static constexpr int kMaxRecursion = 1000;
  int depth_ = 0;
};

// attributes.cpp. Missing ones are undefined. Error: the attribute of an undefined value.
Result<Value> attribute(const Value& value, const std::string& name);
Result<Value> subscript(const Value& value, const Value& key);

}  // namespace hone::jinja
