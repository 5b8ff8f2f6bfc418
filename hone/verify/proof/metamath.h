// A Metamath database and the kernel that checks proofs against it.
//
// The language is that of the Metamath book (Megill and Wheeler, 2nd edition, 2019, chapter 4 and appendices
// B and E): constants, variables, $f $e $a $p $d, scopes, comments, includes, proofs in normal and compressed
// form. Where the book leaves room, what the `metamath` program refuses is refused. An include ($[ file $])
// may stand between statements of the outermost scope; its path is relative to the first file's folder, and
// each file is read once.
//
// Errors name the file and line (reading) or the theorem and step (checking).
// Thread safety: a database never changes after it is made; every member may be called from several threads.
// Units: memory of a check is at most 4 · max_symbols bytes and what the proof's text needs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "hone/base/result.h"
#include "hone/types/verdict.h"

namespace hone {

namespace metamath {
struct Data;
}

// What one proof may cost. Counts, not timers: the same proof always ends the same way.
struct MetamathLimits {
  std::size_t proof_bytes = 1 << 20;
  std::size_t max_symbols = 1 << 24;    // of all expressions of one proof
  std::uint64_t max_work = 1ULL << 28;  // symbols compared, copied or looked at: about 0.3 s
};

// A theorem to be proved, as if it stood at the end of the database, or before `before`, in the outermost
// scope.
struct MetamathGoal {
  std::string statement;  // "|- ( ph -> ph )"
  // Metamath again, but only "$d x y $." and "label $e |- ph $." statements; may be empty. A variable that
  // neither the statement nor a hypothesis mentions needs no $d: it may be taken distinct from every other.
  std::string hypotheses;
  std::string before;  // only statements before this label may be cited; empty: all
};

class MetamathDatabase {
 public:
  static Result<MetamathDatabase> load(const std::filesystem::path& path);
  // Of a text; `name` is for messages. Includes are refused.
  static Result<MetamathDatabase> parse(std::string text, const std::string& name);

  struct Counts {
    std::size_t symbols = 0, axioms = 0, theorems = 0;
  };
  Counts counts() const;

  // Every $p in order. Error: the first that fails.
  Result<void> verify_all(const MetamathLimits& limits = database_limits()) const;
  // One $p. Error also when `label` names none.
  Result<void> verify(std::string_view label, const MetamathLimits& limits = database_limits()) const;

  // The proof is a list of labels, normal or compressed; "$=" before it and "$." after it are allowed.
  // correct; wrong with the reason; unparsable when it holds no proof (no token, or longer than proof_bytes);
  // timeout when it exceeds max_symbols or max_work; error when the goal is not one.
  Verdict check(const MetamathGoal& goal, std::string_view proof, const MetamathLimits& limits = {}) const;

  // For databases, which nobody hostile wrote: room for any proof in use.
  static MetamathLimits database_limits();

 private:
  explicit MetamathDatabase(std::shared_ptr<const metamath::Data> data) : data_(std::move(data)) {}
  std::shared_ptr<const metamath::Data> data_;
};

}  // namespace hone
