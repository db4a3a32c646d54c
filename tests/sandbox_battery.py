"""Programs for the sandbox, each with what must come of it: attacks first, then honest ones.

An attack prints BROKEN when it got through. `python tests/sandbox_battery.py [LEVEL]` runs all of them as whoever it is
run by, on the standard library alone, and prints one JSON object: the level, and what went wrong with which program.
"""

import json
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from verify.sandbox.cases import Call, Case, InputCase
from verify.sandbox.limits import Limits
from verify.sandbox.report import Report
from verify.sandbox.sandbox import Sandbox

SECRET = "sk-battery-9f31c7"
QUICK = Limits(cpu_seconds=0.6, memory_mib=256, wall_seconds=1.5)
# For programs that fill their memory, which a busy machine does slowly.
ROOMY = Limits(cpu_seconds=4, memory_mib=256, wall_seconds=12)

# Words that attacks share: `refused(f)` prints BROKEN unless f fails with OSError; `call(n, ...)` is a system call,
# and says BROKEN unless the kernel refuses it.
PRELUDE = """
import ctypes, errno, os
_libc = ctypes.CDLL(None, use_errno=True)
def refused(*attempts):
    for number, attempt in enumerate(attempts):
        try:
            got = attempt()
        except OSError as error:
            print("held", error.errno)
        else:
            print("BROKEN", number, got)
def call(number, *arguments):
    ctypes.set_errno(0)
    wide = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    got = _libc.syscall(ctypes.c_long(number), *wide)
    error = ctypes.get_errno()
    print("held" if got == -1 and error in (errno.EPERM, errno.EACCES, errno.ENOSYS) else "BROKEN", number, got, error)
"""


@dataclass(frozen=True)
class Program:
    """A program and what must come of it.

    Attributes:
        statuses: Any of these will do.
        passed: How many of the cases must pass; no more and no fewer.
        prints: Exactly this, apart from white space at the ends; None for whatever it is.
    """

    name: str
    source: str
    statuses: tuple[str, ...] = ("ok",)
    cases: tuple[Case, ...] = ()
    passed: int = 0
    prints: str | None = None
    stdin: str = ""
    limits: Limits = QUICK
    outcomes: tuple[str, ...] = field(default=())


def attack(name: str, source: str, *statuses: str, **more: Any) -> Program:
    return Program(name, PRELUDE + source, statuses or ("ok",), **more)


def forged(name: str, source: str, cases: Sequence[Case], *statuses: str, passed: int = 0) -> Program:
    """A program that wants to pass without knowing the answers."""
    return Program(name, source, statuses or ("ok", "early-exit", "error", "crashed"), tuple(cases), passed)


ADD = (Call("add", [2, 3], expected=5), Call("add", [10, 4], expected=14))
LATE = "def add(a, b):\n    "

