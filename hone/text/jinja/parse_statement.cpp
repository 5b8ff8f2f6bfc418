// Statements: what stands between {% and %}, and the bodies that they enclose.
#include <algorithm>
#include <array>
#include <utility>

#include "hone/text/jinja/parser.h"

namespace hone::jinja {
namespace {

using StatementKind = Stmt::Kind;

constexpr int kMaxTags = 100;  // tags within tags

class StatementParser {
 public:
  explicit StatementParser(std::vector<Token> tokens) : tokens_(std::move(tokens)), expressions_(tokens_) {}

  Result<Body> run() {
    HONE_TRY(Body whole, body({}));
    return whole;
  }

 private:
  using Ends = std::vector<std::string_view>;

  static StmtPtr freeze(Stmt stmt) { return std::make_unique<const Stmt>(std::move(stmt)); }

  static Stmt statement(StatementKind kind, int line) {
    Stmt made{};
    made.kind = kind;
    made.line = line;
    return made;
  }

  // Until a tag whose word is one of `ends`, which is then the current token; until the template's end
  // without any.
  Result<Body> body(const Ends& ends) {
    Body found;
    while (!tokens_.at_end()) {
      if (tokens_.at(Token::Kind::kData)) {
        Stmt text = statement(StatementKind::kText, tokens_.line());
        text.text = tokens_.current().text;
        tokens_.skip();
        found.push_back(freeze(std::move(text)));
      } else if (tokens_.at(Token::Kind::kPrintBegin)) {
        Stmt output = statement(StatementKind::kOutput, tokens_.line());
        tokens_.skip();
        HONE_TRY(output.value, expressions_.tuple());
        HONE_TRY_VOID(tokens_.expect(Token::Kind::kPrintEnd, "}}"));
        found.push_back(freeze(std::move(output)));
      } else {
        HONE_TRY_VOID(tokens_.expect(Token::Kind::kBlockBegin, "text or a tag"));
        const bool ended =
            std::any_of(ends.begin(), ends.end(), [&](auto word) { return tokens_.at_word(word); });
        if (ended) return found;
        HONE_TRY_VOID(tag(found, ends));
        HONE_TRY_VOID(tokens_.expect(Token::Kind::kBlockEnd, "%}"));
      }
    }
    if (ends.empty()) return found;
    return tokens_.unexpected(expected(ends));
  }

  static std::string expected(const Ends& ends) {
    std::string text;
    for (const auto word : ends) text += (text.empty() ? "{% " : " or {% ") + std::string(word) + " %}";
    return text;
  }

  // The body of a tag that is still open, through the tag that ends it, whose word is dropped.
  Result<Body> enclosed(std::string_view end) {
    HONE_TRY(Body inner, open_body({end}));
    tokens_.skip();
    return inner;
  }

  Result<Body> open_body(const Ends& ends) {
    tokens_.take_operator(":");
    HONE_TRY_VOID(tokens_.expect(Token::Kind::kBlockEnd, "%}"));
    if (nesting_ == kMaxTags) {
      return Error{place(tokens_.line()), "tags must not nest deeper than " + std::to_string(kMaxTags), ""};
    }
    ++nesting_;
    auto inner = body(ends);
    --nesting_;
    return inner;
  }

  Result<void> tag(Body& into, const Ends& ends) {
    using Handler = Result<Stmt> (StatementParser::*)(int);
    static constexpr std::array<std::pair<std::string_view, Handler>, 11> handlers = {{
        {"set", &StatementParser::set},
        {"if", &StatementParser::if_tag},
        {"for", &StatementParser::for_tag},
        {"macro", &StatementParser::macro},
        {"call", &StatementParser::call_block},
        {"filter", &StatementParser::filter_block},
        {"with", &StatementParser::with},
        {"generation", &StatementParser::generation},
        {"break", &StatementParser::leave_loop},
        {"continue", &StatementParser::leave_loop},
        {"print", &StatementParser::print},
    }};
    if (!tokens_.at(Token::Kind::kName)) return tokens_.unexpected("a tag's name");
    for (const auto& [word, handler] : handlers) {
      if (!tokens_.at_word(word)) continue;
      const int line = tokens_.line();
      if (word != "break" && word != "continue") tokens_.skip();
      HONE_TRY(Stmt made, (this->*handler)(line));
      into.push_back(freeze(std::move(made)));
      return {};
    }
    if (!ends.empty()) return tokens_.unexpected("a known tag, or " + expected(ends));
    return tokens_.unexpected("a known tag");
  }

