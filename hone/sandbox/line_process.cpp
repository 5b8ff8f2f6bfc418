#include "hone/sandbox/line_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "hone/base/check.h"
#include "hone/base/clock.h"
#include "hone/sandbox/drain.h"

namespace hone {
namespace {

constexpr std::size_t kReadAhead = 65536;  // of one read()
constexpr std::size_t kErrorsKept = 2048;

// Rounded up: a wait that ends too early would be repeated without end.
int milliseconds(double seconds) {
  return static_cast<int>(std::ceil(1000 * std::clamp(seconds, 0.0, 1000.0)));
}

bool executable(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
}

std::vector<std::string> our_environment() {
  std::vector<std::string> variables;
  bool unbuffered = false;
  for (char** each = environ; *each != nullptr; ++each) {
    variables.emplace_back(*each);
    unbuffered = unbuffered || variables.back().starts_with("PYTHONUNBUFFERED=");
  }
  if (!unbuffered) variables.emplace_back("PYTHONUNBUFFERED=1");
  return variables;
}

}  // namespace

Result<std::string> find_program(const std::string& name) {
  std::error_code failed;
  if (name.find('/') != std::string::npos) {
    if (executable(name)) return std::filesystem::absolute(name, failed).string();
    const bool there = std::filesystem::exists(name, failed);
    return Error{"program", there ? "must be an executable file" : "must be there", "'" + name + "'"};
  }
  const char* variable = std::getenv("PATH");
  const std::string_view path = variable != nullptr ? variable : "";
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find(':', begin), path.size());
    const auto candidate = std::filesystem::path(path.substr(begin, end - begin)) / name;
    if (end > begin && !name.empty() && executable(candidate)) {
      return std::filesystem::absolute(candidate, failed).string();
    }
    begin = end + 1;
  }
  return Error{"program", fmt::format("must be a program on PATH ({}), or a path with a slash", path),
               "'" + name + "'"};
}

Result<LineProcess> LineProcess::start(const std::vector<std::string>& words) {
  HONE_CHECK(!words.empty(), "a program of no words");
  SpawnRequest request;
  HONE_TRY(request.program, find_program(words[0]));
  std::error_code failed;
  request.folder = std::filesystem::current_path(failed).string();
  if (failed) return Error{"program", "the working directory must be there", failed.message()};
  request.argv = words;
  request.environment = our_environment();
  request.own_session = true;
  request.dies_with_us = true;
  HONE_TRY(Pipe in, make_pipe());
  HONE_TRY(Pipe out, make_pipe());
  HONE_TRY(Pipe err, make_pipe());
  request.fds = {{in.read.get(), 0}, {out.write.get(), 1}, {err.write.get(), 2}};
  LineProcess process;
  HONE_TRY(process.child_, spawn(request));
  process.in_ = std::move(in.write);
  process.out_ = std::move(out.read);
  process.err_ = std::move(err.read);
  for (const Fd* ours : {&process.in_, &process.out_, &process.err_}) set_nonblocking(ours->get());
  return process;
}

LineProcess& LineProcess::operator=(LineProcess&& other) noexcept {
  if (this == &other) return *this;
  kill();
  child_ = std::move(other.child_);
  in_ = std::move(other.in_);
  out_ = std::move(other.out_);
  err_ = std::move(other.err_);
  pending_ = std::move(other.pending_);
  errors_ = std::move(other.errors_);
  answered_ = other.answered_;
  status_ = other.status_;
  return *this;
}

void LineProcess::read_errors() {
  char buffer[kReadAhead];
  const ssize_t n = ::read(err_.get(), buffer, sizeof buffer);
  if (n > 0) errors_.append(buffer, static_cast<std::size_t>(n));
  if (errors_.size() > kErrorsKept) errors_.erase(0, errors_.size() - kErrorsKept);
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) err_.reset();
}

bool LineProcess::read_output() {
  char buffer[kReadAhead];
  const ssize_t n = ::read(out_.get(), buffer, sizeof buffer);
  if (n > 0) pending_.append(buffer, static_cast<std::size_t>(n));
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) out_.reset();
  return bool(out_);
}

