"""A question and many tools in, the few out that a small model is told of.

A model that was trained with two or three tools at once mixes up the names and the arguments of ten: of 14 questions
the embedded one called the right tool in 10 when it was told of that one, in 8 with another beside it, and in 6 with
seven. So where a request does not name its tools, such a model is told of those that the words of the question speak
for, by fixed rules; every other model is told of all.
"""

import re
from collections.abc import Collection, Mapping, Sequence

from agent.toolbox import Tool

# What speaks for the app's own tools besides the words of their names and descriptions.
_FILE = r"\b[\w-]+\.(?:txt|csv|tsv|json|md|pdf|py|log|cfg|ini|ya?ml|xml|html?)\b"
_SIGNS: Mapping[str, re.Pattern[str]] = {
    name: re.compile(pattern, re.IGNORECASE)
    for name, pattern in {
        "calculate": (
            r"\d\s*(?:[-+*/^×÷%]|\*\*|plus|minus|times|divided by|percent|to the power)\s*(?:of\s*)?\(?\d|\bcalculat"
            r"|\bcomput|\bsolve\b|\bsquare root|\bsqrt|\bintegra|\bderivative|\bfactorial|\bconvert\b"
            r"|\d \w+ (?:in|to) \w+"
        ),
        "python": r"\bpython\b|\bprogram\b|\bcode\b|\bplot\b|\bchart\b|\bdraw\b|\bscript\b",
        "read_file": rf"\b(?:read|open|show|in|of|from|what|which|how|does|says?)\b.*{_FILE}|\bthe file\b",
        "write_file": rf"\b(?:save|write|store|put|create)\b.*(?:{_FILE}|\bfile\b)",
        "list_files": r"\b(?:list|which|what|show|my|the)\b[^.?!]*\bfiles\b",
        "search_web": r"\bsearch\b|\blook up\b|\bfind out\b|\bthe web\b|\binternet\b|\bonline\b|\bnews\b|\bgoogle\b",
        "read_page": r"https?://|\bwww\.",
        "verify_math": r"\bverify\b|\bis it (?:right|true|correct)\b|\bcheck (?:the|my|this) answer\b",
        "run_tests": r"\btests?\b.*\bprogram\b|\bprogram\b.*\btests?\b|\bassert\b",
    }.items()
}
_SIGN, _NAME_WORD, _WORD = 6, 3, 1
# A tool that has less than this share of the best one's points is left out.
_SHARE = 0.5
_COMMON = frozenset(
    "a an and are as at be by can do for from get give has have how i in is it me my of on or that the this to was "
    "what when where which who will with you your all one then them it's return returns use".split()
)


def chosen_for(question: str, tools: Sequence[Tool], most: int, files: Collection[str] = ()) -> tuple[str, ...]:
    """Names of the tools that the question speaks for, the best first; none where it speaks for no tool.

    Args:
        most: So many at most.
        files: Names of the files that came with the question: they speak for reading them.
    """
    points = {tool.name: _points(question, tool, bool(files)) for tool in tools}
    best = max(points.values(), default=0)
    kept = [name for name, each in points.items() if each and each >= _SHARE * best]
    return tuple(sorted(kept, key=lambda name: -points[name])[:most])


def _points(question: str, tool: Tool, has_files: bool) -> int:
    words = _words(question)
    points = _SIGN if (sign := _SIGNS.get(tool.name)) and sign.search(question) else 0
    if tool.name == "read_file" and has_files:
        points += _NAME_WORD
    names = _words(tool.name.replace("_", " "))
    return points + _NAME_WORD * len(words & names) + _WORD * len(words & (_words(tool.description) - names))


def _words(text: str) -> frozenset[str]:
    """The words that say something, in lower case and without the ending of a plural.

    >>> sorted(_words("What files are in the folder?"))
    ['file', 'folder']
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).lower()
    found = re.findall(r"[^\W\d_]{2,}", spaced)
    return frozenset(word.removesuffix("s") if len(word) > 3 else word for word in found if word not in _COMMON)
