"""The tool `python`: what lasts from call to call, files both ways, what the model is told, and what stays locked."""

import base64
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from agent.python_tool import MAX_OUTPUT_CHARACTERS, Notebooks, python_tool
from agent.scratch import Scratch
from agent.toolbox import ToolContext, ToolOutput
from model.errors import SandboxRefused
from verify.code.judge import CodeJudge
from verify.sandbox.notebook import Notebook

SECONDS = 60.0


@pytest.fixture(scope="module")
def judge() -> Iterator[CodeJudge]:
    judge = CodeJudge()
    yield judge
    judge.close()


class Calls:
    """Calls of the tool in one run."""

    def __init__(self, judge: CodeJudge, folder: Path) -> None:
        self.notebooks = Notebooks(judge)
        self.scratch = Scratch(folder)
        self.stop = threading.Event()
        self._tool = python_tool(self.notebooks)

    def __call__(self, code: str, run_id: str = "run", seconds: float = SECONDS, room: int = 16_000) -> ToolOutput:
        return self._tool.call(ToolContext(run_id, self.scratch, self.stop, seconds, room), {"code": code})


@pytest.fixture
def python(judge: CodeJudge, tmp_path: Path) -> Iterator[Calls]:
    calls = Calls(judge, tmp_path / "scratch")
    yield calls
    calls.notebooks.close()


def test_python_keeps_names_from_call_to_call_of_one_run_only(python: Calls) -> None:
    assert python("x = 6").text == "It ran and printed nothing. Print what you want to know."
    assert python("print(x * 7)\nx + 1").text == "42\n7"
    other = python("print(x)", run_id="other")
    assert other.is_error and "NameError: name 'x' is not defined" in other.text


def test_python_finds_the_run_s_files_and_its_own_are_the_run_s(python: Calls) -> None:
    python.scratch.write("in.csv", b"1,2\n")
    output = python(
        "text = open('in.csv').read()\nopen('out.txt', 'w').write(text * 2)\nimport os\nos.remove('in.csv')"
    )
    assert output.files == ("out.txt",) and "Files written: out.txt" in output.text
    assert python.scratch.all_contents() == {"out.txt": b"1,2\n1,2\n"}


def test_python_finds_what_came_between_two_calls_and_has_lost_no_name(python: Calls) -> None:
    python("x = 1\nopen('a.txt', 'w').write('old')")
    python.scratch.write("a.txt", b"new")
    python.scratch.write("b.txt", b"late")
    assert python("print(x, open('a.txt').read(), open('b.txt').read())").text == "1 new late"
    python.scratch.delete("a.txt")
    assert "The files are: b.txt." in python("open('a.txt')").text


def test_python_gives_charts_as_png_images(python: Calls) -> None:
    output = python("import matplotlib.pyplot as plt\nplt.plot([1, 2]);")
    (image,) = output.images
    assert base64.b64decode(image).startswith(b"\x89PNG\r\n")
    assert output.text == "1 chart was drawn; the user sees it." and not output.is_error


def test_python_says_how_much_of_a_long_output_it_left_out(python: Calls) -> None:
    text = python("print('a' * 20_000 + 'b')").text
    assert "[12,001 characters left out]" in text and text.endswith("b") and len(text) < MAX_OUTPUT_CHARACTERS + 100


def test_python_keeps_the_exception_where_the_context_has_little_room(python: Calls) -> None:
    text = python("print('a' * 20_000)\n1 / 0", room=1_500).text
    assert text.endswith("ZeroDivisionError: division by zero") and len(text) < 1_500


def test_python_tells_of_an_error_without_the_libraries_lines(python: Calls) -> None:
    output = python("import json\njson.loads('{')")
    assert output.is_error and 'File "cell 1", line 2' in output.text
    assert output.text.count("File") == 1 and "JSONDecodeError: Expecting property name" in output.text


def test_python_stops_what_hangs_and_says_that_names_are_gone(python: Calls) -> None:
    python("x = 1\nopen('kept.txt', 'w').write('kept')")
    output = python("while True: pass", seconds=1.0)
    assert output.is_error and output.text.startswith("Stopped:") and "names of earlier calls are gone" in output.text
    after = python("print(open('kept.txt').read())\nx")
    assert "names of earlier calls are gone" in after.text and "kept" in after.text and "NameError" in after.text


