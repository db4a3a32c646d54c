"""A model in, one table of how fast it is on this device out, beside other ways of running it; JSON and plots, too.

    python -m evals.speed                                           the embedded model
    python -m evals.speed --model qwq-32b --quick                   what fits into ten minutes on one card
    python -m evals.speed --random-weights qwq-32b --precision nf4  the true shape, where the hub can't be reached
    python -m evals.speed --server vllm=http://127.0.0.1:8000/v1    beside any OpenAI-compatible server

Absolute figures hold for one machine at one moment; so the result says how busy others kept it, and is called quiet
only when they did not. The ratios (`batch`, `answer_now`, `second_turn`), measured side by side, have limits; with
`--check` the exit status is 1 if one is missed on a quiet machine.
"""

import argparse
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from evals.measured_on import measured_on
from evals.speed.bench import EngineAlone
from evals.speed.busy import busy_watched
from evals.speed.grid import BATCHES, LENGTHS, Shape, quick_grid, whole_grid
from evals.speed.openai_server import Address, found_at
from evals.speed.plots import draw_plots
from evals.speed.record import RESULTS, Record, file_name, measured_at
from evals.speed.session import PARTS, Session, Wish
from evals.speed.subject import Subject, loaded_subject
from evals.speed.tables import whole_report
from model.catalog import EMBEDDED
from model.errors import AppError, BadInput
from model.settings import settings_from_environment
from model.single import SingleDecoder

_SIDE_BATCHES, _SIDE_LENGTHS = (1, 8), (128, 2048)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line's choices."""
    parser = argparse.ArgumentParser(
        prog="python -m evals.speed", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--model", default=EMBEDDED, help="catalog name, hub id or folder")
    add("--precision", default="auto", help="auto, bf16, int8, nf4 or fp32")
    add("--random-weights", default="", metavar="NAME", help="this model's shape with random weights, such as qwq-32b")
    add("--layers", type=int, default=0, help="of random weights, only so many layers; the figures are a slice's then")
    add("--threads", type=int, default=0, help="torch threads on a CPU; 0 leaves torch's own choice")
    add("--parts", nargs="+", default=list(PARTS), choices=PARTS, help="leave parts out")
    add("--batches", type=int, nargs="+", default=list(BATCHES), help="requests at once")
    add("--lengths", type=int, nargs="+", default=list(LENGTHS), help="tokens of each prompt")
    add("--side-batches", type=int, nargs="+", default=list(_SIDE_BATCHES), help="those of the side by side")
    add("--side-lengths", type=int, nargs="+", default=list(_SIDE_LENGTHS))
    add("--new-tokens", type=int, default=0, help="tokens that each request writes; 0: 64, quick 32")
    add("--rounds", type=int, default=0, help="of which medians are taken; 0: 5, quick 3")
    add(
        "--cell-seconds",
        type=float,
        default=0.0,
        help="of one line, all its rounds; longer ones are left out; 0: 240, quick 60",
    )
    add("--minutes", type=float, default=0.0, help="begin no further round when the parts' shares of so many are over")
    add("--check", action="store_true", help="exit with 1 if a limit is missed while nothing else used the machine")
    add("--quick", action="store_true", help="every batch and every length, but not all pairs")
    add("--note", default="", help="a sentence for the result: what else the machine did meanwhile")
    add("--decoder", default="batched", choices=("batched", "single"))
    add(
        "--server",
        action="append",
        default=[],
        metavar="NAME=URL",
        help="an OpenAI-compatible server; as often as needed",
    )
    add("--server-body", type=json.loads, default={}, metavar="JSON", help="more fields of each request to those")
    add("--serve-options", default="", help="more arguments of transformers serve, as --serve-options='...'")
    add("--out", type=Path, default=RESULTS, metavar="FOLDER", help="for the JSON and the plots")
    return parser.parse_args(arguments)


def shapes_of(asked: argparse.Namespace) -> tuple[list[Shape], list[Shape]]:
    """The lines of our own engine, and those of the side by side."""
    make = quick_grid if asked.quick else whole_grid
    return make(asked.batches, asked.lengths), make(asked.side_batches, asked.side_lengths)


def servers_of(asked: argparse.Namespace) -> list[Address]:
    """The servers named by URL.

    Raises:
        BadInput: If one is not written NAME=URL, or does not answer.
    """
    found = []
    for text in asked.server:
        name, is_pair, address = text.partition("=")
        if not is_pair or not address.startswith(("http://", "https://")):
            raise BadInput(f"--server {text!r} is not NAME=URL, such as vllm=http://127.0.0.1:8000/v1.")
        found.append(found_at(name, address, asked.server_body))
    return found


def wish_of(asked: argparse.Namespace) -> Wish:
    """What to measure."""
    shapes, side_shapes = shapes_of(asked)
    return Wish(
        tuple(asked.parts),
        shapes,
        side_shapes,
        asked.new_tokens or (32 if asked.quick else 64),
        asked.rounds or (3 if asked.quick else 5),
        asked.cell_seconds or (60.0 if asked.quick else 240.0),
        asked.minutes,
        asked.decoder,
        servers_of(asked),
        tuple(asked.serve_options.split()),
    )


def head_of(subject: Subject, asked: argparse.Namespace) -> dict[str, Any]:
    """Where the result comes from."""
    # A decoder that is opened only to be asked for its name.
    engine = subject.engine(SingleDecoder(subject.model))
    head = measured_on(engine, **{name: value for name, value in vars(asked).items() if name != "out"})
    engine.close()
    return head | {
        "model": subject.name,
        "weights": "random" if subject.is_random else "own",
        "threads": torch.get_num_threads(),
        "measured_at": measured_at(),
        "engine_name": EngineAlone.name,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Load, measure, print and write; 1 if a limit is missed and that was to be checked."""
    asked = parse(arguments)
    settings = settings_from_environment()
    wish = wish_of(asked)
    with (
        busy_watched([server.url for server in wish.servers]) as busy,
        loaded_subject(
            asked.model, asked.precision, settings, random_name=asked.random_weights, layers=asked.layers
        ) as subject,
    ):
        if asked.threads:
            # After the load, which leaves a core to the page.
            torch.set_num_threads(asked.threads)
            os.environ["OMP_NUM_THREADS"] = str(asked.threads)  # the app's and the servers', too
        head = head_of(subject, asked)
        path = asked.out / file_name(head["model"], head["precision"], head["device"])
        record = Record(head, path, busy, subject.load_seconds)
        record.memory = {
            "weights": subject.loaded.weight_bytes,
            "at_rest": subject.load_memory.at_end,
            "load_peak": subject.load_memory.peak,
        }
        Session(subject, record, wish, settings).measure()
    result = record.as_json()
    print(whole_report(result))
    print(f"\nWritten: {path}", *draw_plots(result, path.with_suffix("")), sep="\n")
    return exit_status(result, is_checked=asked.check)


def exit_status(result: Mapping[str, Any], *, is_checked: bool) -> int:
    """1 if a limit is missed, and that was to be checked; figures alone are no failure.

    >>> missed = {"figures": [{"outcome": "missed"}]}
    >>> exit_status(missed, is_checked=True), exit_status(missed, is_checked=False)
    (1, 0)
    >>> exit_status({"figures": [{"outcome": "held"}, {"outcome": "undecided"}]}, is_checked=True)
    0
    """
    return 1 if is_checked and any(figure["outcome"] == "missed" for figure in result["figures"]) else 0


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    # As on Ctrl-C: what was started is ended, where Python would just be gone.
    signal.signal(signal.SIGTERM, _interrupted)
    try:
        sys.exit(main())
    except AppError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
