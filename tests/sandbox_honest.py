"""Programs that must simply work."""

from tests.sandbox_programs import ROOMY, Program
from verify.sandbox.cases import Call, InputCase

ADD = (Call("add", [2, 3], expected=5), Call("add", [10, 4], expected=14))
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
