"""Programs that want out, or want everything. Each prints BROKEN when it gets through."""

from tests.sandbox_programs import ROOMY, attack

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
