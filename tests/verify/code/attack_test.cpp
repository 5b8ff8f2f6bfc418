// Programs that try to be judged right without being right, or to harm the judge.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <fstream>

#include "hone/verify/code/code_verifier.h"
#include "support/patience.h"
#include "support/temp_folder.h"
#include "verify/code/code_helpers.h"

namespace hone {
namespace {

using testing::calls_row;
using testing::Json;
using testing::judged;
using testing::stdio_row;

const Json kStdio = stdio_row("python", {{"1 2\n", "3\n"}});
const Json kCalls = calls_row("python", "add", Json::parse("[[[1, 2], 3], [[5, 6], 11]]"));
const Json kHumanEval = {
    {"prompt", "def add(a, b):\n    \"\"\" Adds. \"\"\"\n"},
    {"test",
     "def check(candidate):\n    assert candidate(1, 2) == 3\n    try:\n        x = candidate(5, 6)\n"
     "    except:\n        x = 11\n    assert x == 11\n"},
    {"entry_point", "add"}};
const Json kMbpp = {{"test_list", {"assert add(1, 2) == 3", "assert set([add(5, 6)]) == set([11])"}}};

std::string shown(const Verdict& v) { return std::string(to_string(v.status)) + ": " + v.detail; }

// What is no right answer must be wrong in every kind of test.
void expect_wrong(const std::string& code) {
  for (const Json& row : {kStdio, kCalls, kHumanEval, kMbpp}) {
    const Verdict v = judged(row, code);
    EXPECT_EQ(v.status, VerdictStatus::kWrong) << code << "\n" << row.dump() << "\n" << shown(v);
  }
}

TEST(CodeAttack, AnHonestProgramPassesTheseTests) {
  EXPECT_EQ(judged(kStdio, "print(sum(map(int, input().split())))").status, VerdictStatus::kCorrect);
  for (const Json& row : {kCalls, kHumanEval, kMbpp}) {
    const Verdict v = judged(row, "def add(a, b):\n    return a + b");
    EXPECT_EQ(v.status, VerdictStatus::kCorrect) << shown(v);
  }
}

TEST(CodeAttack, ExitBeforeTheTests) {
  expect_wrong("import sys\nsys.exit(0)");
  expect_wrong("import os\nos._exit(0)");
  expect_wrong("raise SystemExit");
  expect_wrong("import os\ndef add(a, b): os._exit(0)");
  expect_wrong("import sys\ndef add(a, b): sys.exit(0)");
  expect_wrong("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)");
  expect_wrong("import ctypes\nctypes.string_at(0)");
}

TEST(CodeAttack, AnObjectEqualToEverything) {
  const std::string all = R"(
class All:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __hash__(self): return 0
    __lt__ = __gt__ = __le__ = __ge__ = __contains__ = __eq__
    def __str__(self): return '3'
    __repr__ = __str__
)";
  expect_wrong(all + "def add(a, b): return All()");
  expect_wrong(all + "def add(a, b): return [All()]");
  for (const char* base : {"int", "float", "str", "list", "dict", "tuple", "set"}) {
    expect_wrong(all + "class Sub(" + base + ", All):\n  __eq__ = All.__eq__\n  __hash__ = All.__hash__\n" +
                 "  def __iter__(self): return iter([3, 11])\n  def items(self): return [(3, 11)]\n" +
                 "  def __int__(self): return 3\n  def __index__(self): return 3\n" +
                 "def add(a, b): return Sub()");
  }
  expect_wrong("def add(a, b): return float('nan')");
}

TEST(CodeAttack, PatchingBuiltinsAndModules) {
  expect_wrong(R"(
import builtins, json, sys, os
builtins.AssertionError = builtins.Exception
builtins.len = builtins.isinstance = builtins.issubclass = builtins.callable = lambda *a: True
builtins.set = builtins.sorted = builtins.print = lambda *a, **k: None
json.dumps = lambda *a, **k: '{"v":3}'
json.loads = lambda *a, **k: {'test': 0, 'ok': True}
sys.excepthook = sys.unraisablehook = lambda *a: None
sys.settrace(lambda *a: None)
def add(a, b): return 0
)");
  // Every function of the harness that this process has.
  expect_wrong(R"(
import sys, os
frame = sys._getframe()
while frame is not None:
    for name in list(frame.f_globals):
        if name in ('to_plain', 'encode', 'call', 'describe', 'from_plain'):
            frame.f_globals[name] = lambda *a, **k: {'v': True}
    frame = frame.f_back
def add(a, b): return 0
)");
}

TEST(CodeAttack, NamesOfTheTestsAreNotTheProgramsToGive) {
  expect_wrong("def set(x): return 1\ndef sorted(x): return 1\ndef print(*a): pass\ndef add(a, b): return 0");
  // Here the test's helper would be the program's, if names were taken from it freely.
  const Json row = {{"test_setup_code", "def same(a, b):\n    return a == b"},
                    {"test_list", {"assert same(add(1, 2), 3)"}}};
  EXPECT_EQ(judged(row, "def same(a, b): return True\ndef add(a, b): return 0").status,
            VerdictStatus::kWrong);
  const Json module = {{"test_list", {"assert math.isclose(add(1, 2), 3)"}}};
  EXPECT_EQ(judged(module, "class math:\n  isclose = lambda *a: True\ndef add(a, b): return 0").status,
            VerdictStatus::kWrong);
}

TEST(CodeAttack, ForgedSuccess) {
  for (const char* mark :
       {"passed", "OK", "{\\\"test\\\": 0, \\\"ok\\\": true}", "{\\\"v\\\":true}", "{\\\"v\\\":null}"}) {
    expect_wrong(std::string("import os\nfor fd in range(1, 64):\n  try: os.write(fd, b\"") + mark +
                 "\\n\" * 3)\n  except OSError: pass\nos._exit(0)");
    expect_wrong(std::string("print(\"") + mark + "\")\ndef add(a, b): return 0");
  }
}

TEST(CodeAttack, ClosingAndDuplicatingDescriptors) {
  expect_wrong("import os\nos.closerange(0, 256)\ndef add(a, b): return 0");
  expect_wrong("import os\ndef add(a, b):\n  os.closerange(0, 256)\n  return 3");
  expect_wrong("import os\ndef add(a, b):\n  os.dup2(1, 3); os.dup2(1, 4)\n  return 0");
  expect_wrong(R"(
import os
for fd in range(3, 10):
    try: os.lseek(fd, 0, 0); os.ftruncate(fd, 0)
    except OSError: pass
def add(a, b): return 0)");
}

TEST(CodeAttack, AtexitThreadsAndFinalizers) {
  expect_wrong(
      "import atexit, os\natexit.register(lambda: os._exit(0))\nclass D:\n  def __del__(self): "
      "os._exit(0)\nd = D()\n"
      "def add(a, b): return 0");
  expect_wrong(R"(
import threading, os, time
def forge():
    while True:
        for fd in (3, 4, 5):
            try: os.write(fd, b'{"v":0}\n')
            except OSError: pass
        time.sleep(0.001)
threading.Thread(target=forge, daemon=True).start()
def add(a, b):
    time.sleep(0.05)
    return 0)");
  expect_wrong(
      "import os\nif os.fork() == 0:\n  os.setsid()\n  import time; time.sleep(20)\ndef add(a, b): return 0");
}

TEST(CodeAttack, ExpectedValuesAreNowhereInTheProcess) {
  // The secret is taken apart in the source, so that only the tests hold it whole.
  const std::string scan = R"(
import os, sys
def search():
    parts = (b'sesame', b'-open', b'-4711')
    mem = os.open('/proc/self/mem', os.O_RDONLY)
    for line in open('/proc/self/maps'):
        span, mode = line.split()[:2]
        low, high = (int(x, 16) for x in span.split('-'))
        if 'r' not in mode or '[v' in line or high - low > 1 << 28: continue
        try: block = os.pread(mem, high - low, low)
        except (OSError, OverflowError): continue
        at = block.find(parts[1])
        while at >= 0:
            if block[at - 6:at] == parts[0] and block[at + 5:at + 10] == parts[2]:
                return (block[at - 6:at + 10]).decode()
            at = block.find(parts[1], at + 1)
    for root in ('/tmp', '/proc/1', '/proc/self'):
        for folder, _, files in os.walk(root):
            if folder.count('/') > 4: continue
            for name in files:
                if name in ('mem', 'main.py', 'kmsg', 'pagemap', 'clear_refs'): continue
                try: text = os.read(os.open(os.path.join(folder, name), os.O_NONBLOCK), 1 << 20)
                except OSError: continue
                at = text.find(parts[0] + parts[1] + parts[2])
                if at >= 0: return text[at:at + 16].decode()
    return 'nothing'
if __name__ == '__main__' and not sys.stdin.isatty() and sys.stdin.name == 0: print(search())
def find(): return search()
)";
  EXPECT_EQ(judged(stdio_row("python", {{"", "sesame-open-4711"}}), scan).status, VerdictStatus::kWrong);
  const Verdict call =
      judged(calls_row("python", "find", Json::parse(R"([[[], "sesame-open-4711"]])")), scan);
  EXPECT_NE(call.detail.find("is \"nothing\""), std::string::npos) << shown(call);
  const Json check = {{"prompt", "def find():\n    \"\"\" Finds. \"\"\"\n"},
                      {"test", "def check(c):\n    assert c() == 'sesame-open-4711'\n"},
                      {"entry_point", "find"}};
  for (int i = 0; i < 2; ++i) EXPECT_EQ(judged(check, scan).status, VerdictStatus::kWrong);
  EXPECT_EQ(judged({{"test_list", {"assert find() == 'sesame-open-4711'"}}}, scan).status,
            VerdictStatus::kWrong);
  // The scan does find what is there.
  const Verdict given =
      judged(calls_row("python", "find2", Json::parse(R"([[["sesame-open-4711"], "sesame-open-4711"]])")),
             scan + "\ndef find2(x): return search()");
  EXPECT_EQ(given.status, VerdictStatus::kCorrect) << shown(given);
}

