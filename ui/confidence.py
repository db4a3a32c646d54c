"""The scores of a run in, what the confidence view and `/confidence` give of them out.

Offsets for the page count UTF-16 units, as a browser does; those for scripts count characters.
"""

import asyncio
import json
import logging
import threading
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from typing import Any

import gradio as gr

from model.errors import AppError, EngineError
from model.run_scores import RunScores
from model.runs import Runs
from model.scoring import (
    Confidence,
    ScoredPiece,
    least_certain,
    mean_entropy_bits,
    mean_probability,
    smoothed,
)
from ui.arguments import check_text
from ui.endpoint_errors import errors_as_sentences
from ui.live_tint import utf16_units, watch_pieces
from ui.parts import QUIET

log = logging.getLogger(__name__)

# From here up a token's alternatives stay on the server: they would be most of what is sent.
_CERTAIN = 0.9
_PLACE_CHARACTERS = 32
_PROGRESS_SECONDS = 0.3


_LIVE_WORDS = (
    "Rough while the run goes on: a piece has the tint of its least likely token, as it was drawn after temperature "
    "and top-p."
)
_ENDED_WORDS = "The run has ended. Press Confidence again for the true probabilities."


class ConfidenceView:
    """What the *Confidence* button does."""

    def __init__(self, scores: RunScores, runs: Runs) -> None:
        self._scores = scores
        self._runs = runs

    async def on_open(self, run_id: str) -> AsyncGenerator[dict[str, Any], None]:
        """What `ui.parts.confidence_view` shows: of a run that goes on a rough tint, else the scores."""
        values = self._live(run_id) if self._runs.is_live(run_id) else self._scored(run_id)
        async with aclosing(values):
            async for value in values:
                yield value

    async def _live(self, run_id: str) -> AsyncGenerator[dict[str, Any], None]:
        """`pieces` from `ui.live_tint.pieces_of`, growing."""
        pieces = ""
        async for pieces in watch_pieces(self._runs, run_id):
            yield {"state": "live", "run": run_id, "words": _LIVE_WORDS, "pieces": pieces}
        yield {"state": "live", "run": run_id, "words": _ENDED_WORDS, "pieces": pieces}

    async def _scored(self, run_id: str) -> AsyncGenerator[dict[str, Any], None]:
        """How far the scoring has got, and last the scores, or why there are none; whoever goes before ends it."""
        read, is_unwanted = (0, 0), threading.Event()

        def note(done: int, total: int) -> None:
            nonlocal read
            read = (done, total)
            if is_unwanted.is_set():
                raise EngineError("Nobody waits for these probabilities any more.")

        def compute() -> dict[str, Any]:
            try:
                return page_value(run_id, self._scores.of(run_id, note))
            except AppError as error:
                return {"state": "failed", "run": run_id, "words": str(error)}
            except Exception:  # noqa: BLE001 - whatever happens, the view must not wait for ever
                log.exception("scoring %s failed", run_id)
                words = "The probabilities could not be computed. The log of the app says why."
                return {"state": "failed", "run": run_id, "words": words}

        yield _computing(run_id, *read)
        task = asyncio.ensure_future(asyncio.to_thread(compute))
        try:
            while not (await asyncio.wait({task}, timeout=_PROGRESS_SECONDS))[0]:
                yield _computing(run_id, *read)
            yield task.result()
        finally:
            is_unwanted.set()


def wire_confidence(view: ConfidenceView, part: gr.HTML, run_id: gr.State) -> None:
    """Connect the view to what its button asks for; `edit` says that it was closed."""
    opening = part.select(view.on_open, run_id, part, concurrency_limit=None, trigger_mode="multiple", **QUIET)
    part.edit(None, None, None, cancels=opening, **QUIET)


def _computing(run_id: str, done: int, total: int) -> dict[str, Any]:
    far = f": {done:,} of {total:,} tokens" if total else ""
    return {"state": "computing", "run": run_id, "words": f"The model reads its text again{far} …"}


# ---------------------------------------------------------------------- for the page


def page_value(run_id: str, confidence: Confidence) -> dict[str, Any]:
    """What the view shows of a thinking, as compact as numbers can be.

    Returns:
        `state`, `run`, `words` and `data`: JSON text, because the page would wrap each number of a list. In it
        `lengths`, `permille` (-1 for what the model did not draw), `bits` (hundredths), one entry for each piece of the
        text, without gaps; `alternatives` as [piece, text, permille, text, permille ...]; `curve` in permille; `places`
        as [piece, before, text, after].
    """
    entries = list(_without_gaps(confidence.thinking, confidence.of("thinking")))
    data = {
        "lengths": [utf16_units(text) for text, _ in entries],
        "permille": [_permille(piece) for _, piece in entries],
        "bits": [round(100 * piece.entropy_bits) if piece else 0 for _, piece in entries],
        "alternatives": list(_doubtful(entries)),
        "curve": [round(1000 * value) for value in smoothed(_filled(entries))],
        "places": list(_places(confidence.thinking, entries)),
    }
    return {"state": "ready", "run": run_id, "words": summary(confidence), "data": json.dumps(data)}


