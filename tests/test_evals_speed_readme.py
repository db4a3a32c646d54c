import json

import pytest

from evals.speed.readme import BEGIN, END, NOTHING_YET, README, with_newest

EMPTY = f"before\n{BEGIN}\nold\n{END}\nafter"


def write(folder, name, day, rate, is_quiet=True):
    cell = {
        "contender": "ours",
        "batch": 1,
        "prompt_tokens": 128,
        "new_tokens": 64,
        "first_token_seconds": 0.5,
        "last_first_token_seconds": 0.5,
        "tokens_per_second": rate,
        "decode_tokens_per_second": rate,
        "counted": "tokens",
        "skipped": "",
        "tries": 3,
        "least": rate - 1,
        "most": rate + 1,
        "first_least": 0.4,
        "first_most": 0.6,
    }
    machine = {"cores": 2, "load_average_before": [0.1], "others_share": 0.01, "is_quiet": is_quiet}
    result = {
        "form": "speed-3",
        "model": "qwq-32b",
        "precision": "nf4",
        "device": name,
        "measured_at": f"{day}T10:00:00+00:00",
        "engine_name": "ours",
        "machine": machine,
        "load_seconds": 12.0,
        "memory": {"weights": 2**30, "at_rest": 2**30},
        "cells": [cell],
        "figures": [],
        "delivered": None,
        "not_measured": {"serve": "it needs openai"},
        "asked": {"note": ""},
    }
    (folder / f"speed-{name}.json").write_text(json.dumps(result))


def test_readme_shows_the_newest_result_when_there_are_several(tmp_path):
    write(tmp_path, "old-card", "2026-01-31", 10.0)
    write(tmp_path, "new-card", "2026-02-01", 33.3)
    (tmp_path / "speed-older-form.json").write_text('{"model": "x"}')
    text = with_newest(EMPTY, tmp_path)
    assert text.startswith("before\n") and text.endswith("\nafter")
    assert "qwq-32b in nf4 on new-card, 2026-02-01. The machine was quiet (others took 1%" in text
    assert "| load | 12.0 s |" in text
    assert "| first token, prompt of 128 | 0.5 s | 0.4 to 0.6 |" in text
    assert "| 1 at once, prompt of 128 | 33.3 tokens/s | 32.3 to 34.3 |" in text
    assert "Not measured, serve: it needs openai" in text
    assert "old-card" not in text
    assert with_newest(text, tmp_path) == text


def test_readme_says_so_when_the_machine_was_not_quiet(tmp_path):
    write(tmp_path, "card", "2026-01-31", 10.0, is_quiet=False)
    assert "**The machine was not quiet**" in with_newest(EMPTY, tmp_path)


def test_readme_says_so_when_there_is_no_result_yet(tmp_path):
    assert with_newest(EMPTY, tmp_path) == f"before\n{BEGIN}\n{NOTHING_YET}\n\n{END}\nafter"


def test_readme_without_its_place_is_refused(tmp_path):
    write(tmp_path, "card", "2026-01-31", 10.0)
    with pytest.raises(ValueError, match="no place"):
        with_newest("nothing here", tmp_path)


def test_readmes_speed_table_is_that_of_the_newest_result():
    readme = README.read_text("utf-8")
    assert with_newest(readme) == readme, "run python -m evals.speed.readme"
