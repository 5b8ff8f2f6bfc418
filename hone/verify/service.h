// Verdicts for rows of JSON: what `hone verify` and POST /verify judge with.
//
// A row holds "completion", and what its verifier needs: "reference" (or "answer") for math, number, text;
// "language" and "tests" for code; "statement", and optionally "checker" and "preamble", for proof; "numbers"
// and "target" for expression. "verifier" names it; absent, the service's default does.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "hone/base/result.h"
#include "hone/config/options.h"
#include "hone/types/interfaces.h"

namespace hone {

// Thread safety: every member may be called from several threads at once.
class VerifyService {
 public:
  // `defaults`: the verifier of rows that name none, and the options (time-outs, database …) of all.
  explicit VerifyService(VerifierOptions defaults);

  // Never fails: what is wrong with the row, or with the verifier it names, is a verdict of status error.
  Verdict verify(const nlohmann::ordered_json& row) const;

 private:
  struct Entry {
    std::once_flag made;
    std::shared_ptr<const Verifier> verifier;
    Error error;
  };
  Result<std::shared_ptr<const Verifier>> verifier(const std::string& name) const;

  VerifierOptions defaults_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, std::unique_ptr<Entry>> entries_;
};

// The row with "status", "score" (null when undecided), "detail" and "ms" set.
void write_verdict(nlohmann::ordered_json& row, const Verdict& verdict, double ms);

}  // namespace hone
