"""A finished run: what is shipped from it, and that nothing too large is."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from train.card import MOST_BYTES, read_log, results_table, write_card
from train.mixes import CLAIMS, trained_shares

PLAN = {
    "tokens": 1_280_000,
    "row_tokens": 640,
    "rows": 2,
    "rank": 24,
    "learning_rate": 0.002,
    "warmup_steps": 40,
    "seed": 1,
}
LOG: list[dict[str, Any]] = [
    {"step": 10, "seconds": 30.0, "loss": 2.5, "learning_rate": 0.0005},
    {"step": 20, "seconds": 60.0, "loss": 1.75, "learning_rate": 0.001},
    {"step": 20, "seconds": 70.0, "held_out/arithmetic": 0.25, "held_out/closed": 0.5},
    # Killed here and gone on from step 10: step 20 is written again.
    {"step": 20, "seconds": 65.0, "loss": 1.25, "learning_rate": 0.001},
    {"step": 30, "seconds": 599.0, "held_out/arithmetic": 0.75, "held_out/closed": 1.0},
    {"step": 30, "seconds": 600.0, "loss": 1.0, "learning_rate": 0.001},
]


def result(adapter: str, temperature: float, passed: int) -> dict[str, Any]:
    names = [*CLAIMS, "thinking closed", "answer boxed"]
    share = {"asked": 200, "passed": passed, "share": passed / 200, "low": 0.71, "high": 0.87}
    return {
        "adapter": adapter,
        "temperature": temperature,
        "rows": [{"claim": name, **share} for name in names if name != "Python functions"],
    }


RESULTS = [result("adapters/smollm2", 0, 160), result("adapters/smollm2", 0.6, 150), result("none", 0, 5)]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run's folder with an adapter of 1 MB."""
    folder = tmp_path / "run"
    (folder / "adapter").mkdir(parents=True)
    (folder / "adapter" / "adapter_model.safetensors").write_bytes(b"w" * 1_000_000)
    (folder / "adapter" / "adapter_config.json").write_text('{"r": 24}', "utf-8")
    (folder / "plan.json").write_text(json.dumps(PLAN), "utf-8")
    (folder / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in LOG), "utf-8")
    return folder


def test_log_keeps_the_later_line_of_a_step_that_was_written_again(run: Path) -> None:
    log = read_log(run / "log.jsonl")
    assert [(line["step"], line["loss"]) for line in log if "loss" in line] == [(10, 2.5), (20, 1.25), (30, 1.0)]
    assert [line["step"] for line in log if "held_out/arithmetic" in line] == [20, 30]
    assert [line["step"] for line in log] == [10, 20, 20, 30, 30]


def test_table_has_a_row_for_each_claim_and_a_column_for_each_result() -> None:
    head, rule, *rows = results_table(RESULTS).splitlines()
    assert head == "| | with this adapter, greedy | with this adapter, T 0.6 | untouched model, greedy |"
    assert rule.count("---") == 4
    assert [row.split("|")[1].strip() for row in rows] == [*CLAIMS, "thinking closed", "answer boxed"]
    assert rows[0] == (
        "| arithmetic | 80.0% of 200 (71% to 87%) | 75.0% of 200 (71% to 87%) | 2.5% of 200 (71% to 87%) |"
    )


def test_table_says_what_was_not_judged() -> None:
    (row,) = [row for row in results_table(RESULTS).splitlines() if row.startswith("| Python functions")]
    assert row == "| Python functions | not judged | not judged | not judged |"


def test_adapter_over_25_mb_is_refused_before_anything_is_written(run: Path, tmp_path: Path) -> None:
    with (run / "adapter" / "adapter_model.safetensors").open("ab") as file:
        file.truncate(MOST_BYTES + 100_000)
    with pytest.raises(SystemExit, match=r"25\.1 MB and the limit is 25 MB.*--rank"):
        write_card([run], RESULTS, tmp_path / "shipped", "a laptop")
    assert not (tmp_path / "shipped").exists()


@pytest.fixture
def shipped(run: Path, tmp_path: Path) -> Path:
    pytest.importorskip("matplotlib", reason="matplotlib draws the curves: requirements-train.txt")
    write_card([run], RESULTS, tmp_path / "shipped" / "adapter", "a laptop")
    return tmp_path / "shipped" / "adapter"


def test_shipped_folder_holds_weights_log_curves_and_card(run: Path, shipped: Path) -> None:
    names = {"adapter_model.safetensors", "adapter_config.json", "log.jsonl", "curves.png", "README.md"}
    assert {file.name for file in shipped.iterdir()} == names
    weights = "adapter_model.safetensors"
    assert (shipped / weights).read_bytes() == (run / "adapter" / weights).read_bytes()
    assert read_log(shipped / "log.jsonl") == read_log(run / "log.jsonl")
    assert len((shipped / "log.jsonl").read_text("utf-8").splitlines()) == len(LOG) - 1


def test_curves_are_a_png(shipped: Path) -> None:
    picture = (shipped / "curves.png").read_bytes()
    assert picture.startswith(b"\x89PNG\r\n\x1a\n") and len(picture) > 5000


def test_card_gives_the_runs_own_numbers(shipped: Path) -> None:
    card = (shipped / "README.md").read_text("utf-8")
    assert card.startswith("---\nbase_model: HuggingFaceTB/SmolLM2-135M-Instruct\n")
    assert results_table(RESULTS) in card
    for part in (
        "LoRA of rank 24",
        "38,400 tokens, prompts included, in 30 steps of 2 rows with 640 tokens (stopped there; 1,000 steps were planned)",
        # 70 s before the kill, 600 s after it.
        "11 minutes; learning rate 0.002",
        "All on a laptop",
        "1.0 MB",
        "python -m train.sft --tokens 1280000 --row-tokens 640 --rows 2 --rank 24 --learning-rate 0.002",
        "in `\\boxed{}`",
        f"sum {trained_shares()['sum'] / sum(trained_shares().values()):.1%}",
    ):
        assert part in card, part


def test_card_of_two_runs_tells_both_and_counts_the_steps_on(run: Path, tmp_path: Path) -> None:
    second = tmp_path / "second"
    shutil.copytree(run, second)
    (second / "plan.json").write_text(json.dumps(PLAN | {"seed": 2, "start": "FIRST/adapter"}), "utf-8")
    write_card([run, second], RESULTS, tmp_path / "shipped", "a laptop")
    card = (tmp_path / "shipped" / "README.md").read_text("utf-8")
    assert card.count("python -m train.sft") == 2 and "--seed 2 --start FIRST/adapter" in card
    assert [line["step"] for line in read_log(tmp_path / "shipped" / "log.jsonl") if "loss" in line] == [
        10,
        20,
        30,
        40,
        50,
        60,
    ]
