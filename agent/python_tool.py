"""Python that the model writes in, what it printed, returned, drew and wrote out: the tool `python`, in the sandbox.

A run has one notebook: names last from call to call, and the run's files are the notebook's files. It is closed when
the run ends. Nothing of the code is trusted; what it can do is said in docs/sandbox.md.
"""

import base64
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace

from agent.scratch import Scratch, is_scratch_name
from agent.shortening import middle_cut
from agent.toolbox import Tool, ToolContext, ToolOutput
from agent.tools import tool_from_function
from model.errors import AppError, BadInput, SandboxRefused
from verify.code.judge import CodeJudge
from verify.code.parsing import parsed
from verify.sandbox.notebook import CELL_LIMITS, CellResult, Notebook

# A cell, and the start of what it needs where it is the first.
PYTHON_SECONDS = 90.0
_PREPARING_SECONDS = 10.0
MAX_CODE_CHARACTERS = 100_000
# What the model is told of a call; more would push out of its context what the call was for.
MAX_OUTPUT_CHARACTERS = 8_000
MAX_TRACEBACK_CHARACTERS = 1_000
# So much is told even to a model with a small context; what is told besides it is short.
_LEAST_CHARACTERS = 500
MAX_IMAGES = 8
MAX_IMAGE_BYTES = 4 << 20
# Runs that had a notebook, remembered so that one that is taken further can be told that its names are gone.
_MAX_REMEMBERED = 1_000
_FENCE = re.compile(r"\s*(?:```|~~~)[ \t]*\w*[ \t]*\n(.*?)\n?\s*(?:```|~~~)?\s*", re.DOTALL)
_FENCED_WITHIN = re.compile(r"^```[ \t]*\w*[ \t]*\n(.*?)\n```", re.DOTALL | re.MULTILINE)
_MAGIC = re.compile(r"^[ \t]*%\w[^\n]*$", re.MULTILINE)
_LIBRARIES = "the standard library, numpy, sympy and matplotlib"
_HINTS = (
    (
        re.compile(r"^ModuleNotFoundError: No module named '([^']*)'", re.MULTILINE),
        f"{{0}} is not there and nothing can be installed. There are {_LIBRARIES}; read tables with csv or numpy.",
    ),
    (
        re.compile(r"^(?:PermissionError|\w*\.?gaierror|\w*\.?URLError|BlockingIOError): ", re.MULTILINE),
        "Code runs in a sandbox: no network, no other programs, no files but those of this run (open('name')).",
    ),
    (re.compile(r"^FileNotFoundError: ", re.MULTILINE), "The files are: {files}."),
    (re.compile(r"^ {4}!", re.MULTILINE), f"Commands of a shell do not run here. There are {_LIBRARIES}."),
    (re.compile(r"^EOFError: ", re.MULTILINE), "Nobody can type an input here: write the values into the code."),
)
_MAX_NAMES_TOLD = 20
_COLOURS = re.compile(r"\x1b\[[\d;]*m")
_FRAME = re.compile(r'^  File "(?!cell \d)[^\n]*\n(?: {4}[^\n]*\n)*', re.MULTILINE)
_ANEW = "The names of earlier calls are gone; the files are still there."


@dataclass(slots=True)
class _Held:
    """The notebook of one run; its lock keeps a call and the files that belong to it together."""

    notebook: Notebook
    lock: threading.Lock = field(default_factory=threading.Lock)


