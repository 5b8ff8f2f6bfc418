#include "hone/verify/program/program_verifier.h"

#include <atomic>
#include <optional>
#include <sstream>
#include <thread>

#include "hone/verify/answer.h"
#include "hone/verify/code/text.h"
#include "hone/verify/program/program_lines.h"
#include "hone/verify/program/program_pool.h"

namespace hone {
namespace {

constexpr std::size_t kShownAnswer = 100;
constexpr std::size_t kLastWords = 700;  // of how it ended: the end of a stack trace
constexpr double kSecondsToEnd = 0.5;    // between closing its output and ending

Verdict undecided(std::string detail, VerdictStatus status = VerdictStatus::kError) {
  return {status, 0.0, std::move(detail)};
}

// The end of a long text says what went wrong.
std::string tail(std::string_view text) {
  text = trimmed(text);
  if (text.size() <= kLastWords) return cut(text, kLastWords);
  return "…" + cut(text.substr(text.size() - kLastWords), kLastWords);
}

class ProgramVerifier : public Verifier {
 public:
  ProgramVerifier(const ProgramOptions& options, std::vector<std::string> words, int workers,
                  LineProcess first)
      : seconds_(options.seconds),
        accuracy_(options.accuracy),
        workers_(workers),
        pool_(std::move(words), workers, options.retry_seconds, std::move(first)) {}
  std::string name() const override { return "program"; }
  bool judges_correctness() const override { return accuracy_; }
  int concurrency() const override { return workers_; }

  Verdict verify(const Problem& problem, const Completion& completion) const override {
    const std::uint64_t id = ++questions_;
    const std::string question = question_line(id, problem, completion);
    ProgramPool::Lease lease = pool_.lease();
    if (std::string why = pool_.down(); !why.empty()) return undecided(std::move(why));
    std::optional<Verdict> verdict = ask(lease, question, id);
    if (!verdict) verdict = ask(lease, question, id);  // of a process that has answered nothing before
    return *std::move(verdict);
  }

 private:
  // Nothing when the process ended in good order between its last answer and this question.
  std::optional<Verdict> ask(ProgramPool::Lease& lease, const std::string& question, std::uint64_t id) const {
    // A process of which nothing is sure any more is not asked again.
    const auto failed = [&](std::string why) {
      lease.discard();
      pool_.failed(why);
      return undecided(std::move(why));
    };
    const auto started = lease.process();
    if (!started.ok()) return failed(started.error().message());
    LineProcess& process = **started;
    if (const std::string said = process.unasked(); !said.empty()) {
      return failed(
          fmt::format("the program must answer each question with one line, got '{}' without being asked",
                      cut(trimmed(said), kShownAnswer)));
    }
    const bool answered_before = process.has_answered();
    const LineProcess::Answer answer = process.ask(question, seconds_, kAnswerBytes);
    switch (answer.end) {
      case LineProcess::End::kLine:
        break;
      case LineProcess::End::kDeadline:
        lease.discard();
        return undecided(fmt::format("no answer of the program in {} s (does it flush each line?)", seconds_),
                         VerdictStatus::kTimeout);
      case LineProcess::End::kTooLong:
        return failed(fmt::format("the program must answer in a line of at most {} bytes, got '{}'",
                                  kAnswerBytes, cut(answer.line, kShownAnswer)));
      case LineProcess::End::kClosed:
        if (answered_before && process.ended_well(kSecondsToEnd)) {
          lease.discard();
          return std::nullopt;
        }
        return failed(fmt::format("the program must go on until its input ends: {}",
                                  tail(process.how_it_ended(kSecondsToEnd))));
    }
    ProgramAnswer read = read_answer(answer.line, id);
    if (!read.in_step) return failed(std::move(read.verdict.detail));
    pool_.succeeded();
    return std::move(read.verdict);
  }

  const double seconds_;
  const bool accuracy_;
  const int workers_;
  mutable std::atomic<std::uint64_t> questions_ = 0;
  mutable ProgramPool pool_;
};

// "python3 check.py", given as one text, is two words; the path of a file stays one.
std::vector<std::string> words_of(const std::vector<std::string>& command) {
  if (command.size() != 1 || find_program(command[0]).ok()) return command;
  std::istringstream text(command[0]);
  std::vector<std::string> words;
  for (std::string word; text >> word;) words.push_back(word);
  return words;
}

}  // namespace

Result<std::unique_ptr<Verifier>> make_program_verifier(const ProgramOptions& options) {
  const std::vector<std::string> words = words_of(options.command);
  if (words.empty()) return Error{"program: command", "must name the program that judges", "none"};
  if (!(options.seconds > 0)) {
    return Error{"program: seconds", "must be positive", fmt::format("{}", options.seconds)};
  }
  if (options.workers < 0)
    return Error{"program: workers", "must be at least 0", std::to_string(options.workers)};
  const int cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  HONE_TRY(LineProcess first, LineProcess::start(words));
  return std::unique_ptr<Verifier>(std::make_unique<ProgramVerifier>(
      options, words, options.workers > 0 ? options.workers : cores, std::move(first)));
}

}  // namespace hone
