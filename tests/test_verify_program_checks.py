"""Problems, scripted chains and scripted check programs: what each program says of the answer, and what it is told."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from model.engine import collect
from model.errors import BadInput
from model.events import Asked, Evidence, FinalAnswer, Problem, from_json, to_json
from model.export import export
from model.runs import Runs
from model.scripted import Turn
from tests.scripted_solves import MakeSolves, solves_maker
from verify.code.judge import CodeJudge
from verify.math_answer import MathJudge
from verify.solve import Solve, read_solve
from verify.solving import Solves

TRIES = "print(sum(n for n in range(1, 11)))"
STATEMENT = "What is the sum of the first ten counting numbers?"


@pytest.fixture(scope="module")
def judge() -> Iterator[MathJudge]:
    with MathJudge(1) as judge:
        yield judge


@pytest.fixture(scope="module")
def code_judge() -> Iterator[CodeJudge]:
    judge = CodeJudge()
    yield judge
    judge.close()


@pytest.fixture
def make_solves(tmp_path: Path, judge: MathJudge, code_judge: CodeJudge) -> Iterator[MakeSolves]:
    with solves_maker(tmp_path, judge, code_judge) as make:
        yield make


def writes(program: str, times: int = 0) -> Turn:
    return Turn("A loop will do.", f"Here it is.\n\n```python\n{program}\n```\n", match="Python program", times=times)


def answers(text: str, times: int = 0, steps: int = 1) -> Turn:
    return Turn("One step, number {n}.\n\n", f"It is $\\boxed{{{text}}}$.", repeat=steps, times=times)


def settled(solves: Solves, runs: Runs, run_id: str, seconds: float = 120.0) -> Solve:
    deadline = time.monotonic() + seconds
    while not (solve := read_solve(runs, run_id)).is_settled and time.monotonic() < deadline:
        readers = [runs.attach(live) for live in solve.live_runs]
        if not readers:
            solves.settle(run_id)
        threading.Event().wait(0.02)
        for reader in readers:
            reader.close()
    assert solve.is_settled
    return solve


def program_evidence(solve: Solve) -> Evidence:
    (evidence,) = [each for each in solve.evidence if each.kind == "program"]
    return evidence


@pytest.mark.parametrize(
    ("program", "answer", "expected"),
    [
        (TRIES, "55", ("fair", True, "printed 55 too")),
        (TRIES, "54", ("fair", False, "one of the two is wrong")),
        (TRIES + " # 55\nassert sum(range(11)) == 55", "55", ("weak", True, "stands in the program itself")),
        ("print(55)", "55", ("none", True, "only prints 55")),
        ("print(54)", "55", ("none", True, "only prints 54")),
        ("print(sum(range(11)) / 0)", "55", ("none", True, "ZeroDivisionError")),
        ("total = sum(range(11))", "55", ("none", True, "printed no answer")),
        ("import socket\nprint(socket.socket())", "55", ("none", True, "failed")),
        ("print('x' * 10**6)", "55", ("none", True, "printed too much")),
    ],
)
def test_program_says_of_the_answer_what_it_printed_and_never_that_it_is_correct(
    make_solves: MakeSolves, program: str, answer: str, expected: tuple[str, bool, str]
):
    solves, runs = make_solves(writes(program), answers(answer))
    (run_id,) = solves.start(STATEMENT, check_program=True)
    solve = settled(solves, runs, run_id)
    evidence = program_evidence(solve)
    strength, is_for, words = expected
    assert (evidence.strength, evidence.is_for) == (strength, is_for) and words in evidence.words
    assert evidence.program == program and solve.verdict is None
    assert solve.standing == ("not checked" if strength == "none" else "evidence")
    assert not {"correct", "proof", "proved"} & set(evidence.words.lower().split())


def test_run_that_writes_the_program_is_told_the_statement_and_nothing_of_the_answer(make_solves: MakeSolves):
    solves, runs = make_solves(writes(TRIES), answers("987654321"))
    (run_id,) = solves.start(STATEMENT)
    settled(solves, runs, run_id)
    check_run = solves.ask_for_program(run_id)
    settled(solves, runs, run_id)
    asked, problem = runs.store.events(check_run, 0, 2)
    assert isinstance(asked, Asked) and isinstance(problem, Problem)
    assert asked.question == f"{STATEMENT}\n\n{problem.instruction}" and problem.purpose == "check_program"
    assert (asked.history, asked.system, asked.attachments) == ((), "", ())
    answered = collect(runs.store.events(run_id))
    for text in ("987654321", "boxed", answered.thinking.strip(), answered.answer.strip()):
        assert text not in asked.question


def test_program_that_is_asked_for_later_is_compared_with_the_winner_of_the_vote(make_solves: MakeSolves):
    solves, runs = make_solves(writes(TRIES), answers("54", times=1), answers("55"))
    (run_id, *_) = solves.start(STATEMENT, k=3, first_to_finish=3)
    before = settled(solves, runs, run_id)
    solves.ask_for_program(run_id)
    solve = settled(solves, runs, run_id)
    assert [chain.number for chain in solve.chains] == [1, 2, 3] and solve.vote == before.vote
    assert [(answer, len(chains)) for answer, chains in solve.classes] == [("55", 2), ("54", 1)]
    assert solve.checker and (solve.checker.number, solve.checker.answer) == (0, "55")
    assert program_evidence(solve).strength == "fair" and program_evidence(solve).run_id == solve.checker.run_id


def test_vote_of_chains_is_not_disturbed_by_a_program_that_is_written_beside_them(make_solves: MakeSolves):
    slow = Turn("Step {n}.\n\n", f"```python\n{TRIES}\n```", match="Python program", repeat=40)
    solves, runs = make_solves(slow, answers("54", times=3), answers("55", steps=5000), tokens_per_second=300)
    (run_id, *_) = solves.start(STATEMENT, k=5, check_program=True, budget=100_000)
    solve = settled(solves, runs, run_id)
    assert solve.vote and solve.vote.words.startswith("3 of 3 samples say 54")
    assert solve.checker and solve.checker.reason == "stop"
    assert not program_evidence(solve).is_for


def test_stop_ends_the_run_that_writes_the_program_too_and_it_says_so(make_solves: MakeSolves):
    slow = Turn("Step {n}.\n\n", f"```python\n{TRIES}\n```", match="Python program", repeat=5000)
    solves, runs = make_solves(slow, answers("55"), tokens_per_second=50)
    (run_id,) = solves.start(STATEMENT, check_program=True)
    while read_solve(runs, run_id).is_live:
        threading.Event().wait(0.02)
    assert not solves.settle(run_id).is_settled
    assert solves.stop(run_id)
    evidence = program_evidence(settled(solves, runs, run_id))
    assert evidence.strength == "none" and "did not come to its end" in evidence.words


def test_answer_without_a_program_is_said_to_hold_none(make_solves: MakeSolves):
    prose = Turn("Hm.", "I would rather not.\n\n```text\n55\n```", match="Python program")
    solves, runs = make_solves(prose, answers("55"))
    evidence = program_evidence(settled(solves, runs, solves.start(STATEMENT, check_program=True)[0]))
    assert (evidence.strength, evidence.program, evidence.output) == ("none", "", "") and "no program" in evidence.words


def test_program_that_was_written_while_nobody_looked_is_run_later(make_solves: MakeSolves):
    solves, runs = make_solves(writes(TRIES), answers("55"))
    runs.after_end.clear()  # as if the app had ended
    (run_id,) = solves.start(STATEMENT, check_program=True)
    while read_solve(runs, run_id).live_runs:
        threading.Event().wait(0.02)
    assert not read_solve(runs, run_id).is_settled
    assert program_evidence(solves.settle(run_id)).strength == "fair"


def test_answer_that_is_found_anew_is_compared_anew_with_the_same_program(make_solves: MakeSolves):
    solves, runs = make_solves(writes(TRIES), answers("54", times=1), answers("55"))
    (run_id,) = solves.start(STATEMENT, check_program=True)
    assert not program_evidence(settled(solves, runs, run_id)).is_for
    runs.resume(run_id, think_longer=True)
    solve = settled(solves, runs, run_id)
    assert solve.winner and solve.winner.answer == "55" and program_evidence(solve).is_for


def test_machine_that_cannot_isolate_runs_nothing_and_says_so(make_solves: MakeSolves, monkeypatch: pytest.MonkeyPatch):
    from model.errors import SandboxRefused

    def refused(self: CodeJudge) -> None:
        raise SandboxRefused("This machine cannot isolate programs, so none is run.")

    monkeypatch.setattr(CodeJudge, "_started", refused)
    solves, runs = make_solves(writes(TRIES), answers("55"))
    evidence = program_evidence(settled(solves, runs, solves.start(STATEMENT, check_program=True)[0]))
    assert evidence.strength == "none" and "cannot isolate programs" in evidence.words and evidence.program == TRIES


def test_program_and_output_stand_in_the_exports_of_the_answer(make_solves: MakeSolves):
    hostile = "print('</pre><script>alert(1)</script>')\n" + TRIES
    solves, runs = make_solves(writes(hostile), answers("55"))
    (run_id,) = solves.start(STATEMENT, check_program=True)
    settled(solves, runs, run_id)
    markdown, page = export(runs.store, run_id, "markdown"), export(runs.store, run_id, "html")
    assert "## Check program" in markdown and hostile in markdown and "alert(1)</script>\n55" in markdown
    assert "Check program" in page and "<script>" not in page and "&lt;script&gt;" in page


def test_program_is_refused_where_it_would_say_nothing(make_solves: MakeSolves):
    solves, runs = make_solves(
        Turn("Hm.", "Let us look at it.\n\nThen we look at it again.", match="Unknown"), answers("55")
    )
    with pytest.raises(BadInput, match="known answer says more"):
        solves.start(STATEMENT, gold="55", check_program=True)
    assert not runs.store.rows()
    (run_id,) = solves.start(STATEMENT, gold="55")
    settled(solves, runs, run_id)
    with pytest.raises(BadInput, match="known answer says more"):
        solves.ask_for_program(run_id)
    (run_id,) = solves.start("Unknown?")
    settled(solves, runs, run_id)
    with pytest.raises(BadInput, match="no final answer"):
        solves.ask_for_program(run_id)


def test_stored_runs_of_before_are_still_read():
    old = '{"first_run":"a","instruction":"","gold":"","chain":1,"n_chains":1,"first_to_finish":null,"type":"problem"}'
    assert from_json(old) == Problem("a")
    evidence = from_json('{"kind":"vote","strength":"weak","words":"2 of 3","is_for":true,"type":"evidence"}')
    assert evidence == Evidence("vote", "weak", "2 of 3") == from_json(to_json(Evidence("vote", "weak", "2 of 3")))
    assert FinalAnswer("") == from_json('{"text":"","type":"final_answer"}')
