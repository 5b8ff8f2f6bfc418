#include "hone/verify/proof/proof.h"

#include <fmt/format.h>

#include <map>
#include <mutex>
#include <utility>

#include "hone/base/json.h"
#include "hone/base/suggest.h"
#include "hone/verify/answer.h"
#include "hone/verify/proof/coq_checker.h"
#include "hone/verify/proof/lean_checker.h"
#include "hone/verify/proof/metamath.h"
#include "hone/verify/proof/propositional.h"
#include "hone/verify/verdict_cache.h"

namespace hone {
namespace {

class MetamathChecker : public ProofChecker {
 public:
  explicit MetamathChecker(MetamathDatabase database) : database_(std::move(database)) {}
  Verdict check(const ProofTask& task) const override {
    return database_.check({task.statement, task.preamble, task.before}, task.proof);
  }

 private:
  MetamathDatabase database_;
};

class ProofVerifier : public Verifier {
 public:
  explicit ProofVerifier(const ProofOptions& options) : options_(options), cache_(options.cache_bytes) {}

  std::string name() const override { return "proof"; }
  bool judges_correctness() const override { return true; }
  int concurrency() const override { return options_.checker == "metamath" ? 0 : options_.processes; }

  Verdict verify(const Problem& problem, const Completion& completion) const override {
    Result<ProofTask> task = task_of(problem);
    if (!task.ok()) return {VerdictStatus::kError, 0.0, task.error().message()};
    task->proof = proof_of(completion.text);
    if (task->proof.empty()) return {VerdictStatus::kUnparsable, 0.0, "no proof in the completion"};
    const VerdictCache::Key key = {task->checker, task->statement, task->preamble, task->before, task->proof};
    if (std::optional<Verdict> known = cache_.find(key)) return *std::move(known);
    const Result<const ProofChecker*> found = checker(task->checker);
    if (!found.ok()) return {VerdictStatus::kError, 0.0, found.error().message()};
    Verdict verdict = found.value()->check(*task);
    cache_.insert(key, verdict);
    return verdict;
  }

  // Made once; an error is kept as well, so that it is not tried for each proof.
  Result<const ProofChecker*> checker(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    auto found = checkers_.find(name);
    if (found == checkers_.end()) {
      if (checkers_.size() > 16) return Error{"checker", "must be metamath, coq or lean4", "'" + name + "'"};
      found = checkers_.emplace(name, make_proof_checker(name, options_)).first;
    }
    if (!found->second.ok()) return found->second.error();
    return found->second->get();
  }

 private:
  Result<ProofTask> task_of(const Problem& problem) const {
    const std::string where = problem.source.empty() ? "problem" : problem.source;
    HONE_TRY(const Json fields, parse_json(problem.fields, where));
    if (!fields.is_object()) return Error{where, "must be an object with \"statement\"", brief(fields)};
    ProofTask task;
    HONE_TRY(task.statement, json_require<std::string>(fields, "statement", where));
    HONE_TRY(task.checker, json_get<std::string>(fields, "checker", options_.checker, where));
    HONE_TRY(task.preamble, json_get<std::string>(fields, "preamble", "", where));
    HONE_TRY(task.before, json_get<std::string>(fields, "before", "", where));
    return task;
  }

  const ProofOptions options_;
  mutable VerdictCache cache_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, Result<std::unique_ptr<ProofChecker>>> checkers_;
};

// The content of the last block between lines that start with ```; one that is not closed reaches to the end.
std::optional<std::string_view> last_fenced_block(std::string_view text) {
  std::optional<std::string_view> block;
  std::size_t at = 0, open = std::string_view::npos;
  while (at < text.size()) {
    const std::size_t line_end = std::min(text.find('\n', at), text.size());
    if (trimmed(text.substr(at, line_end - at)).starts_with("```")) {
      if (open == std::string_view::npos) {
        open = std::min(line_end + 1, text.size());
      } else {
        block = text.substr(open, at - open);
        open = std::string_view::npos;
      }
    }
    at = line_end + 1;
  }
  if (open != std::string_view::npos) block = text.substr(open);
  return block;
}

}  // namespace

std::string_view proof_of(std::string_view completion) {
  const std::optional<std::string_view> answer = tagged_answer(completion);
  const std::string_view text = answer ? *answer : after_thinking(completion);
  const std::string_view proof = last_fenced_block(text).value_or(text);
  // The first line keeps its indentation, which Lean compares with that of the others.
  const std::string_view body = trimmed(proof);
  if (body.find('\n') == std::string_view::npos) return body;
  const std::size_t begin = static_cast<std::size_t>(body.data() - proof.data());
  const std::size_t line = begin == 0 ? 0 : proof.rfind('\n', begin - 1) + 1;
  return proof.substr(line, begin + body.size() - line);
}

Result<std::unique_ptr<ProofChecker>> make_proof_checker(const std::string& name,
                                                         const ProofOptions& options) {
  if (name == "metamath") {
    const std::string& path = options.metamath_database;
    HONE_TRY(MetamathDatabase database,
             path.empty()
                 ? MetamathDatabase::parse(std::string(propositional_database()), "the built-in database")
                 : MetamathDatabase::load(path));
    return std::unique_ptr<ProofChecker>(std::make_unique<MetamathChecker>(std::move(database)));
  }
  if (name == "coq") return make_coq_checker(options);
  if (name == "lean4") return make_lean_checker(options);
  const std::vector<std::string> known = {"metamath", "coq", "lean4"};
  const std::string near = nearest(name, known);
  return Error{"proof: checker", "must be metamath, coq or lean4",
               fmt::format("'{}'{}", name, near.empty() ? "" : " (did you mean '" + near + "'?)")};
}

Result<std::unique_ptr<Verifier>> make_proof_verifier(const ProofOptions& options) {
  auto verifier = std::make_unique<ProofVerifier>(options);
  HONE_TRY_VOID(to_void(verifier->checker(options.checker)));
  return std::unique_ptr<Verifier>(std::move(verifier));
}

}  // namespace hone
