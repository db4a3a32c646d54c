from typing import Any

import pytest

from ui.served_results import MAX_OUTPUT_CHARACTERS, MAX_THINKING_CHARACTERS, MOST_CASES, result_of

USAGE = {"total_tokens": 12}
RUN: dict[str, Any] = {
    "run_id": "r",
    "answer": "It is 4.",
    "finish_reason": "stop",
    "model": "m",
    "usage": USAGE,
    "notices": [],
}


def case(outcome: str, number: int = 1) -> dict[str, Any]:
    return {"name": str(number), "outcome": outcome, "seconds": 0.0, "given": "f(1)", "expected": "2", "got": ""}


def test_result_of_leaves_out_what_is_empty_and_what_only_the_page_needs() -> None:
    final: dict[str, Any] = RUN | {
        "final_answer": "4",
        "checked": "evidence",
        "verdict": None,
        "evidence": [],
        "chains": [{}],
        "seed": 1,
    }
    final |= {"classes": [{"answer": "4", "chains": [1, 3]}], "vote": {"words": "2 of 3"}}
    shaped = result_of("solve_math", final)
    assert shaped == {
        "type": "final",
        "final_answer": "4",
        "checked": "evidence",
        "classes": [{"answer": "4", "chains": 2}],
        **{name: RUN[name] for name in ("answer", "finish_reason", "model", "usage", "run_id")},
    }


def test_result_of_says_why_in_few_words() -> None:
    said = {
        "kind": "vote",
        "strength": "weak",
        "words": "2 of 3 say 4.",
        "is_for": True,
        "program": "",
        "type": "evidence",
    }
    verdict = {
        "type": "verdict",
        "outcome": "wrong",
        "reason": "5 is not 4",
        "gold": "4",
        "gold_form": "4",
        "seconds": 0.0,
    }
    shaped = result_of("solve_math", RUN | {"evidence": [said], "verdict": verdict})
    assert shaped["evidence"] == [{"strength": "weak", "words": "2 of 3 say 4."}]
    assert shaped["verdict"] == {"outcome": "wrong", "reason": "5 is not 4", "gold_form": "4", "seconds": 0.0}


def test_result_of_says_what_was_cut() -> None:
    cut = {"finish_reason": "length", "notices": [{"kind": "length", "text": "The limit was reached."}]}
    assert result_of("chat", RUN | cut)["notices"] == ["The limit was reached."]
    assert "notices" not in result_of("chat", RUN | {"notices": cut["notices"]})


@pytest.mark.parametrize("endpoint", ["solve_math", "chat"])
def test_result_of_keeps_the_end_of_a_long_thinking_and_says_what_is_missing(endpoint: str) -> None:
    thinking = "first" + "x" * MAX_THINKING_CHARACTERS + "last"
    shaped = result_of(endpoint, RUN | {"thinking": thinking}, with_thinking=True)
    assert len(shaped["thinking"]) == MAX_THINKING_CHARACTERS and shaped["thinking"].endswith("last")
    assert shaped["thinking_characters_left_out"] == 9
    assert "thinking" not in result_of(endpoint, RUN | {"thinking": thinking})


def test_result_of_tells_the_tests_that_failed_and_how_many_more() -> None:
    cases = [case("passed"), *(case("wrong", number) for number in range(MOST_CASES + 3))]
    report = {
        "words": "passes 1 of 24",
        "passed": 1,
        "total": 24,
        "cases": cases,
        "stdout": "y" * 100_000,
        "stderr": "",
    }
    shaped = result_of("run_tests", report)
    assert [each["name"] for each in shaped["failed_cases"]] == [str(number) for number in range(MOST_CASES)]
    assert (shaped["failed_cases_left_out"], shaped["passed"]) == (3, 1)
    assert len(shaped["stdout"]) < MAX_OUTPUT_CHARACTERS + 100
    assert "got" not in shaped["failed_cases"][0] and "stderr" not in shaped
    assert result_of("run_tests", report | {"passed": 0})["passed"] == 0, "none is no nothing"
