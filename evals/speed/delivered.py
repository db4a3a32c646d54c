"""Our own app in a process of its own in; what a `gradio_client` gets of the engine's tokens out."""

import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gradio_client import Client

from evals.running_app import RunningApp, running_app
from evals.speed.arrivals import Heard, now
from evals.speed.ratios import IsOver, rounds_until
from evals.stream import Pace, Seen, pace_of_engine, seen_by_client
from model.engine import Engine
from model.errors import EngineError
from model.memory import PRECISIONS

# Hot sampling wanders on, where a preset would end the turn after a sentence.
_SAMPLING: dict[str, Any] = {"temperature": 2.0, "top_p": 1.0, "top_k": 0}


@dataclass(frozen=True, slots=True)
class Delivered:
    """Tokens per second of one request, turn about.

    Args:
        engine: Of every round, read from the engine itself, without a server.
        client: Read by a `gradio_client` in a process of its own.
        engine_meanwhile: What the engine itself measured in the client's run.
    """

    engine: tuple[float, ...]
    client: tuple[float, ...]
    engine_meanwhile: tuple[float, ...]

    def as_json(self) -> dict[str, Any]:
        """The medians; the shares are those of every round."""
        shares = [client / alone for client, alone in zip(self.client, self.engine, strict=True)]
        same_run = [client / own for client, own in zip(self.client, self.engine_meanwhile, strict=True)]
        return {
            "engine": statistics.median(self.engine),
            "client": statistics.median(self.client),
            "share": statistics.median(shares),
            "share_least": min(shares),
            "share_most": max(shares),
            "share_of_same_run": statistics.median(same_run),
            "rounds": len(shares),
        }


def asked(new_tokens: int) -> dict[str, Any]:
    """What both are asked: `/chat`'s arguments."""
    sampling = _SAMPLING | {"max_new_tokens": new_tokens}
    return {"message": "Tell me a very long story.", "budget": new_tokens, "sampling": sampling}


def engine_pace(engine: Engine, new_tokens: int) -> Pace:
    """How fast the engine alone writes."""
    return pace_of_engine(engine, asked(new_tokens))


def measure_delivered(
    alone: Callable[[], Pace], app: RunningApp, new_tokens: int, rounds: int, is_over: IsOver
) -> Delivered:
    """Turn about: the engine alone, then a client of the app.

    Args:
        alone: `engine_pace`; or what gives those that were measured before the engine had to make room for the app.
    """
    paces, seen = list[Pace](), list[Seen]()
    for _ in rounds_until(rounds, is_over):
        paces.append(alone())
        seen.append(seen_by_client(app.address, asked(new_tokens)))
    return Delivered(
        tuple(pace.tokens_per_second for pace in paces),
        tuple(one.pace.tokens_per_second for one in seen),
        tuple(one.engine_tokens_per_second for one in seen),
    )


class ThroughGradio:
    """A `Contender`: our app, asked by `gradio_client`."""

    name = "Workings, through gradio_client"

    def __init__(self, address: str) -> None:
        self._client = Client(address, verbose=False)

    def ask(self, prompt: str, new_tokens: int) -> Heard:
        """As `Contender.ask`."""
        sampling = {"max_new_tokens": new_tokens}
        asked_at, arrivals = now(), list[tuple[float, float]]()
        job = self._client.submit(message=prompt, budget=new_tokens, sampling=sampling, api_name="/chat")
        for delta in job:
            if n_tokens := delta.get("n_tokens", 0):
                arrivals.append((now(), float(n_tokens)))
        try:
            usage = job.result()["usage"]
        except Exception as error:  # noqa: BLE001  gradio_client raises whatever the server's words are in
            raise EngineError(f"/chat failed: {error}") from error
        return Heard(asked_at, tuple(arrivals), int(usage.get("prompt_tokens") or 0))


@contextmanager
def app_with(folder: Path | str, precision: str, data_folder: Path, *, is_random: bool) -> Iterator[RunningApp]:
    """The app with a model, its runs kept in `data_folder`."""
    program = ("-m", "evals.speed.random_weights", "app.py") if is_random else ("app.py",)
    # Whatever else the weights come in is their own, and "auto" leaves it to them.
    asked_precision = precision if precision in PRECISIONS else "auto"
    # The engine that is measured beside it, whatever else is installed.
    chosen = ("--engine", "transformers", "--model", str(folder))
    arguments = (*chosen, "--precision", asked_precision, "--data", str(data_folder))
    with running_app(*arguments, program=program, start_seconds=900) as app:
        yield app