RESOURCES = [
    attack("endless loop", "print('begun')\nwhile True: pass", "timeout"),
    attack("endless loop in C", "sum(iter(int, 1))", "timeout"),
    attack("one operation that never ends", "print(len(str(7 ** (10 ** 8) % 10 ** 9)))", "timeout"),
    attack("regular expression that backtracks", "import re\nre.match(r'(a+)+$', 'a' * 40 + 'b')", "timeout"),
    attack("sleep", "import time\ntime.sleep(60)", "timeout"),
    attack(
        "sleep in threads",
        "import threading, time\nfor _ in range(4): threading.Thread(target=time.sleep, args=(60,)).start()",
        "timeout",
    ),
    attack(
        "waits for input that has ended",
        "import sys\nprint(repr(sys.stdin.read()))\nimport select\nselect.select([], [], [])",
        "timeout",
    ),
    attack(
        "alarm of its own swallowed",
        "import signal\nsignal.signal(signal.SIGALRM, lambda *a: None)\nsignal.setitimer(signal.ITIMER_REAL, .05, .05)\nwhile True:\n    try:\n        while True: pass\n    except BaseException: pass",
        "timeout",
    ),
    attack(
        "all signals ignored",
        "import signal\nfor n in range(1, 65):\n    try: signal.signal(n, signal.SIG_IGN)\n    except (OSError, ValueError): pass\nwhile True: pass",
        "timeout",
    ),
    attack(
        "CPU time spread over threads",
        "import threading, zlib\ndef f():\n    while True: zlib.crc32(bytes(1 << 20))\nfor _ in range(8): threading.Thread(target=f).start()",
        "timeout",
        "memory",
        "error",
    ),
    attack("memory in one piece", "x = bytearray(10 ** 10)", "memory"),
    attack("memory bit by bit", "x = []\nwhile True: x.append(' ' * 1000 + str(len(x)))", "memory", limits=ROOMY),
    attack(
        "memory in small pieces, swallowed",
        "x = []\nwhile True:\n    try: x.append(bytearray(1 << 20))\n    except MemoryError: pass",
        "timeout",
    ),
    attack("memory by doubling", "x = 'a'\nwhile True: x += x", "memory", limits=ROOMY),
    attack(
        "shared memory by mmap",
        "import mmap\nheld = []\nwhile True:\n    m = mmap.mmap(-1, 32 << 20)\n    m.write(b'x' * (32 << 20))\n    held.append(m)\n    if len(held) > 16: print('BROKEN'); break",
        "memory",
        limits=ROOMY,
    ),
    attack("memory file", "call(319, b'x', 0)"),
    attack("a list multiplied", "x = [0] * (1 << 40)", "memory"),
    attack(
        "threads without end",
        "import threading, time\nn = 0\nwhile n < 5000:\n    threading.Thread(target=time.sleep, args=(9,), daemon=True).start(); n += 1\nprint('BROKEN')",
        "error",
        "timeout",
        "memory",
        "crashed",
    ),
    attack("output without end", "while True: print('x' * 1000)", "output-limit"),
    attack("errors without end", "import sys\nwhile True: sys.stderr.write('x' * 1000)", "output-limit"),
    attack("output past Python", "import os\nwhile True: os.write(1, b'x' * 65536)", "output-limit"),
    attack("results without end", "import os\nwhile True: os.write(3, b'x' * 65536)", "output-limit"),
    attack(
        "lines of results that renew the time",
        "import os, time\nwhile True:\n    os.write(3, b'{\"i\": 0}\\n'); time.sleep(.05)",
        "timeout",
    ),
    attack("deep recursion", "def f(n): return f(n + 1)\nf(0)", "error"),
    attack(
        "deep recursion in C",
        "import sys\nsys.setrecursionlimit(10 ** 9)\nx = []\nfor _ in range(10 ** 6): x = [x]\nrepr(x)",
        "crashed",
        "error",
        "memory",
        "timeout",
    ),
    attack("deeply nested source", "exec('(' * 100000 + ')' * 100000)", "error", "memory", "crashed"),
    attack(
        "descriptors without end",
        "import os\nheld = []\ntry:\n    while len(held) < 1000: held += os.pipe()\n    print('BROKEN')\nexcept OSError: print('held')",
    ),
    attack("closes everything and goes on", "import os, time\nos.closerange(0, 64)\ntime.sleep(60)", "timeout"),
    attack(
        "raises its own limits",
        "import resource\ntry:\n    resource.setrlimit(resource.RLIMIT_AS, (-1, -1)); print('BROKEN')\nexcept (OSError, ValueError): print('held')",
    ),
    attack(
        "fork bomb",
        "import os\ndef bomb():\n    for _ in range(10000):\n        try:\n            os.fork(); print('BROKEN')\n        except OSError: pass\nbomb()",
    ),
    attack(
        "kills itself", "import os, signal\nrefused(lambda: os.kill(os.getpid(), 9), lambda: signal.raise_signal(9))"
    ),
    attack("aborts", "import os\nos.abort()", "crashed"),
    attack("reads address 0", "import ctypes\nctypes.string_at(0)", "crashed"),
]

