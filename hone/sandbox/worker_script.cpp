#include "hone/sandbox/worker_script.h"

namespace hone {

std::string worker_script() {
  return R"PY(
import ctypes, gc, os, resource, select, socket, struct, sys

NEWNS, NEWIPC, NEWPID = 0x20000, 0x8000000, 0x20000000
NOSUID, NODEV, NOEXEC = 2, 4, 8
libc = ctypes.CDLL(None, use_errno=True)


class CapHeader(ctypes.Structure):
    _fields_ = [('version', ctypes.c_uint32), ('pid', ctypes.c_int)]


class FilterProgram(ctypes.Structure):
    _fields_ = [('length', ctypes.c_ushort), ('code', ctypes.c_void_p)]


def must(result):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


bpf = open('filter.bpf', 'rb').read()
bpf_buffer = ctypes.create_string_buffer(bpf, len(bpf))
filter_program = FilterProgram(len(bpf) // 8, ctypes.cast(bpf_buffer, ctypes.c_void_p))
cap_header, cap_none = CapHeader(0x20080522, 0), (ctypes.c_uint32 * 6)()
own_pid_namespace = os.open('/proc/self/ns/pid', os.O_RDONLY | os.O_CLOEXEC)
control = socket.socket(fileno=os.dup(0))
null = os.open('/dev/null', os.O_RDWR)
os.dup2(null, 0)
os.dup2(null, 1)
os.close(null)
for capability in range(64):
    libc.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP: for all children


def enter(limits, fds):
    """In the child: its own world, then no way out of it."""
    must(libc.unshare(NEWNS | NEWIPC))
    os.setsid()
    must(libc.mount(b'tmpfs', b'/tmp', b'tmpfs', NOSUID | NODEV,
                    b'size=%d,nr_inodes=16384,mode=755' % limits['files']))
    must(libc.mount(b'proc', b'/proc', b'proc', NOSUID | NODEV | NOEXEC, None))
    os.mkdir('/tmp/box')
    os.chdir('/tmp/box')
    high = 200
    for i, fd in enumerate(fds):
        os.dup2(fd, high + i, inheritable=False)
    for i in range(len(fds)):
        os.dup2(high + i, i, inheritable=i < 3)
    os.closerange(len(fds), 1024)
    for what, value in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_CPU, limits['cpu']),
                        (resource.RLIMIT_FSIZE, limits['files']), (resource.RLIMIT_STACK, limits['stack']),
                        (resource.RLIMIT_NOFILE, 256), (resource.RLIMIT_MEMLOCK, 65536),
                        (resource.RLIMIT_MSGQUEUE, 65536), (resource.RLIMIT_NPROC, limits['processes']),
                        (resource.RLIMIT_AS, limits['address'])):
        if value >= 0:
            hard = resource.getrlimit(what)[1]
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(what, (value, value))
    must(libc.prctl(38, 1, 0, 0, 0))  # PR_SET_NO_NEW_PRIVS
    must(libc.capset(ctypes.byref(cap_header), ctypes.byref(cap_none)))
    must(libc.prctl(22, 2, ctypes.byref(filter_program), 0, 0))  # PR_SET_SECCOMP


def read_job(fd):
    """Entries of one letter, a name and a content, with their lengths before them."""
    size = os.fstat(fd).st_size
    block = os.pread(fd, size, 0)
    while len(block) < size:
        block += os.pread(fd, size - len(block), len(block))
    os.close(fd)
    entries, at = [], 0
    while at < size:
        kind, name_size, content_size = struct.unpack_from('<cQQ', block, at)
        at += 17
        entries.append((kind, block[at:at + name_size], block[at + name_size:at + name_size + content_size]))
        at += name_size + content_size
    return entries


def run_program(argv, environment, keep, kept_fd, pass_fds):
    """As process 1: starts the program, waits for it, then ends with all that it left behind."""
    must(libc.prctl(4, 0, 0, 0, 0))  # PR_SET_DUMPABLE: nothing of us can be opened through /proc
    try:
        for fd in pass_fds:
            os.set_inheritable(fd, True)
        pid = os.posix_spawnp(argv[0], argv, environment, setsigdef=range(1, 32))
    except OSError as error:
        os.write(2, ('%s: %s\n' % (os.fsdecode(argv[0]), error.strerror)).encode())
        os._exit(127)
    for fd in (0, 1, 2):
        os.close(fd)
    while True:
        done, status = os.wait()
        if done == pid:
            break
    code = os.waitstatus_to_exitcode(status)
    if code == 0 and keep is not None:
        try:
            source = os.open(keep, os.O_RDONLY | os.O_NOFOLLOW)
            while os.sendfile(kept_fd, source, None, 1 << 24):
                pass
        except OSError:
            os._exit(126)
    os._exit(code if code >= 0 else 128 - code)


def child(limits, fds, setup):
    # The descriptors: the job, 0, 1, 2, the job's own …, setup (last).
    fds = fds[1:] + [fds[0], setup]
    enter(limits, fds)
    given = len(fds) - 5  # the job's own
    job_fd, setup = len(fds) - 2, len(fds) - 1
    environment = {b'PATH': b'/usr/local/bin:/usr/bin:/bin', b'HOME': b'/tmp/box', b'TMPDIR': b'/tmp',
                   b'LANG': b'C.UTF-8'}
    argv, program, keep = [], None, None
    for kind, name, content in read_job(job_fd):
        if kind == b'F':
            folder = os.path.dirname(name)
            if folder:
                os.makedirs(folder, exist_ok=True)
            with open(name, 'wb') as file:
                file.write(content)
        elif kind == b'A':
            argv.append(content)
        elif kind == b'E':
            environment[name] = content
        elif kind == b'P':
            program = content
        elif kind == b'K':
            keep = content
    os.write(setup, b'k')
    os.close(setup)
    if program is None:
        first = 3 if keep is None else 4
        run_program(argv, environment, keep, 3, range(first, 3 + given))
    for name, value in environment.items():
        os.environb[name] = value
    return program


class Job:
    def __init__(self, slot, pid, pidfd, setup):
        self.slot, self.pid, self.pidfd, self.setup = slot, pid, pidfd, setup


def send(text):
    control.send(text.encode())


def start(words, fds):
    slot = int(words[1])
    limits = dict(zip(('cpu', 'address', 'files', 'stack', 'processes'), map(int, words[2:7])))
    setup_read, setup_write = os.pipe()
    must(libc.unshare(NEWPID))
    pid = os.fork()
    if pid == 0:
        try:
            return child(limits, fds, setup_write), None
        except BaseException as error:
            try:
                os.write(2, ('worker: %s: %s\n' % (type(error).__name__, error)).encode())
            finally:
                os._exit(125)
    must(libc.setns(own_pid_namespace, NEWPID))
    os.close(setup_write)
    for fd in fds:
        os.close(fd)
    return None, Job(slot, pid, os.pidfd_open(pid), setup_read)


def serve():
    """Returns the program to run, in a child."""
    jobs = {}
    poller = select.poll()
    poller.register(control, select.POLLIN)
    send('ready')
    while True:
        for fd, _ in poller.poll():
            if fd != control.fileno():
                job = jobs.pop(fd)
                poller.unregister(fd)
                _, status, usage = os.wait4(job.pid, 0)
                set_up = os.read(job.setup, 1) == b'k'
                os.close(job.setup)
                os.close(fd)
                send('done %d %d %d %.6f %d' % (job.slot, status, set_up, usage.ru_utime + usage.ru_stime,
                                                usage.ru_maxrss * 1024))
                continue
            data, fds, _, _ = socket.recv_fds(control, 4096, 64)
            if not data:
                os._exit(0)
            program, job = start(data.decode().split(), fds)
            if job is None:
                return program
            jobs[job.pidfd] = job
            poller.register(job.pidfd, select.POLLIN)


prelude = {'__name__': 'prelude', '__builtins__': __builtins__}
exec(compile(open('prelude.py', encoding='utf-8').read(), 'prelude.py', 'exec'), prelude)
gc.collect()
gc.freeze()
gc.disable()
job_program = serve()
gc.enable()
try:
    exec(compile(job_program, 'job.py', 'exec'), prelude)
except BaseException as error:
    os.write(2, ('%s: %s\n' % (type(error).__name__, error)).encode(errors='replace'))
    os._exit(1)
os._exit(0)
)PY";
}

}  // namespace hone
