// Reads a database: the rules of the book's section 4.2 for declarations, scopes and statements. Proofs are
// kept as text; the kernel reads them.
#include <algorithm>
#include <set>

#include "hone/verify/proof/metamath_data.h"
#include "hone/verify/proof/metamath_tokens.h"

namespace hone::metamath {
namespace {

constexpr std::size_t kMaxFiles = 1000;     // bounds the depth of nested includes as well: none is read twice
constexpr std::size_t kMaxPool = 1U << 31;  // spans count in 32 bits

std::string_view text_of(const MappedFile& file) {
  const auto bytes = file.bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class Reader {
 public:
  Reader(Data& data, fs::path folder, bool includes)
      : data_(data), folder_(std::move(folder)), includes_(includes) {}

  Result<void> read(std::string_view text, const std::string& name);
  Result<void> read_file_once(const fs::path& path);
  void finish();

 private:
  struct Scope {
    std::size_t variables, hypotheses, essential;
    std::uint32_t disjoint;
  };

  Result<void> statement(Tokens& tokens, std::string_view keyword);
  Result<void> labelled(Tokens& tokens, std::string_view label);
  Result<void> include(Tokens& tokens);
  Result<void> declare(Tokens& tokens, bool variables);
  Result<void> disjoint(Tokens& tokens);
  Result<void> hypothesis(Tokens& tokens, Statement& statement);
  Result<void> assertion(Tokens& tokens, Statement& statement);
  // Appends symbols up to `end` to the pool.
  Result<Span> math(Tokens& tokens, std::string_view end);
  void close_scope();
  Frame make_frame(const Statement& statement);
  void mark_variables(Span math, std::vector<std::uint32_t>& floating);
  std::uint32_t number() const { return static_cast<std::uint32_t>(data_.statements.size()); }

  Data& data_;
  fs::path folder_;
  bool includes_;
  std::set<fs::path> seen_;
  std::vector<Scope> scopes_;
  std::vector<std::uint32_t> variables_;   // active, in order of declaration
  std::vector<std::uint32_t> hypotheses_;  // active statements $f and $e
  std::vector<std::uint32_t> essential_;   // active $e alone
  std::uint32_t disjoint_ = kNoIndex;
  std::vector<std::uint32_t> mark_;  // by symbol: the assertion that last mentioned it
  std::uint32_t marks_ = 0;
};

Result<void> Reader::read_file_once(const fs::path& path) {
  std::error_code failed;
  fs::path canonical = fs::weakly_canonical(path, failed);
  if (failed) canonical = path;
  if (!seen_.insert(canonical).second) return {};
  if (seen_.size() > kMaxFiles)
    return Error{path.string(), fmt::format("at most {} files are included", kMaxFiles), ""};
  HONE_TRY(MappedFile file, MappedFile::open(path));
  data_.files.push_back(file);
  return read(text_of(file), path.string());
}

Result<void> Reader::read(std::string_view text, const std::string& name) {
  Tokens tokens(text, name);
  while (true) {
    HONE_TRY(const std::string_view token, tokens.next());
    if (token.empty()) break;
    if (token[0] == '$') {
      HONE_TRY_VOID(statement(tokens, token));
    } else {
      HONE_TRY_VOID(labelled(tokens, token));
    }
    if (data_.pool.size() > kMaxPool) return tokens.error("a database has at most 2^31 symbols");
  }
  if (!scopes_.empty()) return tokens.error("every ${ must be closed in its file");
  return {};
}

Result<void> Reader::statement(Tokens& tokens, std::string_view keyword) {
  if (keyword == "$c") {
    if (!scopes_.empty()) return tokens.error("$c may stand in the outermost scope only");
    return declare(tokens, false);
  }
  if (keyword == "$v") return declare(tokens, true);
  if (keyword == "$d") return disjoint(tokens);
  if (keyword == "$[") return include(tokens);
  if (keyword == "${") {
    scopes_.push_back({variables_.size(), hypotheses_.size(), essential_.size(), disjoint_});
    return {};
  }
  if (keyword == "$}") {
    if (scopes_.empty()) return tokens.error("$} closes no ${");
    close_scope();
    return {};
  }
  if (keyword == "$f" || keyword == "$e" || keyword == "$a" || keyword == "$p") {
    return tokens.error("must have a label", keyword);
  }
  return tokens.error("must be a statement", keyword);
}

void Reader::close_scope() {
  const Scope scope = scopes_.back();
  scopes_.pop_back();
  for (std::size_t i = scope.hypotheses; i < hypotheses_.size(); ++i) {
    Statement& closed = data_.statements[hypotheses_[i]];
    closed.scope_end = number();
    if (closed.kind == Kind::kFloating) {
      data_.symbols[index_of(data_.pool[closed.math.offset + 1])].floating = kNoIndex;
    }
  }
  for (std::size_t i = scope.variables; i < variables_.size(); ++i) {
    data_.symbols[variables_[i]].active = false;
  }
  hypotheses_.resize(scope.hypotheses);
  essential_.resize(scope.essential);
  variables_.resize(scope.variables);
  disjoint_ = scope.disjoint;
}

Result<void> Reader::include(Tokens& tokens) {
  if (!includes_) return tokens.error("includes are allowed in files only");
  if (!scopes_.empty()) return tokens.error("$[ may stand in the outermost scope only");
  HONE_TRY(const std::string_view file, tokens.next());
  if (!is_math_symbol(file)) return tokens.error("$[ must name a file without '$'", file);
  HONE_TRY(const std::string_view close, tokens.next());
  if (close != "$]") return tokens.error("$[ must be closed by $]", close);
  return read_file_once(folder_ / fs::path(file));
}

Result<void> Reader::declare(Tokens& tokens, bool variables) {
  for (std::size_t count = 0;; ++count) {
    HONE_TRY(const std::string_view name, tokens.next());
    if (name == "$." && count > 0) return {};
    if (!is_math_symbol(name)) return tokens.error("a declaration holds math symbols and ends with $.", name);
    if (data_.label_index.contains(name)) return tokens.error("a symbol must not be named as a label", name);
    const auto next_index = static_cast<std::uint32_t>(data_.symbols.size());
    const auto [found, fresh] = data_.symbol_index.emplace(name, next_index);
    if (fresh) {
      data_.symbols.push_back(
          {name, next_index | (variables ? kVariableBit : 0U), number(), variables, kNoIndex});
      mark_.push_back(0);
    } else {
      SymbolEntry& entry = data_.symbols[found->second];
      if (is_variable(entry.symbol) != variables) {
        return tokens.error("a symbol is either a constant or a variable", name);
      }
      if (!variables || entry.active) return tokens.error("is declared already", name);
      entry.active = true;
    }
    if (variables) variables_.push_back(found->second);
  }
}

Result<void> Reader::disjoint(Tokens& tokens) {
  std::vector<Symbol> list;
  while (true) {
    HONE_TRY(const std::string_view name, tokens.next());
    if (name == "$.") break;
    const auto found = data_.symbol_index.find(name);
    if (found == data_.symbol_index.end()) return tokens.error("must be a declared variable", name);
    const SymbolEntry& entry = data_.symbols[found->second];
    if (!entry.active) return tokens.error("must be an active variable", name);
    if (std::find(list.begin(), list.end(), entry.symbol) != list.end()) {
      return tokens.error("$d names each variable once", name);
    }
    list.push_back(entry.symbol);
  }
  if (list.size() < 2) return tokens.error("$d names at least two variables");
  for (std::size_t i = 0; i < list.size(); ++i) {
    for (std::size_t j = i + 1; j < list.size(); ++j) {
      data_.disjoint_nodes.push_back({{list[i], list[j]}, disjoint_, number()});
      disjoint_ = static_cast<std::uint32_t>(data_.disjoint_nodes.size() - 1);
    }
  }
  return {};
}

Result<Span> Reader::math(Tokens& tokens, std::string_view end) {
  Span span{static_cast<std::uint32_t>(data_.pool.size()), 0};
  while (true) {
    HONE_TRY(const std::string_view name, tokens.next());
    if (name == end) break;
    if (!is_math_symbol(name)) return tokens.error(fmt::format("a statement ends with {}", end), name);
    const auto found = data_.symbol_index.find(name);
    if (found == data_.symbol_index.end()) return tokens.error("must be a declared symbol", name);
    const SymbolEntry& entry = data_.symbols[found->second];
    if (is_variable(entry.symbol) && !entry.active) return tokens.error("must be an active variable", name);
    if (span.length == 0 && is_variable(entry.symbol)) {
      return tokens.error("the first symbol must be a constant", name);
    }
    data_.pool.push_back(entry.symbol);
    ++span.length;
  }
  if (span.length == 0) return tokens.error("a statement has at least one symbol");
  return span;
}

Result<void> Reader::labelled(Tokens& tokens, std::string_view label) {
  if (!is_label(label)) return tokens.error("a label has letters, digits, '-', '_' and '.'", label);
  if (data_.label_index.contains(label)) return tokens.error("a label must be unique", label);
  if (data_.symbol_index.contains(label)) return tokens.error("a label must not be named as a symbol", label);
  HONE_TRY(const std::string_view keyword, tokens.next());
  Statement made;
  made.label = label;
  if (keyword == "$f" || keyword == "$e") {
    made.kind = keyword == "$f" ? Kind::kFloating : Kind::kEssential;
    HONE_TRY_VOID(hypothesis(tokens, made));
  } else if (keyword == "$a" || keyword == "$p") {
    made.kind = keyword == "$a" ? Kind::kAxiom : Kind::kTheorem;
    HONE_TRY_VOID(assertion(tokens, made));
  } else {
    return tokens.error("$f, $e, $a or $p must follow a label", keyword);
  }
  data_.label_index.emplace(label, number());
  data_.statements.push_back(made);
  return {};
}

Result<void> Reader::hypothesis(Tokens& tokens, Statement& made) {
  HONE_TRY(made.math, math(tokens, "$."));
  const std::span<const Symbol> symbols = data_.math(made);
  if (made.kind == Kind::kFloating) {
    if (symbols.size() != 2 || !is_variable(symbols[1])) {
      return tokens.error("$f holds a constant and a variable", made.label);
    }
    SymbolEntry& variable = data_.symbols[index_of(symbols[1])];
    if (variable.floating != kNoIndex) {
      return tokens.error("a variable has one active $f", variable.name);
    }
    variable.floating = number();
  } else {
    for (const Symbol symbol : symbols) {
      const SymbolEntry& entry = data_.symbols[index_of(symbol)];
      if (is_variable(symbol) && entry.floating == kNoIndex) {
        return tokens.error("a variable must have an active $f", entry.name);
      }
    }
    essential_.push_back(number());
  }
  hypotheses_.push_back(number());
  return {};
}

Result<void> Reader::assertion(Tokens& tokens, Statement& made) {
  const bool theorem = made.kind == Kind::kTheorem;
  HONE_TRY(made.math, math(tokens, theorem ? "$=" : "$."));
  for (const Symbol symbol : data_.math(made)) {
    const SymbolEntry& entry = data_.symbols[index_of(symbol)];
    if (is_variable(symbol) && entry.floating == kNoIndex) {
      return tokens.error("a variable must have an active $f", entry.name);
    }
  }
  Frame frame = make_frame(made);
  if (theorem) {
    frame.all_disjoint = disjoint_;
    HONE_TRY(frame.proof, tokens.raw_until_end());
  }
  made.frame = static_cast<std::uint32_t>(data_.frames.size());
  data_.frames.push_back(frame);
  return {};
}

void Reader::mark_variables(Span math, std::vector<std::uint32_t>& floating) {
  for (std::uint32_t i = 0; i < math.length; ++i) {
    const Symbol symbol = data_.pool[math.offset + i];
    if (!is_variable(symbol) || mark_[index_of(symbol)] == marks_) continue;
    mark_[index_of(symbol)] = marks_;
    floating.push_back(data_.symbols[index_of(symbol)].floating);
  }
}

Frame Reader::make_frame(const Statement& made) {
  ++marks_;
  std::vector<std::uint32_t> mandatory;
  mark_variables(made.math, mandatory);
  for (const std::uint32_t e : essential_) mark_variables(data_.statements[e].math, mandatory);
  mandatory.insert(mandatory.end(), essential_.begin(), essential_.end());
  std::sort(mandatory.begin(), mandatory.end());

  Frame frame;
  frame.hypotheses = {static_cast<std::uint32_t>(data_.hypotheses.size()),
                      static_cast<std::uint32_t>(mandatory.size())};
  data_.hypotheses.insert(data_.hypotheses.end(), mandatory.begin(), mandatory.end());
  frame.disjoint.offset = static_cast<std::uint32_t>(data_.disjoint.size());
  for (std::uint32_t node = disjoint_; node != kNoIndex; node = data_.disjoint_nodes[node].outer) {
    const DisjointPair pair = data_.disjoint_nodes[node].pair;
    if (mark_[index_of(pair.x)] == marks_ && mark_[index_of(pair.y)] == marks_)
      data_.disjoint.push_back(pair);
  }
  frame.disjoint.length = static_cast<std::uint32_t>(data_.disjoint.size()) - frame.disjoint.offset;
  return frame;
}

void Reader::finish() {
  data_.outermost_disjoint = disjoint_;
  data_.outermost_essential = essential_;
}

}  // namespace

Result<void> read_database(Data& data, const fs::path& path) {
  Reader reader(data, path.parent_path(), !path.empty());
  if (path.empty()) {
    HONE_TRY_VOID(reader.read(data.text, data.name));
  } else {
    HONE_TRY_VOID(reader.read_file_once(path));
  }
  reader.finish();
  return {};
}

}  // namespace hone::metamath
