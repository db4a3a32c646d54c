import json

import pytest

from evals.speed.readme import BEGIN, END, NOTHING_YET, README, with_newest

EMPTY = f"before\n{BEGIN}\nold\n{END}\nafter"


def write(folder, name, day, rate):
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
    }
    result = {
        "form": "speed-2",
        "model": "qwq-32b",
        "precision": "nf4",
        "device": name,
        "measured_at": f"{day}T10:00:00+00:00",
        "engine_name": "ours",
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
    assert "qwq-32b in nf4 on new-card, 2026-02-01: loaded in 12.0 s" in text
    assert "| 128 | 33.3 | 0.5 s |" in text
    assert "Not measured, serve: it needs openai" in text
    assert "old" not in text
    assert with_newest(text, tmp_path) == text


def test_readme_says_so_when_there_is_no_result_yet(tmp_path):
    assert with_newest(EMPTY, tmp_path) == f"before\n{BEGIN}\n{NOTHING_YET}\n\n{END}\nafter"


def test_readme_without_its_place_is_refused(tmp_path):
    write(tmp_path, "card", "2026-01-31", 10.0)
    with pytest.raises(ValueError, match="no place"):
        with_newest("nothing here", tmp_path)


def test_readmes_speed_table_is_that_of_the_newest_result():
    readme = README.read_text("utf-8")
    assert with_newest(readme) == readme, "run python -m evals.speed.readme"
