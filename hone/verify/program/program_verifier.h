// "program": a verifier that is a program of the user's own, in any language.
//
// It reads one JSON object a line and answers each with one line (program_lines.h). It is trusted: it runs
// with the user's rights and not in the sandbox, since it may need files, the network or a GPU. Running what
// a model wrote is then its own affair.
//
// Thread safety: verify may be called from several threads at once; each call has a process to itself, and
// waits while all are taken. Units: seconds.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "hone/base/result.h"
#include "hone/types/interfaces.h"

namespace hone {

struct ProgramOptions {
  // The program and its arguments; a lone word that names no file is split at white space.
  std::vector<std::string> command = {};
  double seconds = 10.0;        // for one answer; a process's first includes its start
  int workers = 0;              // processes at one time; 0: one for each core
  bool accuracy = true;         // whether its "correct" means that the problem is solved
  double retry_seconds = 10.0;  // between starts, after it has failed three times in a row
};

// Verdicts: what the program says. timeout: no answer in `seconds`; the process is killed and replaced.
// error: it ended, closed its output, answered what is no answer, or spoke without being asked: replaced too,
// the last of its stderr in the detail. After three such failures in a row without an answer between them
// every verdict is an error at once, but for one attempt each `retry_seconds`.
// Error: no command, no such program, seconds that are not positive, negative workers.
Result<std::unique_ptr<Verifier>> make_program_verifier(const ProgramOptions& options);

}  // namespace hone
