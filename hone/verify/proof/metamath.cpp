#include "hone/verify/proof/metamath.h"

#include <algorithm>

#include "hone/verify/proof/metamath_kernel.h"
#include "hone/verify/proof/metamath_tokens.h"

namespace hone {

using metamath::Data;
using metamath::Finding;
using metamath::Kernel;
using metamath::kNoIndex;
using metamath::Statement;
using metamath::Symbol;
using metamath::SymbolEntry;
using metamath::Target;
using metamath::Tokens;

namespace {

Target target_of(const Data& data, std::uint32_t number) {
  const Statement& theorem = data.statements[number];
  const metamath::Frame& frame = data.frames[theorem.frame];
  Target target;
  target.statement = data.math(theorem);
  for (std::uint32_t i = 0; i < frame.hypotheses.length; ++i) {
    const Statement& hypothesis = data.statements[data.hypotheses[frame.hypotheses.offset + i]];
    target.mandatory.push_back({hypothesis.label, data.math(hypothesis)});
  }
  target.limit = target.scope = number;
  target.disjoint_head = frame.all_disjoint;
  return target;
}

Result<void> verify_one(const Data& data, Kernel& kernel, std::uint32_t number,
                        const MetamathLimits& limits) {
  const Statement& theorem = data.statements[number];
  const Finding finding = kernel.prove(target_of(data, number), data.frames[theorem.frame].proof, limits);
  if (finding.outcome == Finding::Outcome::kProved) return {};
  return Error{fmt::format("{}: {}", data.name, theorem.label), finding.reason, ""};
}

// A goal from outside, read against the outermost scope.
class GoalReader {
 public:
  GoalReader(const Data& data, const MetamathGoal& goal) : data_(data), goal_(goal) {}
  // The result's spans point into this.
  Result<Target> read();

 private:
  struct Local {
    std::string_view label;
    std::vector<Symbol> math;
  };
  Result<void> read_hypotheses();
  Result<Symbol> symbol(const Tokens& tokens, std::string_view name) const;
  Result<std::vector<Symbol>> math(Tokens& tokens, std::string_view end) const;
  void add_mandatory(Target& target) const;

