// Statements, and the state that they share with expressions.
#include "hone/text/jinja/interpreter.h"

#include <algorithm>

#include "hone/text/jinja/characters.h"
#include "hone/text/jinja/lexer.h"
#include "hone/text/jinja/print.h"
#include "hone/text/jinja/scope.h"

namespace hone::jinja {
namespace {

// Of statements and expressions within each other, macro calls included: bounds the C++ stack.
Error placed(const Error& error, int line) {
  return error.where.empty() ? Error{place(line), error.rule, error.got} : error;
}

}  // namespace

Result<std::string> Interpreter::run(const Body& body) {
  std::string out;
  out_ = &out;
  const Entered scope(*this, 0);
  HONE_TRY([[maybe_unused]] const Flow flow, execute(body));
  return out;
}

Namespace* Interpreter::new_namespace() { return &namespaces_.emplace_back(); }

Result<Interpreter::Items> Interpreter::iterate(const Value& value) {
  HONE_TRY_VOID(budget_.charge(1));
  if (Items items = value.shared_sequence()) {
    if (items->flavor != Sequence::Flavor::kIterator) return items;
    if (!items->consumed) {
      items->consumed = true;
      return items;
    }
    return std::make_shared<const Sequence>();
  }
  std::vector<Value> items;
  if (value.is_string()) {
    HONE_TRY_VOID(budget_.charge(static_cast<std::int64_t>(value.text().size())));
    for (const std::string_view unit : characters(value.text())) items.emplace_back(unit);
  } else if (const Dict* dict = value.dict()) {
    HONE_TRY_VOID(budget_.charge(static_cast<std::int64_t>(dict->entries.size())));
    for (const auto& entry : dict->entries) items.push_back(entry.first);
  } else if (!value.is_undefined()) {
    return failure("only strings, lists and dictionaries can be walked over", type_name(value));
  }
  HONE_TRY(const Value made, make_sequence(std::move(items)));
  return made.shared_sequence();
}

Result<std::string> Interpreter::text_of(const Value& value) {
  HONE_TRY_VOID(budget_.charge(value.weight()));
  return to_text(value);
}

bool Interpreter::alive(const ScopeRef& scope) const {
  return scope.at < scopes_.size() && scopes_[scope.at].id == scope.id;
}

void Interpreter::set(std::string_view name, Value value) {
  auto& names = scopes_[current_].names;
  const auto found =
      std::find_if(names.begin(), names.end(), [&](const auto& entry) { return entry.first == name; });
  if (found == names.end()) {
    names.emplace_back(name, std::move(value));
  } else {
    found->second = std::move(value);
  }
}

const Value* Interpreter::find(std::string_view name) const {
  for (std::size_t at = current_;; at = scopes_[at].parent) {
    for (const auto& [known, value] : scopes_[at].names) {
      if (known == name) return &value;
    }
    if (at == 0) return variables_.find_name(name);
  }
}

Result<void> Interpreter::write(const std::string& text) {
  HONE_TRY_VOID(budget_.charge_bytes(text.size()));
  *out_ += text;
  return {};
}

Result<Interpreter::Flow> Interpreter::execute(const Body& body) {
  for (const StmtPtr& stmt : body) {
    HONE_TRY(const Flow flow, execute(*stmt));
    if (flow != Flow::kNext) return flow;
  }
  return Flow::kNext;
}

Result<Interpreter::Flow> Interpreter::execute(const Stmt& stmt) {
  if (depth_ >= kMaxRecursion)
    return Error{place(stmt.line), "macros must not call each other without end", ""};
  HONE_TRY_VOID(budget_.charge(1));
  ++depth_;
  auto result = dispatch(stmt);
  --depth_;
  if (!result.ok()) return placed(result.error(), stmt.line);
  return result;
}

Result<Interpreter::Flow> Interpreter::dispatch(const Stmt& stmt) {
  switch (stmt.kind) {
    case Stmt::Kind::kText:
      HONE_TRY_VOID(write(stmt.text));
      break;
    case Stmt::Kind::kOutput:
      HONE_TRY_VOID(run_output(stmt));
      break;
    case Stmt::Kind::kIf:
      return run_if(stmt);
    case Stmt::Kind::kFor:
      return run_for(stmt);
    case Stmt::Kind::kWith:
      return run_with(stmt);
    case Stmt::Kind::kScope:
      return run_scope(stmt);
    case Stmt::Kind::kBreak:
      return Flow::kBreak;
    case Stmt::Kind::kContinue:
      return Flow::kContinue;
    case Stmt::Kind::kMacro:
      set(stmt.macro.name, make_macro(stmt.macro));
      break;
    case Stmt::Kind::kSetBlock:
      HONE_TRY_VOID(run_set_block(stmt));
      break;
    case Stmt::Kind::kCallBlock:
      HONE_TRY_VOID(run_call_block(stmt));
      break;
    case Stmt::Kind::kFilterBlock:
      HONE_TRY_VOID(run_filter_block(stmt));
      break;
    case Stmt::Kind::kSet: {
      HONE_TRY(const Value value, evaluate(*stmt.value));
      HONE_TRY_VOID(assign(stmt.target, value));
    }
  }
  return Flow::kNext;
}

Result<void> Interpreter::run_output(const Stmt& stmt) {
  HONE_TRY(const Value value, evaluate(*stmt.value));
  if (value.is_string()) return write(value.text());
  HONE_TRY(const std::string text, text_of(value));
  return write(text);
}

Result<Interpreter::Flow> Interpreter::run_if(const Stmt& stmt) {
  for (const Stmt::Branch& branch : stmt.branches) {
    if (branch.condition) {
      HONE_TRY(const Value condition, evaluate(*branch.condition));
      if (!truth(condition)) continue;
    }
    return execute(branch.body);
  }
  return Flow::kNext;
}

Result<Interpreter::Flow> Interpreter::run_for(const Stmt& stmt) {
  HONE_TRY(const Value walked, evaluate(*stmt.value));
  HONE_TRY(Items items, iterate(walked));
  HONE_TRY_VOID(run_loop(stmt, std::move(items), 0));
  return Flow::kNext;
}

// With `loop` in use its length must be known: the condition then sees every item before the body sees one.
Result<Interpreter::Items> Interpreter::filtered_items(const Stmt& stmt, Items items) {
  if (!stmt.condition || !stmt.uses_loop) return items;
  std::vector<Value> kept;
  for (const Value& item : items->items) {
    const Entered scope(*this, current_);
    HONE_TRY_VOID(assign(stmt.target, item));
    HONE_TRY(const Value condition, evaluate(*stmt.condition));
    if (truth(condition)) kept.push_back(item);
  }
  HONE_TRY(const Value made, make_sequence(std::move(kept)));
  return made.shared_sequence();
}

Result<void> Interpreter::run_loop(const Stmt& stmt, Items all, int level) {
  HONE_TRY(const Items items, filtered_items(stmt, std::move(all)));
  const ScopeRef around{current_, scopes_[current_].id};
  bool ran = false;
  for (std::size_t i = 0; i < items->items.size(); ++i) {
    Value loop;
    if (stmt.uses_loop) {
      const Stmt* recursive = stmt.recursive ? &stmt : nullptr;
      const auto index = static_cast<std::int64_t>(i);
      loop = Value(std::make_shared<const Loop>(Loop{items, index, level, recursive, around}));
    }
    HONE_TRY(const Flow flow, run_iteration(stmt, items->items[i], std::move(loop), ran));
    if (flow == Flow::kBreak) break;
  }
  if (ran) return {};
  const Entered scope(*this, current_);
  HONE_TRY([[maybe_unused]] const Flow flow, execute(stmt.otherwise));
  return {};
}

Result<Interpreter::Flow> Interpreter::run_iteration(const Stmt& stmt, const Value& item, Value loop,
                                                     bool& ran) {
  HONE_TRY_VOID(budget_.charge(1));
  const Entered scope(*this, current_);
  HONE_TRY_VOID(assign(stmt.target, item));
  if (stmt.condition && !stmt.uses_loop) {
    HONE_TRY(const Value condition, evaluate(*stmt.condition));
    if (!truth(condition)) return Flow::kNext;
  }
  ran = true;
  if (stmt.uses_loop) set("loop", std::move(loop));
  return execute(stmt.body);
}

Result<Interpreter::Flow> Interpreter::run_with(const Stmt& stmt) {
  std::vector<Value> values;
  for (const Stmt::Binding& binding : stmt.bindings) {
    HONE_TRY(Value value, evaluate(*binding.value));
    values.push_back(std::move(value));
  }
  const Entered scope(*this, current_);
  for (std::size_t i = 0; i < values.size(); ++i) HONE_TRY_VOID(assign(stmt.bindings[i].target, values[i]));
  return execute(stmt.body);
}

Result<Interpreter::Flow> Interpreter::run_scope(const Stmt& stmt) {
  const Entered scope(*this, current_);
  return execute(stmt.body);
}

Result<std::string> Interpreter::captured(const Body& body) {
  std::string text;
  std::string* const before = std::exchange(out_, &text);
  auto result = [&] {
    const Entered scope(*this, current_);
    return execute(body);
  }();
  out_ = before;
  if (!result.ok()) return result.error();
  return text;
}

Result<Value> Interpreter::filtered_text(const ExprPtr& filter, std::string text) {
  if (!filter) return Value(std::move(text));
  Value before = std::exchange(body_text_, Value(std::move(text)));
  auto result = evaluate(*filter);
  body_text_ = std::move(before);
  return result;
}

Result<void> Interpreter::run_set_block(const Stmt& stmt) {
  HONE_TRY(std::string text, captured(stmt.body));
  HONE_TRY(const Value value, filtered_text(stmt.filter, std::move(text)));
  return assign(stmt.target, value);
}

Result<void> Interpreter::run_filter_block(const Stmt& stmt) {
  HONE_TRY(std::string text, captured(stmt.body));
  HONE_TRY(const Value value, filtered_text(stmt.filter, std::move(text)));
  HONE_TRY(const std::string filtered, text_of(value));
  return write(filtered);
}

Result<void> Interpreter::run_call_block(const Stmt& stmt) {
  const Expr& expr = *stmt.value;
  HONE_TRY(const Value callee, evaluate(*expr.items[0]));
  HONE_TRY(Arguments given, evaluate_arguments(expr.arguments));
  given.named.emplace_back("caller", make_macro(stmt.macro));
  HONE_TRY(const Value value, call(callee, std::move(given)));
  HONE_TRY(const std::string text, text_of(value));
  return write(text);
}

Result<void> Interpreter::assign(const Target& target, const Value& value) {
  if (target.parts.empty()) {
    if (!target.attribute.empty()) return assign_attribute(target, value);
    set(target.name, value);
    return {};
  }
  HONE_TRY(const Items items, iterate(value));
  if (items->items.size() != target.parts.size()) {
    return failure(std::to_string(target.parts.size()) + " values to unpack",
                   std::to_string(items->items.size()));
  }
  for (std::size_t i = 0; i < target.parts.size(); ++i)
    HONE_TRY_VOID(assign(target.parts[i], items->items[i]));
  return {};
}

Result<void> Interpreter::assign_attribute(const Target& target, const Value& value) {
  const Value* owner = find(target.name);
  Namespace* space = owner ? owner->space() : nullptr;
  if (!space) {
    return failure("attributes can be assigned on a namespace only", target.name + "." + target.attribute);
  }
  return space->attributes.set(Value(target.attribute), value);
}

}  // namespace hone::jinja