FILES = [
    attack("reads a file of the user", "refused(lambda: open('@SECRET_FILE@').read())"),
    attack(
        "reads it by system calls",
        "call(2, b'@SECRET_FILE@', 0)\ncall(257, -100, b'@SECRET_FILE@', 0)\ncall(437, -100, b'@SECRET_FILE@', bytes(24), 24)",
    ),
    attack(
        "reads it by the 32-bit door",
        "import ctypes, mmap\nm = mmap.mmap(-1, 4096, prot=7)\nm.write(bytes.fromhex('b814000000cd80c3'))\nf = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))\nprint('BROKEN', f())",
        "crashed",
        "error",
    ),
    attack("reads it through x32", "call(0x40000000 + 2, b'@SECRET_FILE@', 0)\nprint('BROKEN')", "crashed"),
    attack("lists folders", "refused(lambda: os.listdir('/'), lambda: list(os.scandir('.')), lambda: os.getcwd())"),
    attack(
        "writes a file",
        "refused(lambda: open('/tmp/x', 'w'), lambda: os.mkdir('/tmp/y'), lambda: os.mkfifo('/tmp/z'), lambda: os.symlink('/', '/tmp/l'))",
    ),
    attack(
        "makes a temporary file",
        "import tempfile\ntry:\n    tempfile.TemporaryFile(); print('BROKEN')\nexcept OSError: print('held')",
    ),
    attack(
        "changes the app's file",
        "import os\np = '@SECRET_FILE@'\nrefused(lambda: os.chmod(p, 0o777), lambda: os.utime(p, (1, 1)), lambda: os.truncate(p, 0), lambda: os.remove(p), lambda: os.rename(p, p + '2'), lambda: os.chown(p, 0, 0), lambda: os.link(p, p + '3'), lambda: os.setxattr(p, 'user.x', b'1'))",
    ),
    attack(
        "asks about the app's file",
        "refused(lambda: os.stat('@SECRET_FILE@'), lambda: os.lstat('/etc/passwd'), lambda: os.statvfs('/'), lambda: os.readlink('/proc/self/exe'))\nprint('BROKEN' if os.access('@SECRET_FILE@', os.R_OK) or os.path.exists('/etc/passwd') else 'held')",
    ),
    attack("changes folder and root", "refused(lambda: os.chdir('/tmp'), lambda: os.chroot('/tmp'))"),
    attack(
        "reads the environment of the app",
        "refused(lambda: open('/proc/@APP_PID@/environ', 'rb').read(), lambda: open('/proc/self/environ').read(), lambda: open('/proc/@APP_PID@/cmdline').read())",
    ),
    attack(
        "looks for a secret in its own environment",
        "import os\nprint('BROKEN' if '@SECRET@'[:10] + '@SECRET@'[10:] in str(dict(os.environ)) or len(os.environ) > 12 else 'held')",
    ),
    attack(
        "reads the app's memory through /proc",
        "refused(lambda: open('/proc/@APP_PID@/mem', 'rb'), lambda: open('/proc/@APP_PID@/maps'))",
    ),
    attack(
        "uses descriptors that were left open",
        "import os\nfound = []\nfor fd in range(3, 1024):\n    try: os.lseek(fd, 0, 1); found.append(fd)\n    except OSError as e:\n        if e.errno != 9: found.append(fd)\nprint('BROKEN' if found != [3] else 'held', found)",
    ),
    attack(
        "writes on its own input",
        "import os\nrefused(lambda: os.write(0, b'x'), lambda: os.ftruncate(0, 99))",
        stdin="abc",
    ),
    attack("reads the results' pipe", "import os\nrefused(lambda: os.read(3, 10), lambda: os.read(1, 10))"),
    attack(
        "imports the app",
        "for name in ('model.settings', 'app', 'verify.sandbox.sandbox', 'gradio', 'torch'):\n    try: __import__(name); print('BROKEN', name)\n    except ImportError: print('held')",
    ),
    attack("loads a library", "refused(lambda: ctypes.CDLL('libcrypt.so.1'), lambda: ctypes.CDLL('libm.so'))"),
    attack(
        "runs another program's main before the lock",
        "if 0:\n    import unittest.__main__, test.regrtest, antigravity, this, turtle\nimport sys\nprint('BROKEN' if {'unittest.__main__', 'antigravity', 'this'} & set(sys.modules) else 'held')",
    ),
]

NETWORK = [
    attack(
        "TCP", "import socket\nrefused(lambda: socket.create_connection(('127.0.0.1', 80), 1), lambda: socket.socket())"
    ),
    attack(
        "UDP and IPv6",
        "import socket\nrefused(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM), lambda: socket.socket(socket.AF_INET6))",
    ),
    attack(
        "raw and netlink",
        "import socket\nrefused(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1), lambda: socket.socket(16, 3, 0), lambda: socket.socket(17, 3, 0))",
    ),
    attack(
        "unix sockets",
        "import socket\nrefused(lambda: socket.socket(socket.AF_UNIX), lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM), lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET))",
    ),
    attack(
        "a pair that sends elsewhere",
        "import socket\na, b = socket.socketpair()\nrefused(lambda: a.sendto(b'x', '/run/x'), lambda: a.connect('/run/x'), lambda: a.bind('\\0abstract'), lambda: a.listen())",
    ),
    attack("a name looked up", "import socket\nrefused(lambda: socket.getaddrinfo('example.com', 80))"),
    attack(
        "a page fetched",
        "import urllib.request\nrefused(lambda: urllib.request.urlopen('http://127.0.0.1:7860', timeout=1))",
    ),
    attack(
        "sends descriptors",
        "import socket, array\na, b = socket.socketpair()\nrefused(lambda: a.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [0]))]))",
    ),
    attack("io_uring", "call(425, 8, bytes(120))\ncall(426, 3, 1, 1, 0)\ncall(427, 3, 0, 0, 0)"),
]