  Result<Stmt> set(int line) {
    Stmt made = statement(StatementKind::kSet, line);
    HONE_TRY(made.target, expressions_.target());
    if (tokens_.take_operator("=")) {
      HONE_TRY(made.value, expressions_.tuple());
      return made;
    }
    made.kind = StatementKind::kSetBlock;
    HONE_TRY(made.filter, expressions_.filters(nullptr));
    HONE_TRY(made.body, enclosed("endset"));
    return made;
  }

  Result<Stmt> if_tag(int line) {
    Stmt made = statement(StatementKind::kIf, line);
    bool conditional = true;
    while (true) {
      Stmt::Branch branch;
      if (conditional) {
        HONE_TRY(branch.condition, expressions_.tuple(false));
      }
      HONE_TRY(branch.body, open_body(conditional ? Ends{"elif", "else", "endif"} : Ends{"endif"}));
      made.branches.push_back(std::move(branch));
      const std::string word = tokens_.current().text;
      tokens_.skip();
      if (word == "endif") return made;
      conditional = word == "elif";
    }
  }

  Result<Stmt> for_tag(int line) {
    Stmt made = statement(StatementKind::kFor, line);
    HONE_TRY(made.target, expressions_.target("in"));
    HONE_TRY_VOID(tokens_.expect_word("in"));
    HONE_TRY(made.value, expressions_.tuple(false, "recursive"));
    if (tokens_.take_word("if")) {
      HONE_TRY(made.condition, expressions_.expression());
    }
    made.recursive = tokens_.take_word("recursive");
    const std::size_t first = tokens_.position();
    ++loops_;
    auto inner = open_body({"endfor", "else"});
    --loops_;
    HONE_TRY(made.body, std::move(inner));
    made.uses_loop = made.recursive || tokens_.named_since(first, "loop");
    const bool otherwise = tokens_.at_word("else");
    tokens_.skip();
    if (otherwise) {
      HONE_TRY(made.otherwise, enclosed("endfor"));
    }
    return made;
  }

  Result<Stmt> leave_loop(int line) {
    if (loops_ == 0) return tokens_.unexpected("break and continue inside a loop only");
    Stmt made = statement(tokens_.at_word("break") ? StatementKind::kBreak : StatementKind::kContinue, line);
    tokens_.skip();
    return made;
  }

  Result<std::vector<Parameter>> signature() {
    HONE_TRY_VOID(tokens_.expect_operator("("));
    std::vector<Parameter> found;
    while (!tokens_.at_operator(")")) {
      if (!found.empty()) HONE_TRY_VOID(tokens_.expect_operator(","));
      Parameter parameter;
      HONE_TRY(parameter.name, tokens_.expect_name());
      if (tokens_.take_operator("=")) {
        HONE_TRY(parameter.otherwise, expressions_.expression());
      } else if (!found.empty() && found.back().otherwise) {
        return tokens_.unexpected("a default for every parameter after one that has it");
      }
      found.push_back(std::move(parameter));
    }
    HONE_TRY_VOID(tokens_.expect_operator(")"));
    return found;
  }

  // A macro's body: a loop around it is not a loop of its own.
  Result<void> macro_body(Macro& into, std::string_view end) {
    const int loops = std::exchange(loops_, 0);
    const std::size_t first = tokens_.position();
    auto inner = enclosed(end);
    loops_ = loops;
    HONE_TRY(into.body, std::move(inner));
    into.uses_varargs = tokens_.named_since(first, "varargs");
    into.uses_kwargs = tokens_.named_since(first, "kwargs");
    into.uses_caller = tokens_.named_since(first, "caller");
    return {};
  }