Entry = tuple[str, ScoredPiece | None]


def _without_gaps(text: str, pieces: Sequence[ScoredPiece]) -> Iterator[Entry]:
    """The whole text in parts, each with its piece where it has one."""
    place = 0
    for piece in pieces:
        if piece.start > place:
            yield text[place : piece.start], None
        yield piece.text, piece
        place = piece.start + len(piece.text)
    if place < len(text):
        yield text[place:], None


def _permille(piece: ScoredPiece | None) -> int:
    return -1 if piece is None or piece.is_given else round(1000 * piece.probability)


def _doubtful(entries: Sequence[Entry]) -> Iterator[list[Any]]:
    for number, (_, piece) in enumerate(entries):
        if piece is not None and not piece.is_given and piece.probability < _CERTAIN:
            row: list[Any] = [number]
            for other in piece.alternatives:
                row += [other.text, round(1000 * other.probability)]
            yield row


def _filled(entries: Sequence[Entry]) -> list[float]:
    """Probabilities of all entries; those of others' text are as the one before, so that places stay in step."""
    value = 1.0
    return [value := piece.probability if piece and not piece.is_given else value for _, piece in entries]


def _places(text: str, entries: Sequence[Entry]) -> Iterator[list[Any]]:
    """The least certain places in the order of the text."""
    numbers = [number for number, (_, piece) in enumerate(entries) if piece is not None]
    pieces = [piece for _, piece in entries if piece is not None]
    for found in sorted(least_certain(pieces)):
        before, own, after = _around(text, pieces[found])
        yield [numbers[found], before, own, after]


def _around(text: str, piece: ScoredPiece) -> tuple[str, str, str]:
    """A piece with what stands before and behind it."""
    end = piece.start + len(piece.text)
    return text[max(0, piece.start - _PLACE_CHARACTERS) : piece.start], piece.text, text[end : end + _PLACE_CHARACTERS]


def summary(confidence: Confidence) -> str:
    """One line about a whole thinking, and what the reader must know."""
    thinking = confidence.of("thinking")
    percent = 100 * mean_probability(thinking)
    words = (
        f"A token of this thinking had a probability of {percent:.{1 if percent > 99 else 0}f}% and an entropy of "
        f"{mean_entropy_bits(thinking):.2f} bits on average."
    )
    return f"{words} {confidence.note}".strip()


# ---------------------------------------------------------------------- for scripts


class ConfidenceEndpoint:
    """The function behind `/confidence`; its signature and docstring are what clients are shown."""

    def __init__(self, scores: RunScores) -> None:
        self._scores = scores

    async def confidence(self, run_id: str) -> dict[str, Any]:
        """Say how probable each token of a run that has ended is under the model that is loaded.

        Args:
            run_id: The run.

        Returns:
            {"tokens": [{"text", "pane", "start", "probability", "entropy_bits", "alternatives"}], "least_certain",
            "mean_probability", "mean_entropy_bits", "model", "precision", "note", "seconds", "run_id"}.
        """
        with errors_as_sentences("/confidence"):
            name = check_text(run_id, "run_id")
            return script_value(name, await asyncio.to_thread(self._scores.of, name))


def add_confidence_endpoint(scores: RunScores) -> None:
    """Add `/confidence` to the `gr.Blocks()` that is being built."""
    endpoint = ConfidenceEndpoint(scores).confidence
    gr.api(endpoint, api_name="confidence", concurrency_id="scoring", concurrency_limit=None)


def script_value(run_id: str, confidence: Confidence) -> dict[str, Any]:
    """The same in plain words, for `/confidence`."""
    pieces = confidence.pieces
    texts = {"thinking": confidence.thinking, "answer": confidence.answer}
    return {
        "run_id": run_id,
        "model": confidence.model,
        "precision": confidence.precision,
        "note": confidence.note,
        "seconds": round(confidence.seconds, 3),
        "mean_probability": round(mean_probability(pieces), 6),
        "mean_entropy_bits": round(mean_entropy_bits(pieces), 6),
        "tokens": [_script_token(piece) for piece in pieces],
        "least_certain": [
            dict(zip(("before", "text", "after"), _around(texts[pieces[number].pane], pieces[number]), strict=True))
            | {"token": number, "pane": pieces[number].pane, "probability": round(pieces[number].probability, 6)}
            for number in least_certain(pieces)
        ],
    }


def _script_token(piece: ScoredPiece) -> dict[str, Any]:
    token: dict[str, Any] = {
        "text": piece.text,
        "pane": piece.pane,
        "start": piece.start,
        "probability": round(piece.probability, 6),
        "entropy_bits": round(piece.entropy_bits, 4),
        "alternatives": [
            {"text": other.text, "probability": round(other.probability, 6)} for other in piece.alternatives
        ],
    }
    if piece.n_tokens > 1:
        token["n_tokens"] = piece.n_tokens
    if piece.is_given:
        token["given"] = True
    return token
