"""Scores of made-up texts to what the page and scripts get of them; the view's steps over a scripted engine."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import aclosing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from model.engine import collect
from model.host import ModelHost
from model.run_scores import RunScores
from model.runs import Runs
from model.scoring import Alternative, Confidence, Pane, ScoredPiece
from model.scripted import ScriptedDecoder, ScriptedEngine, Turn
from model.settings import Settings
from model.store import Store
from ui.confidence import ConfidenceView, page_value, script_value


def piece(start: int, text: str, probability: float, pane: Pane = "thinking", is_given: bool = False) -> ScoredPiece:
    other = (Alternative("<b>", 0.25),)
    return ScoredPiece(pane, start, text, 1, probability, 1.234, other, is_given)


def confidence_of(thinking: str, *pieces: ScoredPiece, answer: str = "") -> Confidence:
    return Confidence(thinking, answer, pieces, "smollm2-135m", "bf16", "A note.", 1.5)


def data_of(confidence: Confidence) -> dict[str, Any]:
    value = page_value("run", confidence)
    assert (value["state"], value["run"]) == ("ready", "run")
    return json.loads(value["data"])


def test_lengths_cover_the_thinking_in_units_of_a_browser() -> None:
    thinking = "a🙂 gap 𝑥"
    data = data_of(confidence_of(thinking, piece(0, "a", 0.5), piece(1, "🙂", 0.5), piece(6, " 𝑥", 0.5)))
    assert data["lengths"] == [1, 2, 4, 3]
    assert sum(data["lengths"]) == len(thinking.encode("utf-16-le")) // 2


def test_what_the_model_did_not_draw_has_no_probability_and_is_no_doubtful_place() -> None:
    thinking = "one HINT two end"
    pieces = (piece(0, "one", 0.25), piece(3, " HINT", 0.001, is_given=True), piece(8, " two", 0.95))
    data = data_of(confidence_of(thinking, *pieces))
    assert data["permille"] == [250, -1, 950, -1]
    assert [place[0] for place in data["places"]] == [0]


def test_alternatives_are_sent_only_where_the_model_was_not_certain() -> None:
    data = data_of(confidence_of("abc", piece(0, "a", 0.95), piece(1, "b", 0.42), piece(2, "c", 0.1)))
    assert data["alternatives"] == [[1, "<b>", 250], [2, "<b>", 250]]
    assert data["bits"] == [123, 123, 123]


def test_places_come_in_the_order_of_the_text_with_what_stands_around_them() -> None:
    pieces = tuple(piece(number, "x", 0.9) for number in range(40))
    low = [piece(30, "y", 0.01), piece(5, "z", 0.02)]
    text = "x" * 5 + "z" + "x" * 24 + "y" + "x" * 9
    data = data_of(confidence_of(text, *pieces[:5], low[1], *pieces[6:30], low[0], *pieces[31:]))
    found = {place[0]: place[1:] for place in data["places"]}
    assert list(found) == sorted(found) and {5, 30} <= set(found)
    assert found[5] == ["xxxxx", "z", "x" * 24 + "y" + "x" * 7]


def test_summary_says_mean_entropy_and_the_note() -> None:
    words = page_value("run", confidence_of("ab", piece(0, "a", 0.5), piece(1, "b", 1.0)))["words"]
    assert "75%" in words and "1.23 bits" in words and words.endswith("A note.")


def test_32000_tokens_are_sent_in_less_than_three_megabytes() -> None:
    pieces = [piece(5 * number, " word", (number % 10) / 10 + 0.05) for number in range(32_000)]
    assert len(page_value("run", confidence_of(" word" * 32_000, *pieces))["data"]) < 3_000_000


def test_a_script_gets_plain_values_of_both_panes() -> None:
    pieces = (piece(0, "a", 0.5), piece(0, "4", 0.25, "answer"), piece(1, "!", 0.9, "answer", is_given=True))
    value = script_value("run", confidence_of("a", *pieces, answer="4!"))
    assert json.loads(json.dumps(value)) == value
    assert [(one["pane"], one["text"], one["probability"]) for one in value["tokens"]] == [
        ("thinking", "a", 0.5),
        ("answer", "4", 0.25),
        ("answer", "!", 0.9),
    ]
    assert value["tokens"][2]["given"] is True and "given" not in value["tokens"][0]
    assert value["mean_probability"] == 0.375
    assert value["least_certain"] == [
        {"before": "", "text": "4", "after": "!", "token": 1, "pane": "answer", "probability": 0.25}
    ]


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    settings = Settings(tmp_path)
    engine = ScriptedEngine([Turn("Two and two.", "Four.", match="quick"), Turn("Step {n}. ", "x", repeat=2000)])
    made = Runs(Store(tmp_path), ModelHost(settings, engine), settings)
    yield made
    made.close()
    made.store.close()


def opened(runs: Runs, run_id: str) -> list[dict[str, Any]]:
    async def values() -> list[dict[str, Any]]:
        return [value async for value in ConfidenceView(RunScores(runs), runs).on_open(run_id)]

    return asyncio.run(values())


def test_opening_says_that_it_computes_and_then_shows_the_run(runs: Runs) -> None:
    run_id = runs.start("quick")
    while runs.is_live(run_id):
        time.sleep(0.01)
    thinking = collect(runs.store.events(run_id)).thinking
    first, *_, last = opened(runs, run_id)
    assert (first["state"], first["run"]) == ("computing", run_id)
    assert last["state"] == "ready" and sum(json.loads(last["data"])["lengths"]) == len(thinking)


def test_a_run_that_goes_on_is_tinted_by_its_streamed_logprobs_until_it_ends(runs: Runs) -> None:
    run_id = runs.start("slow")
    values: list[dict[str, Any]] = []

    async def read() -> None:
        async for value in ConfidenceView(RunScores(runs), runs).on_open(run_id):
            values.append(value)
            if len({each["pieces"] for each in values}) == 3:
                runs.stop(run_id)

    asyncio.run(read())
    assert {value["state"] for value in values} == {"live"}
    lengths = [int(piece.partition(",")[0]) for piece in values[-1]["pieces"].split(";")[:-1]]
    assert sum(lengths) == len(collect(runs.store.events(run_id)).thinking) > 0
    assert all(later["pieces"].startswith(value["pieces"]) for value, later in pairwise(values))
    assert "Press Confidence again" in values[-1]["words"] and "Press" not in values[0]["words"]


def test_a_refusal_is_shown_as_a_sentence(runs: Runs) -> None:
    last = opened(runs, "no-such-run")[-1]
    assert last["state"] == "failed" and "no-such-run" in last["words"]


def test_a_reading_that_nobody_waits_for_any_more_ends_at_its_next_piece(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = runs.start("quick")
    while runs.is_live(run_id):
        time.sleep(0.01)
    pieces: list[int] = []
    ended = threading.Event()

    def slow(_: object, ids: object, first: int, on_progress: Callable[[int], None]) -> None:
        try:
            for piece in range(100_000):
                pieces.append(piece)
                time.sleep(0.02)
                on_progress(piece)
        finally:
            ended.set()

    monkeypatch.setattr(ScriptedDecoder, "score", slow)

    async def open_and_go() -> None:
        async with aclosing(ConfidenceView(RunScores(runs), runs).on_open(run_id)) as values:
            async for value in values:
                if "of" in value["words"] and len(pieces) > 2:
                    return

    asyncio.run(open_and_go())
    assert ended.wait(60) and 2 < len(pieces) < 100_000
