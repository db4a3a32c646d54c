"""A thinking and its answer in, the place where the thinking first states the answer's value out."""

import re

_SPACE = r"(?:\s|\\[,;!:() \[\]]|\$|\*\*){0,8}"  # may stand anywhere between the parts of a value
_STATED = (
    r"(?:answer|result)\s*(?:(?:is|are|=|should be|must be|would be):?|:)|\\boxed\s*\{|答案(?:应该|就)?[是为]?[：:]?"
)
_WEAKLY_STATED = r"(?:=|≈|\bis|\bare|\bbe|\bequals?|\bgives?|\bgets?|[是为得]|等于|得到|结果)[:：]?"
_STATEMENT_ENDS = r"(?=" + _SPACE + r"(?:$|[\n.;,!?。，；！？)}→]|\\\]|(?:which|so|and|but|as)\b))"


def answer_value(answer: str) -> str | None:
    r"""The value that an answer comes down to.

    That is its last `\boxed{}`, else what it says "the answer is", else its last "= number", else a bare number.

    >>> answer_value("Thus the sum is \\boxed{\\frac{1}{2}}."), answer_value("**答案：120**"), answer_value("Well...")
    ('\\frac{1}{2}', '120', None)
    """
    value: str | None = None
    if "\\boxed{" in answer:
        start = answer.rindex("\\boxed{") + len("\\boxed{")
        depth, end = 1, start
        while end < len(answer) and depth:
            depth += {"{": 1, "}": -1}.get(answer[end], 0)
            end += 1
        value = answer[start : end - 1]
    elif found := re.findall(
        rf"(?:{_STATED}){_SPACE}([^\n。！？]+?)(?:[.!]?{_SPACE})$", answer, re.IGNORECASE | re.MULTILINE
    ):
        value = found[-1]
    elif found := re.findall(r"[=是]\s*\**\s*(-?\d[\d,./]*)", answer):
        value = found[-1]
    elif re.fullmatch(r"\W*-?\d[\d,./ ]*\W*", answer):
        value = answer
    if value is None:
        return None
    value = re.sub(r"\\(?:text|mathrm|mathbf)\{([^{}]*)\}|\\[,;!: ]|\\[()\[\]]|[$*]", r"\1", value)
    value = re.sub(r"(?<=\d),(?=\d{3})", "", value).strip(" \t\n.,;:。，；")
    return value if 0 < len(value) <= 60 and re.search(r"\w", value) else None


def first_reached(thinking: str, answer: str) -> int | None:
    r"""Where the answer's value first stands in the thinking as a statement ("= 42", "answer is 42", "\boxed{42}").

    A value of one letter or digit counts only behind "answer is" or in a box, since "= 3" is everywhere. Any other
    counts too behind "=", "is" or the like when the clause ends with it: "= 42 + x" is on the way, not the answer.

    Returns:
        Offset of the value in characters; `None` where the answer has no value or the thinking never states it.

    >>> first_reached("6 * 7 = 42 + 0, so it is $42$.", "The answer is 42."), first_reached("x = 3", "\\boxed{3}")
    (26, None)
    """
    value = answer_value(answer)
    if value is None:
        return None
    parts = [_part(found) for found in re.findall(r"\\[a-zA-Z]+|\d+|[^\W\d_]+|\S", value)]
    wanted = r"(?P<value>" + _SPACE.join(parts) + r")(?![\w%]|[.,]\d)"
    stated = rf"(?:{_STATED}){_SPACE}{wanted}"
    weakly = rf"(?:{_WEAKLY_STATED}){_SPACE}{wanted}{_STATEMENT_ENDS}"
    patterns = [stated] if len(re.findall(r"\w", value)) < 2 else [stated, weakly]
    hits = [found.start("value") for pattern in patterns if (found := re.search(pattern, thinking, re.IGNORECASE))]
    return min(hits, default=None)


def _part(part: str) -> str:
    r"""The pattern of one part of a value: 1,000 is 1000, \dfrac is \frac, and braces and · may be left out."""
    if part.isdigit():
        groups = re.findall(r"\d{1,3}", part[::-1])
        return r"(?:,|\{,\}|\\,)?".join(group[::-1] for group in reversed(groups))
    if part in "{}":
        return re.escape(part) + "?"
    if part in ("\\frac", "\\dfrac", "\\tfrac"):
        return r"\\[dt]?frac"
    return r"(?:\\cdot|\\times|·|×)?" if part in ("\\cdot", "\\times", "·", "×") else re.escape(part)
