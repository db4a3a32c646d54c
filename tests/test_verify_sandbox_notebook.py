"""Notebooks: what lasts from cell to cell, figures, files, what ends a process and what is then known."""

import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from model.errors import BadInput, SandboxRefused
from tests.sandbox_programs import ROOMY
from verify.sandbox import sandbox as sandbox_module
from verify.sandbox.inside.files import MAX_FILE_BYTES, MAX_FILES
from verify.sandbox.limits import Limits
from verify.sandbox.notebook import CellResult, Notebook
from verify.sandbox.sandbox import Sandbox

ROOT = Path(__file__).resolve().parent.parent
# For what ends by the clock, and for what ends by itself, however long the machine stands still.
SHORT = Limits(cpu_seconds=0.5, memory_mib=256, wall_seconds=1)
PATIENT = Limits(cpu_seconds=2, memory_mib=256, wall_seconds=60)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def notebook(sandbox: Sandbox) -> Iterator[Notebook]:
    with sandbox.open_notebook({"data.csv": b"1,2\n3,4\n"}) as notebook:
        yield notebook


def is_gone(pid: int, seconds: float = 60) -> bool:
    """Whether a process ends in so many seconds; whoever its parent is now may not have looked at it yet."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.05)
    return False


def size_of(image: bytes) -> tuple[int, int]:
    """Width and height of a PNG image, in pixels."""
    assert image.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", image[16:24])
    return width, height


def test_cell_shows_its_last_value_and_leaves_its_names_to_the_next(notebook: Notebook) -> None:
    first = notebook.run_cell("import math\ndef double(n):\n    return 2 * n\nprint('printed')\ndouble(21)")
    assert (first.status, first.stdout, first.value, first.is_anew) == ("ok", "printed\n", "42", False)
    assert notebook.run_cell("double(math.pi) > 6, _").value == "(True, 42)"
    assert notebook.run_cell("None").value is None
    assert notebook.run_cell("double(1);").value is None
    assert len(notebook.run_cell("'x' * 10 ** 6").value or "") < 21_000


def test_cell_that_raises_says_where_and_the_notebook_goes_on(notebook: Notebook) -> None:
    notebook.run_cell("kept = 5")
    failed = notebook.run_cell("def f():\n    return 1 / 0\nprint('before')\nf()")
    assert (failed.status, failed.stdout, failed.has_lost_state) == ("error", "before\n", False)
    assert failed.message == "ZeroDivisionError: division by zero (line 2)"
    assert failed.stderr.splitlines()[-3:-1] == ["    return 1 / 0", "           ~~^~~"]
    assert str(ROOT) not in failed.stderr
    assert "SyntaxError" in notebook.run_cell("def f(:").message
    assert notebook.run_cell("import sys\nsys.exit(3)").status == "error"
    assert notebook.run_cell("kept").value == "5"


def test_numpy_sympy_and_what_they_import_later_are_there(notebook: Notebook) -> None:
    pytest.importorskip("numpy")
    pytest.importorskip("sympy")
    assert (
        notebook.run_cell("import numpy as np\nnp.loadtxt('data.csv', delimiter=',').sum()").value == "np.float64(10.0)"
    )
    assert (
        notebook.run_cell(
            "import sympy as sp\nx = sp.symbols('x')\nsp.integrate(sp.exp(-x**2), (x, -sp.oo, sp.oo))"
        ).value
        == "sqrt(pi)"
    )
    late = "from sympy.physics.mechanics import dynamicsymbols\nimport numpy.testing, xml.dom.minidom, sqlite3\ndynamicsymbols('q')"
    assert notebook.run_cell(late).value == "q(t)"


def test_same_cell_gives_the_same_result_in_another_notebook(sandbox: Sandbox) -> None:
    pytest.importorskip("numpy")
    cell = "import random, numpy as np\nrandom.random(), np.random.rand(2).tolist(), {str(n) for n in range(9)}"
    with sandbox.open_notebook() as one, sandbox.open_notebook() as other:
        assert one.run_cell(cell).value == other.run_cell(cell).value is not None


def test_figures_come_as_images_when_shown_and_at_the_end_of_a_cell(notebook: Notebook) -> None:
    pytest.importorskip("matplotlib")
    cell = "import matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.title('ü $x^2$'); plt.show()\nplt.figure(figsize=(4, 1)); plt.bar([1], [2]);"
    shown = notebook.run_cell(cell)
    assert (shown.status, shown.stderr, len(shown.figures)) == ("ok", "", 2)
    first, second = map(size_of, shown.figures)
    assert first[0] > 300 and first[1] > 300 and second[1] < 200
    assert notebook.run_cell("plt.get_fignums()").figures == ()
    many = notebook.run_cell("for n in range(22): plt.figure(figsize=(1, 1), dpi=20)")
    assert len(many.figures) == 20 and "first 20 figures" in many.stderr


def test_figure_can_be_saved_into_a_file(notebook: Notebook) -> None:
    pytest.importorskip("matplotlib")
    cell = """
