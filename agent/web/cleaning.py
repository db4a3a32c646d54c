"""Text from the web in, the same without what only a model would see out."""

import re

# Controls, directions, marks of no width, and the tags that spell hidden words.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)


def clean(text: str) -> str:
    r"""A text without characters that only a model would see, and without long gaps.

    >>> clean("a\u202eb\n\n\n\nc")
    'ab\n\nc'
    """
    return re.sub(r"\n(?:[ \t]*\n){2,}", "\n\n", _UNSEEN.sub("", text)).strip()


def one_line(text: str, max_characters: int) -> str:
    r"""The beginning of a cleaned text, on one line.

    >>> one_line("Two\n lines", 6)
    'Two l…'
    """
    line = " ".join(clean(text.replace("\n", " ")).split())
    return line if len(line) <= max_characters else line[: max_characters - 1] + "…"
