"""Problems and scripted chains: what each answer comes to, who wins the vote, and what is kept of it."""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from model.checked import Checked, checked_of
from model.engine import collect
from model.errors import BadInput, RunNotFound, TooManyRuns
from model.events import Asked, Event, Evidence, FinalAnswer, Finished, Notice, Sampling, Steered, Verdict
from model.runs import Runs
from model.scripted import Turn
from tests.scripted_solves import MakeSolves, boxed, solves_maker
from verify.math_answer import MathJudge
from verify.solve import Solve, read_solve
from verify.solving import MOST_CHAINS

BOXING = "\nPlease reason step by step, and put your final answer within \\boxed{}."


@pytest.fixture(scope="module")
def judge() -> Iterator[MathJudge]:
    with MathJudge(1) as judge:
        yield judge


@pytest.fixture
def make_solves(tmp_path: Path, judge: MathJudge) -> Iterator[MakeSolves]:
    with solves_maker(tmp_path, judge) as make:
        yield make


def settled(runs: Runs, run_id: str, seconds: float = 120.0) -> Solve:
    """The solve once nothing more is to come; a reader keeps each chain going."""
    readers = [runs.attach(chain.run_id) for chain in read_solve(runs, run_id).chains]
    deadline = time.monotonic() + seconds
    while not (solve := read_solve(runs, run_id)).is_settled and time.monotonic() < deadline:
        threading.Event().wait(0.02)
    for reader in readers:
        reader.close()
    assert solve.is_settled
    return solve


def test_solve_with_a_gold_keeps_the_verdict_with_its_reason(make_solves: MakeSolves):
    solves, runs = make_solves(boxed(r"\frac{2}{4}"))
    (run_id,) = solves.start("What is half of one?", gold="1/2")
    solve = settled(runs, run_id)
    assert (solve.standing, solve.gold, solve.winner.answer if solve.winner else "") == (
        "correct",
        "1/2",
        r"\frac{2}{4}",
    )
    kept = [event for event in runs.store.events(run_id) if isinstance(event, FinalAnswer | Verdict)]
    assert [type(event) for event in kept] == [FinalAnswer, Verdict]
    assert isinstance(kept[1], Verdict) and "1/2" in kept[1].reason


@pytest.mark.parametrize(("answer", "standing"), [("5", "wrong"), ("4", "correct"), ("", "undecided")])
def test_solve_says_how_the_answer_stands_to_the_gold(make_solves: MakeSolves, answer: str, standing: str):
    solves, runs = make_solves(
        Turn("Two and two.", f"\\boxed{{{answer}}}" if answer else "Let us look at it.\n\nThen we look at it again.")
    )
    assert settled(runs, solves.start("2+2?", gold="4")[0]).standing == standing


def test_solve_without_a_gold_never_has_a_verdict_but_says_what_was_seen(
    make_solves: MakeSolves,
):
    solves, runs = make_solves(boxed("3"))
    solve = settled(runs, solves.start("Solve $2x + 1 = 7$ for x.")[0])
    assert solve.verdict is None and solve.standing == "evidence"
    assert [each.kind for each in solve.evidence] == ["substitution"]
    assert "satisfies" in solve.evidence[0].words


def test_solve_of_what_nothing_can_check_is_not_checked(make_solves: MakeSolves):
    solves, runs = make_solves(boxed("3"))
    assert settled(runs, solves.start("How many cats are there?")[0]).standing == "not checked"


def test_chains_vote_by_what_their_answers_are_worth(make_solves: MakeSolves):
    solves, runs = make_solves(boxed("7", times=2), boxed("0.5", times=2), boxed(r"\frac12", times=1))
    solve = settled(runs, solves.start("What is it?", k=5)[0])
    assert [(answer in ("0.5", r"\frac12"), len(chains)) for answer, chains in solve.classes] == [(True, 3), (False, 2)]
    assert solve.winner and solve.winner.answer in ("0.5", r"\frac12")
    assert solve.vote and solve.vote.words.startswith("3 of 5 samples say ")


