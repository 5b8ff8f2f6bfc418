// The proof checker itself: a stack of expressions, substitution, disjoint variables. Internal to
// verify/proof.
//
// Thread safety: a Kernel is one thread's; it keeps its buffers between proofs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hone/verify/proof/metamath.h"
#include "hone/verify/proof/metamath_data.h"

namespace hone::metamath {

// What is to be proved, and what may be used for it.
struct Target {
  struct Hypothesis {
    std::string_view label;
    std::span<const Symbol> math;
  };
  std::span<const Symbol> statement;
  std::vector<Hypothesis> mandatory;    // in order
  std::uint32_t limit = 0;              // only statements below this number may be cited …
  std::uint32_t scope = 0;              // … and hypotheses whose scope ends after this one
  std::uint32_t disjoint_head = kNoIndex;  // active $d pairs, in Data::disjoint_nodes, …
  std::vector<DisjointPair> disjoint;   // … and further ones
  bool dummies_are_distinct = false;    // variables outside statement and hypotheses need no $d
};

struct Finding {
  enum class Outcome { kProved, kWrong, kNoProof, kBudget };
  Outcome outcome = Outcome::kWrong;
  std::string reason;  // empty when proved
};

class Kernel {
 public:
  // `data` must outlive this.
  explicit Kernel(const Data& data);
  Finding prove(const Target& target, std::string_view proof, const MetamathLimits& limits);

 private:
  struct Entry {
    std::uint32_t offset = 0, length = 0;  // in heap_
  };
  struct Cited {
    const Statement* statement = nullptr;  // an assertion, or
    std::span<const Symbol> hypothesis;    // a hypothesis's expression
  };

  bool run_normal(std::string_view proof);
  bool run_compressed(std::string_view proof);
  bool run_letters(std::string_view text, const std::vector<Cited>& list);
  bool step(std::uint64_t number, const std::vector<Cited>& list);
  bool mark();
  bool cite(std::string_view label, Cited& cited);
  bool use(const Cited& cited);
  bool push(std::span<const Symbol> expression);
  bool apply(const Statement& assertion);
  bool match_floating(const Statement& hypothesis, Entry entry);
  bool match_essential(const Statement& hypothesis, Entry entry);
  bool check_disjoint(const Frame& frame);
  bool are_disjoint(Symbol a, Symbol b);
  std::span<const Symbol> variables_of(Symbol variable);
  bool conclude(const Statement& assertion);
  bool finish();
  bool spend(std::uint64_t work);
  bool wrong(std::string reason);
  std::string show(std::span<const Symbol> expression) const;
  std::string show_instance(std::span<const Symbol> expression) const;
  std::span<const Symbol> view(Entry entry) const { return {heap_.data() + entry.offset, entry.length}; }

  const Data& data_;
  const Target* target_ = nullptr;
  MetamathLimits limits_;
  Finding finding_;
  std::uint64_t work_ = 0;
  std::size_t steps_ = 0;
  std::string_view current_;  // the label being applied, for messages
  bool last_was_assertion_ = false;

  std::vector<Symbol> heap_;  // expressions, only ever appended to within a proof
  std::vector<Entry> stack_, saved_;
  std::vector<Entry> replaced_;  // by variable: what the assertion being applied has for it
  std::vector<std::uint64_t> sorted_disjoint_;
  bool disjoint_ready_ = false;
  std::vector<std::uint32_t> dummy_mark_;  // by variable: == proof_ when mandatory
  std::uint32_t proof_ = 0;

  struct VariableList {
    std::uint32_t stamp = 0, offset = 0, length = 0;
  };
  std::vector<VariableList> lists_;  // by variable: the variables of its replacement, in listed_
  std::vector<Symbol> listed_;
  std::vector<std::uint32_t> seen_;
  std::uint32_t list_stamp_ = 0, seen_stamp_ = 0;
};

}  // namespace hone::metamath
