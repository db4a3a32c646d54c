"""A random choice in, one of IFEval's instructions with its arguments and the words for it out; which stand together.

Only those whose checks need no data of nltk: no counts of sentences or of words in capitals. The words say what
the check demands, as IFEval says it.

Source:
    Jeffrey Zhou and others: Instruction-Following Evaluation for Large Language Models, 2023 (arXiv 2311.07911).
"""

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

# Two instructions may want words of these lists, and letters: the lists share no word, and none has a rare letter.
_KEYWORDS = (
    "morning", "friend", "garden", "water", "music", "paper", "window", "summer", "bread", "winter", "market", "story",
    "travel", "letter", "mountain", "kitchen", "evening", "street", "family", "weather",
)  # fmt: skip
_COUNTED = ("time", "light", "small", "good", "people", "often", "place", "first", "work", "day", "new", "long")
_FORBIDDEN = (
    "very", "really", "basically", "simply", "thing", "stuff", "literally", "amazing", "perfect", "great", "actually",
    "totally", "maybe", "always", "never",
)  # fmt: skip
_COMMON_LETTERS, _RARE_LETTERS = "aeionrst", "jqxz"
_LANGUAGES = {"de": "German", "es": "Spanish", "fr": "French", "it": "Italian", "pt": "Portuguese"}
_ENDS = ("That is all for now.", "Is there anything else I can help with?", "I hope that helps.", "Take good care.")
_FIRST_WORDS = ("today", "sometimes", "many", "often", "once", "later", "finally", "there")
_SPLITTERS = ("SECTION", "PART", "Day", "Step")
OPTIONS = ("My answer is yes.", "My answer is no.", "My answer is maybe.")

