#include "hone/verify/proof/lean_checker.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>
#include <semaphore>

#include "hone/base/files.h"
#include "hone/sandbox/sandbox.h"
#include "hone/verify/answer.h"
#include "hone/verify/proof/base64.h"
#include "hone/verify/proof/lean_report.h"
#include "hone/verify/proof/lean_text.h"
#include "hone/verify/proof/nonce.h"

namespace hone {
namespace {

constexpr std::string_view kHeader = "HoneHeader";

// An absolute path as it is, else the first of that name on PATH.
Result<fs::path> find_program(const std::string& name) {
  std::error_code ignored;
  if (name.find('/') != std::string::npos) {
    if (fs::exists(name, ignored)) return fs::absolute(name, ignored);
    return Error{"proof: lean4", "the program must be there", name};
  }
  const char* variable = std::getenv("PATH");
  std::string_view paths = variable != nullptr ? variable : "";
  while (!paths.empty()) {
    const std::size_t end = std::min(paths.find(':'), paths.size());
    const fs::path candidate = fs::path(paths.substr(0, end)) / name;
    if (end > 0 && fs::exists(candidate, ignored)) return candidate;
    paths.remove_prefix(std::min(end + 1, paths.size()));
  }
  return Error{"proof: lean4", "lean must be installed and on PATH (lean-lang.org: elan)",
               "no '" + name + "'"};
}

bool below(const fs::path& path, const fs::path& folder) {
  const std::string inner = path.string(), outer = folder.string();
  return inner == outer || inner.starts_with(outer + "/");
}

// What of the host lean needs to see, and the variables by which it finds libraries.
struct Surroundings {
  fs::path program;
  std::vector<fs::path> read_only;
  std::map<std::string, std::string> environment;
};

Result<Surroundings> look_around(const ProofOptions& options) {
  Surroundings found;
  HONE_TRY(found.program, find_program(options.lean_program));
  std::error_code ignored;
  const auto show = [&](const fs::path& folder) {
    if (!folder.empty() && !below(folder, "/usr") && fs::exists(folder, ignored))
      found.read_only.push_back(folder);
  };
  // bin/lean belongs to a folder with lib/ beside it; elan's bin/lean is a link to a program that looks for
  // toolchains in ELAN_HOME.
  const fs::path real = fs::canonical(found.program, ignored);
  for (const fs::path& program : {found.program, real}) {
    if (program.empty()) continue;
    const fs::path folder = program.parent_path();
    show(folder.filename() == "bin" ? folder.parent_path() : folder);
  }
  if (real.filename() == "elan")
    found.environment["ELAN_HOME"] = found.program.parent_path().parent_path().string();
  if (!options.lean_project.empty()) {
    const fs::path project = fs::absolute(options.lean_project, ignored);
    show(project);
    // What `lake env` would say: the libraries built in the project and its packages.
    std::string path =
        (project / ".lake/build/lib/lean").string() + ":" + (project / ".lake/build/lib").string();
    std::vector<fs::path> packages;
    for (const auto& entry : fs::directory_iterator(project / ".lake/packages", ignored)) {
      packages.push_back(entry.path());
    }
    std::sort(packages.begin(), packages.end());
    for (const fs::path& package : packages) {
      path +=
          ":" + (package / ".lake/build/lib/lean").string() + ":" + (package / ".lake/build/lib").string();
    }
    found.environment["LEAN_PATH"] = path;
  }
  return found;
}

class LeanChecker : public ProofChecker {
 public:
  LeanChecker(Sandbox sandbox, Surroundings surroundings, const ProofOptions& options)
      : sandbox_(std::move(sandbox)),
        surroundings_(std::move(surroundings)),
        options_(options),
        free_(std::max(1, options.processes)) {}

