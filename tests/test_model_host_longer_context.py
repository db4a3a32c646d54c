"""A chat that is too long for the context: the model is loaded again with YaRN where it has it, and answers."""

from dataclasses import replace
from pathlib import Path

import pytest

from model.catalog import Yarn, find_model
from model.engine import Collected, collect
from model.events import Sampling
from model.host import ModelHost
from model.runs import Runs
from model.settings import Settings
from model.store import Store
from tests.tiny_folder import write_tiny_folder

CONTEXT, FACTOR = 512, 4.0
NEW_TOKENS = 8
WARNING = "YaRN is bad for short texts."


@pytest.fixture
def runs(tmp_path: Path):
    """Runs over real weights (tiny, random) with a context of 512 tokens that YaRN can stretch to 2,048."""
    settings = Settings(tmp_path / "data")
    host = ModelHost(settings)
    host.load(str(write_tiny_folder(tmp_path / "tiny")))
    host.engine(wait_seconds=60)
    made = Runs(Store(settings.data_folder), host, settings)
    yield made
    made.close()
    made.store.close()
    host.close()


def with_yarn(runs: Runs, yarn: Yarn | None) -> None:
    """As if the catalog knew a YaRN setting of the model that serves."""
    order = runs.host._order
    assert order is not None
    runs.host._order = replace(order, spec=replace(order.spec, yarn=yarn))


def told(whole: Collected) -> int:
    """How often the run said the warning."""
    return sum(notice.text.endswith(WARNING) for notice in whole.notices)


def ask(runs: Runs, tokens: int) -> Collected:
    question = "w" * tokens  # a byte is a token
    run_id = runs.start(question, budget="off", sampling=Sampling(max_new_tokens=NEW_TOKENS))
    follower = runs.attach(run_id)
    return collect([event for batch in follower for event in batch])


def test_long_chat_is_answered_after_a_load_with_yarn_and_the_warning_is_said(runs):
    with_yarn(runs, Yarn(FACTOR, CONTEXT, WARNING))
    whole = ask(runs, CONTEXT)
    assert whole.finished is not None and whole.finished.reason in ("stop", "length")
    assert whole.answer
    assert told(whole) == 1
    assert runs.host.engine().context_tokens > CONTEXT
    assert WARNING in runs.host.status().note


def test_short_chat_leaves_the_model_as_it_is(runs):
    with_yarn(runs, Yarn(FACTOR, CONTEXT, WARNING))
    before = runs.host.engine()
    assert told(ask(runs, 10)) == 0
    assert runs.host.engine() is before


@pytest.mark.parametrize(
    ("yarn", "tokens"),
    [
        pytest.param(None, CONTEXT, id="no such setting"),
        pytest.param(Yarn(FACTOR, CONTEXT, WARNING), int(FACTOR) * CONTEXT, id="longer than even YaRN reaches"),
    ],
)
def test_chat_that_no_context_holds_is_refused_with_the_figures(runs, yarn, tokens):
    with_yarn(runs, yarn)
    before = runs.host.engine()
    whole = ask(runs, tokens)
    assert whole.finished is not None and whole.finished.reason == "error"
    assert "context is 512" in whole.notices[-1].text
    assert runs.host.engine() is before


def test_somebody_who_is_being_answered_is_not_thrown_out(runs, monkeypatch):
    with_yarn(runs, Yarn(FACTOR, CONTEXT, WARNING))
    monkeypatch.setattr(runs.host, "live_requests", lambda: 1)
    whole = ask(runs, CONTEXT)
    assert whole.finished is not None and whole.finished.reason == "error"


def test_load_that_fails_is_told_and_the_model_before_it_still_answers(runs, monkeypatch):
    with_yarn(runs, Yarn(FACTOR, CONTEXT, WARNING))

    def fails(*_):
        raise MemoryError("no memory left")

    kept = runs.host._build
    monkeypatch.setattr(runs.host, "_build", fails)
    whole = ask(runs, CONTEXT)
    assert whole.finished is not None and whole.finished.reason == "error"
    assert "longer context" in whole.notices[-1].text
    monkeypatch.setattr(runs.host, "_build", kept)
    runs.host.engine(wait_seconds=60)
    again = ask(runs, 10)
    assert again.finished is not None and again.finished.reason in ("stop", "length")


def test_catalog_models_with_yarn_name_what_the_card_warns_of():
    yarn = find_model("qwq-32b").yarn
    assert yarn is not None and "short texts" in yarn.warning