  Result<Stmt> macro(int line) {
    Stmt made = statement(StatementKind::kMacro, line);
    HONE_TRY(made.macro.name, tokens_.expect_name());
    HONE_TRY(made.macro.parameters, signature());
    HONE_TRY_VOID(macro_body(made.macro, "endmacro"));
    return made;
  }

  Result<Stmt> call_block(int line) {
    Stmt made = statement(StatementKind::kCallBlock, line);
    made.macro.name = "caller";
    if (tokens_.at_operator("(")) {
      HONE_TRY(made.macro.parameters, signature());
    }
    HONE_TRY(made.value, expressions_.expression());
    if (made.value->kind != Expr::Kind::kCall) return tokens_.unexpected("a call");
    HONE_TRY_VOID(macro_body(made.macro, "endcall"));
    return made;
  }

  Result<Stmt> filter_block(int line) {
    Stmt made = statement(StatementKind::kFilterBlock, line);
    HONE_TRY(made.filter, expressions_.filters(nullptr, false));
    HONE_TRY(made.body, enclosed("endfilter"));
    return made;
  }

  Result<Stmt> with(int line) {
    Stmt made = statement(StatementKind::kWith, line);
    while (!tokens_.at(Token::Kind::kBlockEnd)) {
      if (!made.bindings.empty()) HONE_TRY_VOID(tokens_.expect_operator(","));
      Stmt::Binding binding;
      HONE_TRY(binding.target.name, tokens_.expect_name());
      HONE_TRY_VOID(tokens_.expect_operator("="));
      HONE_TRY(binding.value, expressions_.expression());
      made.bindings.push_back(std::move(binding));
    }
    HONE_TRY(made.body, enclosed("endwith"));
    return made;
  }

  Result<Stmt> generation(int line) {
    Stmt made = statement(StatementKind::kScope, line);
    HONE_TRY(made.body, enclosed("endgeneration"));
    return made;
  }

  Result<Stmt> print(int line) {
    Stmt made = statement(StatementKind::kOutput, line);
    HONE_TRY(made.value, expressions_.expression());
    return made;
  }

  TokenStream tokens_;
  ExpressionParser expressions_;
  int nesting_ = 0;
  int loops_ = 0;
};

}  // namespace

bool TokenStream::take_operator(std::string_view text) {
  if (!at_operator(text)) return false;
  skip();
  return true;
}

bool TokenStream::take_word(std::string_view text) {
  if (!at_word(text)) return false;
  skip();
  return true;
}

bool TokenStream::named_since(std::size_t position, std::string_view name) const {
  for (std::size_t i = position; i < at_; ++i) {
    if (tokens_[i].kind == Token::Kind::kName && tokens_[i].text == name) return true;
  }
  return false;
}

Error TokenStream::unexpected(const std::string& expected) const {
  return {place(line()), "expected " + expected, describe(current())};
}

Result<void> TokenStream::expect_operator(std::string_view text) {
  if (take_operator(text)) return {};
  return unexpected("'" + std::string(text) + "'");
}

Result<void> TokenStream::expect_word(std::string_view text) {
  if (take_word(text)) return {};
  return unexpected("'" + std::string(text) + "'");
}

Result<void> TokenStream::expect(Token::Kind kind, const std::string& what) {
  if (!at(kind)) return unexpected(what);
  skip();
  return {};
}

Result<std::string> TokenStream::expect_name() {
  if (!at(Token::Kind::kName)) return unexpected("a name");
  std::string name = current().text;
  skip();
  return name;
}

Result<Body> parse_template(const std::string& source) {
  HONE_TRY(std::vector<Token> tokens, tokenize(source));
  return StatementParser(std::move(tokens)).run();
}

}  // namespace hone::jinja