@pytest.mark.parametrize("seed", range(6))
def test_vote_of_chains_is_that_of_counting_every_answer(make_solves: MakeSolves, seed: int):
    drawn = random.Random(seed)
    answers = [str(drawn.randint(1, 3)) for _ in range(7)]
    solves, runs = make_solves(*(boxed(answer, times=1) for answer in answers))
    # With all waited for, nothing is stopped before it has answered.
    solve = settled(runs, solves.start("What is it?", k=7, first_to_finish=7)[0])
    counted = Counter(answer for chain in solve.chains if (answer := chain.answer))
    most = max(counted.values())
    assert solve.winner and counted[solve.winner.answer] == most
    n_voted = sum(chain.has_voted for chain in solve.chains)
    assert solve.vote and solve.vote.words.startswith(f"{most} of {n_voted} samples say {solve.winner.answer} ")
    assert counted <= Counter(answers)


def test_chains_that_cannot_change_the_vote_are_stopped(make_solves: MakeSolves):
    solves, runs = make_solves(boxed("4", times=3), boxed("5", steps=5000), tokens_per_second=300)
    solve = settled(runs, solves.start("2+2?", k=5, budget=100_000)[0])
    stopped = [chain for chain in solve.chains if chain.reason == "stopped"]
    assert len(stopped) == 2 and not any(chain.has_voted for chain in stopped)
    assert solve.vote and solve.vote.words.startswith("3 of 3 samples say 4")
    notices = [event.kind for event in runs.store.events(stopped[0].run_id) if isinstance(event, Notice)]
    assert "decided" in notices


def test_vote_is_over_when_as_many_have_ended_as_were_asked_for(make_solves: MakeSolves):
    solves, runs = make_solves(boxed("4", times=1), boxed("5", times=1), boxed("6", steps=5000), tokens_per_second=300)
    solve = settled(runs, solves.start("2+2?", k=4, first_to_finish=2, budget=100_000)[0])
    assert sorted(chain.answer for chain in solve.chains) == ["", "", "4", "5"]
    assert solve.vote and solve.vote.strength == "none" and "another answer has as many" in solve.vote.words


def test_verdict_of_several_chains_is_that_of_the_winning_answer(make_solves: MakeSolves):
    solves, runs = make_solves(boxed("5", times=2), boxed("4", times=1))
    solve = settled(runs, solves.start("2+2?", k=3, gold="4")[0])
    assert solve.standing == "wrong" and {chain.checked.standing for chain in solve.chains} == {"wrong", "correct"}


def test_answers_can_be_checked_against_another_reference_later(make_solves: MakeSolves):
    solves, runs = make_solves(boxed("4"))
    (run_id,) = solves.start("2+2?")
    settled(runs, run_id)
    assert solves.check_against(run_id, "5").standing == "wrong"
    solve = solves.check_against(run_id, " 4 ")
    assert (solve.standing, solve.gold) == ("correct", "4")
    with pytest.raises(BadInput, match="reference is empty"):
        solves.check_against(run_id, "  ")


def test_chain_that_goes_on_after_its_end_is_checked_anew(make_solves: MakeSolves):
    solves, runs = make_solves(boxed("4", steps=5000), tokens_per_second=100)
    (run_id,) = solves.start("2+2?", gold="4")
    with_reader = runs.attach(run_id)
    threading.Event().wait(0.3)
    runs.stop(run_id)
    assert settled(runs, run_id).standing == "undecided"
    with_reader.close()
    runs.resume(run_id, budget=1)
    solve = settled(runs, run_id)
    assert solve.standing == "correct" and solve.chains[0].answer == "4"


def test_what_was_found_out_before_a_run_went_on_does_not_count_even_where_its_end_is_out_of_sight():
    after: list[Event] = [FinalAnswer("4", "4"), Verdict("correct", "same"), Steered("continue"), Finished("stop")]
    assert checked_of(after) == checked_of([Finished("stop"), *after]) == Checked()
    assert checked_of([*after, FinalAnswer("5", "5")]).final_answer == FinalAnswer("5", "5")


def test_answers_that_ended_while_nobody_looked_are_looked_at_later(
    make_solves: MakeSolves, monkeypatch: pytest.MonkeyPatch
):
    solves, runs = make_solves(boxed("4"))
    runs.after_end.clear()
    (run_id,) = solves.start("2+2?", gold="4")
    reader = runs.attach(run_id)
    for _ in reader:
        pass
    reader.close()
    while runs.is_live(run_id):
        threading.Event().wait(0.01)
    assert not read_solve(runs, run_id).is_settled
    assert solves.settle(run_id).standing == "correct"


