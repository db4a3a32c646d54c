from evals.speed.plots import draw_plots


def cell(contender, batch, length, rate):
    return {
        "contender": contender,
        "batch": batch,
        "prompt_tokens": length,
        "decode_tokens_per_second": None,
        "tokens_per_second": rate,
    }


def drawn(tmp_path, cells, is_quiet=True):
    result = {
        "cells": cells,
        "engine_name": "ours",
        "model": "m",
        "precision": "bf16",
        "device": "a card",
        "machine": {"is_quiet": is_quiet},
    }
    return {path.stem: path.read_text("utf-8") for path in draw_plots(result, tmp_path / "x")}


def test_plots_have_a_line_for_every_contender_and_name_what_is_the_same_for_all(tmp_path):
    cells = [cell(who, batch, 128, 10.0 * batch) for who in ("theirs", "ours") for batch in (1, 8)]
    plots = drawn(tmp_path, [*cells, cell("ours", 1, 2048, 7.0)])
    assert plots.keys() == {"x-batch", "x-length"}
    assert "requests at once; prompts of 128 tokens" in plots["x-batch"]
    assert "tokens of each prompt; 1 at once" in plots["x-length"]
    assert ">theirs<" in plots["x-batch"]
    assert ">theirs<" not in plots["x-length"]  # one point is no line
    assert all("tokens per second, all together" in text for text in plots.values())


def test_plots_tell_lines_of_one_contender_apart(tmp_path):
    plots = drawn(tmp_path, [cell("ours", batch, length, 10.0) for batch in (1, 8) for length in (128, 2048)])
    assert ">ours, prompts of 2,048 tokens<" in plots["x-batch"]
    assert ">ours, 8 at once<" in plots["x-length"]


def test_plots_say_so_when_the_machine_was_not_quiet(tmp_path):
    cells = [cell("ours", batch, 128, 10.0) for batch in (1, 8)]
    assert "not quiet" not in drawn(tmp_path, cells)["x-batch"]
    assert "not quiet" in drawn(tmp_path, cells, is_quiet=False)["x-batch"]


def test_plot_without_a_line_is_not_drawn(tmp_path):
    assert drawn(tmp_path, [cell("ours", 1, 128, 10.0), cell("theirs", 8, 128, 10.0)]) == {}
