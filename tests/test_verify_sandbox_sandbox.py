"""The sandbox's promises: a battery of attacks and honest programs, at every level that works here, as root and as a user."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from model.errors import BadInput, SandboxRefused
from tests.sandbox_battery import ATTACKS, BATTERY, planted, run_all
from tests.sandbox_programs import QUICK, ROOMY
from tests.sandbox_users import told_by_a_user
from verify.sandbox.cases import Call, InputCase
from verify.sandbox.levels import LEVELS, Level
from verify.sandbox.limits import Limits
from verify.sandbox.sandbox import Sandbox

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def wrong(sandbox: Sandbox) -> dict[str, list[str]]:
    """What went wrong with which program at the strongest level."""
    with planted() as secret:
        return run_all(sandbox, secret)


@pytest.mark.parametrize("name", [*(program.name for program in BATTERY), "afterwards"])
def test_sandbox_holds_attacks_and_runs_honest_programs(wrong: dict[str, list[str]], name: str) -> None:
    assert wrong.get(name, []) == []


def test_battery_has_programs_that_differ_in_name() -> None:
    assert len({program.name for program in BATTERY}) == len(BATTERY) > 100
    assert len(ATTACKS) > 80


@pytest.mark.parametrize("level", LEVELS)
def test_weaker_levels_hold_too(sandbox: Sandbox, level: Level) -> None:
    if level == sandbox.level:
        pytest.skip("it is the strongest one, which the whole battery has seen")
    try:
        weaker = Sandbox(level)
    except SandboxRefused as refusal:
        pytest.skip(str(refusal))
    with weaker, planted() as secret:
        assert weaker.level == level
        assert run_all(weaker, secret) == {}


def test_battery_holds_for_an_ordinary_user_where_tests_run_as_root() -> None:
    told = told_by_a_user("sandbox_battery.py")
    assert told["programs"] == len(BATTERY)
    assert told["wrong"] == {}


APP = """
import os, threading, time
from verify.sandbox.limits import Limits
from verify.sandbox.sandbox import Sandbox
made = []
maker = threading.Thread(target=lambda: made.append(Sandbox()))
maker.start()
maker.join()
assert made[0].run("print(1)").stdout == "1\\n"  # the thread that started the server is gone, the server is not
for _ in range(2):
    threading.Thread(target=made[0].run, args=("while True: pass",), kwargs={"limits": Limits(60)}).start()
if not (copy := os.fork()):  # it keeps the app's descriptors, and must not keep the server alive by them
    time.sleep(120)
    os._exit(0)
