r"""A final answer and a reasoning-gym problem in; how the task's scorer reads the answer, and its score, out.

The scorers compare text, mostly. What models put around a right answer, LaTeX, quotes, a full stop, what is counted,
would make it a wrong one.

Source:
    reasoning-gym, Apache-2.0, github.com/open-thought/reasoning-gym.
"""

import re
from collections.abc import Mapping
from typing import Any

# A longer text is no final answer of any of `verify.gym_tasks.MODULES`.
MAX_ANSWER_CHARACTERS = 500

_WRAPPED = re.compile(r"\\(?:text(?:bf|it|rm|tt)?|math(?:rm|bf|tt|it)|operatorname)\s*\{([^{}]*)\}")
_FRACTION = re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
# A number with what it counts, which the scorers do not know: 8 steps.
_COUNTED = re.compile(r"(-?[\d.,/]+) [A-Za-z]+")
_QUOTES = "\"'`“”‘’"
_PLAIN = {
    r"\times": "×", r"\cdot": "×", r"^{\circ}": "", r"^\circ": "", "°": "", "{,}": ",", r"\!": "", r"\,": " ",
    r"\;": " ", r"\:": " ", r"\ ": " ", "~": " ", r"\%": "%", r"\$": "$", r"\_": "_", r"\{": "{", r"\}": "}",
}  # fmt: skip


def gym_score(data: Any, item: Mapping[str, Any], answer: str) -> tuple[str, float]:
    """The form of an answer that scores fully, or else the answer as it stands, and its score.

    Args:
        data: The task's problems (`verify.gym_tasks.gym_task`).
        item: One of them.
        answer: A final answer in plain text (`plain_text`).
    """
    scores = {form: _score(data, item, form) for form in _forms(answer)}
    # Not the largest: with a letter too many, what spell_backward adds up comes to a little more than 1.
    form = next((form for form, score in scores.items() if score == 1.0), answer)
    return form, scores[form]


def _forms(answer: str) -> list[str]:
    """An answer, and what else it may be read as: without what is counted, without quotes and the sentence's end."""
    bare = answer.rstrip(".").strip(_QUOTES).rstrip(".")
    counted = _COUNTED.fullmatch(bare)
    return [answer, *([bare] if bare else []), *([counted[1]] if counted else [])]


def _score(data: Any, item: Mapping[str, Any], answer: str) -> float:
    try:
        return float(data.score_answer(answer, item))
    except (ValueError, ArithmeticError, TypeError, LookupError, AttributeError):
        return 0.0  # it cannot be read as what was asked for


def plain_text(answer: str) -> str:
    r"""An answer in LaTeX as reasoning-gym's scorers read it.

    >>> plain_text(r"\text{Friday}"), plain_text(r"2 \times 3"), plain_text(r"$\frac{1}{2}$"), plain_text("1{,}000")
    ('Friday', '2 × 3', '1/2', '1,000')
    """
    text = answer.strip().strip("$")
    for mark, plain in _PLAIN.items():
        text = text.replace(mark, plain)
    for _ in range(3):
        text = _FRACTION.sub(r"\1/\2", _WRAPPED.sub(r"\1", text))
    return " ".join(text.split())
