r"""What the verifiers say of completions: right ones, wrong ones, and forged ones, which must not score."""

from collections.abc import Iterator

import pytest

from train.outcomes import Outcome, Verifiers, boxes, form_faults, split
from train.problems import Gold, GymGold, OpenEnded, Problem, TestsGold
from train.rewards import Weights, reward_parts, total
from train.traces import Asserts, Value
from verify.gym_levels import gym_levels, gym_problem

QUESTION = "What is 17 * 23?"
DOUBLE = Asserts("double", ("assert double(4) == 8", "assert double(-3) == -6", "assert double(0) == 0"))


@pytest.fixture(scope="module")
def verifiers() -> Iterator[Verifiers]:
    with Verifiers() as started:
        yield started


def problem(gold: Gold, question: str = QUESTION) -> Problem:
    return Problem("own:test", "test:1", ({"role": "user", "content": question},), gold)


def thought(answer: str, thinking: str = "17*23 = 391.") -> str:
    return f"{thinking}\n</think>\n\n{answer}"


def fenced(code: str) -> str:
    return thought(f"```python\n{code}\n```", "It is doubled.")


def scored(outcome: Outcome) -> float:
    """The reward with everything on that the page's own runs have on; nothing where there is none."""
    weights = Weights(outcome=1.0, format=0.2, length=0.2, repetition=0.2)
    return total(reward_parts(outcome, weights, 400), weights) or 0.0


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        pytest.param("391", r"It is $\boxed{391}$.", id="number"),
        pytest.param("1/2", r"It is $\boxed{\frac{1}{2}}$.", id="fraction"),
        pytest.param("0.75", r"$\boxed{\frac34}$", id="fraction for a decimal"),
        pytest.param("yes", r"$\boxed{\text{Yes}}$", id="word"),
        pytest.param("2^3 * 5", r"$\boxed{2^3 \cdot 5}$", id="factors"),
        pytest.param("391", r"$\boxed{391}$, so $\boxed{391}$.", id="the same box twice"),
    ],
)
def test_a_right_answer_is_correct(verifiers: Verifiers, gold: str, answer: str):
    assert verifiers.judge(problem(Value(gold)), thought(answer)).result == "correct"


LONG = "so it goes on " * 7_200
FORGED_VALUES = {
    "empty": "",
    "nothing but tags": "\n</think>\n\n",
    "answer only in the thinking": r"It is $\boxed{391}$.",
    "answer in the thinking, then nothing": "It is $\\boxed{391}$.\n</think>\n\n",
    "answer in the thinking, none after it": thought("That is the answer.", r"$\boxed{391}$"),
    "several boxes": thought(r"$\boxed{390}$ or $\boxed{391}$ or $\boxed{392}$"),
    "several boxes, the right one last": thought(r"$\boxed{390}$, no: $\boxed{391}$"),
    "a list in one box": thought(r"$\boxed{389, 390, 391, 392}$"),
    "a box that quotes the question": thought(r"$\boxed{17 * 23}$"),
    "a box that quotes it in LaTeX": thought(r"$\boxed{17 \times 23}$"),
    "a sum of ones": thought(r"$\boxed{390 + 1}$"),
    "a fraction that is worth it": thought(r"$\boxed{\frac{782}{2}}$"),
    "an interval around it": thought(r"$\boxed{[0, 1000]}$"),
    "any number": thought(r"$\boxed{x}$"),
    "either or": thought(r"$\boxed{391 \text{ or } 392}$"),
    "plus or minus": thought(r"$\boxed{391 \pm 1}$"),
    "an empty box": thought(r"$\boxed{}$"),
    "a box that never closes": thought(r"$\boxed{391"),
    "a second thinking around the answer": thought("<think>\n" + thought(r"$\boxed{391}$")),
    "a hundred kilobytes of text": thought(LONG + r"$\boxed{391}$"),
    "a hundred kilobytes of thinking that never closes": LONG + r"$\boxed{391}$",
    "the gold as a word of many": thought("The numbers are 1 to 1,000."),
    "an unboxed answer": thought("It is 391."),
    "another number": thought(r"$\boxed{392}$"),
}  # fmt: skip


@pytest.mark.parametrize("completion", FORGED_VALUES.values(), ids=FORGED_VALUES.keys())
def test_no_forged_answer_to_a_problem_of_mathematics_scores(verifiers: Verifiers, completion: str):
    outcome = verifiers.judge(problem(Value("391")), completion, tokens=100)
    assert outcome.result != "correct" and scored(outcome) <= 0.0, outcome


def test_a_right_answer_that_the_limit_cut_does_not_score(verifiers: Verifiers):
    outcome = verifiers.judge(problem(Value("391")), thought(r"It is $\boxed{391}$ and"), 160, is_truncated=True)
    assert outcome.result == "wrong" and scored(outcome) < 0.0