print(copy, flush=True)
"""


def test_no_process_is_left_when_the_app_is_killed_in_mid_run() -> None:
    with subprocess.Popen([sys.executable, "-c", APP], cwd=ROOT, stdout=subprocess.PIPE, text=True) as app:
        assert app.stdout is not None
        copy = psutil.Process(int(app.stdout.readline()))
        process = psutil.Process(app.pid)
        deadline = time.monotonic() + 60
        while len(below := set(process.children(recursive=True)) - {copy}) < 3 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert len(below) >= 3, "the fork server and two programs"
        app.kill()
        app.wait()
        _, alive = psutil.wait_procs(below, timeout=60)
        assert alive == [] and copy.is_running()
        copy.kill()


def test_close_leaves_no_process_and_refuses_further_programs() -> None:
    before = set(psutil.Process().children(recursive=True))
    sandbox = Sandbox()
    refusals: list[SandboxRefused] = []

    def run() -> None:
        try:
            sandbox.run("while True: pass", limits=Limits(60))
        except SandboxRefused as refusal:
            refusals.append(refusal)

    running = threading.Thread(target=run)
    running.start()
    time.sleep(0.3)
    sandbox.close()
    running.join(60)
    assert len(refusals) == 1
    assert set(psutil.Process().children(recursive=True)) <= before
    with pytest.raises(SandboxRefused, match="closed"):
        sandbox.run("print(1)")


def test_sandbox_starts_its_server_again_when_it_was_killed(sandbox: Sandbox) -> None:
    assert sandbox.run("print(1)").stdout == "1\n"
    (server,) = [child for child in psutil.Process().children() if "fork_server" in " ".join(child.cmdline())]
    os.killpg(server.pid, signal.SIGKILL)
    assert sandbox.run("print(2)").stdout == "2\n"


def test_program_finds_nothing_of_the_app_in_its_process(sandbox: Sandbox) -> None:
    shown = "import sys\nprint(*sorted({name.split('.')[0] for name in sys.modules} - sys.stdlib_module_names))"
    others = [name for name in sandbox.run(shown).stdout.split() if not name.startswith("_sysconfigdata")]
    assert others == ["__main__"]
    shown = f"import sys\nprint([path for path in sys.path if path.startswith({str(ROOT)!r})])"
    assert sandbox.run(shown).stdout == "[]\n"


def test_fork_server_loads_the_standard_library_and_its_own_modules_only() -> None:
    loads = "import sys\nfrom verify.sandbox.inside import fork_server\nprint(*sys.modules)"
    command = [sys.executable, "-S", "-s", "-c", loads]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    ours = {name for name in names if name.split(".")[0] not in sys.stdlib_module_names | {"__main__", "__mp_main__"}}
    inside = {name for name in ours if name.startswith("verify.sandbox.inside")}
    assert ours - inside == {"verify", "verify.sandbox", "verify.sandbox.values"}


def test_same_program_gives_the_same_result_in_another_sandbox(sandbox: Sandbox) -> None:
    program = (
        "import random, time, locale\n"
        "print({str(n) for n in range(20)}, hash('x'), random.random(), time.tzname, locale.getlocale())"
    )
    with Sandbox(at_once=1) as other:
        assert sandbox.run(program).stdout == other.run(program).stdout != ""


def test_programs_do_not_see_each_other(sandbox: Sandbox) -> None:
    leaves = "import math, builtins\nmath.pi = builtins.len = 3\nprint(math.pi)"
    assert sandbox.run(leaves).stdout == "3\n"
    assert sandbox.run("import math\nprint(len('ab'), math.pi > 3)").stdout == "2 True\n"


def test_many_callers_get_their_own_outputs(sandbox: Sandbox) -> None:
    got: dict[int, str] = {}

    def ask(number: int) -> None:
        got[number] = sandbox.run(f"print({number} ** 2)").stdout

    callers = [threading.Thread(target=ask, args=(number,)) for number in range(24)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert got == {number: f"{number**2}\n" for number in range(24)}


def test_partial_output_is_kept_when_a_program_is_stopped(sandbox: Sandbox) -> None:
    report = sandbox.run("print('before')\nwhile True: pass", limits=replace(QUICK, wall_seconds=60))
    assert (report.status, report.stdout) == ("timeout", "before\n")
    report = sandbox.run("print('before')\nx = ' ' * 10 ** 11", limits=ROOMY)
    assert (report.status, report.stdout) == ("memory", "before\n")


def test_report_says_where_a_test_failed_and_what_came_instead(sandbox: Sandbox) -> None:
    program = "def f(n):\n    return [10] * n\ndef g():\n    return {}['x']"
    calls = [Call("f", [2], expected=[10, 11]), Call("g"), Call("h"), Call("f", [300], expected=None)]
    wrong, error, missing, long = sandbox.run_calls(program, calls).tests
    assert (wrong.outcome, wrong.expected, wrong.got) == ("wrong", "[10, 11]", "[10, 10]")
    assert (error.outcome, error.message) == ("error", "KeyError: 'x' (line 4)")
    assert (missing.outcome, missing.message) == ("error", "NameError: name 'h' is not defined")
    assert long.got is not None and len(long.got) < 320 and long.got.endswith("…")


def test_traceback_shows_the_program_and_nothing_of_ours(sandbox: Sandbox) -> None:
    report = sandbox.run("def f():\n    return 1 / 0\nf()")
    assert report.stderr.splitlines()[:4] == [
        "Traceback (most recent call last):",
        '  File "program.py", line 3, in <module>',
        "    f()",
        '  File "program.py", line 2, in f',
    ]
    assert report.message == "ZeroDivisionError: division by zero (line 2)"


def test_suite_whose_program_cannot_be_loaded_runs_no_test(sandbox: Sandbox) -> None:
    report = sandbox.run_tests("def f(:", [Call("f", expected=1), InputCase("", "")])
    assert report.status == "error" and "SyntaxError" in report.message
    assert [test.outcome for test in report.tests] == ["not_run", "error"]


def test_cpu_time_counts_for_each_call_and_not_for_all_of_them(sandbox: Sandbox) -> None:
    busy = "import time\ndef f():\n    end = time.process_time() + .3\n    while time.process_time() < end: pass\n    return 1"
    report = sandbox.run_calls(busy, [Call("f", expected=1)] * 4, Limits(cpu_seconds=0.6, wall_seconds=60))
    assert report.passed == 4


def test_wall_time_is_kept_whatever_a_program_writes_as_results(sandbox: Sandbox) -> None:
    forging = "import os, time\nwhile True:\n    os.write(3, b'{}\\n')\n    time.sleep(.01)"
    report = sandbox.run(forging, limits=Limits(cpu_seconds=5, wall_seconds=0.5))
    assert report.status == "timeout" and report.seconds < 60


def test_memory_limit_is_the_one_that_was_asked_for(sandbox: Sandbox) -> None:
    program = "x = bytearray(200 << 20)\nprint('fits')"
    assert sandbox.run(program, limits=Limits(memory_mib=300)).stdout == "fits\n"
    assert sandbox.run(program, limits=Limits(memory_mib=100)).status == "memory"
    assert sandbox.run("print('small')", limits=Limits(memory_mib=64)).stdout == "small\n"


def test_arguments_that_cannot_be_carried_are_refused_with_a_sentence(sandbox: Sandbox) -> None:
    with pytest.raises(BadInput, match="plain values"):
        sandbox.run_calls("def f(x): return x", [Call("f", [object()])])


def test_program_of_odd_bytes_is_an_error_and_no_crash(sandbox: Sandbox) -> None:
    for program in (b"\xff\xfe", "print('\ud800')", "\0", "", "x = '" + "é" * 100_000):
        assert sandbox.run(program).status in ("ok", "error")


def test_level_is_in_the_report(sandbox: Sandbox) -> None:
    assert sandbox.run("").level == sandbox.level in LEVELS
