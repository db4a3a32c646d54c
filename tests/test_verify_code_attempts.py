"""Tasks and scripted programs: what each round comes to, what the next one is told, who wins, and what is kept of it."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from model.code_events import Program, Task, TestReport
from model.errors import BadInput, RunNotFound, TooManyRuns
from model.events import Asked, Notice, Sampling
from model.export import export
from model.scripted import Turn
from tests.scripted_tasks import ASKS_FOR_TESTS, FEEDBACK, MakeAttempts, at_its_end, attempts_maker, prompts_of, writes
from verify.code.judge import CodeJudge
from verify.code.task import read_task, task_of

RIGHT = "def add(a, b):\n    return a + b"
WRONG = "def add(a, b):\n    return a - b"
HALF = "def add(a, b):\n    return a + abs(b)"
TESTS = "assert add(1, 2) == 3\nassert add(5, 0) == 5\nassert add(1, -2) == -1"
TASK = "Write a function add that adds two numbers."


@pytest.fixture(scope="module")
def judge() -> Iterator[CodeJudge]:
    judge = CodeJudge()
    yield judge
    judge.close()


@pytest.fixture
def make_attempts(tmp_path: Path, judge: CodeJudge) -> Iterator[MakeAttempts]:
    with attempts_maker(tmp_path, judge) as make:
        yield make


def test_task_that_is_right_at_once_passes_in_one_round(make_attempts: MakeAttempts):
    attempts, runs = make_attempts(writes(RIGHT))
    (run_id,) = attempts.start(TASK, tests=TESTS)
    coded = at_its_end(attempts, runs, run_id)
    assert (coded.standing, coded.words, len(coded.rounds)) == ("passes", "passes 3 of 3 given tests", 1)
    assert coded.best and coded.best.program and coded.best.program.source.strip() == RIGHT
    events = runs.store.events(run_id)
    assert isinstance(events[1], Task) and (events[1].statement, events[1].form) == (TASK, "asserts")
    assert [type(each) for each in events[-2:]] == [Program, TestReport]
    assert runs.store.row(run_id).title == TASK.rstrip(".") or TASK.startswith(runs.store.row(run_id).title.rstrip("…"))


def test_failing_program_is_told_its_smallest_failing_case_and_repaired(make_attempts: MakeAttempts):
    attempts, runs = make_attempts(writes(RIGHT, FEEDBACK), writes(WRONG))
    (run_id,) = attempts.start(TASK, tests=TESTS)
    coded = at_its_end(attempts, runs, run_id)
    assert [(each.number, each.has_passed) for each in coded.rounds] == [(1, False), (2, True)]
    assert coded.standing == "passes" and coded.best == coded.rounds[1]
    asked = runs.store.events(coded.rounds[1].run_id, 0, 1)[0]
    assert isinstance(asked, Asked)
    assert [message.role for message in asked.history] == ["user", "assistant"]
    assert TASK in asked.history[0].content and "a - b" in asked.history[1].content
    smallest = coded.rounds[0].reports[0].smallest
    assert smallest and smallest.given in asked.question and f"Got:\n{smallest.got}" in asked.question
    assert read_task(runs, coded.rounds[1].run_id).id == run_id, "the first run's id stands for all"
    assert task_of(runs, coded.rounds[1].run_id) == Task(run_id, round=2)


def test_task_that_is_never_right_ends_with_the_best_of_its_rounds(make_attempts: MakeAttempts):
    attempts, runs = make_attempts(writes(HALF, FEEDBACK, times=1), writes(WRONG, FEEDBACK), writes(WRONG))
    coded = at_its_end(attempts, runs, attempts.start(TASK, tests=TESTS)[0])
    assert [each.number for each in coded.rounds] == [1, 2, 3] and coded.standing == "fails"
    assert coded.best and coded.best.number == 2
    assert coded.words == "passes 2 of 3 given tests, first failure: add(1, -2) gave 3, not -1"
    history = runs.store.events(coded.rounds[2].run_id, 0, 1)[0]
    assert isinstance(history, Asked) and len(history.history) == 4


def test_among_equals_the_later_round_is_the_best(make_attempts: MakeAttempts):
    attempts, runs = make_attempts(writes(WRONG))
    coded = at_its_end(attempts, runs, attempts.start(TASK, tests=TESTS, n_rounds=2)[0])
    assert len(coded.rounds) == 2 and coded.best == coded.rounds[1]


def test_answer_without_a_program_is_told_so(make_attempts: MakeAttempts):
    attempts, runs = make_attempts(writes(RIGHT, FEEDBACK), Turn("Hm.", "I would rather not."))
    coded = at_its_end(attempts, runs, attempts.start(TASK, tests=TESTS)[0])
    assert coded.rounds[0].program == Program("", coded.rounds[0].words) and coded.rounds[0].reports == ()
    asked = runs.store.events(coded.rounds[1].run_id, 0, 1)[0]
    assert isinstance(asked, Asked) and asked.question.startswith("There is no program that can be run in your answer")
    assert coded.standing == "passes"


def test_task_without_any_program_fails_and_says_why(make_attempts: MakeAttempts):
    attempts, runs = make_attempts(Turn("Hm.", "I would rather not."))
    coded = at_its_end(attempts, runs, attempts.start(TASK, tests=TESTS, n_rounds=2)[0])
    assert (coded.best, coded.standing, len(coded.rounds)) == (None, "fails", 2)
    assert coded.words.startswith("fails: ")


def test_first_attempt_that_passes_wins_and_stops_the_others(make_attempts: MakeAttempts):
    # The slower one is whoever gets the turn first; which attempt that is, the engine decides.
    attempts, runs = make_attempts(writes(WRONG, times=1, steps=20_000), writes(RIGHT))
    started = attempts.start(TASK, tests=TESTS, k=2, budget=1_000_000)
    coded = at_its_end(attempts, runs, started[0])
    assert coded.standing == "passes" and len(coded.rounds) == 2, "what was stopped is not repaired"
    (stopped,) = [each for each in coded.rounds if each.reason == "stopped"]
    notices = [event for event in runs.store.events(stopped.run_id) if isinstance(event, Notice)]
    assert ["passes all given tests" in each.text for each in notices if each.kind == "decided"] == [True]
    assert coded.best and coded.best.run_id != stopped.run_id


def test_attempts_are_repaired_apart_each_told_of_its_own_programs(make_attempts: MakeAttempts):
    attempts, runs = make_attempts(writes(WRONG, FEEDBACK), writes(WRONG, times=1), writes(HALF))
    coded = at_its_end(attempts, runs, attempts.start(TASK, tests=TESTS, k=2, n_rounds=2)[0])
    assert [[each.number for each in rounds] for rounds in coded.attempts] == [[1, 2], [1, 2]]
    for first, second in coded.attempts:
        asked = runs.store.events(second.run_id, 0, 1)[0]
        assert isinstance(asked, Asked) and first.program
        assert first.program.source.strip() in asked.history[1].content and len(asked.history) == 2
    assert len({rounds[0].program for rounds in coded.attempts}) == 2


def test_attempts_are_drawn_apart_and_so_are_their_rounds(make_attempts: MakeAttempts):
    attempts, runs = make_attempts(writes(WRONG))
    coded = at_its_end(
        attempts, runs, attempts.start(TASK, tests=TESTS, k=2, n_rounds=2, sampling=Sampling(0.8, seed=5))[0]
    )
    asked = [runs.store.events(each.run_id, 0, 1)[0] for each in coded.rounds]
    assert [each.sampling.seed for each in asked if isinstance(each, Asked)] == [5, 7, 6, 8]
    with pytest.raises(BadInput, match="temperature above 0"):
        attempts.start(TASK, tests=TESTS, k=2, sampling=Sampling(temperature=0.0))


def test_hidden_tests_are_reported_and_stand_in_no_prompt(make_attempts: MakeAttempts):
    hidden = "assert add(4711, 815) == 5526\nassert add(-4711, 1) == -4710\nassert add(0, -13) == 0 - 13"
    attempts, runs = make_attempts(writes(HALF, FEEDBACK), writes(WRONG))
    coded = at_its_end(attempts, runs, attempts.start(TASK, tests=TESTS, hidden_tests=hidden, k=2, n_rounds=3)[0])
    assert len(coded.rounds) == 6
    for _, prompt in prompts_of(runs, coded):
        assert "4711" not in prompt and "815" not in prompt and "13" not in prompt
    report = coded.best.report("hidden") if coded.best else None
    assert report and (report.passed, len(report.cases)) == (2, 3)
    assert all(case.given == "" and case.expected is None and case.got is None for case in report.cases)
    assert "passes 2 of 3 given tests" in coded.words and "passes 2 of 3 hidden tests" in coded.words


def test_program_that_fails_only_hidden_tests_fails_and_is_not_repaired(make_attempts: MakeAttempts):
    attempts, runs = make_attempts(writes(HALF))
    coded = at_its_end(attempts, runs, attempts.start(TASK, tests="assert add(1, 2) == 3", hidden_tests=TESTS)[0])
    assert (len(coded.rounds), coded.standing) == (1, "fails"), "what it is not shown, it cannot be told"


def test_stop_ends_the_attempt_in_mid_round(make_attempts: MakeAttempts):
    attempts, runs = make_attempts(writes(WRONG, steps=5000), tokens_per_second=50)
    (run_id,) = attempts.start(TASK, tests=TESTS)
    with_reader = runs.attach(run_id)
    threading.Event().wait(0.3)
    assert attempts.stop(run_id)
    coded = at_its_end(attempts, runs, run_id)
    assert [each.reason for each in coded.rounds] == ["stopped"] and coded.standing == "fails"
    assert not attempts.stop(run_id)
    with_reader.close()


def test_stop_while_a_round_is_tested_starts_no_further_one(
    make_attempts: MakeAttempts, judge: CodeJudge, monkeypatch: pytest.MonkeyPatch
):
    is_tested, may_end, judged = threading.Event(), threading.Event(), judge.judge

    def held(*given: Any, **named: Any) -> TestReport:
        is_tested.set()
        assert may_end.wait(120)
        return judged(*given, **named)

    monkeypatch.setattr(judge, "judge", held)
    attempts, runs = make_attempts(writes(WRONG))
    (run_id,) = attempts.start(TASK, tests=TESTS)
    assert is_tested.wait(120)
    assert attempts.stop(run_id)
    may_end.set()
    coded = at_its_end(attempts, runs, run_id)
    assert len(coded.rounds) == 1 and coded.standing == "fails"


def test_stop_while_tests_run_leaves_the_others_out(make_attempts: MakeAttempts):
    attempts, runs = make_attempts(writes("import time\n\ndef add(a, b):\n    time.sleep(1.5)\n    return a + b"))
    (run_id,) = attempts.start(TASK, tests="\n".join(f"assert add({n}, 1) == {n + 1}" for n in range(20)))
    while not ((known := attempts.progress(run_id)) and known.parts() and known.parts()[0].said):
        time.sleep(0.02)
    assert attempts.stop(run_id)
    coded = at_its_end(attempts, runs, run_id)
    outcomes = [case.outcome for case in coded.rounds[0].reports[0].cases]
    assert outcomes[0] == "passed" and outcomes[-1] == "not_run" and len(outcomes) == 20
    assert coded.standing == "undecided", "what was not run has not failed"


def test_round_that_goes_on_after_its_end_is_tested_anew(make_attempts: MakeAttempts):
    attempts, runs = make_attempts(writes(RIGHT, steps=5000), tokens_per_second=50)
    (run_id,) = attempts.start(TASK, tests=TESTS)
    with_reader = runs.attach(run_id)
    threading.Event().wait(0.3)
    attempts.stop(run_id)
    assert at_its_end(attempts, runs, run_id).standing == "fails"
    runs.resume(run_id, budget=1)
    assert at_its_end(attempts, runs, run_id).standing == "passes"
    with_reader.close()


def test_edited_program_is_tested_without_a_model_and_is_its_round_s_version(make_attempts: MakeAttempts):
    attempts, runs = make_attempts(writes(WRONG))
    coded = at_its_end(attempts, runs, attempts.start(TASK, tests=TESTS, hidden_tests=TESTS, n_rounds=2)[0])
    edited = attempts.edit(coded.rounds[0].run_id, RIGHT)
    assert edited.standing == "passes" and edited.best == edited.rounds[0]
    assert edited.best and edited.best.program and edited.best.program.by_user
    assert len(edited.rounds) == 2 and not runs.live_runs()
    with pytest.raises(BadInput, match="program is empty"):
        attempts.edit(coded.id, "  ")
    with pytest.raises(RunNotFound):
        attempts.edit("nobody", RIGHT)


def test_tests_can_be_changed_and_everything_is_tested_again(make_attempts: MakeAttempts):
    attempts, runs = make_attempts(writes(WRONG))
    coded = at_its_end(attempts, runs, attempts.start(TASK, tests=TESTS, n_rounds=2)[0])
    changed = attempts.change_tests(coded.id, '[{"call": "add", "args": [3, 2], "expected": 1}]')
    assert (changed.standing, changed.words, changed.task.form) == ("passes", "passes 1 of 1 given tests", "calls")
    assert read_task(runs, coded.rounds[1].run_id).task.tests == changed.task.tests
    without = attempts.change_tests(coded.id, "")
    assert (without.standing, without.words) == ("not tested", "not tested")


def test_changed_tests_are_kept_and_whoever_kills_the_app_meanwhile_finds_them_run(tmp_path: Path, judge: CodeJudge):
    with attempts_maker(tmp_path, CodeJudge()) as make:
        attempts, runs = make(writes(WRONG))
        coded = at_its_end(attempts, runs, attempts.start(TASK, tests=TESTS, n_rounds=2)[0])
        assert not coded.has_changed_tests
        attempts._tests.is_closed = True  # nothing is stored any more of what is being tested
        attempts.change_tests(coded.id, "assert plus(3, 2) == 1", entry_point="add")
    with attempts_maker(tmp_path, judge) as make:
        attempts, runs = make(writes(WRONG))
        assert all(not each.reports for each in read_task(runs, coded.id).rounds), "old reports are not the new tests'"
        changed = attempts.settle(coded.id)
        assert (changed.words, changed.task.entry_point) == ("passes 1 of 1 given tests", "add")
        assert changed.has_changed_tests and len(changed.rounds) == 2 and not runs.live_runs()
        with pytest.raises(BadInput, match="its name alone"):
            attempts.change_tests(coded.id, "assert add(3, 2) == 1", entry_point="a b")
        assert changed == attempts.settle(coded.id)


def test_changed_tests_go_along_where_a_task_is_exported(make_attempts: MakeAttempts):
    attempts, runs = make_attempts(writes(WRONG))
    coded = at_its_end(attempts, runs, attempts.start(TASK, tests=TESTS, n_rounds=1)[0])
    attempts.change_tests(coded.id, "assert add(3, 2) == 1")
    lines = export(runs.store, coded.id, "json_lines")
    assert "assert add(3, 2) == 1" in lines and "assert add(5, 0) == 5" in lines, "what they were before is kept too"
    for form in ("markdown", "html"):
        told = export(runs.store, coded.id, form)
        assert "passes 1 of 1 given tests" in told and "of 3 given tests" not in told


def test_program_that_is_run_again_as_it_is_was_not_changed_by_anybody(make_attempts: MakeAttempts):
    attempts, runs = make_attempts(writes(WRONG))
    coded = at_its_end(attempts, runs, attempts.start(TASK, tests=TESTS, n_rounds=1)[0])
    again = attempts.edit(coded.id, f"{WRONG}\n\n")
    assert again.rounds[0].program == coded.rounds[0].program and again.words == coded.words


def test_it_is_known_how_far_the_tests_of_a_round_are_and_how_they_went(make_attempts: MakeAttempts):
    attempts, runs = make_attempts(writes("import time\n" + WRONG.replace("return", "time.sleep(0.3)\n    return")))
    (run_id,) = attempts.start(TASK, tests=TESTS, hidden_tests=TESTS, n_rounds=1)
    seen = []
    with_reader = runs.attach(run_id)
    deadline = time.monotonic() + 120
    while not read_task(runs, run_id).is_settled and time.monotonic() < deadline:
        if (progress := attempts.progress(run_id)) and not progress.is_over:
            seen.append(progress)
        time.sleep(0.02)
    with_reader.close()
    assert seen and {id(each) for each in seen} == {id(attempts.progress(run_id))}
    given, hidden = seen[-1].parts()
    assert [case.outcome for case in given.said.values()] == ["wrong", "passed", "wrong"] and given.is_over
    assert hidden.tests_from == "hidden" and len(hidden.said) == 3 and "add" not in repr(hidden)
    assert seen[-1].program.source.endswith(WRONG.splitlines()[-1] + "\n")


def test_check_that_names_no_function_is_about_the_one_of_the_task(make_attempts: MakeAttempts):
    attempts, runs = make_attempts(writes(RIGHT))
    check = "def check(candidate):\n    assert candidate(1, 2) == 3"
    coded = at_its_end(attempts, runs, attempts.start(TASK.replace("add that", "add(a, b) that"), tests=check)[0])
    assert (coded.standing, coded.task.entry_point) == ("passes", "add")


def test_tests_of_a_model_that_do_not_fit_the_program_are_no_failures_of_it(make_attempts: MakeAttempts):
    tests = Turn("Think.", "```python\nassert add(2) == 4\nassert add(2, 2) == 4\n```", ASKS_FOR_TESTS)
    attempts, runs = make_attempts(tests, writes(RIGHT))
    coded = at_its_end(attempts, runs, attempts.start(TASK)[0])
    report = coded.best and coded.best.report("model")
    assert report and report.has_passed and len(report.cases) == 1
    assert report.message.startswith("1 of 2 model-written tests do not fit the program")


def test_task_without_tests_gets_some_from_a_model_that_sees_no_program(make_attempts: MakeAttempts):
    tests = Turn("Think.", "```python\nassert add(2, 2) == 4\nassert add(2, 3) == 6\nassert add(\n```", ASKS_FOR_TESTS)
    attempts, runs = make_attempts(tests, writes(RIGHT))
    started = attempts.start(TASK)
    coded = at_its_end(attempts, runs, started[0])
    assert len(started) == 2 and coded.tests_round and coded.tests_round.run_id == started[1]
    assert coded.model_tests == "assert add(2, 2) == 4\nassert add(2, 3) == 6"
    assert coded.standing == "not tested" and len(coded.rounds) == 2, "what a model says of a program repairs nothing"
    assert coded.words == (
        "not tested; passes 1 of 2 model-written tests, first failure: add(2, 3) gave 5, not 6; they are no proof"
    )
    ((_, prompt),) = [each for each in prompts_of(runs, coded) if each[0] == "tests"]
    assert TASK in prompt and "a + b" not in prompt and "def add" not in prompt
    assert all("== 6" not in prompt for purpose, prompt in prompts_of(runs, coded) if purpose == "solution")


def test_tests_of_a_model_find_the_only_function_under_another_name(make_attempts: MakeAttempts):
    tests = Turn("Think.", "```python\nassert plus(2, 2) == 4\n```", ASKS_FOR_TESTS)
    attempts, runs = make_attempts(tests, writes(RIGHT))
    coded = at_its_end(attempts, runs, attempts.start("Write a function that adds two numbers.")[0])
    assert "passes 1 of 1 model-written tests" in coded.words and coded.standing == "not tested"


def test_program_that_is_no_python_is_repaired_without_any_tests(make_attempts: MakeAttempts):
    attempts, runs = make_attempts(writes(RIGHT, FEEDBACK), writes("def add(a, b:\n    return a"))
    coded = at_its_end(attempts, runs, attempts.start(TASK, asks_for_tests=False)[0])
    assert [each.number for each in coded.rounds] == [1, 2] and coded.words == "not tested"


def test_programs_that_part_are_shown_with_the_input_on_which_they_do(make_attempts: MakeAttempts):
    tests = Turn("Think.", "```python\nassert add(2, 2) == 4\n```", ASKS_FOR_TESTS)
    attempts, runs = make_attempts(tests, writes(HALF, times=1), writes(RIGHT))
    coded = at_its_end(attempts, runs, attempts.start(TASK, k=3)[0])
    (evidence,) = coded.evidence
    assert evidence.kind == "disagreement" and not evidence.is_for
    assert evidence.words.startswith("The programs disagree: add(2, -2) gives 0 by attempts ")
    assert coded.standing == "not tested"


def test_programs_that_do_the_same_are_still_no_proof(make_attempts: MakeAttempts):
    tests = Turn("Think.", "```python\nassert add(2, 2) == 4\n```", ASKS_FOR_TESTS)
    attempts, runs = make_attempts(tests, writes(WRONG))
    coded = at_its_end(attempts, runs, attempts.start(TASK, k=2)[0])
    assert [each.strength for each in coded.evidence] == ["weak"] and "may still be wrong" in coded.evidence[0].words


def test_round_that_ended_while_nobody_looked_is_tested_when_the_task_is_opened(tmp_path: Path, judge: CodeJudge):
    with attempts_maker(tmp_path, judge) as make:
        attempts, runs = make(writes(WRONG, steps=5000), tokens_per_second=50)
        (run_id,) = attempts.start(TASK, tests=TESTS)
        threading.Event().wait(0.2)
        runs.after_end.clear()  # the app goes down without having looked at anything
    with attempts_maker(tmp_path, judge) as make:
        attempts, runs = make(writes(RIGHT))
        assert not read_task(runs, run_id).is_settled
        coded = attempts.settle(run_id)
        assert coded.is_settled and coded.standing == "fails" and len(coded.rounds) == 1, "opening starts nothing"
        with_reader = runs.attach(run_id)
        runs.resume(run_id)
        assert at_its_end(attempts, runs, run_id).standing == "passes"
        with_reader.close()


def test_rounds_belong_to_whom_the_task_belongs_to(make_attempts: MakeAttempts):
    attempts, runs = make_attempts(writes(WRONG))
    coded = at_its_end(attempts, runs, attempts.start(TASK, tests=TESTS, n_rounds=2, k=2, owner="ann")[0])
    assert len(coded.rounds) == 4 and {runs.store.row(each.run_id).owner for each in coded.rounds} == {"ann"}
    assert len(runs.store.rows("ann")) == 1, "one task, one line in the list of past runs"


def test_all_attempts_are_started_or_none(make_attempts: MakeAttempts):
    attempts, runs = make_attempts(writes(RIGHT), max_runs=3)
    with pytest.raises(TooManyRuns):
        attempts.start(TASK, k=3)  # and one for tests
    assert not runs.live_runs()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"statement": "  "}, "task is empty"),
        ({"statement": "x" * 400_001}, "task has 400,001 characters"),
        ({"k": 9}, "9 attempts"),
        ({"n_rounds": 0}, "0 rounds"),
        ({"entry_point": "add(a, b)"}, "its name alone"),
        ({"tests": "it should add"}, "in no form that is known"),
        ({"hidden_tests": "it should add"}, "in no form that is known"),
        ({"tests": "#" * 8_000_001}, "limit is 8,000,000"),
        ({"budget": "a lot"}, "thinking budget"),
    ],
)
def test_start_refuses_with_a_sentence_and_starts_nothing(
    make_attempts: MakeAttempts, given: dict[str, object], words: str
):
    attempts, runs = make_attempts(writes(RIGHT))
    with pytest.raises(BadInput, match=words):
        attempts.start(**({"statement": TASK, "tests": TESTS} | given))  # type: ignore[arg-type]
    assert not runs.live_runs() and not runs.store.rows()


def test_chat_is_no_task(make_attempts: MakeAttempts):
    attempts, runs = make_attempts(Turn("Hm.", "4"))
    run_id = runs.start("2+2?")
    for ask in (attempts.stop, attempts.settle):
        with pytest.raises(BadInput, match="writes no program"):
            ask(run_id)


def test_program_that_is_being_tested_when_the_app_ends_is_tested_when_its_task_is_opened(
    tmp_path: Path, judge: CodeJudge
):
    def was_tested_when_it_ended(folder: Path) -> bool:
        with attempts_maker(folder, CodeJudge()) as make:
            attempts, runs = make(writes("import time\ntime.sleep(0.6)\n" + RIGHT))
            (run_id,) = attempts.start(TASK, tests=TESTS)
            with_reader = runs.attach(run_id)
            deadline = time.monotonic() + 60
            while (runs.is_live(run_id) or attempts.judge.level is None) and time.monotonic() < deadline:
                time.sleep(0.02)
            with_reader.close()
        with attempts_maker(folder, judge) as make:
            attempts, runs = make(writes(RIGHT))
            was_tested = read_task(runs, run_id).rounds[0].program is None  # no report says that it was refused
            assert attempts.settle(run_id).standing == "passes"
        return was_tested

    # A machine that stands still just then has tested it before the end, but not in every try.
    assert any(was_tested_when_it_ended(tmp_path / str(number)) for number in range(10))
