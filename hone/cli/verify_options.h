// The options that `hone verify` and `hone serve --verify` share.
//
// Thread safety: none needed; called while the command line is built.
#pragma once

#include "hone/base/result.h"
#include "hone/cli/command_line.h"
#include "hone/config/options.h"

namespace hone {

struct VerifyOptions {
  VerifierOptions verifier{.verifier = "math"};
  int jobs = 0;  // 0: the cores

  // Rows judged at once. Error: a negative number.
  Result<int> workers() const;
};

// The targets are in `options`, which must outlive the command line.
void add_verify_options(Command& command, VerifyOptions& options);

}  // namespace hone