def test_python_says_that_names_are_gone_when_the_code_ends_its_process(python: Calls) -> None:
    output = python("import os\nos._exit(0)")
    assert output.is_error and "It ended its own process" in output.text and "gone" in output.text


def test_python_ends_at_once_when_the_run_is_stopped(python: Calls) -> None:
    threading.Timer(0.3, python.stop.set).start()
    output = python("import time\nprint('began')\ntime.sleep(25)")
    assert output.is_error and output.text == "Stopped."


@pytest.mark.parametrize(
    "code",
    [
        "open('/etc/passwd').read()",
        "open('../secret').read()",
        "import os\nos.listdir('/')",
        "import os\nos.fork()",
        "import subprocess\nsubprocess.run(['id'])",
        "import socket\nsocket.socket()",
        "import urllib.request\nurllib.request.urlopen('http://127.0.0.1')",
    ],
)
def test_python_reaches_no_file_no_program_and_no_network(python: Calls, tmp_path: Path, code: str) -> None:
    (tmp_path / "secret").write_text("secret")
    output = python(code)
    assert output.is_error and "Code runs in a sandbox" in output.text and "root:" not in output.text


def test_python_sees_no_secret_of_the_app(python: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    assert "hf_secret" not in python("import os\nprint(dict(os.environ))").text


def test_python_keeps_no_file_whose_name_is_none(python: Calls) -> None:
    output = python("open('.hidden', 'w').write('x'); open('good.txt', 'w').write('x');")
    assert output.files == ("good.txt",) and "'.hidden' was not kept" in output.text


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import pandas", "pandas is not there and nothing can be installed"),
        ("!pip install pandas", "Commands of a shell do not run here"),
        ("input()", "Nobody can type an input here"),
        ("  ", "There is no code"),
    ],
)
def test_python_says_what_to_do_instead(python: Calls, code: str, said: str) -> None:
    output = python(code)
    assert output.is_error and said in output.text


@pytest.mark.parametrize(
    "code",
    [
        "```python\nprint(2)\n```",
        "%matplotlib inline\nprint(2)",
        r"x = 2\nprint(x)",
        "Here it is:\n```\nprint(2)\n```\nDone.",
    ],
)
def test_python_takes_code_as_models_write_it(python: Calls, code: str) -> None:
    assert python(code).text == "2"


class Refusing(CodeJudge):
    """Of a machine that cannot isolate programs."""

    def open_notebook(self, files: Mapping[str, bytes] | None = None) -> Notebook:
        raise SandboxRefused("This machine cannot isolate programs, so none is run.")


class Counting(CodeJudge):
    """Counts the notebooks that another one opens."""

    def __init__(self, judge: CodeJudge) -> None:
        super().__init__()
        self.opened: list[Notebook] = []
        self._judge = judge

    def open_notebook(self, files: Mapping[str, bytes] | None = None) -> Notebook:
        self.opened.append(self._judge.open_notebook(files))
        return self.opened[-1]


def test_notebooks_are_prepared_once_and_none_is_left_open(judge: CodeJudge, tmp_path: Path) -> None:
    counting = Counting(judge)
    calls = Calls(counting, tmp_path)
    calls.notebooks.prepare()
    calls.notebooks.prepare()
    assert calls("print(1)").text == "1"
    calls.notebooks.close()
    calls.notebooks.prepare()
    assert len(counting.opened) == 2 and not any(notebook.has_process for notebook in counting.opened)


def test_python_says_so_where_programs_cannot_be_isolated(tmp_path: Path) -> None:
    output = Calls(Refusing(), tmp_path)("print(1)")
    assert output.is_error and "This machine cannot isolate programs" in output.text


def test_notebooks_are_closed_when_their_run_ends_and_the_next_call_is_told(python: Calls) -> None:
    python("x = 1", run_id="ends")
    python("x = 1", run_id="goes on")
    python.notebooks.end_run("ends")
    assert python.notebooks.n_open == 1
    assert python("x", run_id="ends").text.startswith("The names of earlier calls are gone")
    assert python("x", run_id="goes on").text == "1"