  const Data& data_;
  const MetamathGoal& goal_;
  std::uint32_t limit_ = 0;
  std::vector<Symbol> statement_;
  std::vector<Local> locals_;
  std::vector<metamath::DisjointPair> disjoint_;
};

Result<Symbol> GoalReader::symbol(const Tokens& tokens, std::string_view name) const {
  const auto found = data_.symbol_index.find(name);
  if (found == data_.symbol_index.end()) return tokens.error("must be a symbol of the database", name);
  const SymbolEntry& entry = data_.symbols[found->second];
  const bool known = !metamath::is_variable(entry.symbol)
                         ? entry.declared <= limit_
                         : entry.active && entry.floating != kNoIndex && entry.floating < limit_;
  if (!known) return tokens.error("must be a symbol of the database's outermost scope", name);
  return entry.symbol;
}

Result<std::vector<Symbol>> GoalReader::math(Tokens& tokens, std::string_view end) const {
  std::vector<Symbol> expression;
  while (true) {
    HONE_TRY(const std::string_view name, tokens.next());
    if (name == end) break;
    if (name.empty()) return tokens.error("a hypothesis ends with $.");
    HONE_TRY(const Symbol one, symbol(tokens, name));
    if (expression.empty() && metamath::is_variable(one)) {
      return tokens.error("the first symbol must be a constant", name);
    }
    expression.push_back(one);
  }
  if (expression.empty()) return tokens.error("must have at least one symbol");
  return expression;
}

Result<void> GoalReader::read_hypotheses() {
  Tokens tokens(goal_.hypotheses, "hypotheses");
  while (true) {
    HONE_TRY(const std::string_view first, tokens.next());
    if (first.empty()) return {};
    if (first == "$d") {
      std::vector<Symbol> list;
      while (true) {
        HONE_TRY(const std::string_view name, tokens.next());
        if (name == "$.") break;
        HONE_TRY(const Symbol one, symbol(tokens, name));
        const bool twice = std::find(list.begin(), list.end(), one) != list.end();
        if (!metamath::is_variable(one) || twice) return tokens.error("$d holds distinct variables", name);
        for (const Symbol other : list) disjoint_.push_back({other, one});
        list.push_back(one);
      }
      if (list.size() < 2) return tokens.error("$d names at least two variables");
      continue;
    }
    HONE_TRY(const std::string_view keyword, tokens.next());
    if (keyword != "$e") return tokens.error("holds '$d … $.' and 'label $e … $.' only", first);
    const bool known =
        data_.label_index.contains(first) || data_.symbol_index.contains(first) ||
        std::any_of(locals_.begin(), locals_.end(), [&](const Local& local) { return local.label == first; });
    if (!metamath::is_label(first) || known) return tokens.error("must be a label of its own", first);
    HONE_TRY(std::vector<Symbol> expression, math(tokens, "$."));
    locals_.push_back({first, std::move(expression)});
  }
}

void GoalReader::add_mandatory(Target& target) const {
  std::vector<std::uint32_t> numbers;
  const auto add = [&](std::span<const Symbol> expression) {
    for (const Symbol one : expression) {
      if (metamath::is_variable(one)) numbers.push_back(data_.symbols[metamath::index_of(one)].floating);
    }
  };
  add(statement_);
  for (const Local& local : locals_) add(local.math);
  for (const std::uint32_t e : data_.outermost_essential) {
    if (e >= limit_) continue;
    add(data_.math(data_.statements[e]));
    numbers.push_back(e);
  }
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  for (const std::uint32_t number : numbers) {
    const Statement& hypothesis = data_.statements[number];
    target.mandatory.push_back({hypothesis.label, data_.math(hypothesis)});
  }
  for (const Local& local : locals_) target.mandatory.push_back({local.label, local.math});
}

Result<Target> GoalReader::read() {
  limit_ = static_cast<std::uint32_t>(data_.statements.size());
  if (!goal_.before.empty()) {
    const auto found = data_.label_index.find(goal_.before);
    if (found == data_.label_index.end()) {
      return Error{"before", "must be a label of the database", "'" + goal_.before.substr(0, 60) + "'"};
    }
    limit_ = found->second;
  }
  Tokens tokens(goal_.statement, "statement");
  HONE_TRY(statement_, math(tokens, ""));
  HONE_TRY_VOID(read_hypotheses());
  for (std::uint32_t node = data_.outermost_disjoint; node != kNoIndex;
       node = data_.disjoint_nodes[node].outer) {
    if (data_.disjoint_nodes[node].declared <= limit_) disjoint_.push_back(data_.disjoint_nodes[node].pair);
  }
  Target target;
  target.statement = statement_;
  add_mandatory(target);
  target.limit = limit_;
  target.scope = kNoIndex - 1;
  target.disjoint = disjoint_;
  target.dummies_are_distinct = true;
  return target;
}

std::string_view without_keywords(std::string_view proof) {
  constexpr std::string_view kSpace = " \t\n\r\f";
  const auto trim = [&](std::string_view text) {
    const std::size_t first = text.find_first_not_of(kSpace);
    if (first == std::string_view::npos) return std::string_view{};
    return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
  };
  proof = trim(proof);
  if (proof.starts_with("$=")) proof = trim(proof.substr(2));
  if (proof.ends_with("$.")) proof = trim(proof.substr(0, proof.size() - 2));
  return proof;
}

}  // namespace

Result<MetamathDatabase> MetamathDatabase::load(const std::filesystem::path& path) {
  auto data = std::make_shared<Data>();
  data->name = path.filename().string();
  HONE_TRY_VOID(metamath::read_database(*data, path));
  return MetamathDatabase(std::move(data));
}

Result<MetamathDatabase> MetamathDatabase::parse(std::string text, const std::string& name) {
  auto data = std::make_shared<Data>();
  data->name = name;
  data->text = std::move(text);
  HONE_TRY_VOID(metamath::read_database(*data, {}));
  return MetamathDatabase(std::move(data));
}

MetamathDatabase::Counts MetamathDatabase::counts() const {
  Counts counts;
  counts.symbols = data_->symbols.size();
  for (const Statement& statement : data_->statements) {
    counts.axioms += statement.kind == metamath::Kind::kAxiom;
    counts.theorems += statement.kind == metamath::Kind::kTheorem;
  }
  return counts;
}

MetamathLimits MetamathDatabase::database_limits() {
  return {std::size_t{1} << 26, std::size_t{1} << 27, std::uint64_t{1} << 36};
}

Result<void> MetamathDatabase::verify_all(const MetamathLimits& limits) const {
  Kernel kernel(*data_);
  for (std::uint32_t number = 0; number < data_->statements.size(); ++number) {
    if (data_->statements[number].kind != metamath::Kind::kTheorem) continue;
    HONE_TRY_VOID(verify_one(*data_, kernel, number, limits));
  }
  return {};
}

Result<void> MetamathDatabase::verify(std::string_view label, const MetamathLimits& limits) const {
  const auto found = data_->label_index.find(label);
  if (found == data_->label_index.end() ||
      data_->statements[found->second].kind != metamath::Kind::kTheorem) {
    return Error{data_->name, "must name a $p statement", "'" + std::string(label.substr(0, 60)) + "'"};
  }
  Kernel kernel(*data_);
  return verify_one(*data_, kernel, found->second, limits);
}

Verdict MetamathDatabase::check(const MetamathGoal& goal, std::string_view proof,
                                const MetamathLimits& limits) const {
  GoalReader reader(*data_, goal);
  const Result<Target> target = reader.read();
  if (!target.ok()) return {VerdictStatus::kError, 0.0, target.error().message()};
  Kernel kernel(*data_);
  Finding finding = kernel.prove(*target, without_keywords(proof), limits);
  switch (finding.outcome) {
    case Finding::Outcome::kProved:
      return {VerdictStatus::kCorrect, 1.0, "proved"};
    case Finding::Outcome::kNoProof:
      return {VerdictStatus::kUnparsable, 0.0, std::move(finding.reason)};
    case Finding::Outcome::kBudget:
      return {VerdictStatus::kTimeout, 0.0, std::move(finding.reason)};
    case Finding::Outcome::kWrong:
      break;
  }
  return {VerdictStatus::kWrong, 0.0, std::move(finding.reason)};
}

}  // namespace hone
