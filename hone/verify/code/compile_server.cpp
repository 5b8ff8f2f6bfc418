#include "hone/verify/code/compile_server.h"

#include <chrono>
#include <cstdio>

namespace hone {
namespace {

constexpr const char* kEnd = "\n--hone-end-of-answer--\n";
constexpr int kMaxFailures = 3;

constexpr const char* kSource = R"C(#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int (*real_open)(const char *, int, ...);
static int compiling;

static void put(const char *data, size_t size) {
  while (size > 0) {
    ssize_t n = write(1, data, size);
    if (n <= 0) _exit(0);
    data += n;
    size -= n;
  }
}

static char *take(size_t size) {
  char *data = malloc(size + 1);
  size_t at = 0;
  while (data && at < size) {
    ssize_t n = read(0, data + at, size - at);
    if (n <= 0) _exit(0);
    at += n;
  }
  return data;
}

static void put_file(const char *path, size_t *size, char **data) {
  struct stat info;
  int fd = real_open(path, O_RDONLY);
  *size = 0;
  *data = 0;
  if (fd < 0) return;
  if (fstat(fd, &info) == 0 && (*data = malloc(info.st_size + 1)))
    while (*size < (size_t)info.st_size) {
      ssize_t n = read(fd, *data + *size, info.st_size - *size);
      if (n <= 0) break;
      *size += n;
    }
  close(fd);
}

/* The output was opened at the start, for all forks: each gets a file of its own in its place. */
static void own_output(void) {
  char name[64], target[256];
  int fd, fresh = real_open("/tmp/box/answer.s", O_RDWR | O_CREAT | O_TRUNC, 0644);
  for (fd = 3; fd < 64; ++fd) {
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(name, target, sizeof target - 1);
    if (n <= 0) continue;
    target[n] = 0;
    if (strcmp(target, "/tmp/box/out.s") == 0 && fd != fresh) dup2(fresh, fd);
  }
  close(fresh);
}

static void serve(void) {
  put("ready\n", 6);
  for (;;) {
    char line[32];
    size_t n = 0;
    while (n < sizeof line - 1) {
      if (read(0, line + n, 1) != 1) _exit(0);
      if (line[n] == '\n') break;
      ++n;
    }
    line[n] = 0;
    size_t size = strtoull(line, 0, 10);
    char *text = take(size);
    unlink("/tmp/box/program.inc");
    unlink("/tmp/box/answer.s");
    unlink("/tmp/box/errors");
    int fd = real_open("/tmp/box/program.inc", O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd < 0 || !text || write(fd, text, size) != (ssize_t)size) _exit(1);
    close(fd);
    free(text);
    pid_t child = fork();
    if (child < 0) _exit(1);
    if (child == 0) {
      int null = real_open("/dev/null", O_RDWR);
      int errors = real_open("/tmp/box/errors", O_WRONLY | O_CREAT | O_TRUNC, 0644);
      dup2(null, 0);
      dup2(null, 1);
      dup2(errors, 2);
      close(errors);
      close(null);
      own_output();
      compiling = 1;
      return;
    }
    int status = 1;
    while (waitpid(child, &status, 0) < 0) {}
    size_t assembly_size, errors_size;
    char *assembly, *errors, head[96];
    put_file("/tmp/box/answer.s", &assembly_size, &assembly);
    put_file("/tmp/box/errors", &errors_size, &errors);
    put(head, snprintf(head, sizeof head, "%d %zu %zu\n", status != 0, assembly_size, errors_size));
    put(assembly, assembly_size);
    put(errors, errors_size);
    put("\n--hone-end-of-answer--\n", 24);
    free(assembly);
    free(errors);
  }
}

int open(const char *path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  int mode = va_arg(more, int);
  va_end(more);
  if (!real_open) real_open = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
  size_t size = strlen(path);
  if (!compiling && size >= 11 && strcmp(path + size - 11, "program.inc") == 0) {
    /* The headers' own templates, once for all programs, where the compiler lets us. */
    void (*instantiate)(int) = (void (*)(int))dlsym(RTLD_DEFAULT, "_Z29instantiate_pending_templatesi");
    if (instantiate) instantiate(0);
    /* And the tables of the machine, which otherwise the first function of each program makes. */
    void (*prepare)(void) = (void (*)(void))dlsym(RTLD_DEFAULT, "_Z14initialize_rtlv");
    if (prepare) prepare();
    serve();
  }
  return real_open(path, flags, mode);
}
)C";

}  // namespace

std::string compile_server_source() { return kSource; }

CompileServers::CompileServers(Sandbox sandbox, std::filesystem::path folder, std::vector<std::string> flags)
    : sandbox_(std::move(sandbox)), folder_(std::move(folder)), flags_(std::move(flags)) {}

Result<SandboxProcess> CompileServers::start(double seconds) const {
  SandboxCommand command;
  command.argv = {"g++"};
  command.argv.insert(command.argv.end(), flags_.begin(), flags_.end());
  for (const char* word : {"-S", "-o", "/tmp/box/out.s", "main.cpp"}) command.argv.emplace_back(word);
  command.files = {{"main.cpp", "#include \"program.inc\"\n"}, {"program.inc", ""}};
  command.environment = {{"LD_PRELOAD", (folder_ / "server.so").string()}};
  command.read_only = {folder_};
  SandboxLimits limits;
  limits.memory_bytes = 768 << 20;
  limits.cpu_seconds = 60;
  limits.output_bytes = 32 << 20;
  HONE_TRY(SandboxProcess process, SandboxProcess::start(sandbox_, command, limits));
  const auto greeting = process.read_until("ready\n", seconds);
  if (greeting.end != SandboxProcess::ReadEnd::kMarker) {
    return Error{"code: compile server", "must start", greeting.text.substr(0, 200)};
  }
  return process;
}

Result<CompileServers::Compiled> CompileServers::compile(const std::string& program, double seconds) {
  std::optional<SandboxProcess> server;
  {
    const std::lock_guard lock(mutex_);
    if (failures_ >= kMaxFailures) return Error{"code: compile server", "must start", "failed before"};
    if (!idle_.empty()) {
      server.emplace(std::move(idle_.back()));
      idle_.pop_back();
    }
  }
  const auto begin = std::chrono::steady_clock::now();
  const auto left = [&] {
    return seconds - std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  if (!server) {
    auto started = start(seconds);
    if (!started.ok()) {
      const std::lock_guard lock(mutex_);
      if (left() > 0) ++failures_;  // too little time is no fault of its own
      return started.error();
    }
    server.emplace(std::move(started).value());
  }
  HONE_TRY_VOID(server->write(fmt::format("{}\n", program.size()) + program, left()));
  const auto answer = server->read_until(kEnd, left());
  const Error none{"code: compile server", "must answer in time", ""};
  if (answer.end != SandboxProcess::ReadEnd::kMarker) return none;  // and ends with `server`
  int failed = 1;
  std::size_t assembly = 0, errors = 0;
  const std::size_t head = answer.text.find('\n') + 1;
  if (std::sscanf(answer.text.c_str(), "%d %zu %zu", &failed, &assembly, &errors) != 3 ||
      answer.text.size() != head + assembly + errors + std::string_view(kEnd).size()) {
    return none;  // the end's own words in a program
  }
  Compiled compiled{failed == 0, answer.text.substr(head, assembly),
                    answer.text.substr(head + assembly, errors)};
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(*server));
  return compiled;
}

}  // namespace hone
