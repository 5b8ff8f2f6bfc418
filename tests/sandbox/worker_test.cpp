#include "hone/sandbox/worker.h"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>

#include "sandbox/sandbox_helpers.h"
#include "support/patience.h"

namespace hone {
namespace {

using testing::eventually;
using testing::opened;
using testing::processes_with;
using testing::unique_argument;

SandboxLimits quick_job() {
  SandboxLimits limits;
  limits.wall_seconds = 10;
  return limits;
}

SandboxWorker warm(const std::string& prelude = "import os, sys\n") {
  auto worker = SandboxWorker::start(opened(), prelude);
  if (!worker.ok()) throw std::runtime_error(worker.error().message());
  return std::move(worker).value();
}

WorkerJob program(std::string source) {
  WorkerJob job;
  job.program = std::move(source);
  return job;
}

WorkerJob shell_job(std::string script) {
  WorkerJob job;
  job.argv = {"/bin/sh", "-c", std::move(script)};
  return job;
}

TEST(SandboxWorker, RunsPythonInThePreludesNamespace) {
  SandboxWorker worker = warm("import os, sys\ndef greet(name): os.write(1, b'hello ' + name)\n");
  for (int i = 0; i < 3; ++i) {
    WorkerJob job = program("greet(sys.stdin.buffer.raw.read() if False else os.read(0, 100)); sys.exit(0)");
    job.stdin_text = "you " + std::to_string(i);
    const WorkerResult r = worker.run(std::move(job), quick_job()).value();
    EXPECT_EQ(r.out, "hello you " + std::to_string(i)) << r.err;
    EXPECT_EQ(r.end, SandboxEnd::kExited);
    EXPECT_EQ(r.exit_code, 1);  // SystemExit is the program's to handle
  }
}

TEST(SandboxWorker, RunsPrograms) {
  SandboxWorker worker = warm();
  WorkerJob job = shell_job("cat in.txt -; echo $NAME >&2; exit 7");
  job.files = {{"in.txt", "file "}};
  job.stdin_text = "input";
  job.environment = {{"NAME", "value"}};
  const WorkerResult r = worker.run(std::move(job), quick_job()).value();
  EXPECT_EQ(r.out, "file input");
  EXPECT_EQ(r.err, "value\n");
  EXPECT_EQ(r.exit_code, 7);
  const WorkerResult killed = worker.run(shell_job("kill -SEGV $$"), quick_job()).value();
  EXPECT_EQ(killed.end, SandboxEnd::kSignalled);
  EXPECT_EQ(killed.signal, SIGSEGV);
  WorkerJob missing;
  missing.argv = {"no-such-program"};
  EXPECT_EQ(worker.run(std::move(missing), quick_job()).value().exit_code, 127);
}

TEST(SandboxWorker, JobsLeaveNothingForTheNext) {
  SandboxWorker worker = warm();
  const WorkerResult first = worker
                                 .run(program(R"(
import builtins, json
open('/tmp/left', 'w').write('x'); open('left', 'w').write('x')
builtins.len = lambda x: 99
json.dumps = None
os.environ['LEFT'] = 'x'
os.write(1, b'ok'))"),
                                      quick_job())
                                 .value();
  ASSERT_EQ(first.out, "ok") << first.err;
  const WorkerResult second = worker
                                  .run(program(R"(
import json
assert not os.path.exists('/tmp/left') and not os.path.exists('left')
assert len([]) == 0 and json.dumps(1) == '1' and 'LEFT' not in os.environ
os.write(1, b'clean'))"),
                                       quick_job())
                                  .value();
  EXPECT_EQ(second.out, "clean") << second.err;
}

TEST(SandboxWorker, WhatAJobWasGivenIsNotInTheMemoryOfTheNext) {
  // Counts the secret in all of the process's memory, without holding it itself.
  const std::string scan = R"(
mem = os.open('/proc/self/mem', os.O_RDONLY)
parts = (b'ses', b'ame-9', b'731')
hits = 0
for line in open('/proc/self/maps'):
    span, mode = line.split()[:2]
    if 'r' not in mode or '[v' in line: continue
    low, high = (int(x, 16) for x in span.split('-'))
    if high - low > 1 << 28: continue
    try: block = os.pread(mem, high - low, low)
    except (OSError, OverflowError): continue
    at = block.find(parts[1])
    while at >= 0:
        hits += block[at + 5:at + 8] == parts[2] and block[at - 3:at] == parts[0]
        at = block.find(parts[1], at + 1)
    del block
os.write(1, b'clean' if hits == 0 else b'found'))";
  SandboxWorker worker = warm();
  for (int i = 0; i < 3; ++i) {
    WorkerJob secret = program(scan);
    secret.files = {{"secret.txt", "sesame-9731"}};
    ASSERT_EQ(worker.run(std::move(secret), quick_job()).value().out, "found");
  }
  EXPECT_EQ(worker.run(program(scan), quick_job()).value().out, "clean");
}

TEST(SandboxWorker, JobsSeeOnlyThemselves) {
  SandboxWorker worker = warm();
  const WorkerResult r = worker
                             .run(program(R"(
import signal, ctypes
pids = [p for p in os.listdir('/proc') if p.isdigit()]
os.write(1, (' '.join(pids) + ' %d %d\n' % (os.getpid(), os.getppid())).encode())
os.write(1, (' '.join(sorted(os.listdir('/proc/self/fd'))) + '\n').encode())
for target in (0, -1):
    try: os.kill(target, signal.SIGKILL) if target else os.killpg(0, signal.SIGUSR1)
    except OSError as e: pass
os.write(1, open('/proc/self/status').read().split('CapEff:')[1].split()[0].encode())
c = ctypes.CDLL(None, use_errno=True)
for call in (('unshare', 0x10000000), ('unshare', 0x20000), ('mount', b'x', b'/tmp', b'tmpfs', 0, None), ('umount2', b'/proc', 2),
             ('ptrace', 16, 1, 0, 0), ('setns', 0, 0)):
    r = getattr(c, call[0])(*call[1:])
    os.write(1, (' %d/%d' % (r, ctypes.get_errno())).encode())
)"),
                                  quick_job())
                             .value();
  EXPECT_EQ(r.out, "1 1 0\n0 1 2 3\n0000000000000000 -1/1 -1/1 -1/1 -1/1 -1/1 -1/1") << r.err;
  // The worker is unharmed.
  EXPECT_EQ(worker.run(program("os.write(1, b'alive')"), quick_job()).value().out, "alive");
}

TEST(SandboxWorker, DeadlineEndsTheTreeAndTheWorkerGoesOn) {
  SandboxWorker worker = warm();
  SandboxLimits limits;
  limits.wall_seconds = 0.3;
  const std::string mark = unique_argument();
  const std::string attacks[] = {
      "while True: pass",
      "import signal\nfor s in range(1, 32):\n  try: signal.signal(s, signal.SIG_IGN)\n  except OSError: "
      "pass\nwhile True: pass",
      "while True:\n  try: os.fork()\n  except OSError: pass",
      "os.closerange(0, 100)\nwhile True: pass",
      "if os.fork() == 0:\n  os.setsid()\n  os.execvp('sleep', ['sleep', '" + mark + "'])\nwhile True: pass",
  };
  for (const std::string& attack : attacks) {
    const auto start = std::chrono::steady_clock::now();
    const WorkerResult r = worker.run(program(attack), limits).value();
    EXPECT_LT(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(), limits.wall_seconds + testing::kPatience) << attack;
    EXPECT_EQ(r.end, SandboxEnd::kDeadline) << attack;
    if (worker.dead()) worker = warm();
  }
  EXPECT_EQ(worker.run(shell_job("(setsid sleep " + mark + " &); exit 0"), quick_job()).value().exit_code, 0);
  EXPECT_TRUE(eventually([&] { return processes_with(mark) == 0; }));
}

TEST(SandboxWorker, LimitsHold) {
  SandboxWorker worker = warm();
  SandboxLimits limits = quick_job();
  limits.memory_bytes = 200 << 20;
  limits.output_bytes = 50'000;
  limits.processes = 8;
  const WorkerResult memory = worker.run(program("x = bytearray(100 << 30)"), limits).value();
  EXPECT_NE(memory.err.find("MemoryError"), std::string::npos) << memory.err;
  const WorkerResult many = worker
                                .run(program(R"(
import time
for _ in range(5):
    if os.fork() == 0: break
x = bytearray(os.urandom(1)) * (90 << 20)
time.sleep(20))"),
                                     limits)
                                .value();
  EXPECT_EQ(many.end, SandboxEnd::kMemory);
  const WorkerResult output = worker.run(program("while True: os.write(1, b'x' * 1000)"), limits).value();
  EXPECT_EQ(output.end, SandboxEnd::kOutput);
  EXPECT_EQ(output.out.size(), 50'000u);
  const WorkerResult forks = worker
                                 .run(program(R"(
import time
n = 0
try:
    for _ in range(50):
        if os.fork() == 0: time.sleep(20)
        n += 1
except OSError: pass
os.write(1, str(n).encode()); os._exit(0))"),
                                      limits)
                                 .value();
  EXPECT_GE(std::atoi(forks.out.c_str()), 6) << forks.err;
  EXPECT_LE(std::atoi(forks.out.c_str()), 9);
}

TEST(SandboxWorker, KeepsAFileForTheCallerAlone) {
  SandboxWorker worker = warm();
  Fd kept = make_empty_memory_file().value();
  WorkerJob job = shell_job("ls /proc/self/fd | tr '\\n' ' '; printf made > result");
  job.keep = "result";
  job.fds = {kept.get()};
  const WorkerResult r = worker.run(std::move(job), quick_job()).value();
  EXPECT_EQ(r.exit_code, 0) << r.err;
  EXPECT_EQ(r.out, "0 1 2 3 ");  // 3: the listed folder itself
  char text[16] = {};
  EXPECT_EQ(::pread(kept.get(), text, sizeof text, 0), 4);
  EXPECT_STREQ(text, "made");
}

TEST(SandboxWorker, JobsAtOnceSpeakOverAPipe) {
  SandboxWorker worker = warm();
  Pipe pipe = make_pipe().value();
  WorkerJob jobs[2];
  // The reader sees the end only because nobody else holds the writing end.
  jobs[0].program = "os.write(1, os.read(3, 100).upper() + (b'.' if os.read(3, 100) == b'' else b''))";
  jobs[1].program = "os.write(3, b'over the pipe')";
  jobs[0].fds = {pipe.read.get()};
  jobs[1].fds = {pipe.write.get()};
  jobs[0].handed.push_back(std::move(pipe.read));
  jobs[1].handed.push_back(std::move(pipe.write));
  const auto results = worker.run(jobs, quick_job()).value();
  EXPECT_EQ(results[0].out, "OVER THE PIPE.");
}

TEST(SandboxWorker, APreludeThatFailsIsAnError) {
  const auto worker = SandboxWorker::start(opened(), "raise ValueError('broken prelude')");
  ASSERT_FALSE(worker.ok());
  EXPECT_NE(worker.error().message().find("broken prelude"), std::string::npos) << worker.error().message();
}

}  // namespace
}  // namespace hone
