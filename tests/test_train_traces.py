"""Traces: which problems are held out, how tasks are mixed, and what a completion looks like to a model."""

from collections import Counter
from itertools import islice
from typing import Any

import pytest

from train.judging import call_in, is_right, split_answer
from train.mixes import CLAIMS, SHARES
from train.traces import Call, Nothing, Span, Trace, Value, is_held_out, mixture, question, traces, writers


def called(*calls: Call, answer: str = "") -> Trace:
    return Trace("tool_call", "tool:1", question("?"), (Span("I call it."),), answer, calls[0], tool_calls=calls)


def completion(trace: Trace) -> str:
    return "".join(span.text for span in trace.completion())


def test_about_every_tenth_problem_is_held_out() -> None:
    assert 0.09 < sum(is_held_out(f"sum:{number},7") for number in range(5000)) / 5000 < 0.115


def test_splits_of_a_task_are_told_apart_by_the_key_alone() -> None:
    trained, held_out = ({t.key for t in islice(traces("sum", split, 1), 200)} for split in ("train", "held_out"))
    assert not trained & held_out
    assert not any(map(is_held_out, trained)) and all(map(is_held_out, held_out))


def test_unknown_task_is_refused() -> None:
    with pytest.raises(KeyError):
        next(traces("astrology", "train", 1))


def test_mixture_takes_tasks_by_their_shares() -> None:
    counts = Counter(trace.task for trace in islice(mixture({"sum": 1, "prime": 2.5, "gcd": 6.5}, "train", 3), 4000))
    shares = {task: count / 4000 for task, count in counts.items()}
    assert shares == pytest.approx({"sum": 0.1, "prime": 0.25, "gcd": 0.65}, abs=0.025)


def test_mixture_is_the_same_for_the_same_seed_and_keeps_to_its_split() -> None:
    shares = {"sum": 1, "two_step": 1}
    first, again, other = (list(islice(mixture(shares, "held_out", seed), 50)) for seed in (1, 1, 2))
    assert first == again != other
    assert all(is_held_out(trace.key) for trace in first)


def test_every_task_has_a_share_and_every_share_a_task() -> None:
    assert set(SHARES) == set(writers())
    assert min(SHARES.values()) > 0


def test_claims_are_measured_on_trained_tasks_each_of_one_claim() -> None:
    claimed = [task for tasks in CLAIMS.values() for task in tasks]
    assert set(claimed) <= set(SHARES)
    assert len(claimed) == len(set(claimed))


def test_completion_closes_the_thinking_before_the_answer() -> None:
    trace = Trace("sum", "sum:1,2", question("1+2"), (Span("1+2=4", False), Span(". No, 1+2=3")), "3.", Value("3"))
    assert split_answer(completion(trace)) == ("1+2=4. No, 1+2=3", "3.")
    assert trace.thinking_text == "1+2=4. No, 1+2=3"
    assert [span.is_learned for span in trace.completion()] == [False, True, True]


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param({}, id="no arguments"),
        pytest.param({"city": "Zürich", "days": 3, "rain": True}, id="text, number and yes"),
        pytest.param({"text": 'He said "2 < 3"\n</b> {x}'}, id="quotes, line break and braces"),
        pytest.param({"items": ["a", {"b": [1.5, None]}]}, id="nested"),
    ],
)
def test_completion_writes_a_call_as_json_that_is_read_back(arguments: dict[str, Any]) -> None:
    text = completion(called(Call("lookup", arguments)))
    assert text.startswith("I call it.\n</think>\n\n<tool_call>\n{") and text.endswith("}\n</tool_call>")
    assert call_in(split_answer(text)[1] or "") == {"name": "lookup", "arguments": arguments}
    assert is_right(Call("lookup", arguments), text, None)


def test_completion_keeps_letters_of_other_languages_readable() -> None:
    assert "Zürich" in completion(called(Call("lookup", {"city": "Zürich"})))


def test_completion_writes_the_answer_before_its_calls_each_on_lines_of_its_own() -> None:
    call = Call("now", {})
    written = '<tool_call>\n{"name": "now", "arguments": {}}\n</tool_call>'
    assert completion(called(call, call, answer="Two.")).endswith(f"</think>\n\nTwo.\n{written}\n{written}")


def test_nothing_is_called_where_the_trace_has_no_call() -> None:
    assert "tool_call" not in completion(Trace("chat", "chat:hi", question("hi"), (Span("Hi."),), "Hi!", Nothing()))
