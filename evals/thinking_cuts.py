"""A thinking that was written and a budget in, what the product would have kept of it out, and how it goes on."""

from dataclasses import dataclass, replace

from evals.benchmarks.benchmark import Problem
from evals.profiles import Plan
from evals.result_file import Sample
from model.chat import ChatEngine
from model.engine import BudgetLimits, Request
from model.events import FinishReason
from model.settings import ANSWER_RESERVE_TOKENS, MAX_NEW_TOKENS
from model.thinking import ThinkingControl, room_for


@dataclass(frozen=True, slots=True)
class Kept:
    """What is left of a thinking that was cut: its beginning, in so many tokens, and why it ended there."""

    text: str
    tokens: int
    reason: FinishReason


def cut_at(engine: ChatEngine, plan: Plan, sample: Sample, budget: int) -> Kept | None:
    """What a run with this budget would have kept of the sample's thinking; None where it would have ended by itself.

    The cut is the product's own: it waits for a paragraph's end, and thinking in circles ends sooner. Tokens are those
    of the text as it is encoded now, which can differ a little from those that were written.

    Args:
        budget: Thinking tokens; 0 for none.
    """
    if budget == 0:
        return Kept("", 0, "thinking_cut")
    limit = plan.sampling.max_new_tokens or MAX_NEW_TOKENS
    control = ThinkingControl(BudgetLimits(budget, None), room_for(sample.prompt_tokens, engine.context_tokens, limit))
    detokenizer = engine.prompts.detokenizer()
    written: list[str] = []
    for number, token_id in enumerate(engine.prompts.encode(sample.thinking), 1):
        text = detokenizer.feed(token_id)
        written.append(text)
        cut = control.feed(text, 0.0)
        if cut is not None:
            return Kept("".join(written)[: cut.keep_characters], number, cut.reason)
    return None


def request_after(plan: Plan, problem: Problem, number: int, kept: Kept) -> Request:
    """What asks for the answer behind the cut, in the words with which the product ends a thinking."""
    request = plan.request(problem, number)
    left = (request.sampling.max_new_tokens or MAX_NEW_TOKENS) - kept.tokens
    sampling = replace(request.sampling, max_new_tokens=max(left, ANSWER_RESERVE_TOKENS))
    return replace(
        request,
        sampling=sampling,
        budget="medium",  # passed over, as the thinking is closed
        thinking_so_far=kept.text,
        is_thinking_closed=True,
        is_thinking_cut=True,
        is_uncut=False,
    )