PROCESSES = [
    attack(
        "starts processes",
        "import subprocess\nrefused(lambda: os.fork(), lambda: subprocess.run(['/bin/true']), lambda: os.execv('/bin/true', ['true']), lambda: os.posix_spawn('/bin/true', ['true'], {}))\nprint('BROKEN' if os.system('true') == 0 else 'held')",
    ),
    attack(
        "multiprocessing",
        "import multiprocessing, multiprocessing.popen_fork\nrefused(lambda: multiprocessing.get_context('fork').Process(target=print).start())",
    ),
    attack(
        "vfork and clone without a thread",
        "call(58)\ncall(56, 17, 0, 0, 0, 0)\ncall(435, bytes(88), 88)\ncall(56, 0x10000000 | 17, 0, 0, 0, 0)",
    ),
    attack(
        "leaves a daemon",
        "import os\ntry:\n    if os.fork() == 0:\n        os.setsid()\n        while True: pass\n    print('BROKEN')\nexcept OSError: print('held')",
    ),
    attack(
        "signals the app",
        "import os\nrefused(lambda: os.kill(@APP_PID@, 0), lambda: os.kill(os.getppid(), 15), lambda: os.kill(-1, 15), lambda: os.killpg(0, 15))\ncall(234, @APP_PID@, @APP_PID@, 15)\ncall(129, @APP_PID@, 15, bytes(128))",
    ),
    attack(
        "signals the app through a descriptor",
        "import fcntl, os\nr, w = os.pipe()\nrefused(lambda: fcntl.fcntl(r, fcntl.F_SETOWN, @APP_PID@), lambda: fcntl.fcntl(r, 10, 15), lambda: fcntl.fcntl(r, 15, bytes(8)))\ncall(434, @APP_PID@, 0)\ncall(424, 3, 15, 0, 0)",
    ),
    attack(
        "changes the app's limits",
        "import struct\ncall(302, @APP_PID@, 7, struct.pack('QQ', 3, 3), 0)\ncall(302, @APP_PID@, 7, 0, bytes(16))\ncall(302, 0, 7, struct.pack('QQ', 9, 9), 0)",
    ),
    attack(
        "changes the app's priority",
        "import os\nrefused(lambda: os.setpriority(os.PRIO_PROCESS, @APP_PID@, 19), lambda: os.sched_setaffinity(@APP_PID@, {0}), lambda: os.nice(-5))\ncall(251, 1, @APP_PID@, 0)",
    ),
    attack(
        "traces the app",
        "call(101, 16, @APP_PID@, 0, 0)\ncall(101, 0x4206, @APP_PID@, 0, 0)\ncall(310, @APP_PID@, 0, 0, 0, 0, 0)\ncall(311, @APP_PID@, 0, 0, 0, 0, 0)\ncall(312, @APP_PID@, @APP_PID@, 0, 0, 0)",
    ),
    attack("traces itself", "call(101, 0, 0, 0, 0)"),
    attack("namespaces", "call(272, 0x10000000)\ncall(272, 0x20000)\ncall(308, 3, 0)"),
    attack(
        "mounts",
        "call(165, b'none', b'/tmp', b'tmpfs', 0, 0)\ncall(161, b'/tmp')\ncall(155, b'/', b'/')\ncall(428, -100, b'/', 1)\ncall(430, b'tmpfs', 0)",
    ),
    attack("keys", "call(248, b'user', b'x', b'y', 1, -2)\ncall(250, 0, -3, 0)\ncall(249, b'user', b'x', 0, -2)"),
    attack(
        "kernel's rare doors",
        "call(321, 0, bytes(64), 64)\ncall(323, 0)\ncall(298, bytes(112), 0, -1, -1, 0)\ncall(300, 0, 0)\ncall(175, b'x', 1, b'')\ncall(304, 3, bytes(8), 0)\ncall(135, 8)\ncall(154, 0, 0, 0)\ncall(172, 3)\ncall(169, 0, 0, 0, 0)",
    ),
    attack(
        "System V and message queues",
        "call(29, 0, 4096, 0o1600)\ncall(64, 0, 1, 0o1600)\ncall(68, 0, 0o1600)\ncall(240, b'/x', 0o102, 0o600, 0)",
    ),
    attack(
        "becomes somebody else",
        "import os\nrefused(lambda: os.setuid(0), lambda: os.setgid(0), lambda: os.setgroups([0]), lambda: os.setresuid(0, 0, 0), lambda: os.setsid())\ncall(126, bytes(8), bytes(24))\ncall(157, 38, 0, 0, 0, 0)",
    ),
    attack(
        "takes the lock off",
        "import ctypes\ncall(157, 22, 0, 0, 0, 0)\ncall(157, 4, 1, 0, 0, 0)\ncall(157, 1, 0, 0, 0, 0)\ncall(317, 0, 0, 0)\ncall(444, 0, 0, 1)",
    ),
    attack(
        "writes on a terminal",
        "import fcntl\nrefused(lambda: fcntl.ioctl(0, 0x5412, b'x'), lambda: os.openpty(), lambda: os.open('/dev/tty', 2))",
    ),
]

