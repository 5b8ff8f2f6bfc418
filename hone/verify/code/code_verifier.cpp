#include "hone/verify/code/code_verifier.h"

#include <algorithm>
#include <thread>

#include "hone/sandbox/sandbox.h"
#include "hone/verify/code/extract.h"
#include "hone/verify/code/judge.h"
#include "hone/verify/code/pool.h"
#include "hone/verify/code/python_harness.h"
#include "hone/verify/code/tests.h"
#include "hone/verify/code/toolchain.h"
#include "hone/verify/verdict_cache.h"

namespace hone {
namespace {

std::size_t count(const CodeTests& tests) {
  if (const auto* kind = std::get_if<StdioTests>(&tests.kind)) return kind->cases.size();
  if (const auto* kind = std::get_if<CallTests>(&tests.kind)) return kind->cases.size();
  if (const auto* kind = std::get_if<AssertTests>(&tests.kind)) return kind->statements.size();
  return 1;
}

class CodeVerifier : public Verifier {
 public:
  CodeVerifier(const CodeOptions& options, Sandbox sandbox, Toolchain tools, int workers)
      : options_(options),
        tools_(std::move(tools)),
        workers_(workers),
        pool_(std::move(sandbox), python_prelude(), tools_.folders(), workers),
        cache_(options.cache_bytes) {}
  std::string name() const override { return "code"; }
  bool judges_correctness() const override { return true; }
  int concurrency() const override { return workers_; }

  Verdict verify(const Problem& problem, const Completion& completion) const override {
    const auto tests = parse_tests(problem.fields, options_.language);
    if (!tests.ok()) return undecided(tests.error());
    if (const std::string missing = tools_.missing(tests->language); !missing.empty()) {
      return undecided(
          {"code", fmt::format("{} programs need the package {}", to_string(tests->language), missing), ""});
    }
    const auto code = code_of(completion.text, tests->language);
    if (!code) return {VerdictStatus::kUnparsable, 0.0, "no code"};
    // A group of rollouts says the same again and again.
    const VerdictCache::Key key = {to_string(tests->language), *code, problem.fields};
    if (std::optional<Verdict> known = cache_.find(key)) return *std::move(known);
    auto lease = pool_.lease();
    if (!lease.ok()) return undecided(lease.error());
    Judgement judgement(options_, std::move(lease).value(), count(*tests));
    const Result<void> judged = judge(*tests, *code, judgement);
    if (!judged.ok()) return undecided(judged.error());
    Verdict verdict = judgement.verdict();
    cache_.insert(key, verdict);
    return verdict;
  }

  // Error: a worker cannot be started.
  Result<void> warm_up() { return to_void(pool_.lease()); }

 private:
  Result<void> judge(const CodeTests& tests, const std::string& code, Judgement& judgement) const {
    switch (tests.language) {
      case Language::kPython:
        return judge_python(tests, code, judgement);
      case Language::kC:
        return judge_c(tests, code, tools_, judgement);
      case Language::kCpp:
        return judge_cpp(tests, code, tools_, judgement);
      case Language::kJavaScript:
        return judge_javascript(tests, code, judgement);
    }
    return Error{"code", "must know the language", ""};
  }

  CodeOptions options_;
  Toolchain tools_;
  int workers_;
  mutable WorkerPool pool_;
  mutable VerdictCache cache_;
};

}  // namespace

Result<std::unique_ptr<Verifier>> make_code_verifier(const CodeOptions& options) {
  if (!(options.seconds > 0) || !(options.case_seconds > 0)) {
    return Error{"code: seconds", "must be positive",
                 fmt::format("{}", std::min(options.seconds, options.case_seconds))};
  }
  if (options.memory_bytes < (64 << 20)) {
    return Error{"code: memory_bytes", "must be at least 64 MiB", fmt::format("{}", options.memory_bytes)};
  }
  if (!language_of(options.language)) {
    return Error{"code: language", "must be python, c, cpp or javascript", "'" + options.language + "'"};
  }
  HONE_TRY(Sandbox sandbox, Sandbox::open());
  HONE_TRY(Toolchain tools, Toolchain::find(sandbox));
  const int cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  auto verifier = std::make_unique<CodeVerifier>(options, std::move(sandbox), std::move(tools),
                                                 options.workers > 0 ? options.workers : cores);
  HONE_TRY_VOID(verifier->warm_up());
  return std::unique_ptr<Verifier>(std::move(verifier));
}

}  // namespace hone
