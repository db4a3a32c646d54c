from pathlib import Path
from typing import Any

from evals.result_file import Judged, Result, Sample
from evals.scores import Scores, scores_of
from ui.benchmark_scores import bars_value, figures_value, others_value, score_value

HEAD: dict[str, Any] = {
    "benchmark": "aime24",
    "title": "AIME 2024",
    "model": "qwq-32b",
    "profile": "quick",
    "budget": "medium",
    "samples": 2,
    "sampling": {},
    "problems": ["a", "b"],
}


def scores(*outcomes: tuple[str, int, str]) -> Scores:
    samples = [Sample(id_, n, "So.", "2", "stop", (), 9, 70, 5, 100.0, 2.0, 0.5) for id_, n, _ in outcomes]
    judged = [Judged(id_, n, outcome, "", "2", 0) for id_, n, outcome in outcomes]
    result = Result(Path("x"), HEAD, {each.key: each for each in samples}, {each.key: each for each in judged})
    return scores_of(result)


HALF = scores(("a", 0, "correct"), ("a", 1, "correct"), ("b", 0, "wrong"), ("b", 1, "undecided"))


def test_score_has_its_interval_and_says_while_it_may_change() -> None:
    value = score_value(HALF, is_going=True)
    assert value and value["share"] == 0.5 and value["interval"].endswith("% so far")
    assert score_value(scores(), is_going=True) is None


def test_figures_have_those_of_several_samples_and_what_was_not_decided() -> None:
    figures = {name: value for name, value, _ in figures_value(HALF)}
    assert figures["pass@2"].startswith("50.0% (") and figures["Undecided"] == "25.0%"
    assert figures["Thinking tokens"] == "70" and "Energy" not in figures


def test_measured_bar_stands_before_the_published_ones_of_its_model_with_what_was_otherwise() -> None:
    from evals.published import published_for

    published = published_for("aime24")
    bars = bars_value(HEAD, HALF, published)
    assert bars[0]["kind"] == "measured" and bars[0]["low"] < 0.5 < bars[0]["high"]
    assert {bar["label"] for bar in bars[1:]} == {"QwQ 32B"}
    assert any("thinking cut at 4,096 tokens here" in bar["note"] for bar in bars[1:])
    others = others_value(HEAD, published)
    assert len(bars) - 1 + len(others) == len(published)
    assert [bar["share"] for bar in others] == sorted((bar["share"] for bar in others), reverse=True)


def test_model_without_published_figures_stands_beside_the_best_few() -> None:
    from evals.published import published_for

    bars = bars_value(HEAD | {"model": "smollm2-135m"}, HALF, published_for("aime24"))
    assert len(bars) == 5 and len({bar["label"] for bar in bars}) > 2
