// What a template is parsed into. Never changes once built: many threads may render from it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "hone/text/jinja/value.h"

namespace hone::jinja {

struct Expr;
struct Stmt;
using ExprPtr = std::unique_ptr<const Expr>;
using StmtPtr = std::unique_ptr<const Stmt>;
using Body = std::vector<StmtPtr>;

struct Argument {
  enum class Form { kPositional, kNamed, kSpread, kSpreadNamed };  // x, name=x, *x, **x
  Form form = Form::kPositional;
  std::string name;
  ExprPtr value;
};

enum class Op { kAdd, kSub, kMul, kDiv, kFloorDiv, kMod, kPow, kEq, kNe, kLt, kLe, kGt, kGe, kIn, kNotIn };

struct Expr {
  enum class Kind {
    kConstant,     // constant
    kName,         // name
    kList,         // items
    kTuple,        // items
    kDict,         // items: key, value, key, value …
    kNot,          // items[0]
    kNegate,       // items[0]
    kPlus,         // items[0]
    kBinary,       // items[0] ops[0] items[1]
    kCompare,      // items[0] ops[0] items[1] ops[1] items[2] …
    kAnd,          // items[0], items[1]
    kOr,           // items[0], items[1]
    kConcat,       // items, joined as text
    kConditional,  // items: value, condition, otherwise (null: undefined)
    kAttribute,    // items[0].name
    kSubscript,    // items[0][items[1]]
    kSlice,        // items[0][items[1]:items[2]:items[3]], each of the last three may be null
    kCall,         // items[0](arguments)
    kFilter,       // items[0]|name(arguments); items[0] is null where a body's text is filtered
    kTest,         // items[0] is name(arguments)
  };
  Kind kind;
  int line = 1;
  int height = 1;  // of the tree below and including this node
  std::string name;
  Value constant;
  std::vector<ExprPtr> items;
  std::vector<Op> ops;
  std::vector<Argument> arguments;
};

// What is assigned to: a name, an attribute of a namespace, or a tuple of targets.
struct Target {
  std::string name;
  std::string attribute;
  std::vector<Target> parts;
  int line = 1;
};

struct Parameter {
  std::string name;
  ExprPtr otherwise;  // null: undefined when not given
};

// A macro, or the body that {% call %} hands to one.
struct Macro {
  std::string name;
  std::vector<Parameter> parameters;
  Body body;
  bool uses_varargs = false;  // the body names varargs, kwargs or caller: without it, giving them is an error
  bool uses_kwargs = false;
  bool uses_caller = false;
};

struct Stmt {
  enum class Kind {
    kText,         // text
    kOutput,       // value
    kIf,           // branches: each condition (null: else) with its body
    kFor,          // target in value [if condition], body, otherwise
    kSet,          // target = value
    kSetBlock,     // target = body's text, through filter (may be null)
    kMacro,        // macro
    kCallBlock,    // value (a call), macro: the caller
    kFilterBlock,  // body's text through filter
    kWith,         // bindings, body
    kScope,        // body, whose assignments stay inside: {% generation %}
    kBreak,
    kContinue,
  };
  struct Branch {
    ExprPtr condition;
    Body body;
  };
  struct Binding {
    Target target;
    ExprPtr value;
  };
  Kind kind;
  int line = 1;
  std::string text;
  ExprPtr value;
  ExprPtr condition;
  ExprPtr filter;
  Target target;
  std::vector<Branch> branches;
  std::vector<Binding> bindings;
  Body body;
  Body otherwise;
  bool recursive = false;
  bool uses_loop = false;  // the body may name `loop`
  Macro macro;
};

}  // namespace hone::jinja