VERDICTS = [
    forged("exits with 0", "import sys\nsys.exit(0)", ADD, "early-exit"),
    forged("ends its process with 0", "import os\nos._exit(0)", ADD, "early-exit"),
    forged("ends its process in the call", LATE + "import os; os._exit(0)", ADD, "early-exit"),
    forged("exits in the call", LATE + "raise SystemExit(0)", ADD, "ok"),
    forged(
        "returns what equals everything",
        "class Yes:\n    def __eq__(self, other): return True\n    def __hash__(self): return 5\n"
        + LATE
        + "return Yes()",
        ADD,
    ),
    forged(
        "returns a number that equals everything",
        "class Yes(int):\n    def __eq__(self, other): return True\n    def __sub__(self, other): return 0\n    __hash__ = int.__hash__\n"
        + LATE
        + "return Yes(5)",
        ADD,
    ),
    forged(
        "returns a list that equals everything",
        "class Yes(list):\n    def __eq__(self, other): return True\n    def __len__(self): return 2\ndef f(): return Yes()",
        [Call("f", expected=[1, 2])],
    ),
    forged("returns infinity", "def f(): return float('inf')", [Call("f", expected=2.5), Call("f", expected=7)]),
    forged(
        "returns not a number",
        "def f(): return float('nan')",
        [Call("f", expected=2.5), Call("f", expected=7), Call("f", expected=True)],
    ),
    forged("returns true for one", "def f(): return True", [Call("f", expected=1), Call("f", expected=1.0)]),
    forged(
        "writes results itself",
        'import os\nfor i in range(2): os.write(3, b\'{"i": %d, "value": true, "outcome": "passed", "pass": true}\\n\' % i)\nos.write(3, b\'{"end": "ok", "passed": 2, "status": "ok"}\\n\')\nos._exit(0)',
        ADD,
        "early-exit",
        "ok",
    ),
    forged(
        "writes results and says it was loaded",
        'import os\nos.write(3, b\'{"loaded": true}\\n{"end": "ok"}\\n\')\nos._exit(0)',
        ADD,
        "early-exit",
    ),
    forged(
        "says that it was refused",
        'import os\nos.write(3, b\'{"refused": "x"}\\n{"locked": false}\\n\')\n' + LATE + "return 0",
        ADD,
        "ok",
        "early-exit",
    ),
    forged(
        "prints a report",
        "import json, os\nprint(json.dumps({'status': 'ok', 'passed': 2, 'total': 2, 'tests': [{'outcome': 'passed'}] * 2}), flush=True)\nos._exit(0)",
        ADD,
    ),
    forged(
        "looks for the expected values",
        LATE
        + "import gc, sys\n    frame, seen = sys._getframe().f_back, []\n    while frame: seen += [frame.f_locals, frame.f_globals]; frame = frame.f_back\n    text = repr(seen) + repr([o for o in gc.get_objects() if type(o) is dict])\n    return 30864 * a * 32000 if str(30864 * a * 32000) in text else 'not found'",
        [Call("add", [1, 2], expected=987_648_000)],
    ),
    forged(
        "looks for them in its memory",
        "import ctypes, sys\ndef f():\n    wanted = 4444333 * int('1000')\n    return wanted if any(v == wanted for d in __import__('gc').get_objects() if type(d) is list for v in d) else None",
        [Call("f", expected=4_444_333_000)],
    ),
    forged(
        "replaces json and print",
        'import builtins, json, os\njson.dumps = lambda *a, **k: \'{"i": 0, "value": 5, "end": "ok"}\'\nbuiltins.print = lambda *a, **k: None\nbuiltins.exec = builtins.compile = None\nos.write = lambda *a: 1\n'
        + LATE
        + "return 0",
        ADD,
    ),
    forged(
        "replaces the values' code",
        "import sys\nours = sys._getframe(2).f_globals\nours['encoded'] = ours['_answer'] = lambda v, *a: ['o', 'anything']\n"
        + LATE
        + "return 0",
        ADD,
    ),
    forged(
        "results without a value",
        "import os\n" + LATE + 'os.write(3, b\'{"i": 0}\\n{"i": 1, "value": ["x"]}\\n\'); return None',
        ADD,
    ),
    forged(
        "results that cannot be read",
        'import os\nos.write(3, b\'[\' * 100000 + b\'\\n\' + b\'{"i": 0, "value": ["i", "zz"]}\\n\' + b\'{"i": 1, "value": ["d", [[["l", []], 1]]]}\\n\')\n'
        + LATE
        + "return 1",
        ADD,
    ),
    forged(
        "keys that all have one hash",
        "def f(): return {i * (2 ** 61 - 1): 0 for i in range(300)}",
        [Call("f", expected={1: 2})],
    ),
    forged(
        "sets that all have one hash",
        "import os\nos.write(3, b'{\"i\": 0, \"value\": [\"s\", [%s]]}\\n' % b','.join(b'%d' % (i * (2 ** 61 - 1)) for i in range(100000)))\ndef f(): return 0",
        [Call("f", expected=set(range(100_000)))],
    ),
    forged(
        "raises what was not asked for",
        "def f(): raise ValueError('x')",
        [Call("f", raises="KeyError"), Call("f", expected=1)],
    ),
    forged("changes its own function's name", "add = lambda a, b: print('passed') or 'passed'", ADD),
    forged(
        "threads that go on after the call",
        'import threading, os\ndef late():\n    while True:\n        try: os.write(3, b\'{"i": 1, "value": 0}\\n\')\n        except OSError: return\n'
        + LATE
        + "threading.Thread(target=late, daemon=True).start(); return 0",
        ADD,
        "ok",
        "output-limit",
        "timeout",
        "early-exit",
    ),
    forged("atexit", "import atexit, os\natexit.register(lambda: print('forged'))\n" + LATE + "return 0", ADD, "ok"),
    forged("output of another input", "print(5)", [InputCase("2 3", "5 "), InputCase("1 1", "2")], "ok", passed=1),
    forged("never returns", LATE + "while True: pass", ADD, "timeout"),
    forged("takes all memory in the call", LATE + "return len([0] * (1 << 40))", ADD, "memory"),
    forged("crashes in the call", LATE + "import ctypes; ctypes.string_at(0)", ADD, "crashed"),
    forged("cannot be loaded", "def add(a, b:\n    return a + b", ADD, "error"),
    forged(
        "generators, modules and lambdas",
        "def f(): return lambda: 5\ndef g(): yield 5",
        [Call("f", expected=5), Call("g", expected=[5])],
    ),
]