bool LineProcess::step(double seconds, std::string_view* writing) {
  const bool writes = writing != nullptr && !writing->empty() && in_;
  // A closed descriptor is -1, which poll() leaves out.
  pollfd ready[4] = {{out_.get(), POLLIN, 0},
                     {err_.get(), POLLIN, 0},
                     {writes ? in_.get() : -1, POLLOUT, 0},
                     {child_.pidfd.get(), POLLIN, 0}};
  if (::poll(ready, 4, milliseconds(seconds)) <= 0) return false;
  if (ready[1].revents != 0) read_errors();
  if (ready[2].revents != 0) {
    const ssize_t n = quiet_write(in_.get(), *writing);
    if (n > 0) writing->remove_prefix(static_cast<std::size_t>(n));
    if (n < 0 && errno != EAGAIN && errno != EINTR) in_.reset();
  }
  if (ready[0].revents != 0) {
    read_output();
  } else if (ready[3].revents != 0) {
    out_.reset();  // it has ended, and nothing more stands in its pipe; who else holds that is not asked
  }
  return true;
}

LineProcess::Answer LineProcess::ask(std::string_view line, double seconds, std::size_t cap) {
  const Clock::time_point end = after(seconds);
  std::string text(line);
  text += '\n';
  std::string_view left = text;
  std::size_t searched = 0;
  for (;;) {
    const std::size_t at = pending_.find('\n', searched);
    if (std::min(at, pending_.size()) > cap || pending_.size() > cap + kReadAhead) {
      return {End::kTooLong, std::exchange(pending_, {})};
    }
    // Half a question must not stay in the pipe: the next one would be taken for its end.
    if (at != std::string::npos && (left.empty() || !in_)) {
      Answer answer{End::kLine, pending_.substr(0, at)};
      pending_.erase(0, at + 1);
      answered_ = true;
      if (answer.line.ends_with('\r')) answer.line.pop_back();
      return answer;
    }
    searched = std::min(at, pending_.size());
    if (!out_) return {End::kClosed, std::exchange(pending_, {})};
    const double rest = seconds_until(end);
    if (rest <= 0) return {End::kDeadline, std::exchange(pending_, {})};
    step(rest, &left);
  }
}

std::string LineProcess::unasked() {
  while (out_ && pending_.size() < kReadAhead) {
    const std::size_t before = pending_.size();
    read_output();
    if (pending_.size() == before) break;
  }
  return std::exchange(pending_, {});
}

bool LineProcess::running() const {
  if (child_.pid <= 0) return false;
  pollfd ended{child_.pidfd.get(), POLLIN, 0};
  return ::poll(&ended, 1, 0) <= 0;
}

bool LineProcess::wait(double seconds) {
  const Clock::time_point end = after(seconds);
  // Reading on: a program that is kept from writing does not end.
  while (running()) {
    const double rest = seconds_until(end);
    if (rest <= 0) return false;
    step(rest, nullptr);
    pending_.clear();
  }
  return true;
}

bool LineProcess::ended_well(double seconds) {
  if (!wait(seconds)) return false;
  kill();  // what is left of its group; and its status
  return status_ == 0;
}

std::string LineProcess::how_it_ended(double seconds) {
  std::string text = "still running";
  if (wait(seconds)) {
    kill();
    if (status_ == -1) {
      text = "ended";
    } else if (WIFSIGNALED(status_)) {
      text = fmt::format("killed by signal {}", WTERMSIG(status_));
    } else {
      text = fmt::format("exit code {}", WEXITSTATUS(status_));
    }
  }
  // Its last words may still stand in the pipe.
  while (err_) {
    pollfd ready{err_.get(), POLLIN, 0};
    if (::poll(&ready, 1, 0) <= 0) break;
    read_errors();
  }
  return errors_.empty() ? text : text + "; stderr: " + errors_;
}

void LineProcess::kill() {
  if (child_.pid <= 0) return;
  ::kill(-child_.pid, SIGKILL);  // nobody has waited for it: the number is still its group's
  kill_child(child_);
  status_ = wait_child(child_).status;
  in_.reset();
  out_.reset();
}

}  // namespace hone
