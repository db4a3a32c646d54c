"""Programs that want to pass their tests without knowing the answers."""

from collections.abc import Sequence

from tests.sandbox_programs import Program
from verify.sandbox.cases import Call, Case, InputCase


def forged(name: str, source: str, cases: Sequence[Case], *statuses: str, passed: int = 0) -> Program:
    """A program that wants to pass without knowing the answers."""
    return Program(name, source, statuses or ("ok", "early-exit", "error", "crashed"), tuple(cases), passed)


ADD = (Call("add", [2, 3], expected=5), Call("add", [10, 4], expected=14))
LATE = "def add(a, b):\n    "

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
