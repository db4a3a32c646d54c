import json

import pytest

from evals.speed import random_weights
from evals.speed.__main__ import main, parse, servers_of, wish_of
from evals.speed.record import results_in
from model.errors import BadInput
from tests.openai_servers import PIECES, USAGE, serving
from tests.tiny_folder import TINY_SHAPE


def run(folder, *arguments):
    """One run over a tiny random model, beside a server."""
    with pytest.MonkeyPatch.context() as patch, serving([*PIECES, USAGE]) as (address, _):
        patch.setitem(random_weights.SHAPES, "qwq-32b", random_weights.SHAPES["qwq-32b"] | TINY_SHAPE)
        patch.setenv("WORKINGS_DATA", str(folder / "data"))
        status = main(
            ["--random-weights", "qwq-32b", "--layers", "2", "--out", str(folder), "--new-tokens", "4"]
            + [
                "--precision",
                "bf16",
                "--cell-seconds",
                "1e9",
                "--side-batches",
                "1",
                "--side-lengths",
                "16",
                "--server",
                f"theirs={address}",
            ]
            + list(arguments)
        )
    [(_, found)] = results_in(folder)
    return found, status


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    """With every contender open at once."""
    folder = tmp_path_factory.mktemp("speed")
    found, _ = run(
        folder,
        *("--parts", "grid", "batch", "answer_now", "demo", "--batches", "1", "2", "--lengths", "16", "64", "4096"),
        *("--rounds", "2"),
    )
    return found, folder


def test_run_measures_every_line_that_fits(result):
    found, _ = result
    ours = [cell for cell in found["cells"] if cell["contender"] == found["engine_name"]]
    measured = {(cell["batch"], cell["prompt_tokens"]) for cell in ours if not cell["skipped"]}
    assert measured == {(1, 16), (2, 16), (1, 64), (2, 64)}
    assert all(
        cell["tokens_per_second"] > 0 and cell["first_token_seconds"] > 0 for cell in ours if not cell["skipped"]
    )
    assert {cell["skipped"] for cell in ours if cell["prompt_tokens"] == 4096} == {
        "with 4 new tokens more than the context of 1,024",
        "with 20 new tokens more than the context of 1,024",
    }


def test_run_puts_the_others_beside_it(result):
    found, _ = result
    others = {
        cell["contender"]: cell["new_tokens"] for cell in found["cells"] if cell["contender"] != found["engine_name"]
    }
    assert others == {"TextIteratorStreamer, one at a time": 4, "theirs": 12}
    assert not found["not_measured"].keys() & {"demo", "theirs", "side by side"}


def test_run_keeps_the_figures_that_have_limits_and_says_what_it_could_not_measure(result):
    found, _ = result
    assert [figure["part"] for figure in found["figures"]] == ["batch"]
    # 1,000 tokens of prompt and the cut do not fit a context of 1,024.
    assert "1,024" in found["not_measured"]["answer_now"]


def test_run_says_where_it_comes_from(result):
    found, folder = result
    assert (found["model"], found["weights"]) == ("qwq-32b, random weights, 2 of its layers", "random")
    assert found["precision"] == "bf16"
    assert found["versions"]["torch"]
    assert found["load_seconds"] > 0
    assert found["machine"]["cores"] > 0
    memory = found["memory"]
    assert 0 < memory["weights"] <= memory["at_rest"] <= memory["peak"]
    assert str(folder) not in json.dumps(found)


def test_run_draws_speed_over_batch_and_over_length(result):
    _, folder = result
    drawn = sorted(folder.glob("*.svg"))
    assert [path.stem.rsplit("-", 1)[1] for path in drawn] == ["batch", "length"]
    assert all("tokens per second, all together" in path.read_text() for path in drawn)


def test_run_takes_every_line_in_each_of_its_rounds(result):
    found, _ = result
    assert {cell["tries"] for cell in found["cells"] if not cell["skipped"]} == {2}
    assert [len(figure["base_values"]) for figure in found["figures"]] == [2]


def test_run_measures_the_others_one_after_the_other_when_the_memory_holds_one_model(tmp_path, monkeypatch):
    monkeypatch.setattr("evals.speed.session.free_device_bytes", lambda: 0)
    found, status = run(tmp_path, "--parts", "grid", "demo", "--batches", "1", "--lengths", "16", "--rounds", "1")
    lines = [(cell["contender"], cell["batch"], cell["prompt_tokens"]) for cell in found["cells"]]
    assert lines == [
        (found["engine_name"], 1, 16),
        ("TextIteratorStreamer, one at a time", 1, 16),
        ("theirs", 1, 16),
    ]
    assert (found["not_measured"], status) == ({}, 0)


def test_quick_has_fewer_lines_and_tries():
    whole, quick = wish_of(parse([])), wish_of(parse(["--quick"]))
    assert (len(whole.shapes), len(quick.shapes)) == (24, 9)
    assert quick.rounds < whole.rounds


@pytest.mark.parametrize("text", ["http://127.0.0.1:8000/v1", "vllm=127.0.0.1:8000"])
def test_server_must_be_a_name_and_an_address(text):
    with pytest.raises(BadInput, match="NAME=URL"):
        servers_of(parse(["--server", text]))
