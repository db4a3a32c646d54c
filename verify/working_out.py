"""A problem that asks for the worth of one expression, and an answer, in; what working it out exactly shows out.

Independent of the model, and exact; still no proof that the problem was understood as it was meant.
"""

import re

from model.events import Evidence
from verify.claim_worth import text_of
from verify.expression import Apply, NotReadable, Number, Tree, names_in, read
from verify.normal_form import normal_form
from verify.number_forms import value_of
from verify.worth import NoValue, TooLarge, Value, evaluate, is_same

_MAX_CHARACTERS = 300
# The whole problem, and nothing beside it: a word more ("rounded to", "modulo") may change what is asked.
_ASKS = re.compile(
    r"\A\s*(?:what(?:\s+is|'s)|calculate|compute|evaluate|work\s+out|find|simplify|determine|how\s+much\s+is)"
    r"(?:\s+the\s+(?:value|result)\s+of)?\s*:?\s+(?P<expression>[^?]+?)\s*[?.]?\s*(?:=\s*\??\s*)?\Z",
    re.IGNORECASE,
)
_SHARE = re.compile(
    r"\A\$?\s*(?P<share>\d+(?:\.\d+)?)\s*(?P<percent>\\?%|percent)\s*\$?\s+of\s+\$?\s*(?P<whole>\d[\d,]*(?:\.\d+)?)\s*\$?\Z"
)
_PART = re.compile(
    r"\A\$?\s*(?P<share>\d+/\d+|\\[dt]?frac\{\d+\}\{\d+\})\s*\$?\s+of\s+\$?\s*(?P<whole>\d[\d,]*(?:\.\d+)?)\s*\$?\Z"
)


def worked_out(problem: str, answer: str) -> Evidence | None:
    """Whether the answer is what the problem's expression is worth; `None` where it is not just that.

    >>> worked_out("What is 36 * 14?", "504").words
    '36 * 14, worked out exactly, is 504.'
    >>> worked_out("What is 15% of 240?", "35").words
    '15% of 240, worked out exactly, is 36, not 35.'
    >>> worked_out("What is the sum of all divisors of 6?", "12")
    """
    found = _ASKS.match(problem) if len(problem) <= _MAX_CHARACTERS else None
    if found is None:
        return None
    expression = found["expression"].strip()
    try:
        tree = read(normal_form(_spelt_out(expression)))
        if names_in(tree) or not _has_work(tree):
            return None
        exact, claimed = evaluate(tree), value_of(normal_form(answer))
    except (NotReadable, NoValue, TooLarge):
        return None
    if claimed is None:
        return None
    return _evidence(expression.strip("$ "), exact, claimed, answer)


def _evidence(expression: str, exact: Value, claimed: Value, answer: str) -> Evidence:
    if is_same(exact, claimed):
        return Evidence("evaluation", "strong", f"{expression}, worked out exactly, is {text_of(exact)}.")
    words = f"{expression}, worked out exactly, is {text_of(exact)}, not {answer.strip()}."
    return Evidence("evaluation", "strong", words, is_for=False)


def _spelt_out(expression: str) -> str:
    """Shares in words as products."""
    if share := _SHARE.match(expression):
        return f"({share['share']}/100)*({share['whole']})"
    if part := _PART.match(expression):
        return f"({part['share']})*({part['whole']})"
    return expression


def _has_work(tree: Tree) -> bool:
    """Whether there is anything to work out: a number alone may stand for something else (a name, a base)."""
    return isinstance(tree, Apply) and not (tree.operation == "negative" and isinstance(tree.arguments[0], Number))
