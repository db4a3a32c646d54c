"""With somebody acting, the store and the runs show nothing of others, and what is new is theirs."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from model.acting import NOBODY, Actor, acting, acting_as, is_governed_by_others, new_owner
from model.branching import Branch
from model.errors import AppError, NotAllowed, RunNotFound
from model.export import export
from model.host import ModelHost
from model.importing import import_json_lines
from model.runs import Runs
from model.samples import start_samples
from model.scripted import ScriptedEngine, Turn
from model.settings import Settings
from model.store import Store
from tests.script_client import is_soon

ANNA, BEN = Actor("user:anna"), Actor("user:ben")
TURNS = [Turn("Two and two.", "4", match="quick"), Turn("On and on {n}. ", "Never.", repeat=3000)]


@pytest.fixture
def runs(settings: Settings) -> Iterator[Runs]:
    host = ModelHost(settings, ScriptedEngine(TURNS, tokens_per_second=400))
    runs = Runs(Store(settings.data_folder), host, settings)
    yield runs
    runs.close()
    host.close()
    runs.store.close()


def started(runs: Runs, actor: Actor, question: str = "slow", **more: Any) -> str:
    with acting_as(actor):
        return runs.start(question, **more)


def finished(runs: Runs, actor: Actor) -> str:
    run_id = started(runs, actor, "quick")
    with acting_as(actor), contextlib.closing(runs.attach(run_id)) as follower:
        for _ in follower:
            pass
    return run_id


READS: dict[str, Callable[[Runs, str], object]] = {
    "row": lambda runs, run_id: runs.store.row(run_id),
    "events": lambda runs, run_id: runs.store.events(run_id),
    "timed_events": lambda runs, run_id: runs.store.timed_events(run_id),
    "conversation": lambda runs, run_id: runs.store.conversation(run_id),
    "whole_conversation": lambda runs, run_id: runs.store.whole_conversation(run_id),
    "children": lambda runs, run_id: runs.store.children(run_id),
    "siblings": lambda runs, run_id: runs.store.siblings(run_id),
    "last_turn": lambda runs, run_id: runs.store.last_turn(run_id),
    "rename": lambda runs, run_id: runs.store.rename(run_id, "mine"),
    "pin": lambda runs, run_id: runs.store.pin(run_id, True),
    "delete": lambda runs, run_id: runs.store.delete(run_id),
    "restore": lambda runs, run_id: runs.store.restore(run_id),
    "attach": lambda runs, run_id: runs.attach(run_id),
    "messages": lambda runs, run_id: runs.messages(run_id),
    "stop": lambda runs, run_id: runs.stop(run_id),
    "answer_now": lambda runs, run_id: runs.answer_now(run_id),
    "think_longer": lambda runs, run_id: runs.think_longer(run_id),
    "set_budget": lambda runs, run_id: runs.set_budget(run_id, "low"),
    "pause": lambda runs, run_id: runs.pause(run_id),
    "go_on": lambda runs, run_id: runs.go_on(run_id, "Try 7."),
    "decide": lambda runs, run_id: runs.decide(run_id, "c", "allow"),
    "resume": lambda runs, run_id: runs.resume(run_id),
    "branch": lambda runs, run_id: runs.branch(run_id, Branch()),
    "samples": lambda runs, run_id: start_samples(runs, run_id, 2),
    "follow_up": lambda runs, run_id: runs.start("quick", parent_id=run_id),
    "the_same_id": lambda runs, run_id: runs.start("quick", run_id=run_id),
}


@pytest.mark.parametrize("how", READS)
@pytest.mark.parametrize("make", [started, finished])
def test_run_of_another_user_is_not_found(runs: Runs, make: Callable[[Runs, Actor], str], how: str) -> None:
    run_id = make(runs, ANNA)
    for actor in (BEN, NOBODY):
        with acting_as(actor):
            with pytest.raises((RunNotFound, NotAllowed)) as refused:
                READS[how](runs, run_id)
            if actor == BEN:
                assert str(refused.value) == f"There is no run {run_id!r}. Look it up in the list of runs."
    with acting_as(ANNA):
        assert runs.store.row(run_id).title != "mine" and not runs.store.row(run_id).is_pinned


def test_run_of_another_user_is_in_no_list_whatever_owner_is_asked_for(runs: Runs) -> None:
    run_id = finished(runs, ANNA)
    for owner in ("", "user:anna"):
        with acting_as(BEN):
            assert runs.store.rows(owner) == runs.store.solves(owner) == runs.store.tasks(owner) == []
            assert runs.store.search("quick", owner) == []
            assert runs.store.written_events(run_id, 0, 9) == []
            assert runs.store.last_of_type(run_id, "asked") is None
            assert runs.events_so_far(run_id, 0) is None and runs.tokens(run_id) is None
            assert runs.place_in_line(run_id) is None
            assert not runs.is_live(run_id)
        with acting_as(ANNA):
            assert [row.id for row in runs.store.rows(owner)] == [run_id]
            assert [hit.run.id for hit in runs.store.search("quick", "user:ben")] == [run_id]


def test_live_runs_are_each_users_own_while_all_count_for_the_room(runs: Runs) -> None:
    mine, theirs = started(runs, ANNA), started(runs, BEN)
    with acting_as(ANNA):
        assert runs.live_runs() == (mine,) and runs.n_live == 2
        assert runs.is_live(mine) and not runs.is_live(theirs)


def test_run_belongs_to_whoever_acts_and_not_to_the_owner_that_is_given(runs: Runs) -> None:
    run_id = started(runs, ANNA, "quick", owner="user:ben")
    assert runs.store.row(run_id).owner == "user:anna"


def test_imported_run_belongs_to_whoever_acts(runs: Runs) -> None:
    exported = export(runs.store, finished(runs, ANNA), "json_lines")
    with acting_as(BEN):
        (imported,) = import_json_lines(runs.store, exported, "user:anna")
        assert runs.store.row(imported).owner == "user:ben"


def test_nobody_starts_nothing(runs: Runs) -> None:
    with acting_as(NOBODY), pytest.raises(NotAllowed, match="Log in"):
        runs.start("quick")
    assert runs.live_runs() == ()


def test_run_goes_on_in_the_name_of_whoever_started_it(runs: Runs) -> None:
    seen = []
    runs.after_end.append(lambda run_id: seen.append(acting()))
    finished(runs, ANNA)
    assert is_soon(lambda: seen)
    assert seen == [ANNA]


def test_app_itself_and_an_app_without_logins_see_all_runs(runs: Runs) -> None:
    run_id = started(runs, ANNA)
    assert acting() is None
    assert runs.is_live(run_id) and runs.store.row(run_id).owner == "user:anna"
    assert new_owner("x") == "x"


@pytest.mark.parametrize(
    ("actor", "is_shared", "is_governed"),
    [
        (None, False, False),
        (None, True, True),
        (ANNA, False, True),
        (Actor("user:root", is_admin=True), True, False),
        (Actor("visitor:x"), True, True),
        (NOBODY, False, True),
    ],
)
def test_what_concerns_all_is_for_admins_and_at_home_for_everybody(
    actor: Actor | None, is_shared: bool, is_governed: bool
) -> None:
    with acting_as(actor):
        assert is_governed_by_others(is_shared) is is_governed


def test_error_about_a_missing_login_is_one_that_users_get_to_read() -> None:
    assert issubclass(NotAllowed, AppError)
