import asyncio
from collections.abc import Iterator
from typing import Any

import gradio as gr
import pytest

from ui.verify_endpoints import VerifyEndpoints
from verify.math_answer import MathJudge


@pytest.fixture(scope="module")
def endpoints() -> Iterator[VerifyEndpoints]:
    with MathJudge(2) as judge:
        yield VerifyEndpoints(judge)


def verify(endpoints: VerifyEndpoints, *arguments: Any) -> dict[str, Any]:
    return asyncio.run(endpoints.verify_math(*arguments))


def test_verdict_comes_with_its_reason_and_both_forms(endpoints: VerifyEndpoints) -> None:
    verdict = verify(endpoints, r"\frac12", r"<think>\boxed{3}</think>\boxed{2/4}")
    assert verdict.pop("seconds") >= 0
    assert verdict == {
        "outcome": "correct",
        "reason": r"2/4 equals \frac{1}{2}",
        "extracted": "2/4",
        "gold_form": r"\frac{1}{2}",
        "candidate_form": "2/4",
    }


def test_policy_is_followed(endpoints: VerifyEndpoints) -> None:
    assert verify(endpoints, "28%", "28")["outcome"] == "correct"
    assert verify(endpoints, "28%", "28", {"percent": "strict"})["outcome"] == "wrong"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((5, "5"), "gold is a number, 5; give a string."),
        (("5", None), "output is null; give a string."),
        (("5", "\ud800"), "half of a surrogate pair"),
        (("5", "x" * 400_001), "output has 400,001 characters and the limit is 400,000."),
        (("5", "5", {"percents": "strict"}), "give an object with any of percent, takes_missing_unit, rounded_digits."),
        (("5", "5", {"percent": "any"}), "policy.percent is a string, 'any'; give lenient or strict."),
        (("5", "5", {"takes_missing_unit": "no"}), "give true or false."),
        (("5", "5", {"rounded_digits": 0}), "give a whole number from 1 to 30."),
        (("5", "5", ["strict"]), "policy is a list"),
    ],
    ids=str,
)
def test_bad_arguments_are_refused_in_a_sentence(endpoints: VerifyEndpoints, arguments: Any, words: str) -> None:
    with pytest.raises(gr.Error) as refused:
        verify(endpoints, *arguments)
    assert words in str(refused.value)


def test_claims_of_a_text_come_with_their_places_and_counts(endpoints: VerifyEndpoints) -> None:
    text = "So 17*4 = 68, and 340 + 68 = 407."
    told = asyncio.run(endpoints.check_arithmetic(text))
    assert told["counts"] == {"holds": 1, "fails": 1, "not_checkable": 0}
    assert [text[claim["start"] : claim["end"]] for claim in told["claims"]] == ["17*4 = 68", "340 + 68 = 407"]
    assert told["claims"][1]["right"] == "408"
