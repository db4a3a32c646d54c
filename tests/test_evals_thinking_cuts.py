"""A stored thinking is cut exactly where a run with that budget cuts it."""

import pytest

from evals.profiles import Plan
from evals.result_file import Sample
from evals.thinking_cuts import cut_at, request_after
from model.engine import Collected, Request, Steering, collect
from model.events import Message, Sampling
from model.scripted import ScriptedEngine, Turn
from tests.sums_benchmark import FAST, PROBLEMS

# Paragraphs of several lengths, so that each budget lands elsewhere.
THINKING = "First {n} and then some more of it. Is it so?\n\nYes, number {n} is.\nSo on to the next, with care. "
ASKED = Message("user", "1+1?")
PLAN = Plan("published", 1, Sampling(max_new_tokens=4000), None, 7)


def engine_for(thinking: str, repeat: int = 12) -> ScriptedEngine:
    return ScriptedEngine([Turn(thinking, "It is 2.", repeat=repeat)], tokens_per_second=FAST)


def written(engine: ScriptedEngine, request: Request) -> Collected:
    return collect(engine.stream(request, Steering()))


def as_sample(whole: Collected) -> Sample:
    assert whole.finished is not None
    tokens = whole.finished.prompt_tokens, whole.finished.thinking_tokens
    return Sample("sum-1", 0, whole.thinking, whole.answer, whole.finished.reason, (), *tokens)


@pytest.mark.parametrize("budget", [1, 5, 16, 30, 44, 64, 100, 150, 200])
def test_cut_at_keeps_what_a_run_with_that_budget_keeps(budget):
    engine = engine_for(THINKING)
    sample = as_sample(written(engine, Request((ASKED,), PLAN.sampling, is_uncut=True)))
    kept = cut_at(engine, PLAN, sample, budget)
    run = written(engine, Request((ASKED,), PLAN.sampling, budget))
    assert kept is not None and kept.text and len(kept.text) < len(sample.thinking)
    assert run.thinking == kept.text + "\n\nI have to answer now."
    assert run.finished is not None
    assert (kept.tokens, kept.reason) == (run.finished.thinking_tokens, run.finished.reason)


def test_cut_at_ends_a_thinking_in_circles_as_a_run_does():
    # Numbers would be progress, so this thinking has none.
    engine = engine_for(
        "Wait, that is not right at all. Let me look at the whole sum once more from the beginning. ", 60
    )
    sample = as_sample(written(engine, Request((ASKED,), PLAN.sampling, is_uncut=True)))
    kept, run = cut_at(engine, PLAN, sample, 3000), written(engine, Request((ASKED,), PLAN.sampling, 3000))
    assert kept is not None and run.finished is not None
    assert kept.reason == run.finished.reason == "loop"
    assert kept.tokens == run.finished.thinking_tokens
    assert 0 < len(kept.text) < len(run.thinking)


def test_cut_at_is_none_where_the_thinking_is_over_before():
    engine = engine_for(THINKING, repeat=1)
    sample = as_sample(written(engine, Request((ASKED,), PLAN.sampling, is_uncut=True)))
    assert cut_at(engine, PLAN, sample, 200) is None


def test_request_after_a_cut_has_the_prompt_of_the_run_that_was_cut(monkeypatch):
    engine = engine_for(THINKING)
    sample = as_sample(written(engine, Request(PROBLEMS[1].messages, PLAN.sampling, is_uncut=True)))
    sent: list[str] = []
    start = engine.decoder.start

    def recording(prompt_ids, *rest):
        sent.append("".join(map(engine.prompts.detokenizer().feed, prompt_ids)))
        return start(prompt_ids, *rest)

    monkeypatch.setattr(engine.decoder, "start", recording)
    for budget in (0, 50):
        kept = cut_at(engine, PLAN, sample, budget)
        assert kept is not None
        sent.clear()
        cut = written(engine, request_after(PLAN, PROBLEMS[1], 0, kept))
        run = written(engine, Request(PROBLEMS[1].messages, PLAN.sampling, budget))
        # The run's first request is the thinking itself, where it thinks at all.
        assert sent[0] == sent[-1] and len(sent) == (3 if budget else 2)
        assert cut.answer.strip() == run.answer.strip() == "It is 2."
