// The checker "coq": a pool of persistent processes, each with one preamble's imports done.
//
// Thread safety: as ProofChecker; a caller waits while all processes are busy.
#pragma once

#include <memory>

#include "hone/base/result.h"
#include "hone/verify/proof/proof.h"

namespace hone {

// Error: no sandbox, no coqidetop.
Result<std::unique_ptr<ProofChecker>> make_coq_checker(const ProofOptions& options);

}  // namespace hone