class Notebooks:
    """The notebooks of runs that go on. Any thread may call it."""

    def __init__(self, judge: CodeJudge) -> None:
        self._judge = judge
        self._lock = threading.Lock()
        self._held: dict[str, _Held] = {}
        self._had: dict[str, None] = {}
        self._preparing: threading.Thread | None = None
        self._is_closed = False

    def prepare(self) -> None:
        """Start what all notebooks need, once, beside whatever else goes on; a refusal comes with the first call."""
        with self._lock:
            if self._preparing is None and not self._is_closed:
                self._preparing = threading.Thread(target=self._prepare, name="notebook-preparing", daemon=True)
                self._preparing.start()

    def _prepare(self) -> None:
        with suppress(AppError), self._judge.open_notebook() as notebook:
            notebook.run_cell("")

    def run(self, code: str, context: ToolContext) -> ToolOutput:
        """Run a cell in the run's notebook, with the run's files, and take over what it has written."""
        code = cleaned(code)
        if not code.strip():
            raise BadInput("There is no code. Give Python code, for example print(2 + 3).")
        if len(code) > MAX_CODE_CHARACTERS:
            raise BadInput(f"The code has {len(code):,} characters and the limit is {MAX_CODE_CHARACTERS:,}.")
        held, is_anew = self._of(context.run_id)
        with held.lock, _ended_on(context.stop, held.notebook):
            before = context.scratch.all_contents()
            held.notebook.set_files(before)
            limits = CELL_LIMITS
            if context.seconds > 0:
                limits = replace(limits, wall_seconds=max(1.0, min(limits.wall_seconds, context.seconds)))
            result = held.notebook.run_cell(code, limits)
            written, left_out = _taken_over(context.scratch, before, held.notebook.files())
        if context.stop.is_set() and result.has_lost_state:
            return ToolOutput("Stopped.", files=written, is_error=True)
        room = min(
            MAX_OUTPUT_CHARACTERS, max(_LEAST_CHARACTERS, context.most_characters - 2 * MAX_TRACEBACK_CHARACTERS)
        )
        return _output(result, is_anew, written, left_out, context.scratch, room)

    def end_run(self, run_id: str) -> None:
        """Close the notebook of a run that has ended."""
        with self._lock:
            held = self._held.pop(run_id, None)
        if held:
            held.notebook.close()

    def close(self) -> None:
        """Close all of them."""
        with self._lock:
            self._is_closed, preparing = True, self._preparing
        if preparing:
            # Else it would start what has just been closed.
            preparing.join(_PREPARING_SECONDS)
        for run_id in list(self._held):
            self.end_run(run_id)

    @property
    def n_open(self) -> int:
        """How many runs have one."""
        return len(self._held)

    def _of(self, run_id: str) -> tuple[_Held, bool]:
        """The run's notebook, and whether the run had another one before."""
        with self._lock:
            if run_id in self._held:
                return self._held[run_id], False
            held = self._held[run_id] = _Held(self._judge.open_notebook())
            is_anew = run_id in self._had
            self._had[run_id] = None
            for forgotten in list(self._had)[: max(0, len(self._had) - _MAX_REMEMBERED)]:
                del self._had[forgotten]
            return held, is_anew


def python_tool(notebooks: Notebooks) -> Tool:
    """The tool `python`."""

    def python(code: str, context: ToolContext) -> ToolOutput:
        """Run Python code and get back what it prints. Variables and files are kept for the next call.

        numpy, sympy and matplotlib are there; there is no internet.

        Args:
            code: Python code that prints what you want to know, for example: print(sum(range(101)))
        """
        try:
            return notebooks.run(code, context)
        except SandboxRefused as refusal:
            return ToolOutput(f"No Python can be run here: {refusal} Go on without this tool.", is_error=True)
        except AppError as error:
            return ToolOutput(str(error), is_error=True)

    return replace(tool_from_function(python, seconds=PYTHON_SECONDS), prepare=notebooks.prepare)


def cleaned(code: str) -> str:
    r"""Code as the model meant it: out of its fence, without a notebook's commands, with its line breaks.

    >>> cleaned("```python\nprint(1)\n```"), cleaned("%matplotlib inline\nx = 1")
    ('print(1)', '\nx = 1')
    >>> cleaned(r"x = 1\nprint(x)")
    'x = 1\nprint(x)'
    """
    fenced = _FENCE.fullmatch(code)
    code = fenced[1] if fenced else code
    if parsed(code) is not None:
        return code
    if within := _FENCED_WITHIN.search(code):
        return within[1]
    code = _MAGIC.sub("", code)
    # Some models escape the line breaks of their JSON twice.
    again = code.replace("\\n", "\n").replace('\\"', '"').replace("\\t", "\t")
    return again if "\n" not in code and again != code and parsed(again) is not None else code


