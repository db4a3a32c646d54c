"""What came of programs and their tests in, the words that the Code tab says of it out. No gradio."""

from collections.abc import Sequence

from model.code_events import TestCase, TestReport
from ui.sentences import shortened
from verify.code.task import CodedTask, Round
from verify.sandbox.verdicts import WORDS

# How tests are read: what the page calls it.
FORMS: dict[str, str] = {
    "": "As detected",
    "input_output": "Inputs and outputs",
    "calls": "Calls",
    "asserts": "Asserts",
    "check": "check(candidate)",
    "pytest": "pytest",
    "doctest": "Doctests",
}
KINDS = {"given": "given tests", "hidden": "hidden tests", "model": "model-written tests"}
ENDS = {
    "ok": "Ran to its end",
    "timeout": "Took too long",
    "memory": "Took too much memory",
    "output-limit": "Printed too much",
    "error": "Ended with an error",
    "crashed": "Crashed",
    "early-exit": "Ended itself",
    "refused": "Not run",
    "no program": "No program",
}
LABELS = {"passes": "Passes", "fails": "Fails", "undecided": "Not run", "not tested": "Not tested"}
_FAILED = {"wrong": "failed", "error": "failed", "timeout": "took too long", "memory": "took too much memory"}
_MOST_WORDS = 220


def counted(n: int, one: str, many: str = "") -> str:
    """So many of something.

    >>> counted(1, "test"), counted(1200, "test")
    ('1 test', '1,200 tests')
    """
    return f"{n:,} {one}" if n == 1 else f"{n:,} {many or one + 's'}"


def share(report: TestReport) -> str:
    """How many tests pass, as a heading says it.

    >>> share(TestReport("ok", (TestCase("1", "passed"), TestCase("2", "wrong"))))
    '1 of 2 given tests'
    """
    said = f"{report.passed:,} of {len(report.cases):,} {KINDS[report.tests_from]}"
    return f"Passes {said}" if report.has_passed else said


def first_failure(report: TestReport) -> str:
    """The first test that failed; of hidden ones nothing is told."""
    failed = next((case for case in report.cases if case.outcome not in ("passed", "not_run")), None)
    if failed is None or report.tests_from == "hidden":
        return ""
    return f"First failure: {case_words(failed)}"


def case_words(case: TestCase) -> str:
    """What one test said, in one line.

    >>> case_words(TestCase("2", "wrong", given="add(1, 2)", expected="3", got="4"))
    'add(1, 2) gave 4, not 3'
    """
    what = shortened(case.given, 80) or f"test {case.name}"
    if case.outcome == "wrong" and case.got is not None and case.expected is not None:
        return f"{what} gave {shortened(case.got, 80)}, not {shortened(case.expected, 80)}"
    return f"{what}: {shortened(case.message, _MOST_WORDS) or _FAILED.get(case.outcome, case.outcome)}"


def end_words(status: str, message: str) -> str:
    """How a program ended, in one line: each thing said once.

    >>> end_words("memory", "it took too much memory"), end_words("crashed", "its process crashed (SIGSEGV)")
    ('Took too much memory', 'Crashed (SIGSEGV)')
    >>> end_words("error", "it exited with code 3")
    'Ended with an error · it exited with code 3'
    """
    said = next((words for of, words in WORDS.items() if of == status), "")
    more = message.removeprefix(said) if said else f" · {message}" if message else ""
    return ENDS[status] + (more if not more or more.startswith(" ") else f" · {more}")


def tally(cases: Sequence[TestCase], seconds: float) -> str:
    """How many tests came out how.

    >>> tally([TestCase("1", "passed"), TestCase("2", "not_run")], 0.25)
    '1 passed · 1 not run · 0.25 s'
    """
    names = {"timeout": "too slow", "memory": "out of memory", "not_run": "not run"}
    outcomes = ("passed", "wrong", "error", "timeout", "memory", "not_run")
    counts = [(names.get(each, each), sum(case.outcome == each for case in cases)) for each in outcomes]
    said = [counted(n, each) if each == "error" else f"{n:,} {each}" for each, n in counts if n]
    return " · ".join([*said, seconds_text(seconds)] if seconds else said)


def seconds_text(seconds: float) -> str:
    """Seconds with as many digits as tell something.

    >>> seconds_text(0.0004), seconds_text(0.25), seconds_text(12.3)
    ('< 0.01 s', '0.25 s', '12.3 s')
    """
    if seconds < 0.01:
        return "< 0.01 s"
    return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:,.1f} s"


def round_words(each: Round, task: CodedTask) -> tuple[str, str]:
    """How a round stands: words for a chip, and its standing for the style sheet."""
    if each.is_live:
        text = "writing" if each.answer_tokens else "thinking" if each.thinking_tokens else "waiting"
        return text, "going"
    if each.program is None:
        return "testing", "going"
    if each.purpose == "tests":
        return ("tests written" if each.has_program else "no tests"), "none"
    if not each.has_program:
        return "no program", "fails"
    report = each.report("given") or each.report("model") or each.report("hidden")
    if report is None:
        return "not tested", "none"
    if report.status == "refused":
        return "not run", "undecided"
    standing = "passes" if report.has_passed else "fails" if report.has_failed else "undecided"
    if report.tests_from == "model":
        standing = "none"
    return f"{report.passed:,} of {len(report.cases):,} pass", standing


def place_words(each: Round, task: CodedTask) -> str:
    """Which round this is.

    Attempt 2, round 1 of at most 3: as many as are used.
    """
    if each.purpose == "tests":
        return "Tests written by the model"
    n_attempts = max(task.task.n_attempts, len(task.attempts))
    said = f"Round {each.number} of {max(task.task.n_rounds, each.number)}"
    return f"Attempt {each.attempt} of {n_attempts} · {said}" if n_attempts > 1 else said