FORGED_PROGRAMS = {
    "no program": thought("Double it."),
    "a program in the thinking": "```python\ndef double(n): return 2 * n\n```",
    "a stub": fenced("def double(n):\n    pass"),
    "another function": fenced("def twice(n): return 2 * n"),
    "a value that is equal to all": fenced(
        "class Any:\n    def __eq__(self, other): return True\ndef double(n): return Any()"
    ),
    "an end before the tests": fenced("import os\nos._exit(0)\ndef double(n): return 2 * n"),
    "an exit that says all is well": fenced("import sys\ndef double(n): sys.exit(0)"),
    "an assert that is turned off": fenced("__debug__ = False\ndef double(n): return 0"),
    "its own asserts": fenced("def double(n): return 0\nassert True\nprint('3 passed')"),
    "the tests read from the caller": fenced(
        "import inspect\ndef double(n):\n    frame = inspect.currentframe()\n    while frame.f_back: frame = frame.f_back\n"
        "    return frame.f_locals.get('expected', 0)"
    ),
    "the comparison exchanged": fenced(
        "import builtins\nbuiltins.all = lambda each: True\ndef double(n): return 0"
    ),
    "a loop without an end": fenced("def double(n):\n    while True: pass"),
    "a hundred kilobytes": fenced("# " + "x" * 100_000 + "\ndef double(n): return 2 * n"),
}  # fmt: skip


@pytest.mark.parametrize("completion", FORGED_PROGRAMS.values(), ids=FORGED_PROGRAMS.keys())
def test_no_forged_program_scores(verifiers: Verifiers, completion: str):
    outcome = verifiers.judge(problem(DOUBLE, "Write double(n)."), completion, tokens=100)
    assert outcome.result != "correct" and scored(outcome) <= 0.0, outcome


def test_a_program_that_passes_its_tests_is_correct_and_one_that_fails_one_is_wrong(verifiers: Verifiers):
    asked = problem(DOUBLE, "Write double(n).")
    if (right := verifiers.judge(asked, fenced("def double(n): return 2 * n"))).reason.startswith("not run"):
        pytest.skip(right.reason)
    assert right.result == "correct", right.reason
    assert verifiers.judge(asked, fenced("def double(n): return n * n // 2")).result == "wrong"


def test_tests_that_share_the_programs_process_decide_nothing(verifiers: Verifiers):
    script = (
        "def test_it():\n    values = [double(n) for n in range(9)]\n    assert values == [2 * n for n in range(9)]\n"
    )
    asked = problem(TestsGold(script, "pytest", "double"), "Write double(n).")
    outcome = verifiers.judge(asked, fenced("def double(n): return 2 * n"))
    assert outcome.result == "undecided" and reward_parts(outcome, Weights(), 400) == {}


def test_tests_that_cannot_be_read_decide_nothing(verifiers: Verifiers):
    outcome = verifiers.judge(problem(TestsGold("no tests"), "Write double(n)."), fenced("def double(n): return 1"))
    assert outcome.result == "undecided" and "cannot be read" in outcome.reason


def test_an_answer_to_a_problem_of_reasoning_gym_is_judged_by_its_scorer(verifiers: Verifiers):
    settings = gym_levels("chain_sum")[0]
    question, answer = gym_problem("chain_sum", settings, 7)
    asked = problem(GymGold("chain_sum", settings, 7), question)
    assert verifiers.judge(asked, thought(rf"$\boxed{{{answer}}}$")).result == "correct"
    for wrong in (rf"$\boxed{{{answer}0}}$", answer, rf"$\boxed{{1}}$ $\boxed{{{answer}}}$"):
        assert verifiers.judge(asked, thought(wrong)).result == "wrong"


def test_an_open_answer_is_open_and_an_unclosed_one_is_wrong(verifiers: Verifiers):
    asked = problem(OpenEnded(), "Write a line about rain.")
    assert verifiers.judge(asked, thought("It falls.")).result == "open"
    assert verifiers.judge(asked, "It falls.").result == "wrong"


def test_completions_are_judged_all_at_once_in_their_order(verifiers: Verifiers):
    answers = [thought(rf"$\boxed{{{n}}}$") for n in range(388, 394)]
    outcomes = verifiers.judge_all([problem(Value("391"))] * 6, answers, [5] * 6, [False] * 6)
    assert [outcome.result == "correct" for outcome in outcomes] == [n == 391 for n in range(388, 394)]


@pytest.mark.parametrize(
    ("completion", "fault"),
    [
        pytest.param("2+2", "the thinking is not closed", id="open"),
        pytest.param("\n</think>\n\n$\\boxed{4}$", "the thinking is empty", id="empty"),
        pytest.param(thought("</think>$\\boxed{4}$"), "more than once", id="closed twice"),
        pytest.param(thought("It is 4."), "0 boxed answers", id="no box"),
        pytest.param(thought(r"$\boxed{4}$ $\boxed{4}$"), "2 boxed answers", id="two boxes"),
    ],
)
def test_faults_of_a_form_are_named(completion: str, fault: str):
    assert fault in "; ".join(form_faults(problem(Value("4")), completion, False))


def test_a_completion_in_its_form_has_no_fault():
    assert form_faults(problem(Value("4")), thought(r"It is $\boxed{4}$."), False) == ()
    assert form_faults(problem(DOUBLE), fenced("def double(n): return 2 * n"), False) == ()
    assert form_faults(problem(OpenEnded()), thought("Any words."), False) == ()
    assert form_faults(problem(DOUBLE), thought("def double(n): return 2 * n"), False) != ()


def test_thinking_is_split_off_whether_or_not_the_prompt_had_opened_it():
    assert split(thought("4", "2+2")) == split("<think>\n" + thought("4", "2+2")) == ("2+2", "4")
    assert boxes(r"\boxed{\text{a}} \boxed {b} \boxed{c") == [r"\text{a}", "b"]
