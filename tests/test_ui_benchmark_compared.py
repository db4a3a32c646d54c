from pathlib import Path
from typing import Any

from evals.compare import compared
from evals.result_file import Judged, Result, Sample
from ui.benchmark_compared import compared_value


def result_of(outcomes: str, **head: Any) -> Result:
    ids = [f"p{n}" for n in range(len(outcomes))]
    words = {"c": "correct", "w": "wrong"}
    base = {"benchmark": "sums", "model": "m", "profile": "quick", "budget": "low", "samples": 1, "problems": ids}
    done = [(id_, words[letter]) for id_, letter in zip(ids, outcomes, strict=True) if letter != "."]
    samples = {(id_, 0): Sample(id_, 0, "So.", "2", "stop") for id_, _ in done}
    judged = {(id_, 0): Judged(id_, 0, outcome, "") for id_, outcome in done}
    return Result(Path("x.jsonl"), base | head, samples, judged)


def value_of(first: Result, second: Result) -> dict[str, Any]:
    return compared_value(compared(first, second), first, second)


def test_difference_is_told_with_its_interval_and_what_may_be_chance() -> None:
    value = value_of(result_of("cwwwc"), result_of("ccwwc", budget="high"))
    assert value["words"].startswith("The second scores 20.0 points more than the first on the 5 problems")
    assert "So much can be chance." in value["words"]
    assert value["protocols"] == "Not the same in both: thinking budget (low; high)."
    assert value["differ"] == [["p1", "w", "c"]]
    assert [bar["label"].partition(" · ")[0] for bar in value["bars"]] == ["First", "Second"]


def test_large_difference_is_not_called_chance() -> None:
    value = value_of(result_of("c" * 12), result_of("w" * 12))
    assert "12.0" not in value["words"] and "100.0 points less" in value["words"] and "chance" not in value["words"]


def test_problems_that_only_one_has_done_are_left_out() -> None:
    value = value_of(result_of("cc.."), result_of("c.cc"))
    assert "Both score the same on the 1 problem" in value["words"] and "left out" in value["words"]
    assert value["differ"] == []
