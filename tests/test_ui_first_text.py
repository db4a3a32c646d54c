"""A stored run in, what its address shows before the page is there."""

import asyncio
import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from model.engine import collect
from model.host import ModelHost
from model.runs import Runs
from model.scripted import ScriptedEngine, Turn
from model.settings import Settings
from model.store import Store
from ui.first_text import first_text_of

THOUGHT = "Step {n}: is 1 < 2 & 'so'?\n\n" + "It is so, as can be seen. " * 9 + "\n\n"
TURNS = [Turn("", "An answer.", match="none"), Turn(THOUGHT, "<img src=x onerror=alert(1)>", repeat=60)]


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    settings = Settings(tmp_path)
    made = Runs(Store(tmp_path), ModelHost(settings, engine=ScriptedEngine(TURNS, tokens_per_second=100_000)), settings)
    yield made
    made.close()
    made.store.close()


def ended(runs: Runs, question: str) -> str:
    run_id = runs.start(question)
    follower = runs.attach(run_id)
    for _ in follower:
        pass
    follower.close()
    return run_id


def test_thinking_answer_and_question_are_there_as_text_alone(runs: Runs) -> None:
    run_id = ended(runs, "Why <b>?")
    markup = asyncio.run(first_text_of(runs)(f"run={run_id}&x=1"))
    thinking = re.search(r"<div class='end'><div>(.*?)</div></div></section>", markup, re.S)
    assert thinking
    parts = re.findall(r"<div>(.*?)</div>", thinking[1], re.S)
    assert len(parts) > 5
    assert html.unescape("".join(parts)) == collect(runs.store.events(run_id)).thinking
    assert "<b>" not in markup and "<img" not in markup
    assert "Why &lt;b&gt;?" in markup and "&lt;img src=x onerror=alert(1)&gt;" in markup


def test_nothing_comes_for_no_run_an_unknown_one_and_one_without_thinking(runs: Runs) -> None:
    run_id = ended(runs, "none")
    for query in ("", "run=", "run=nowhere", "run=../x", "run=%00", f"run={run_id}"):
        assert asyncio.run(first_text_of(runs)(query)) == ""
