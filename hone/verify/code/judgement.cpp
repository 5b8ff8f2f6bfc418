#include "hone/verify/code/judgement.h"

#include <unistd.h>

#include <algorithm>

#include "hone/verify/code/text.h"

namespace hone {
namespace {

constexpr std::size_t kShownOutput = 200;

// Whether a program that was killed at its wall deadline had its share of the machine: it computed, or it
// waited for something else than a core.
bool had_its_time(const WorkerResult& result) {
  return result.cpu_seconds >= 0.5 * result.wall_seconds ||
         result.waited_seconds < 0.25 * result.wall_seconds;
}

}  // namespace

Judgement::Judgement(const CodeOptions& options, WorkerPool::Lease lease, std::size_t tests)
    : options_(options), lease_(std::move(lease)), tests_(tests) {}

double Judgement::seconds_left() const {
  return options_.seconds - std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

SandboxLimits Judgement::case_limits() const {
  SandboxLimits limits;
  limits.wall_seconds = options_.case_seconds;
  limits.cpu_seconds = options_.case_seconds;
  limits.memory_bytes = options_.memory_bytes;
  limits.output_bytes = options_.output_bytes;
  return limits;
}

SandboxLimits Judgement::compile_limits() const {
  SandboxLimits limits;
  limits.wall_seconds = limits.cpu_seconds = options_.seconds;
  limits.memory_bytes = 1LL << 30;
  limits.output_bytes = 256 << 10;
  return limits;
}

Result<std::vector<WorkerResult>> Judgement::run(std::span<WorkerJob> jobs, SandboxLimits limits) {
  HONE_TRY(SandboxWorker * worker, lease_.worker());
  limits.wall_seconds = std::clamp(seconds_left(), 0.0, limits.wall_seconds);
  HONE_TRY(std::vector<WorkerResult> results, worker->run(jobs, limits));
  for (const WorkerResult& result : results) {
    cpu_seconds_ += result.cpu_seconds;
    peak_bytes_ = std::max(peak_bytes_, result.peak_bytes);
  }
  return results;
}

Result<WorkerResult> Judgement::run(WorkerJob job, SandboxLimits limits) {
  HONE_TRY(std::vector<WorkerResult> results, run(std::span(&job, 1), limits));
  return std::move(results[0]);
}

Result<WorkerResult> Judgement::run_unbounded(WorkerJob job, const SandboxLimits& limits) {
  const auto before = std::chrono::steady_clock::now();
  HONE_TRY(SandboxWorker * worker, lease_.worker());
  auto result = worker->run(std::move(job), limits);
  start_ += std::chrono::steady_clock::now() - before;
  return result;
}

void Judgement::failed(std::size_t test, const std::string& why) {
  if (!failed_) first_ = fmt::format("test {}: {}", test + 1, cut(why, kShownOutput));
  failed_ = true;
}

void Judgement::not_compiled(const std::string& why) {
  compiled_ = false;
  failed_ = true;
  first_ = cut(why, kShownOutput);
}

void Judgement::forget() {
  passed_ = 0;
  failed_ = busy_ = false;
  compiled_ = true;
  first_.clear();
}

std::string Judgement::bad_end(const WorkerResult& result) {
  const std::string said = last_line(result.err, 160);
  switch (result.end) {
    case SandboxEnd::kExited:
      if (result.exit_code == 0) return "";
      return fmt::format("exit code {}{}{}", result.exit_code, said.empty() ? "" : ": ", said);
    case SandboxEnd::kSignalled:
      return fmt::format("ended by signal {}{}{}", result.signal, said.empty() ? "" : ": ", said);
    case SandboxEnd::kDeadline:
      if (!failed_ && !had_its_time(result) && cpu_seconds_ < 0.5 * options_.seconds) busy_ = true;
      return fmt::format("stopped after {:.2f} s ({:.2f} s of computing)", result.wall_seconds,
                         result.cpu_seconds);
    case SandboxEnd::kMemory:
      return fmt::format("stopped for using more than {} MiB", options_.memory_bytes >> 20);
    case SandboxEnd::kOutput:
      return fmt::format("stopped for writing more than {} KiB", options_.output_bytes >> 10);
  }
  return "";
}

std::string Judgement::compiler_errors(const WorkerResult& result) {
  const std::size_t at = result.err.find("error: ");
  if (result.end == SandboxEnd::kExited && result.exit_code != 0 && at != std::string::npos) {
    return cut(std::string_view(result.err).substr(at, result.err.find('\n', at) - at), kShownOutput);
  }
  const std::string why = bad_end(result);
  return why.empty() ? "the compiler made no program" : why;
}

Verdict Judgement::verdict() const {
  Verdict verdict;
  verdict.detail =
      fmt::format("{}; {} of {} tests passed", compiled_ ? "compiled" : "does not compile", passed_, tests_);
  if (!first_.empty()) verdict.detail += "; " + first_;
  verdict.detail += fmt::format("; {:.3f} s, {:.1f} MiB", cpu_seconds_,
                                static_cast<double>(peak_bytes_) / static_cast<double>(1 << 20));
  if (busy_) {
    verdict.status = VerdictStatus::kTimeout;
    return verdict;
  }
  const bool correct = !failed_ && passed_ == tests_;
  verdict.status = correct ? VerdictStatus::kCorrect : VerdictStatus::kWrong;
  verdict.score = correct ? 1.0 : 0.0;
  if (!correct && options_.partial_credit) {
    verdict.score = static_cast<double>(passed_) / static_cast<double>(tests_);
  }
  return verdict;
}

Verdict undecided(const Error& error) { return {VerdictStatus::kError, 0.0, error.message()}; }

std::string content_of(const Fd& file, std::int64_t cap) {
  const std::int64_t size = std::clamp<std::int64_t>(::lseek(file.get(), 0, SEEK_END), 0, cap);
  std::string text(static_cast<std::size_t>(size), '\0');
  std::size_t at = 0;
  while (at < text.size()) {
    const ssize_t n = ::pread(file.get(), text.data() + at, text.size() - at, static_cast<off_t>(at));
    if (n <= 0) break;
    at += static_cast<std::size_t>(n);
  }
  text.resize(at);
  return text;
}

}  // namespace hone