TEST(CodeAttack, AVerdictInTimeWhateverItDoes) {
  CodeOptions options;
  options.seconds = 0.4;
  options.case_seconds = 0.4;
  options.workers = 1;
  options.memory_bytes = 256 << 20;
  const auto verifier = testing::code_verifier(options);
  const std::string attacks[] = {
      "while True: pass",
      "import os\nwhile True:\n  try: os.fork()\n  except OSError: pass",
      "x = bytearray(100 << 30)",
      "x = []\nwhile True: x.append(bytearray(1 << 20))",
      "while True: print('x' * 10000)",
      "import sys\nsys.setrecursionlimit(10**9)\ndef f(): f()\nf()",
      "class A:\n  def __repr__(self): return repr([self])\nimport "
      "sys\nsys.setrecursionlimit(10**9)\nrepr(A())",
      "import os\nfor _ in range(20):\n  if os.fork() == 0: os._exit(0)\nimport time; time.sleep(60)",
      "import signal, time\nfor s in range(1, 32):\n  try: signal.signal(s, signal.SIG_IGN)\n  except "
      "OSError: pass\nwhile True: time.sleep(1)",
      "import os, time\nos.closerange(0, 100)\ntime.sleep(60)",
      "9**9**9**9",
      "import threading, time\nfor _ in range(5): threading.Thread(target=time.sleep, args=(60,)).start()",
  };
  int number = 0;
  for (const std::string& attack : attacks) {
    for (const Json& row : {kStdio, kHumanEval}) {
      if (row == kHumanEval && ++number > 5) continue;
      const auto start = std::chrono::steady_clock::now();
      const Verdict v = verifier->verify(testing::with_fields(row.dump()),
                                         testing::completion("```python\n" + attack + "\n```"));
      const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      EXPECT_LT(took, options.seconds + testing::kPatience) << attack;
      EXPECT_TRUE(v.status == VerdictStatus::kWrong || v.status == VerdictStatus::kTimeout)
          << attack << shown(v);
    }
  }
  const Verdict after =
      verifier->verify(testing::with_fields(kStdio.dump()), testing::completion("```python\nprint(3)\n```"));
  EXPECT_EQ(after.status, VerdictStatus::kCorrect) << shown(after);
}

