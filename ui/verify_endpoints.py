"""A judge in, the named endpoints that check out: `/verify_math` and `/check_arithmetic`. No model is needed."""

import asyncio
from dataclasses import asdict, fields
from typing import Any

import gradio as gr

from model.errors import BadInput
from ui.arguments import check_text, shown
from ui.endpoint_errors import errors_as_sentences
from verify.arithmetic import claims_in, counts
from verify.math_answer import MathJudge
from verify.rules import Policy

_MAX_CHARACTERS = 400_000


class VerifyEndpoints:
    """The functions behind the endpoints; their signatures and docstrings are what clients are shown."""

    def __init__(self, judge: MathJudge) -> None:
        self._judge = judge

    async def verify_math(
        self, gold: str, output: str, policy: dict[str, Any] | None = None, question: str | None = None
    ) -> dict[str, Any]:
        """Say whether the final answer of a text is the reference, and why.

        Args:
            gold: The reference answer alone, in LaTeX or plain text.
            output: An answer, or all that a model wrote: what follows its thinking is read, and the last box counts.
            policy: What to let pass: {"percent": "lenient" or "strict", "takes_missing_unit", "rounded_digits"}.
            question: The problem, if you have it: what is asked for tells which of an answer's numbers is meant.

        Returns:
            {"outcome": "correct", "wrong" or "undecided", "reason", "extracted", "gold_form", "candidate_form",
            "seconds"}.
        """
        with errors_as_sentences("/verify_math"):
            checked = policy_from_object(policy)
            wanted, given = _within(gold, "gold"), _within(output, "output")
            about = _within(question or "", "question")
            verdict = asdict(await asyncio.to_thread(self._judge.judge, wanted, given, checked, about))
            return {name: told for name, told in verdict.items() if name not in ("type", "gold")}

    async def check_arithmetic(self, text: str) -> dict[str, Any]:
        """Work out every arithmetic claim of a text, such as 17*23 = 391.

        Args:
            text: A thinking, an answer, or any other text.

        Returns:
            {"claims": [{"start", "end", "text", "outcome": "holds", "fails" or "not_checkable", "right"}], "counts"};
            `start` and `end` are characters of the text, `right` is what a claim that fails should say.
        """
        with errors_as_sentences("/check_arithmetic"):
            claims = await asyncio.to_thread(claims_in, _within(text, "text"))
            return {"claims": [asdict(claim) for claim in claims], "counts": dict(counts(claims))}


def _within(value: object, name: str) -> str:
    text = check_text(value, name)
    if len(text) > _MAX_CHARACTERS:
        raise BadInput(f"{name} has {len(text):,} characters and the limit is {_MAX_CHARACTERS:,}. Send its end.")
    return text


def policy_from_object(value: object) -> Policy | None:
    """A policy from JSON.

    Raises:
        BadInput: If it has other names, or values that these cannot have.

    >>> policy_from_object({"percent": "strict"}).percent
    'strict'
    """
    if value is None:
        return None
    names = [field.name for field in fields(Policy)]
    if not isinstance(value, dict) or not value.keys() <= set(names):
        raise BadInput(f"policy is {shown(value)}; give an object with any of {', '.join(names)}.")
    policy = Policy(**value)
    if policy.percent not in ("lenient", "strict"):
        raise BadInput(f"policy.percent is {shown(policy.percent)}; give lenient or strict.")
    if not isinstance(policy.takes_missing_unit, bool):
        raise BadInput(f"policy.takes_missing_unit is {shown(policy.takes_missing_unit)}; give true or false.")
    is_whole = isinstance(policy.rounded_digits, int) and not isinstance(policy.rounded_digits, bool)
    if not is_whole or not 1 <= policy.rounded_digits <= 30:
        raise BadInput(f"policy.rounded_digits is {shown(policy.rounded_digits)}; give a whole number from 1 to 30.")
    return policy


def add_verify_endpoints(judge: MathJudge) -> None:
    """Add them to the `gr.Blocks()` that is being built."""
    endpoints = VerifyEndpoints(judge)
    for checking in (endpoints.verify_math, endpoints.check_arithmetic):
        gr.api(checking, api_name=checking.__name__, concurrency_id="checking", concurrency_limit=None)
