#include "hone/verify/proof/metamath_kernel.h"

#include <algorithm>

namespace hone::metamath {
namespace {

std::uint64_t pair_key(Symbol a, Symbol b) {
  const std::uint64_t low = std::min(a, b), high = std::max(a, b);
  return high << 32 | low;
}

}  // namespace

Kernel::Kernel(const Data& data)
    : data_(data),
      replaced_(data.symbols.size()),
      dummy_mark_(data.symbols.size()),
      lists_(data.symbols.size()),
      seen_(data.symbols.size()) {}

bool Kernel::wrong(std::string reason) {
  finding_ = {Finding::Outcome::kWrong, std::move(reason)};
  return false;
}

bool Kernel::spend(std::uint64_t work) {
  work_ += work;
  if (work_ <= limits_.max_work) return true;
  finding_ = {Finding::Outcome::kBudget,
              fmt::format("step {}: more than {} symbols of work", steps_, limits_.max_work)};
  return false;
}

Finding Kernel::prove(const Target& target, std::string_view proof, const MetamathLimits& limits) {
  target_ = &target;
  limits_ = limits;
  finding_ = {Finding::Outcome::kProved, ""};
  work_ = 0;
  steps_ = 0;
  heap_.clear();
  stack_.clear();
  saved_.clear();
  disjoint_ready_ = false;
  last_was_assertion_ = false;
  if (proof.size() > limits.proof_bytes) {
    return {Finding::Outcome::kNoProof, fmt::format("a proof has at most {} bytes", limits.proof_bytes)};
  }
  const std::size_t first = proof.find_first_not_of(" \t\n\r\f");
  if (first == std::string_view::npos) return {Finding::Outcome::kNoProof, "the proof is empty"};
  const bool done = proof[first] == '(' ? run_compressed(proof) : run_normal(proof);
  if (done && finish()) return {Finding::Outcome::kProved, ""};
  return finding_;
}

bool Kernel::finish() {
  if (stack_.size() != 1) {
    return wrong(fmt::format("a proof must leave one expression, got {}", stack_.size()));
  }
  const std::span<const Symbol> result = view(stack_[0]);
  if (std::equal(result.begin(), result.end(), target_->statement.begin(), target_->statement.end())) {
    return true;
  }
  return wrong(fmt::format("proves '{}', not '{}'", show(result), show(target_->statement)));
}

bool Kernel::use(const Cited& cited) {
  ++steps_;
  last_was_assertion_ = cited.statement != nullptr;
  return cited.statement != nullptr ? apply(*cited.statement) : push(cited.hypothesis);
}

bool Kernel::push(std::span<const Symbol> expression) {
  if (!spend(expression.size() + 1)) return false;
  if (heap_.size() + expression.size() > limits_.max_symbols) {
    finding_ = {Finding::Outcome::kBudget,
                fmt::format("step {}: more than {} symbols of expressions", steps_, limits_.max_symbols)};
    return false;
  }
  const Entry entry{static_cast<std::uint32_t>(heap_.size()), static_cast<std::uint32_t>(expression.size())};
  heap_.insert(heap_.end(), expression.begin(), expression.end());
  stack_.push_back(entry);
  return true;
}

bool Kernel::apply(const Statement& assertion) {
  current_ = assertion.label;
  const Frame& frame = data_.frames[assertion.frame];
  const std::uint32_t needed = frame.hypotheses.length;
  if (stack_.size() < needed) {
    return wrong(
        fmt::format("step {} ({}): needs {} hypotheses, got {}", steps_, current_, needed, stack_.size()));
  }
  const std::size_t base = stack_.size() - needed;
  // A variable's $f comes before every $e that mentions it, so it is replaced by then.
  for (std::uint32_t i = 0; i < needed; ++i) {
    const Statement& hypothesis = data_.statements[data_.hypotheses[frame.hypotheses.offset + i]];
    const Entry entry = stack_[base + i];
    const bool fits = hypothesis.kind == Kind::kFloating ? match_floating(hypothesis, entry)
                                                         : match_essential(hypothesis, entry);
    if (!fits) return false;
  }
  if (frame.disjoint.length > 0 && !check_disjoint(frame)) return false;
  stack_.resize(base);
  return conclude(assertion);
}

bool Kernel::match_floating(const Statement& hypothesis, Entry entry) {
  const std::span<const Symbol> math = data_.math(hypothesis);
  if (heap_[entry.offset] != math[0]) {
    return wrong(fmt::format("step {} ({}): {} needs '{} …', got '{}'", steps_, current_, hypothesis.label,
                             show(math.first(1)), show(view(entry))));
  }
  replaced_[index_of(math[1])] = {entry.offset + 1, entry.length - 1};
  return true;
}

bool Kernel::match_essential(const Statement& hypothesis, Entry entry) {
  const std::span<const Symbol> math = data_.math(hypothesis);
  if (!spend(math.size() + entry.length)) return false;
  const Symbol* at = heap_.data() + entry.offset;
  const Symbol* const end = at + entry.length;
  bool same = true;
  for (const Symbol symbol : math) {
    if (!is_variable(symbol)) {
      same = at != end && *at == symbol;
      ++at;
    } else {
      const Entry part = replaced_[index_of(symbol)];
      const Symbol* const wanted = heap_.data() + part.offset;
      same = end - at >= static_cast<std::ptrdiff_t>(part.length) &&
             std::equal(wanted, wanted + part.length, at);
      at += same ? part.length : 0;
    }
    if (!same) break;
  }
  if (same && at == end) return true;
  return wrong(fmt::format("step {} ({}): {} needs '{}', got '{}'", steps_, current_, hypothesis.label,
                           show_instance(math), show(view(entry))));
}

bool Kernel::conclude(const Statement& assertion) {
  const std::span<const Symbol> math = data_.math(assertion);
  std::uint64_t length = 0;
  for (const Symbol symbol : math) length += is_variable(symbol) ? replaced_[index_of(symbol)].length : 1;
  if (!spend(math.size() + length)) return false;
  if (heap_.size() + length > limits_.max_symbols) {
    finding_ = {Finding::Outcome::kBudget,
                fmt::format("step {}: more than {} symbols of expressions", steps_, limits_.max_symbols)};
    return false;
  }
  const Entry made{static_cast<std::uint32_t>(heap_.size()), static_cast<std::uint32_t>(length)};
  heap_.resize(heap_.size() + length);
  Symbol* to = heap_.data() + made.offset;
  for (const Symbol symbol : math) {
    if (is_variable(symbol)) {
      const Entry part = replaced_[index_of(symbol)];
      to = std::copy_n(heap_.data() + part.offset, part.length, to);
    } else {
      *to++ = symbol;
    }
  }
  stack_.push_back(made);
  return true;
}

// The distinct variables of what replaces `variable` in the assertion being applied.
std::span<const Symbol> Kernel::variables_of(Symbol variable) {
  VariableList& list = lists_[index_of(variable)];
  if (list.stamp != list_stamp_) {
    list = {list_stamp_, static_cast<std::uint32_t>(listed_.size()), 0};
    ++seen_stamp_;
    for (const Symbol symbol : view(replaced_[index_of(variable)])) {
      if (!is_variable(symbol) || seen_[index_of(symbol)] == seen_stamp_) continue;
      seen_[index_of(symbol)] = seen_stamp_;
      listed_.push_back(symbol);
      ++list.length;
    }
    work_ += replaced_[index_of(variable)].length;
  }
  return {listed_.data() + list.offset, list.length};
}

bool Kernel::check_disjoint(const Frame& frame) {
  ++list_stamp_;
  listed_.clear();
  for (std::uint32_t i = 0; i < frame.disjoint.length; ++i) {
    const DisjointPair pair = data_.disjoint[frame.disjoint.offset + i];
    variables_of(pair.x);
    variables_of(pair.y);  // may move the first one's list, which is therefore asked for again
    const std::span<const Symbol> xs = variables_of(pair.x), ys = variables_of(pair.y);
    if (!spend(1 + xs.size() * ys.size())) return false;
    for (const Symbol x : xs) {
      for (const Symbol y : ys) {
        if (are_disjoint(x, y)) continue;
        return wrong(fmt::format("step {} ({}): $d {} {} asks that {} and {} are distinct variables", steps_,
                                 current_, data_.symbols[index_of(pair.x)].name,
                                 data_.symbols[index_of(pair.y)].name, data_.symbols[index_of(x)].name,
                                 data_.symbols[index_of(y)].name));
      }
    }
  }
  return true;
}

bool Kernel::are_disjoint(Symbol a, Symbol b) {
  if (a == b) return false;
  if (!disjoint_ready_) {
    disjoint_ready_ = true;
    sorted_disjoint_.clear();
    for (std::uint32_t node = target_->disjoint_head; node != kNoIndex;
         node = data_.disjoint_nodes[node].outer) {
      const DisjointPair pair = data_.disjoint_nodes[node].pair;
      sorted_disjoint_.push_back(pair_key(pair.x, pair.y));
    }
    for (const DisjointPair& pair : target_->disjoint) sorted_disjoint_.push_back(pair_key(pair.x, pair.y));
    std::sort(sorted_disjoint_.begin(), sorted_disjoint_.end());
    ++proof_;
    for (const Target::Hypothesis& hypothesis : target_->mandatory) {
      for (const Symbol symbol : hypothesis.math) {
        if (is_variable(symbol)) dummy_mark_[index_of(symbol)] = proof_;
      }
    }
  }
  if (target_->dummies_are_distinct &&
      (dummy_mark_[index_of(a)] != proof_ || dummy_mark_[index_of(b)] != proof_)) {
    return true;
  }
  return std::binary_search(sorted_disjoint_.begin(), sorted_disjoint_.end(), pair_key(a, b));
}

std::string Kernel::show(std::span<const Symbol> expression) const {
  std::string text;
  for (const Symbol symbol : expression) {
    if (text.size() > 120) return text + " …";
    if (!text.empty()) text += ' ';
    text += data_.symbols[index_of(symbol)].name;
  }
  return text;
}

std::string Kernel::show_instance(std::span<const Symbol> expression) const {
  std::string text;
  for (const Symbol symbol : expression) {
    if (text.size() > 120) return text + " …";
    const std::string part =
        is_variable(symbol) ? show(view(replaced_[index_of(symbol)])) : show({&symbol, 1});
    if (!text.empty() && !part.empty()) text += ' ';
    text += part;
  }
  return text;
}

}  // namespace hone::metamath