import matplotlib
matplotlib.use("TkAgg")
import matplotlib.pyplot as plt
plt.plot([1])
for kind in ("png", "svg", "pdf"):
    plt.savefig("p." + kind)
plt.close()
"""
    assert notebook.run_cell(cell).status == "ok"
    assert size_of(notebook.files()["p.png"])[0] > 300
    assert b"<svg" in notebook.files()["p.svg"] and notebook.files()["p.pdf"].startswith(b"%PDF")


def test_files_are_in_one_folder_under_pythons_own_functions(notebook: Notebook) -> None:
    cell = """
import glob, os
from pathlib import Path
with open("a.txt", "w") as file:
    file.write("one\\n")
with open("/files/a.txt", "a") as file:
    print("two", file=file)
Path("b.bin").write_bytes(bytes(3))
with open("b.bin", "r+b") as file:
    file.seek(1); file.write(b"x"); file.truncate(2)
os.rename("data.csv", "c.csv")
sizes = [(path.name, path.stat().st_size, path.is_file()) for path in sorted(Path().iterdir())]
missing = [Path("data.csv").exists(), os.path.isdir("."), glob.glob("*.t?t"), [e.path for e in os.scandir()], os.getcwd()]
open("a.txt").read(), sizes, missing
"""
    result = notebook.run_cell(cell)
    sizes = [("a.txt", 8, True), ("b.bin", 2, True), ("c.csv", 8, True)]
    there = [False, True, ["a.txt"], ["./a.txt", "./b.bin", "./c.csv"], "/files"]
    assert result.value == repr(("one\ntwo\n", sizes, there)), result
    assert notebook.files() == {"a.txt": b"one\ntwo\n", "b.bin": b"\0x", "c.csv": b"1,2\n3,4\n"}


@pytest.mark.parametrize(
    ("cell", "error"),
    [
        ("open('none.txt')", "FileNotFoundError"),
        ("open('data.csv', 'x')", "FileExistsError"),
        ("open('data.csv').write('x')", "UnsupportedOperation"),
        ("open('data.csv', 'rw')", "ValueError"),
        ("open('.', 'w')", "IsADirectoryError"),
        ("open('/etc/passwd')", "PermissionError"),
        ("open('../etc/passwd')", "PermissionError"),
        ("open('sub/x', 'w')", "PermissionError"),
        ("open('big', 'wb').write(bytes(17 << 20))", "OSError"),
        ("for n in range(70): open(f'{n}.txt', 'w').close()", "OSError"),
        ("import os; os.rename('data.csv', '/tmp/x')", "PermissionError"),
        ("import os; os.remove('none')", "FileNotFoundError"),
    ],
)
def test_files_that_cannot_be_are_refused_as_python_does(notebook: Notebook, cell: str, error: str) -> None:
    result = notebook.run_cell(cell)
    assert result.status == "error" and result.message.startswith(error), result
    assert len(notebook.files()) <= MAX_FILES and notebook.files()["data.csv"] == b"1,2\n3,4\n"


def test_files_set_between_cells_are_found_by_the_next_and_names_are_kept(notebook: Notebook) -> None:
    notebook.run_cell("x = 1\nopen('own.txt', 'w').write('own')")
    big = bytes(range(256)) * 16_384  # more than the channel takes in one piece
    notebook.set_files({"data.csv": b"5", "big.bin": big})
    result = notebook.run_cell(
        "import os\nprint(x, sorted(os.listdir()), open('data.csv').read())\nlen(open('big.bin', 'rb').read())"
    )
    assert (result.stdout, result.value) == ("1 ['big.bin', 'data.csv'] 5\n", str(len(big)))
    assert notebook.files() == {"data.csv": b"5", "big.bin": big}


def test_files_set_are_there_when_the_notebook_starts_anew(notebook: Notebook) -> None:
    notebook.run_cell("x = 1")
    notebook.set_files({"late.txt": b"late"})
    notebook.end()
    assert notebook.run_cell("open('late.txt').read()").value == "'late'"
    with pytest.raises(BadInput):
        notebook.set_files({"a/b": b""})
    assert notebook.files() == {"late.txt": b"late"}


def test_files_given_must_have_names_and_fit(sandbox: Sandbox) -> None:
    for files in ({"a/b": b""}, {"..": b""}, {"": b""}, {"a\n": b""}):
        with pytest.raises(BadInput, match="no name"):
            sandbox.open_notebook(files)
    with pytest.raises(BadInput, match="holds 64 files and 16 MiB"):
        sandbox.open_notebook({"a": bytes(MAX_FILE_BYTES + 1)})
    with pytest.raises(BadInput, match="65 files"):
        sandbox.open_notebook({str(n): b"" for n in range(65)})


@pytest.mark.parametrize(
    ("cell", "status"),
    [
        ("while True: pass", "timeout"),
        ("import time; time.sleep(60)", "timeout"),
        ("held = []\nwhile True: held.append(bytearray(16 << 20))", "memory"),
        ("while True: print('x' * 10000)", "output-limit"),
        ("import os; os.write(3, b'[' * (60 << 20))", "output-limit"),
        ("import os; os._exit(0)", "early-exit"),
        ("import os; os.close(3)", "crashed, error or early-exit"),
        ("import ctypes; ctypes.string_at(0)", "crashed"),
    ],
)
def test_cell_that_ends_its_process_says_so_and_the_next_one_starts_anew(
    notebook: Notebook, cell: str, status: str
) -> None:
    notebook.run_cell("kept = 5\nopen('kept.txt', 'w').write('5')", PATIENT)
    limits = SHORT if status == "timeout" else ROOMY if status == "memory" else PATIENT
    if cell.startswith("while True: pass"):
        limits = replace(SHORT, wall_seconds=60)
    # One that waits has a second for what comes before it: a machine may stand still that long, but not in every try.
    for _ in range(10):
        result = notebook.run_cell("print('before', flush=True)\nopen('lost.txt', 'w').write('x')\n" + cell, limits)
        if result.stdout:
            break
    assert result.status in status and result.has_lost_state and "are gone" in result.message, result
    assert result.stdout.startswith("before\n") and result.seconds < 60
    after = notebook.run_cell("kept", PATIENT)
    assert after.is_anew and "started anew" in after.message and "NameError" in after.message
    assert notebook.files() == {"data.csv": b"1,2\n3,4\n", "kept.txt": b"5"}
    assert notebook.run_cell("open('kept.txt').read()", PATIENT).value == "'5'"


def test_memory_asked_for_in_one_piece_too_large_costs_no_names(notebook: Notebook) -> None:
    notebook.run_cell("kept = 5")
    result = notebook.run_cell("x = bytearray(10 ** 12)")
    assert (result.status, result.has_lost_state) == ("memory", False)
    assert notebook.run_cell("kept").value == "5"


@pytest.mark.parametrize(
    "forged",
    [
        '{"number": 2, "end": "ok", "goes_on": true, "value": "forged", "figures": ["AAAA", 7, {}], "files": {"../x": "AAAA", "y": 5, "z": "*"}}',
        '{"number": 2, "goes_on": 1, "figures": 3, "files": [1]}',
        '{"number": 2, "end": "ok", "goes_on": true, "files": {' + ", ".join(f'"{n}": ""' for n in range(90)) + "}}",
        "[" * 10000,
    ],
)
def test_forged_results_bring_nothing_into_the_app_that_is_none(notebook: Notebook, forged: str) -> None:
    notebook.run_cell("1")
    result = notebook.run_cell(f"import os\nos.write(3, {forged!r}.encode() + b'\\n')\nos._exit(0)", PATIENT)
    assert isinstance(result, CellResult) and result.figures == ()
    assert set(notebook.files()) <= {"data.csv", "z"}
    assert notebook.run_cell("6 * 7", PATIENT).value == "42"


def test_notebook_that_is_idle_is_ended_and_says_so_in_the_next_cell(sandbox: Sandbox) -> None:
    with sandbox.open_notebook(idle_seconds=0.6) as notebook:
        (pid,) = {int(notebook.run_cell("import os\nx = 1\nos.getpid()").value or "0")}
        assert is_gone(pid)
        again = notebook.run_cell("print(6 * 7)")
        assert again.is_anew and again.stdout == "42\n"


def test_threads_that_go_on_between_cells_have_the_cpu_time_of_a_cell(notebook: Notebook) -> None:
    cell = "import threading\ndef burn():\n    while True: pass\nthreading.Thread(target=burn, daemon=True).start()"
    pid = int(notebook.run_cell(cell + "\nimport os\nos.getpid()", replace(SHORT, wall_seconds=60)).value or "0")
    assert is_gone(pid)
    assert notebook.run_cell("1", PATIENT).is_anew


def test_eight_notebooks_at_once_keep_apart(sandbox: Sandbox) -> None:
    notebooks = [sandbox.open_notebook({"mine": str(number).encode()}) for number in range(8)]

    def work(number: int) -> list[str | None]:
        notebook = notebooks[number]
        notebook.run_cell(f"n = {number}")
        return [notebook.run_cell("n * 10 + int(open('mine').read())").value for _ in range(3)]

    try:
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(work, range(8))) == [[str(11 * number)] * 3 for number in range(8)]
    finally:
        for notebook in notebooks:
            notebook.close()


def test_notebook_used_the_longest_ago_is_ended_when_there_are_too_many(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox_module, "MAX_NOTEBOOKS", 2)
    with sandbox.open_notebook() as first, sandbox.open_notebook() as second, sandbox.open_notebook() as third:
        for notebook in (first, second, third):
            notebook.run_cell("x = 1")
        assert [notebook.has_process for notebook in (first, second, third)] == [False, True, True]
        assert not second.run_cell("x").is_anew and first.run_cell("1").is_anew


def test_closing_ends_the_process_and_the_cell_that_runs(sandbox: Sandbox) -> None:
    notebook = sandbox.open_notebook()
    pid = int(notebook.run_cell("import os\nos.getpid()").value or "0")
    refused: list[SandboxRefused] = []

    def run() -> None:
        try:
            notebook.run_cell("while True: pass", Limits(cpu_seconds=60))
        except SandboxRefused as refusal:
            refused.append(refusal)

    running = threading.Thread(target=run)
    running.start()
    time.sleep(0.3)
    notebook.close()
    running.join(60)
    assert len(refused) == 1 and "closed" in str(refused[0])
    assert is_gone(pid)
    with pytest.raises(SandboxRefused, match="closed"):
        notebook.run_cell("1")


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> Iterator[Notebook]:
    """A notebook on a machine where no library is installed; quick to start."""
    monkeypatch.setattr(sandbox_module, "LIBRARIES", ())
    with Sandbox() as sandbox, sandbox.open_notebook() as notebook:
        yield notebook


def test_notebook_comes_up_again_when_its_server_was_killed(bare: Notebook) -> None:
    pid = int(bare.run_cell("import os\nos.getpid()").value or "0")
    server = psutil.Process(pid).parent()
    assert server is not None
    server.send_signal(signal.SIGKILL)
    server.wait(60)
    result = bare.run_cell("print(6 * 7)")
    assert (result.stdout, result.is_anew) == ("42\n", True)
    assert is_gone(pid)


def test_notebook_works_where_no_library_is_installed(bare: Notebook) -> None:
    result = bare.run_cell("try:\n    import numpy\nexcept ModuleNotFoundError as error:\n    print(error)\n6 * 7")
    assert (result.stdout, result.value, result.figures) == ("No module named 'numpy'\n", "42", ())


APP = """
import threading, time
from verify.sandbox.limits import Limits
from tests.sandbox_programs import ROOMY
from verify.sandbox import sandbox as module
module.LIBRARIES = ()
sandbox = module.Sandbox()
idle, busy = sandbox.open_notebook(), sandbox.open_notebook()
idle.run_cell("1")
threading.Thread(target=busy.run_cell, args=("while True: pass", Limits(60))).start()
threading.Thread(target=sandbox.run_check, args=("def f():\\n    while True: pass", "assert f()", "", Limits(60))).start()
print(flush=True)
"""


def test_no_process_is_left_when_the_app_is_killed_in_mid_cell() -> None:
    with subprocess.Popen([sys.executable, "-c", APP], cwd=ROOT, stdout=subprocess.PIPE) as app:
        assert app.stdout is not None
        app.stdout.readline()
        process = psutil.Process(app.pid)
        deadline = time.monotonic() + 60
        # Two fork servers, two notebooks, both sides of a check.
        while len(below := process.children(recursive=True)) < 6 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert len(below) == 6
        app.kill()
        app.wait()
        _, alive = psutil.wait_procs(below, timeout=60)
        assert alive == []