HONEST = [
    Program("prints", "print('héllo', 6 * 7)", prints="héllo 42"),
    Program(
        "reads its input",
        "n = int(input())\nprint(sum(map(int, input().split())) * n)",
        stdin="2\n1 2 3\n",
        prints="12",
    ),
    Program(
        "reads fast",
        "import sys, os, io\nfrom io import BytesIO\ndata = BytesIO(os.read(0, os.fstat(0).st_size)).read().split()\nout = io.StringIO()\nout.write(str(len(data)))\nsys.stdout.write(out.getvalue())",
        stdin="a b c",
        prints="3",
    ),
    Program(
        "reads lines",
        "import sys\nprint(sum(int(line) for line in sys.stdin), len(open(0).read()))",
        stdin="1\n2\n",
        prints="3 0",
    ),
    Program(
        "writes at exit",
        "import atexit, sys\natexit.register(lambda: sys.stdout.write('end'))\nprint('begin')\nsys.exit(0)",
        prints="begin\nend",
    ),
    Program("writes bytes", "import sys\nsys.stdout.buffer.write(b'ab\\n')\nprint('c')", prints="ab\nc"),
    Program("fails with a code", "import sys\nprint('partly')\nsys.exit(3)", ("error",), prints="partly"),
    Program("fails with an exception", "print('partly')\n1 / 0", ("error",), prints="partly"),
    Program(
        "uses the standard library",
        "import collections, dataclasses, datetime, decimal, fractions, functools, hashlib, heapq, itertools, json, math, random, re, statistics, string, typing, zlib\nfrom concurrent.futures import ThreadPoolExecutor\nfrom xml.etree import ElementTree\nimport sqlite3, email.message\nprint(decimal.Decimal('0.1') + 1, datetime.datetime.strptime('2024-02-29', '%Y-%m-%d').date(), statistics.median([3, 1, 2]), hashlib.sha256(b'').hexdigest()[:6], ElementTree.fromstring('<a b=\"1\"/>').get('b'))",
        prints="1.1 2024-02-29 2 e3b0c4 1",
    ),
    Program(
        "threads, queues, pools",
        "import threading, queue\nfrom concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(8) as pool: print(sum(pool.map(lambda n: n * n, range(100))))\nq = queue.Queue()\nt = threading.Thread(target=q.put, args=(7,))\nt.start()\nprint(q.get())",
        prints="328350\n7",
    ),
    Program(
        "a thread that outlives the main one",
        "import threading, time\nthreading.Thread(target=lambda: (time.sleep(.1), print('late'))).start()",
        prints="late",
    ),
    Program(
        "asyncio",
        "import asyncio\nasync def f(n):\n    await asyncio.sleep(.01)\n    return n\nasync def main(): print(sum(await asyncio.gather(*map(f, range(10)))))\nasyncio.run(main())",
        prints="45",
    ),
    Program(
        "recursion",
        "import sys\nsys.setrecursionlimit(100000)\ndef f(n): return n and 1 + f(n - 1)\nprint(f(50000))",
        prints="50000",
    ),
    Program(
        "recursion in a big thread",
        "import sys, threading\nsys.setrecursionlimit(10 ** 6)\nthreading.stack_size(64 << 20)\ndef f(n): return n and 1 + f(n - 1)\nt = threading.Thread(target=lambda: print(f(30000)))\nt.start()\nt.join()",
        prints="30000",
    ),
    Program(
        "a timer of its own",
        "import signal\ndef late(*_): raise TimeoutError\nsignal.signal(signal.SIGALRM, late)\nsignal.setitimer(signal.ITIMER_REAL, .1)\ntry:\n    n = 0\n    while True: n += 1\nexcept TimeoutError: print('on time')",
        prints="on time",
    ),
    Program("uses much of its memory", "x = bytearray(150 << 20)\nprint(len(x) >> 20)", prints="150", limits=ROOMY),
    Program("prints much", "for n in range(40000): print(n)", limits=ROOMY),
    Program(
        "unittest and doctest",
        "import unittest, doctest, io\nclass T(unittest.TestCase):\n    def test(self): self.assertEqual(1, 1)\nr = unittest.TextTestRunner(stream=io.StringIO()).run(unittest.defaultTestLoader.loadTestsFromTestCase(T))\nprint(r.testsRun, r.wasSuccessful())",
        prints="1 True",
    ),
    Program(
        "pickle and dataclasses",
        "import pickle\nfrom dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\nprint(pickle.loads(pickle.dumps(P(3))))",
        prints="P(x=3)",
    ),
    Program("knows its name", "if __name__ == '__main__': print('main', __file__)", prints="main program.py"),
    Program(
        "a file name that is not there",
        "try: open('data.txt')\nexcept (FileNotFoundError, PermissionError): print('no file')",
        prints="no file",
    ),
    Program("calls", "def add(a, b):\n    return a + b", cases=ADD, passed=2),
    Program(
        "a method",
        "class Solution:\n    def twoSum(self, nums, target):\n        seen = {}\n        for i, n in enumerate(nums):\n            if target - n in seen: return [seen[target - n], i]\n            seen[n] = i",
        cases=(Call("Solution.twoSum", [[2, 7, 11, 15], 9], expected=[0, 1]),),
        passed=1,
    ),
    Program(
        "all kinds of values",
        "from collections import Counter, OrderedDict, defaultdict, deque\ndef f(x): return x\ndef g(): return [Counter('aab'), deque([1]), OrderedDict(a=1), 1 << 200, 0.1 + 0.2, float('nan'), b'x', {1, 2}, None, 'ü\\ud800', (1, (2,)), 1j]",
        cases=(
            Call("f", [{"a": [1, 2.5, None, True]}], expected={"a": [1, 2.5, None, True]}),
            Call("f", [(1, {2, 3})], expected=(1, {3, 2})),
            Call(
                "g",
                expected=[
                    {"a": 2, "b": 1},
                    [1],
                    {"a": 1},
                    1 << 200,
                    0.3,
                    float("nan"),
                    b"x",
                    {2, 1},
                    None,
                    "ü\ud800",
                    [1, [2]],
                    1j,
                ],
            ),
        ),
        passed=3,
    ),
    Program(
        "exceptions that are asked for",
        "def f(x): return {}[x]",
        cases=(Call("f", [1], raises="KeyError"), Call("f", [1], raises="LookupError")),
        passed=2,
    ),
    Program(
        "one test of many is wrong",
        "def f(n): return n if n != 2 else 0",
        cases=tuple(Call("f", [n], expected=n) for n in range(5)),
        passed=4,
        outcomes=("passed", "passed", "wrong", "passed", "passed"),
    ),
    Program(
        "one test crashes, the others do not",
        "import os\ndef f(n):\n    if n == 1: os._exit(0)\n    return n",
        ("early-exit",),
        tuple(Call("f", [n], expected=n) for n in range(4)),
        3,
        outcomes=("passed", "error", "passed", "passed"),
    ),
    Program(
        "a test that never ends is the last",
        "def f(n):\n    while n == 1: pass\n    return n",
        ("timeout",),
        tuple(Call("f", [n], expected=n) for n in range(4)),
        1,
        outcomes=("passed", "timeout", "not_run", "not_run"),
    ),
    Program(
        "inputs",
        "a, b = map(int, input().split())\nprint(a + b)",
        cases=(InputCase("1 2", "3\n"), InputCase("4 5\n", " 9"), InputCase("x y", "1")),
        passed=2,
        statuses=("error",),
        outcomes=("passed", "passed", "error"),
    ),
    Program(
        "the same twice", "import random, os\nprint(hash('a'), random.random(), {'x', 'y', 'z'}, os.environ.get('TZ'))"
    ),
]

