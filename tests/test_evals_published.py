"""Published figures: every one has a source, those that disagree both stand there, and what was done otherwise is said."""

import json
import re
from typing import Any

import pytest

from evals.benchmarks.registry import BENCHMARKS
from evals.published import FIGURES, difference, published_for
from model.catalog import CATALOG

READ = json.loads(FIGURES.read_text("utf-8"))
ALL = [figure for name in {each["benchmark"] for each in READ["figures"]} for figure in published_for(name)]
NAMES = {"AIME 2024": "aime24", "MATH-500": "math500", "LiveCodeBench": "livecodebench", "IFEval strict": "ifeval"}


def head(**changes: Any) -> dict[str, Any]:
    """The head of a result made by QwQ's own protocol."""
    sampling = {"temperature": 0.6, "top_p": 0.95, "top_k": 40, "max_new_tokens": 32_768}
    fields = {"benchmark": "aime24", "title": "AIME 2024", "problems": ["x"] * 30, "samples": 64, "precision": "bf16"}
    return fields | {"budget": None, "sampling": sampling} | changes


def own(benchmark: str = "aime24"):
    return next(each for each in published_for(benchmark, "qwq-32b") if each.source.startswith("Qwen's own"))


def test_every_figure_is_a_percentage_with_a_source():
    assert len(ALL) == len(READ["figures"]) > 50
    for figure in ALL:
        assert 0 < figure.value < 100 and figure.share == figure.value / 100
        assert figure.source and figure.where and figure.title


def test_no_source_gives_two_figures_for_the_same():
    keys = [(each.benchmark, each.model, each.source, each.metric, each.data) for each in ALL]
    assert len(set(keys)) == len(keys)


def test_figures_are_of_benchmarks_that_are_run_here_but_for_livebench():
    assert {each.benchmark for each in ALL} - set(BENCHMARKS) == {"livebench"}


def test_the_catalogs_scores_are_among_them():
    for spec in CATALOG.values():
        for score in spec.scores:
            if name := NAMES.get(score.benchmark):
                assert score.value in [each.value for each in published_for(name, spec.name)], (spec.name, score)


def test_figures_that_disagree_both_stand_there():
    assert {98.0, 96.4} <= {each.value for each in published_for("math500", "QwQ-32B")}


@pytest.mark.parametrize("model", ["qwq-32b", "Qwen/QwQ-32B", "QWQ-32B"])
def test_published_for_takes_every_name_of_a_model(model):
    assert {each.model for each in published_for("aime24", model)} == {"qwq-32b"}


def test_published_for_knows_models_that_are_not_in_the_catalog():
    assert [each.value for each in published_for("ifeval", "o1-mini")] == [84.8]
    assert published_for("gsm8k") == [] == published_for("aime24", "smollm2-135m")


def test_difference_of_the_same_protocol_is_how_unclosed_thinking_is_graded():
    assert difference(head(), own()) == "there, the whole text where the thinking never closed counts as the answer"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        pytest.param({"problems": ["x"] * 10}, "10 problems here, 30 there", id="limit"),
        pytest.param({"samples": 1}, "1 answer to each problem here, 64 there", id="samples"),
        pytest.param({"budget": "medium"}, "thinking cut at 4,096 tokens here, not there", id="named budget"),
        pytest.param({"budget": 777}, "thinking cut at 777 tokens here, not there", id="budget"),
        pytest.param({"precision": "nf4"}, "weights in nf4 here", id="precision"),
        pytest.param(
            {"sampling": {"temperature": 0.7, "top_p": 0.95, "top_k": 40, "max_new_tokens": 8192}},
            "at most 8,192 new tokens here, 32,768 there; temperature 0.7 here, 0.6 there",
            id="sampling",
        ),
    ],
)
def test_difference_says_what_was_done_otherwise(changes, told):
    assert told in difference(head(**changes), own())


def test_difference_says_that_a_release_is_another():
    asked = head(benchmark="livecodebench", title="LiveCodeBench 2408-2502", problems=["x"] * 279, samples=8)
    assert "there:" not in difference(asked, own("livecodebench"))
    release = asked | {"benchmark": "livecodebench-v5", "title": "LiveCodeBench v5", "problems": ["x"] * 880}
    (figure,) = [each for each in published_for("livecodebench-v5", "qwq-32b") if each.value == 63.4]
    assert "880 problems here, 279 there; there: contests of August 2024 to January 2025" in difference(release, figure)


def test_difference_says_that_a_vote_is_a_vote():
    (vote,) = [each for each in published_for("aime24", "o1-mini") if each.metric != "pass@1"]
    assert "cons@64 there: a vote" in difference(head(), vote)


def test_difference_says_when_a_protocol_is_not_known():
    (listing,) = [each for each in published_for("math500", "qwq-32b") if each.value == 96.4]
    asked = head(benchmark="math500", problems=["x"] * 500, samples=4)
    assert difference(asked, listing) == "how answers were drawn there is not known here"


def test_sources_can_be_found_by_what_stands_there():
    for name, source in READ["sources"].items():
        assert name == "listing" or re.search(r"\.(?:com|co|io|ai)\b|arXiv", source["where"])