@contextmanager
def _ended_on(stop: threading.Event, notebook: Notebook) -> Iterator[None]:
    """While this lasts, `stop` ends the notebook's process."""
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.wait(0.1):
            if stop.is_set():
                notebook.end()
                return

    watcher = threading.Thread(target=watch, name="cell-watcher", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        is_over.set()
        watcher.join()


def _taken_over(
    scratch: Scratch, before: Mapping[str, bytes], after: Mapping[str, bytes]
) -> tuple[tuple[str, ...], list[str]]:
    """Write into the run's files what a cell has changed; the names, and what could not be kept, in words."""
    written, left_out = [], []
    for name in before.keys() - after.keys():
        scratch.delete(name)
    for name, contents in after.items():
        if before.get(name) == contents:
            continue
        if not is_scratch_name(name):
            left_out.append(f"The file {name[:80]!r} was not kept: use a plain name such as 'table.csv'.")
            continue
        try:
            scratch.write(name, contents)
        except BadInput as error:
            left_out.append(str(error))
        else:
            written.append(name)
    return tuple(written), left_out


def _output(
    result: CellResult, is_anew: bool, written: tuple[str, ...], left_out: list[str], scratch: Scratch, room: int
) -> ToolOutput:
    """What the model and its user are told of a cell; of what it printed `room` characters."""
    images, n_left_out = _images(result)
    printed = result.stdout + (f"{result.value}\n" if result.value is not None else "")
    parts = [_ANEW] if (is_anew or result.is_anew) and not result.has_lost_state else []
    parts.append(middle_cut(_COLOURS.sub("", printed).rstrip("\n"), room))
    if result.stderr.strip():
        parts.append(_end_of(short_traceback(_COLOURS.sub("", result.stderr)).strip()))
    if result.status != "ok":
        parts.append(_words(result))
        hints = ((pattern.search(result.stderr), hint) for pattern, hint in _HINTS)
        named = ", ".join(scratch.names()) or "none yet"
        parts += [hint.format(*found.groups(), files=named) for found, hint in hints if found]
    if images:
        parts.append(f"{_counted(len(images), 'chart')} drawn; the user sees {'it' if len(images) == 1 else 'them'}.")
    if n_left_out:
        parts.append(f"{_counted(n_left_out, 'chart')} left out: a call shows {MAX_IMAGES}, and 4 MiB of them.")
    if written:
        more = len(written) - _MAX_NAMES_TOLD
        parts.append(
            f"Files written: {', '.join(written[:_MAX_NAMES_TOLD])}" + (f" and {more} more" if more > 0 else "")
        )
    parts += left_out
    if not any(parts):
        parts = ["It ran and printed nothing. Print what you want to know."]
    return ToolOutput("\n".join(part for part in parts if part), images, written, is_error=result.status != "ok")


def short_traceback(stderr: str) -> str:
    r"""What a cell has written to standard error, of tracebacks the last one, with the cells' own lines only.

    >>> print(short_traceback('Traceback (most recent call last):\n  File "cell 1", line 1, in <module>\n    f()\n'
    ...     '  File "/usr/lib/a.py", line 3, in f\n    g()\nKeyError: 1'))
    Traceback (most recent call last):
      File "cell 1", line 1, in <module>
        f()
    KeyError: 1
    """
    before, mark, last = stderr.rpartition("Traceback (most recent call last):\n")
    if not mark:
        return stderr
    printed = before.partition("Traceback (most recent call last):\n")[0]
    return printed + mark + _FRAME.sub("", last)


def _words(result: CellResult) -> str:
    """Why a cell has not come to its end."""
    if result.status == "error" and not result.has_lost_state:
        # The traceback above says it.
        return "" if result.stderr.strip() else result.message
    told = {
        "timeout": f"Stopped: {CELL_LIMITS.cpu_seconds:g} s of computing, or {CELL_LIMITS.wall_seconds:g} s by the "
        "clock, are the limit of a call.",
        "memory": f"Stopped: {CELL_LIMITS.memory_mib >> 10} GiB of memory is the limit.",
        "output-limit": f"Stopped: it printed more than {CELL_LIMITS.output_bytes >> 20} MiB. Print less.",
    }.get(result.status, result.message[:1].upper() + result.message[1:] + ".")
    return f"{told} {_ANEW}" if result.has_lost_state and "names" not in told else told


def _images(result: CellResult) -> tuple[tuple[str, ...], int]:
    """A cell's charts in base64, and how many more there were."""
    kept: list[str] = []
    n_bytes = 0
    for image in result.figures:
        n_bytes += len(image)
        if len(kept) == MAX_IMAGES or n_bytes > MAX_IMAGE_BYTES:
            break
        kept.append(base64.b64encode(image).decode())
    return tuple(kept), len(result.figures) - len(kept)


def _end_of(text: str) -> str:
    return text if len(text) <= MAX_TRACEBACK_CHARACTERS else "…" + text[-MAX_TRACEBACK_CHARACTERS:]


def _counted(count: int, word: str) -> str:
    return f"{count} {word} was" if count == 1 else f"{count} {word}s were"