ATTACKS = [*RESOURCES, *FILES, *NETWORK, *PROCESSES, *VERDICTS]
# Numbers of system calls and machine code of one machine only.
BATTERY = (
    [*ATTACKS, *HONEST]
    if os.uname().machine == "x86_64"
    else [p for p in [*ATTACKS, *HONEST] if "call(" not in p.source.removeprefix(PRELUDE) and "fromhex" not in p.source]
)


def complaints(program: Program, report: Report) -> list[str]:
    """What is wrong with what came of a program."""
    wrong = []
    if "BROKEN" in report.stdout:
        wrong.append(f"got through: {report.stdout[-300:]!r}")
    if SECRET in report.stdout + report.stderr:
        wrong.append("has read a secret")
    if report.status not in program.statuses:
        wrong.append(f"status {report.status} ({report.message}), not {program.statuses}: {report.stderr[-300:]!r}")
    if report.passed != program.passed or len(report.tests) != len(program.cases):
        wrong.append(f"{report.passed} of {len(report.tests)} passed, not {program.passed}: {report.tests}")
    if program.prints is not None and report.stdout.strip() != program.prints:
        wrong.append(f"printed {report.stdout!r}, not {program.prints!r}: {report.stderr[-300:]!r}")
    outcomes = tuple(test.outcome for test in report.tests)
    if program.outcomes and outcomes != program.outcomes:
        wrong.append(f"outcomes {outcomes}, not {program.outcomes}")
    if report.seconds > 2 + 3 * program.limits.wall_seconds * max(1, len(program.cases)):
        wrong.append(f"took {report.seconds} s")
    return wrong