TEST(CodeAttack, AnIdleLoopIsWrongNotUndecided) {
  CodeOptions options;
  options.seconds = options.case_seconds = 0.5;
  options.workers = 1;
  const auto verifier = testing::code_verifier(options);
  const Verdict v = verifier->verify(testing::with_fields(kStdio.dump()),
                                     testing::completion("```python\nimport time; time.sleep(9)\n```"));
  EXPECT_EQ(v.status, VerdictStatus::kWrong) << shown(v);
  EXPECT_NE(v.detail.find("stopped after 0.5"), std::string::npos) << v.detail;
}

TEST(CodeAttack, NetworkFilesAndTracingAreDenied) {
  const testing::TempFolder folder;
  ::chmod(folder.path().c_str(), 0777);
  std::ofstream(folder / "secret.txt") << "secret";
  const std::string program = R"(
import ctypes, os, socket
def attempt(name, f):
    try: print(name, f())
    except (OSError, PermissionError): print(name, 'denied')
def raised(r):
    if r < 0: raise OSError(ctypes.get_errno())
c = ctypes.CDLL(None, use_errno=True)
attempt('net', lambda: socket.create_connection(('127.0.0.1', 22), 1))
attempt('udp', lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('8.8.8.8', 53)))
attempt('read', lambda: open(')" +
                              folder.string() +
                              R"(/secret.txt').read())
attempt('write', lambda: open(')" +
                              folder.string() +
                              R"(/new.txt', 'w'))
attempt('shadow', lambda: open('/etc/shadow').read())
attempt('usr', lambda: open('/usr/bin/x', 'w'))
os.symlink('/etc/shadow', 'link'); attempt('link', lambda: open('link').read())
attempt('root', lambda: os.listdir('/proc/1/root/home'))
attempt('ptrace', lambda: raised(c.ptrace(16, os.getppid() or 1, 0, 0)))
attempt('kill', lambda: os.kill(2, 9))
attempt('mount', lambda: raised(c.mount(b'x', b'/tmp', b'tmpfs', 0, None)))
attempt('user', lambda: raised(c.unshare(0x10000000)))
attempt('proc', lambda: open('/proc/sys/kernel/core_pattern', 'w'))
)";
  std::string expected;
  for (const char* name : {"net", "udp", "read", "write", "shadow", "usr", "link", "root", "ptrace", "kill",
                           "mount", "user", "proc"}) {
    expected += std::string(name) + " denied\n";
  }
  const Verdict v = judged(stdio_row("python", {{"", expected}}), program);
  EXPECT_EQ(v.status, VerdictStatus::kCorrect) << shown(v);
  EXPECT_FALSE(std::filesystem::exists(folder / "new.txt"));
}

}  // namespace
}  // namespace hone