def test_stop_ends_every_chain_and_what_was_broken_off_is_no_answer(make_solves: MakeSolves):
    solves, runs = make_solves(Turn("Quick.", "It is 12 " * 3000), tokens_per_second=300)
    (run_id, *_) = solves.start("How many?", k=3)
    readers = [runs.attach(chain.run_id) for chain in read_solve(runs, run_id).chains]
    while not all(chain.answer_tokens for chain in read_solve(runs, run_id).chains):
        threading.Event().wait(0.02)
    assert solves.stop(run_id)
    solve = settled(runs, run_id)
    for reader in readers:
        reader.close()
    assert [chain.answer for chain in solve.chains] == ["", "", ""] and solve.winner is None
    assert not solves.stop(run_id)


def test_problem_is_asked_with_the_words_that_bring_a_box_and_shown_without_them(
    make_solves: MakeSolves,
):
    solves, runs = make_solves(boxed("4"))
    (run_id,) = solves.start("2+2?")
    asked = runs.store.events(run_id, 0, 1)[0]
    assert isinstance(asked, Asked) and asked.question == "2+2?" + BOXING
    assert settled(runs, run_id).statement == "2+2?"
    (run_id,) = solves.start("2+2? Answer in \\boxed{}.")
    assert settled(runs, run_id).question == "2+2? Answer in \\boxed{}."


def test_chains_are_drawn_with_seeds_of_their_own(make_solves: MakeSolves):
    solves, runs = make_solves(boxed("4"))
    seeds = []
    for run_id in solves.start("2+2?", k=3, sampling=Sampling(seed=8)):
        asked = runs.store.events(run_id, 0, 1)[0]
        assert isinstance(asked, Asked)
        seeds.append(asked.sampling.seed)
    assert seeds == [8, 9, 10]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"problem": " "}, "empty"),
        ({"k": 0}, f"from 1 to {MOST_CHAINS}"),
        ({"k": MOST_CHAINS + 1}, f"from 1 to {MOST_CHAINS}"),
        ({"k": 2, "first_to_finish": 3}, "from 1 to 2"),
        ({"k": 2, "sampling": Sampling(temperature=0)}, "greedily"),
        ({"gold": "1" * 2001}, "2,001 characters"),
        ({"budget": "long"}, "budget"),
    ],
)
def test_start_refuses_what_cannot_be_and_starts_nothing(make_solves: MakeSolves, given: dict[str, object], says: str):
    solves, runs = make_solves(boxed("4"))
    with pytest.raises(BadInput, match=says):
        solves.start(**({"problem": "2+2?"} | given))  # type: ignore[arg-type]
    assert not runs.store.rows() and not runs.live_runs()


def test_start_refuses_more_chains_than_there_is_room_for(make_solves: MakeSolves):
    solves, runs = make_solves(boxed("4"), max_runs=2)
    with pytest.raises(TooManyRuns, match="room for 2"):
        solves.start("2+2?", k=3)
    assert not runs.store.rows()


def test_chat_is_no_solve_and_an_unknown_run_is_none(make_solves: MakeSolves):
    _, runs = make_solves(boxed("4"))
    with pytest.raises(BadInput, match="solves no problem"):
        read_solve(runs, runs.start("2+2?"))
    with pytest.raises(RunNotFound):
        read_solve(runs, "nowhere")


def test_what_was_found_out_is_in_the_events_and_the_exports_say_it(
    make_solves: MakeSolves,
):
    from model.export import export

    solves, runs = make_solves(boxed("4"))
    (run_id,) = solves.start("Solve $2x = 8$ for x.")
    settled(runs, run_id)
    events = runs.store.events(run_id)
    assert checked_of(events).standing == "evidence" and any(isinstance(event, Evidence) for event in events)
    assert collect(events).answer.endswith("$.")
    assert "Verdict: not checked (x = 4 satisfies" in export(runs.store, run_id, "markdown")