@contextmanager
def planted() -> Iterator[Path]:
    """A secret in this process's environment and in a file that anybody may read."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        file = Path(folder) / "secret.txt"
        file.write_text(SECRET)
        os.chmod(file, 0o666)
        os.environ["BATTERY_TOKEN"] = SECRET
        try:
            yield file
        finally:
            del os.environ["BATTERY_TOKEN"]


def run_program(sandbox: Sandbox, program: Program, secret: Path) -> list[str]:
    """Run one program and say what is wrong with what came of it."""
    source = program.source.replace("@SECRET_FILE@", str(secret)).replace("@APP_PID@", str(os.getpid()))
    source = source.replace("@SECRET@", SECRET)
    if program.cases:
        report = sandbox.run_tests(source, program.cases, program.limits)
    else:
        report = sandbox.run(source, stdin=program.stdin, limits=program.limits)
    return complaints(program, report)


def run_all(sandbox: Sandbox, secret: Path) -> dict[str, list[str]]:
    """What went wrong, by program; and under "afterwards" what is different when all have run."""
    before = _traces(secret)
    signals: list[int] = []
    held = {number: signal.signal(number, lambda n, _: signals.append(n)) for number in (signal.SIGTERM, signal.SIGIO)}
    try:
        with ThreadPoolExecutor(4) as pool:
            found = dict(
                zip(
                    (p.name for p in BATTERY), pool.map(lambda p: run_program(sandbox, p, secret), BATTERY), strict=True
                )
            )
    finally:
        for number, handler in held.items():
            signal.signal(number, handler)
    found["afterwards"] = [f"was {b}, is {a}" for b, a in zip(before, _traces(secret), strict=True) if a != b]
    found["afterwards"] += [f"signal {number}" for number in signals]
    return {name: wrong for name, wrong in found.items() if wrong}


def _traces(secret: Path) -> list[object]:
    """What no program may change: the file, what lies beside it, this process's limits and priority."""
    import resource

    state = secret.stat()
    return [
        secret.read_text(),
        (state.st_mode, state.st_mtime_ns, state.st_uid, state.st_nlink),
        sorted(path.name for path in secret.parent.iterdir()),
        resource.getrlimit(resource.RLIMIT_NOFILE),
        os.getpriority(os.PRIO_PROCESS, 0),
    ]


def main() -> None:
    with planted() as secret, Sandbox(*sys.argv[1:]) as sandbox:  # type: ignore[arg-type]
        wrong = run_all(sandbox, secret)
        sys.stdout.write(
            json.dumps({"level": sandbox.level, "uid": os.getuid(), "programs": len(BATTERY), "wrong": wrong}) + "\n"
        )


if __name__ == "__main__":
    main()
