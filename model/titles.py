"""A question in, the line that stands for it in the history out; no model is asked."""

import re
from collections.abc import Callable

from model.storable import without_surrogates

TITLE_CHARACTERS = 60
MAX_TITLE_CHARACTERS = 200

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_SYMBOLS = dict(
    zip(
        "cdot times le leq ge geq ne neq approx pm to in sum prod int infty pi theta alpha beta".split(),
        "· × ≤ ≤ ≥ ≥ ≠ ≠ ≈ ± → ∈ ∑ ∏ ∫ ∞ π θ α β".split(),
        strict=True,
    )
)
_TitleSteps = tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...]
_TITLE_STEPS: _TitleSteps = (
    (r"^\s*(?:(?:[#>*+-]+|\d{1,3}[.)])\s+)+", ""),  # heading, quote, list item
    (r"!?\[([^\]]*)\]\([^)]*\)", r"\1"),  # link, image
    (r"\\[dt]?frac\{([^{}]*)\}\{([^{}]*)\}", r"\1/\2"),
    (r"\\sqrt\{([^{}]*)\}", r"√\1"),
    (r"\\(?:text|mathrm|mathbf|mathbb|mathcal|operatorname|boxed)\{([^{}]*)\}", r"\1"),
    (r"\\[()\[\]]|`+|\*\*|~~|__", ""),
    # Dollars around maths, but not two prices: as in Pandoc, no space inside and no digit after.
    (r"\$\$?(?=\S)([^$]+?)(?<=\S)\$\$?(?!\d)", r"\1"),
    (r"(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w)", ""),  # emphasis, but not 2 * 3 or a_1
    (r"\\[,;:! ]", " "),
    (r"\\([A-Za-z]+)", lambda command: _SYMBOLS.get(command[1], command[1])),
    (r"[{}\x00-\x1f\x7f]", ""),
    (r"\s+", " "),
)
_SENTENCE = re.compile(r".{11,}?[.?!](?=\s|$)|.+?[。？！]")


def title_of(question: str) -> str:
    r"""A line for the history, from the question alone: its first sentence without Markdown and LaTeX marks.

    >>> title_of("## Task\nSolve **it**."), title_of(r"What is \(\frac{1}{2} + \sqrt{4}\)? Think first.")
    ('Task', 'What is 1/2 + √4?')
    """
    for line in question.lstrip()[:1000].splitlines():
        if line.lstrip().startswith(("```", "~~~")):
            continue
        for pattern, replacement in _TITLE_STEPS:
            line = re.sub(pattern, replacement, line)
        line = without_surrogates(line).strip()
        if any(character.isalnum() for character in line):
            break
    else:
        return "Untitled"
    sentence = _SENTENCE.match(line)
    title = (sentence.group() if sentence else line).rstrip(".。:")
    if len(title) <= TITLE_CHARACTERS:
        return title
    cut = title[:TITLE_CHARACTERS]
    words, space, _ = cut.rpartition(" ")
    # Chinese has no spaces to cut at, and a very long first word neither.
    return (words if space and len(words) > TITLE_CHARACTERS // 2 else cut).rstrip(" ,;:(") + "…"


def one_line(text: str) -> str:
    """A title that somebody gave, on one line and not longer than 200 characters."""
    return " ".join(_CONTROL.sub(" ", without_surrogates(text)).split())[:MAX_TITLE_CHARACTERS].strip()
