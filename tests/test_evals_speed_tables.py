import pytest

from evals.speed.delivered import Delivered
from evals.speed.ratios import Figure
from evals.speed.tables import engine_table, sentences, side_table, whole_report

QUIET = {"cores": 2, "load_average_before": [0.1], "others_share": 0.01, "is_quiet": True}


def cell(contender, batch, length, rate=10.0, skipped="", counted="tokens"):
    rate = None if skipped else rate
    return {
        "contender": contender,
        "batch": batch,
        "prompt_tokens": length,
        "new_tokens": 64,
        "first_token_seconds": 0.5,
        "last_first_token_seconds": 0.7,
        "tokens_per_second": rate,
        "decode_tokens_per_second": rate,
        "counted": counted,
        "skipped": skipped,
        "least": rate,
        "most": None if skipped else rate + 2,
        "first_least": 0.5,
        "first_most": 0.5,
    }


def result(cells, **more):
    return {
        "model": "m",
        "precision": "bf16",
        "device": "a card",
        "measured_at": "2026-02-01T10:00:00+00:00",
        "machine": QUIET,
        "engine_name": "ours",
        "load_seconds": 3.0,
        "memory": {"at_rest": 2**30, "peak": 3 * 2**30},
        "cells": cells,
        "figures": [],
        "delivered": None,
        "not_measured": {},
        "asked": {"note": ""},
    } | more


def test_table_has_every_figure_of_our_engine_in_a_line_of_its_own():
    batch = Figure("batch", "1 request", (10.0, 10.0), "8 at once", (40.0, 50.0), "tokens/s", 3.5, False)
    delivered = Delivered((20.0, 22.0), (19.0, 22.0), (20.0, 22.0))
    table = engine_table(
        result(
            [cell("ours", 8, 128, 40.0), cell("ours", 1, 128), cell("theirs", 1, 128)],
            figures=[batch.as_json(is_quiet=True)],
            delivered=delivered.as_json(),
            not_measured={"second_turn": "it does not fit", "serve": "x"},
        )
    )
    assert table.splitlines()[2:] == [
        "| load | 3.0 s |  |  |",
        "| memory at rest, loaded | 1.00 GiB |  |  |",
        "| memory, peak of all of our engine's work | 3.00 GiB |  |  |",
        "| first token, prompt of 128 | 0.5 s |  |  |",
        "| 1 at once, prompt of 128 | 10 tokens/s | 10 to 12 |  |",
        "| 8 at once, prompts of 128 | 40 tokens/s | 40 to 42 |  |",
        "| batch: 8 at once, over 1 request | 4.5 (45 over 10 tokens/s) | 4 to 5 | ≥ 3.5: held |",
        "| delivered to a gradio_client, over the engine alone | 0.975 (20.5 over 21 tokens/s) | 0.95 to 1 "
        "| 0.975 of what the engine measured in the very same runs |",
        "| second turn | – |  | it does not fit |",
    ]


def test_table_says_why_a_line_is_left_out():
    table = engine_table(result([cell("ours", 1, 32_768, skipped="more than the context of 8,192")]))
    assert table.count("| – |  | more than the context of 8,192 |") == 2  # its first token, and its speed


def test_side_table_has_all_contenders_of_a_line_together_and_says_what_was_read_again():
    cells = [
        cell("ours", 1, 128),
        cell("ours", 16, 128),
        cell("theirs", 1, 128, counted="read again"),
        cell("theirs", 8, 128, skipped="it read only 9 tokens of a prompt"),
    ]
    table = side_table(result(cells)).splitlines()[2:]
    assert [line.split(" | ")[1] for line in table] == ["ours", "theirs"]
    assert table[1].endswith("64 (read again) |")
    [left_out, marked] = sentences(result(cells))
    assert "theirs, 8 × 128 (it read only 9 tokens of a prompt)" in left_out
    assert "read again" in marked


@pytest.mark.parametrize("is_quiet", [True, False])
def test_report_calls_the_machine_quiet_only_when_it_was(is_quiet):
    machine = QUIET | {"others_share": 0.4, "is_quiet": is_quiet}
    report = whole_report(result([cell("ours", 1, 128)], machine=machine))
    assert ("The machine was quiet (" in report) == is_quiet
    assert ("**The machine was not quiet** (others took 40% of its 2 cores" in report) != is_quiet