  Verdict check(const ProofTask& task) const override {
    const auto error = [](const Error& e) { return Verdict{VerdictStatus::kError, 0.0, e.message()}; };
    if (const Result<void> stated = check_lean_statement(task.statement); !stated.ok())
      return error(stated.error());
    const Result<LeanProof> proof = lean_proof(task.proof, task.statement);
    if (!proof.ok()) return {VerdictStatus::kWrong, 0.0, proof.error().rule};
    if (proof->text.empty()) return {VerdictStatus::kUnparsable, 0.0, "the proof is empty"};
    const LeanPreamble preamble = split_lean_preamble(task.preamble);
    SandboxCommand command = base_command();
    std::string module;
    if (preamble.declarations) {
      const Result<std::string> header = compiled(task.preamble);
      if (!header.ok()) return error(header.error());
      module = kHeader;
      command.files[module + ".olean"] = *header;
    }
    const std::string name = fmt::format("hone_pinned_{:08x}{:08x}", nonce(), nonce());
    const LeanFile file = make_lean_file(preamble, module, task.statement, *proof, name);
    command.files["proof.lean"] = file.text;
    command.argv = {surroundings_.program.string(), "--json", "proof.lean"};
    const Result<SandboxResult> result = run(command, options_.seconds);
    if (!result.ok()) return error(result.error());
    switch (result->end) {
      case SandboxEnd::kDeadline:
        return {VerdictStatus::kTimeout, 0.0, "no time left"};
      case SandboxEnd::kMemory:
        return {VerdictStatus::kTimeout, 0.0, "too much memory"};
      case SandboxEnd::kOutput:
        return {VerdictStatus::kWrong, 0.0, "too much output"};
      case SandboxEnd::kSignalled:
        return {VerdictStatus::kWrong, 0.0, "lean dies of this proof"};
      case SandboxEnd::kExited:
        break;
    }
    return judge_lean_report(result->out, result->success(), file, name, options_.lean_axioms);
  }

 private:
  SandboxCommand base_command() const {
    SandboxCommand command;
    command.read_only = surroundings_.read_only;
    command.environment = surroundings_.environment;
    // The working folder holds the compiled header.
    std::string& path = command.environment["LEAN_PATH"];
    path = path.empty() ? "." : ".:" + path;
    return command;
  }

  Result<SandboxResult> run(const SandboxCommand& command, double seconds) const {
    SandboxLimits limits;
    limits.wall_seconds = seconds;
    limits.cpu_seconds = 4 * seconds;
    limits.memory_bytes = options_.memory_bytes;
    limits.address_bytes = -1;  // libraries are mapped whole: address space says nothing
    limits.output_bytes = 64 << 20;
    limits.processes = 64;
    free_.acquire();
    Result<SandboxResult> result = sandbox_.run(command, limits);
    free_.release();
    return result;
  }

  // The preamble as an .olean file, compiled when first seen. Of failures only the message is kept.
  Result<std::string> compiled(const std::string& preamble) const {
    {
      const std::lock_guard lock(mutex_);
      const auto found = headers_.find(preamble);
      if (found != headers_.end()) return found->second;
    }
    SandboxCommand command = base_command();
    const std::string module(kHeader);
    command.files[module + ".lean"] = preamble + "\n";
    // A box gives back what it prints, no files.
    command.argv = {"sh", "-c", "\"$0\" -o \"$1.olean\" \"$1.lean\" >&2 && base64 -w0 \"$1.olean\"",
                    surroundings_.program.string(), module};
    HONE_TRY(const SandboxResult result, run(command, options_.preamble_seconds));
    const std::optional<std::string> bytes = base64_decoded(result.out);
    const bool good = result.success() && bytes && !bytes->empty();
    Result<std::string> header = good ? Result<std::string>(*bytes)
                                      : Error{"proof: lean4", "must accept the preamble",
                                              std::string(trimmed(result.err).substr(0, 300))};
    const std::lock_guard lock(mutex_);
    if (headers_.size() >= kMaxHeaders) headers_.clear();
    headers_.emplace(preamble, header);
    return header;
  }

  static constexpr std::size_t kMaxHeaders = 32;
  const Sandbox sandbox_;
  const Surroundings surroundings_;
  const ProofOptions options_;
  mutable std::counting_semaphore<> free_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, Result<std::string>> headers_;
};

}  // namespace

Result<std::unique_ptr<ProofChecker>> make_lean_checker(const ProofOptions& options) {
  HONE_TRY(Surroundings surroundings, look_around(options));
  HONE_TRY(Sandbox sandbox, Sandbox::open());
  SandboxCommand version;
  version.argv = {surroundings.program.string(), "--version"};
  version.read_only = surroundings.read_only;
  version.environment = surroundings.environment;
  SandboxLimits limits;
  limits.memory_bytes = options.memory_bytes;
  limits.address_bytes = -1;
  limits.processes = 64;
  HONE_TRY(const SandboxResult result, sandbox.run(version, limits));
  if (!result.success() || result.out.find("version 4.") == std::string::npos) {
    return Error{"proof: lean4", "lean --version must say version 4, inside the sandbox",
                 std::string(trimmed(result.out + result.err).substr(0, 200))};
  }
  return std::unique_ptr<ProofChecker>(
      std::make_unique<LeanChecker>(std::move(sandbox), std::move(surroundings), options));
}

}  // namespace hone