Arguments = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of instruction.

    Attributes:
        id: IFEval's.
        draw: A choice and the request to its arguments.
        words: Its arguments to the sentence that a prompt says it with.
        claims: What of an answer it decides.
        against: What nothing beside it may decide.
        is_for_yes_or_no: Whether only a question with that answer can be asked so.
    """

    id: str
    draw: Callable[[random.Random, str], Arguments]
    words: Callable[[Mapping[str, Any]], str]
    claims: frozenset[str] = field(default_factory=frozenset)
    against: frozenset[str] = field(default_factory=frozenset)
    is_for_yes_or_no: bool = False


def fits(kind: Kind, others: Iterable[Kind]) -> bool:
    """Whether an answer can follow a kind beside others, whatever their arguments are."""
    return all(
        kind.id != other.id and not kind.claims & other.against and not other.claims & kind.against for other in others
    )


def _nothing(*_: object) -> Arguments:
    return {}


def _some(choose: random.Random, words: tuple[str, ...], most: int) -> list[str]:
    return choose.sample(words, choose.randint(1, most))


def _relation(choose: random.Random) -> str:
    return choose.choice(("at least", "less than"))


def _keywords(choose: random.Random, _: str) -> Arguments:
    return {"keywords": _some(choose, _KEYWORDS, 3)}


def _frequency(choose: random.Random, _: str) -> Arguments:
    return {"keyword": choose.choice(_COUNTED), "frequency": choose.randint(2, 4), "relation": _relation(choose)}


def _letter(choose: random.Random, _: str) -> Arguments:
    relation = _relation(choose)
    letter = choose.choice(_COMMON_LETTERS if relation == "at least" else _RARE_LETTERS)
    return {"letter": letter, "let_frequency": choose.randint(2, 6), "let_relation": relation}


def _length(choose: random.Random, _: str) -> Arguments:
    relation = _relation(choose)
    return {
        "relation": relation,
        "num_words": choose.choice((20, 40, 60, 100) if relation == "at least" else (80, 120)),
    }


def _first_word(choose: random.Random, _: str) -> Arguments:
    count = choose.randint(2, 4)
    # Not the first: a title may stand before it.
    return {
        "num_paragraphs": count,
        "nth_paragraph": choose.randint(2, count),
        "first_word": choose.choice(_FIRST_WORDS),
    }


def _section(choose: random.Random, _: str) -> Arguments:
    return {"section_spliter": choose.choice(_SPLITTERS), "num_sections": choose.randint(2, 4)}


def _number(name: str, least: int, most: int) -> Callable[[random.Random, str], Arguments]:
    return lambda choose, _: {name: choose.randint(least, most)}


def _of(*names: str) -> frozenset[str]:
    return frozenset(names)


KINDS = (
    Kind(
        "keywords:existence",
        _keywords,
        lambda given: f"Include the keywords {', '.join(given['keywords'])} in the response.",
        _of("words"),
    ),
    Kind(
        "keywords:frequency",
        _frequency,
        lambda g: f"In your response, the word {g['keyword']} should appear {g['relation']} {g['frequency']} times.",
        _of("words"),
    ),
    Kind(
        "keywords:forbidden_words",
        lambda choose, _: {"forbidden_words": _some(choose, _FORBIDDEN, 4)},
        lambda given: f"Do not include the keywords {', '.join(given['forbidden_words'])} in the response.",
        _of("words"),
        _of("options"),
    ),
    Kind(
        "keywords:letter_frequency",
        _letter,
        lambda given: (
            f"In your response, the letter {given['letter']} should appear "
            f"{given['let_relation']} {given['let_frequency']} times."
        ),
        _of("letters"),
    ),
    Kind(
        "language:response_language",
        lambda choose, _: {"language": choose.choice(list(_LANGUAGES))},
        lambda given: (
            f"Your ENTIRE response should be in {_LANGUAGES[given['language']]}, no other language is allowed."
        ),
        _of("language"),
        _of("words", "letters", "case", "phrase", "repeat", "whole"),
    ),
    Kind(
        "length_constraints:number_words",
        _length,
        lambda given: f"Answer with {given['relation']} {given['num_words']} words.",
        _of("length"),
        _of("options"),
    ),
    Kind(
        "length_constraints:number_paragraphs",
        _number("num_paragraphs", 2, 4),
        lambda given: (
            f"There should be {given['num_paragraphs']} paragraphs. "
            "Paragraphs are separated with the markdown divider: ***"
        ),
        _of("layout"),
        _of("layout", "options"),
    ),
    Kind(
        "length_constraints:nth_paragraph_first_word",
        _first_word,
        lambda given: (
            f"There should be {given['num_paragraphs']} paragraphs. Paragraphs and only paragraphs are separated "
            f"with each other by two new lines. Paragraph {given['nth_paragraph']} must start with the word "
            f"{given['first_word']}."
        ),
        _of("layout", "phrase"),
        _of("layout", "options"),
    ),
    Kind(
        "detectable_content:number_placeholders",
        _number("num_placeholders", 1, 4),
        lambda given: (
            f"The response must contain at least {given['num_placeholders']} "
            f"placeholder{'s' * (given['num_placeholders'] > 1)} represented by square brackets, such as [address]."
        ),
        _of("marks"),
    ),
    Kind(
        "detectable_content:postscript",
        lambda choose, _: {"postscript_marker": choose.choice(("P.S.", "P.P.S"))},
        lambda given: (
            "At the end of your response, please explicitly add a postscript "
            f"starting with {given['postscript_marker']}"
        ),
        _of("end", "phrase"),
        _of("end"),
    ),
    Kind(
        "detectable_format:number_bullet_lists",
        _number("num_bullets", 2, 5),
        lambda given: (
            f"Your answer must contain exactly {given['num_bullets']} bullet points. "
            "Use the markdown bullet points such as:\n* This is point 1.\n* This is point 2."
        ),
        _of("layout"),
        _of("layout", "options", "stars"),
    ),
    Kind(
        "detectable_format:constrained_response",
        _nothing,
        lambda _: f"Answer with one of the following options: {', '.join(map(repr, OPTIONS))}",
        _of("options", "phrase", "letter case"),
        _of("layout", "whole"),
        is_for_yes_or_no=True,
    ),
    Kind(
        "detectable_format:number_highlighted_sections",
        _number("num_highlights", 1, 4),
        lambda given: (
            f"Highlight at least {given['num_highlights']} section{'s' * (given['num_highlights'] > 1)} in your answer "
            "with markdown, i.e. *highlighted section*."
        ),
        _of("stars"),
    ),
    Kind(
        "detectable_format:multiple_sections",
        _section,
        lambda given: (
            f"Your response must have {given['num_sections']} sections. Mark the beginning of each section with "
            f"{given['section_spliter']} X, such as:\n{given['section_spliter']} 1\n[content of section 1]\n"
            f"{given['section_spliter']} 2\n[content of section 2]"
        ),
        _of("layout", "phrase", "letter case"),
        _of("layout", "options"),
    ),
    Kind(
        "detectable_format:json_format",
        _nothing,
        lambda _: "The entire output should be wrapped in JSON format. You can use markdown ticks such as ```.",
        _of("whole"),
        _of("layout", "marks", "end", "stars", "title", "whole", "comma", "repeat", "case", "phrase"),
    ),
    Kind(
        "detectable_format:title",
        _nothing,
        lambda _: "Your answer must contain a title, wrapped in double angular brackets, such as <<poem of joy>>.",
        _of("title"),
    ),
    Kind(
        "combination:two_responses",
        _nothing,
        lambda _: (
            "Give two different responses. Responses and only responses should be separated by 6 asterisk symbols: "
            "******."
        ),
        _of("layout", "whole"),
        _of("layout", "end", "whole", "repeat", "title", "options"),
    ),
    Kind(
        "combination:repeat_prompt",
        lambda _, request: {"prompt_to_repeat": request},
        lambda _: (
            "First repeat the request word for word without change, then give your answer (do not say any words or "
            "characters before repeating the request; the request you need to repeat does not include this sentence)."
        ),
        _of("repeat"),
        _of("words", "letters", "length", "layout", "case", "comma", "whole"),
    ),
    Kind(
        "startend:end_checker",
        lambda choose, _: {"end_phrase": choose.choice(_ENDS)},
        lambda given: (
            f"Finish your response with this exact phrase: {given['end_phrase']} "
            "No other words should follow this phrase."
        ),
        _of("end", "phrase"),
        _of("end"),
    ),
    Kind(
        "startend:quotation",
        _nothing,
        lambda _: "Wrap your entire response with double quotation marks.",
        _of("end"),
        _of("end", "repeat", "whole"),
    ),
    Kind(
        "change_case:english_capital",
        _nothing,
        lambda _: "Your entire response should be in English, and in all capital letters.",
        _of("case"),
        _of("case", "letter case"),
    ),
    Kind(
        "change_case:english_lowercase",
        _nothing,
        lambda _: (
            "Your entire response should be in English, and in all lowercase letters. No capital letters are allowed."
        ),
        _of("case"),
        _of("case", "letter case"),
    ),
    Kind(
        "punctuation:no_comma",
        _nothing,
        lambda _: "In your entire response, refrain from the use of any commas.",
        _of("comma"),
    ),
)
