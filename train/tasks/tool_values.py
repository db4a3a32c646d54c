"""A pool's name in, a random value out: the cities, names, numbers, paths and made-up words that tool calls copy.

Word lists stand in `data/tool_values.jsonl`; everything else is composed here. A good part of the values is invented,
so that copying from the question is learned and not a list of places.
"""

import json
import random
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

Scalar = str | int | float | bool

# Values whose spelling must survive a user who types in lower case throughout.
KEEPS_CASE = frozenset(
    {"email", "url", "path", "folder_path", "code_id", "ticker", "currency", "expression", "program"}
)

ONSETS = "b br c ch d dr f fl g gr h j k kl l m n p pl r s sk st t tr v w z".split()
VOWELS = "a e i o u ai ea o a".split()
CODAS = ["", "", "", "n", "r", "l", "s", "m", "nd", "rt", "x", "k"]


@cache
def word_lists() -> Mapping[str, Sequence[str]]:
    """Every listed pool by its name."""
    path = Path(__file__).parent / "data" / "tool_values.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {row["pool"]: tuple(row["values"]) for row in rows}


def listed(rng: random.Random, pool: str) -> str:
    """One value of a word list."""
    return rng.choice(word_lists()[pool])


def invented(rng: random.Random, syllables: int | None = None) -> str:
    """A made-up word in lower case, such as "brelstan"."""
    count = syllables or rng.choice((1, 2, 2, 3))
    word = "".join(rng.choice(ONSETS) + rng.choice(VOWELS) + rng.choice(CODAS) for _ in range(count))
    return word if len(word) > 2 else word + "ne"


def _place(rng: random.Random) -> str:
    return listed(rng, "city") if rng.random() < 0.6 else _village(rng)


def _village(rng: random.Random) -> str:
    ending = rng.choice(("", "", "ville", "ton", "dorf", "burg", "vik", " Bay", " Hill"))
    return invented(rng, 2).capitalize() + ending


def _person(rng: random.Random) -> str:
    first = listed(rng, "first_name") if rng.random() < 0.7 else invented(rng).capitalize()
    return first if rng.random() < 0.6 else f"{first} {invented(rng, 2).capitalize()}"


def _email(rng: random.Random) -> str:
    first = listed(rng, "first_name").lower() if rng.random() < 0.6 else invented(rng)
    return f"{first}@{rng.choice((invented(rng), 'example', 'mail'))}.{listed(rng, 'domain')}"


def _url(rng: random.Random) -> str:
    start = rng.choice(("https://", "https://", "http://", "https://www.", ""))
    end = "" if start and rng.random() < 0.5 else "/" + rng.choice((listed(rng, "stem"), invented(rng)))
    return f"{start}{invented(rng, 2)}.{listed(rng, 'domain')}{end}"


def _path(rng: random.Random) -> str:
    stem = listed(rng, "stem") if rng.random() < 0.6 else invented(rng)
    folder = rng.choice(("", "", f"{listed(rng, 'folder')}/", f"/{listed(rng, 'folder')}/{invented(rng)}/"))
    return f"{folder}{stem}.{listed(rng, 'extension')}"


def _folder_path(rng: random.Random) -> str:
    name = listed(rng, "folder") if rng.random() < 0.6 else invented(rng)
    return rng.choice((name, f"/{name}", f"{listed(rng, 'folder')}/{name}", f"~/{name}"))


def _code_id(rng: random.Random) -> str:
    digits = "".join(rng.choices("0123456789", k=rng.choice((2, 3, 4))))
    letters = "".join(rng.choices("ABCDEFGHKLMNPRSTVWXZ", k=rng.choice((1, 2, 3))))
    return rng.choice((f"{letters}{digits}", f"{letters}-{digits}", f"#{digits}", digits + letters))


def _ticker(rng: random.Random) -> str:
    if rng.random() < 0.7:
        return listed(rng, "ticker")
    return "".join(rng.choices("ABCDEFGHIKLMNOPRSTUVXYZ", k=rng.choice((3, 4))))


def _title(rng: random.Random) -> str:
    adjective, noun = listed(rng, "adjective").capitalize(), listed(rng, "noun").capitalize()
    return rng.choice((f"{adjective} {noun}", f"The {adjective} {noun}", invented(rng).capitalize(), noun))


def _topic(rng: random.Random) -> str:
    return rng.choice((listed(rng, "topic"), listed(rng, "topic"), listed(rng, "animal") + "s", _place(rng)))


def _clock(rng: random.Random) -> str:
    hour, minute = rng.randint(0, 23), rng.choice((0, 15, 30, 45, rng.randint(1, 59)))
    return rng.choice(
        (f"{hour:02}:{minute:02}", f"{rng.randint(1, 12)} am", f"{rng.randint(1, 12)}pm", f"{hour}:{minute:02}")
    )


def _date(rng: random.Random) -> str:
    month, day = rng.randint(1, 12), rng.randint(1, 28)
    name = word_lists()["month"][month - 1]
    iso = f"{rng.randint(2024, 2031)}-{month:02}-{day:02}"
    return rng.choice((listed(rng, "day"), listed(rng, "day"), f"{name} {day}", f"{day} {name}", iso))


def _word(rng: random.Random) -> str:
    return listed(rng, "word_english") if rng.random() < 0.7 else invented(rng, 2)


def _product(rng: random.Random) -> str:
    return rng.choice(
        (listed(rng, "device"), f"{listed(rng, 'color')} {listed(rng, 'item')}", invented(rng).capitalize())
    )


def _who_question(rng: random.Random) -> str:
    name = invented(rng, 2).capitalize()
    return rng.choice(
        (f"who founded {name}", f"who is the mayor of {name}", f"who wrote {_title(rng)}", f"who won the {name} Cup")
    )


def _when_question(rng: random.Random) -> str:
    name = invented(rng, 2).capitalize()
    return rng.choice((f"when was {name} founded", f"when was {name} born", f"what year was {name} Tower built"))


COMPOSED: Mapping[str, Callable[[random.Random], str]] = {
    "place": _place,
    "village": _village,
    "person": _person,
    "email": _email,
    "url": _url,
    "path": _path,
    "folder_path": _folder_path,
    "code_id": _code_id,
    "ticker": _ticker,
    "title": _title,
    "topic": _topic,
    "clock": _clock,
    "date": _date,
    "word": _word,
    "product": _product,
    "invented": invented,
    "who_question": _who_question,
    "when_question": _when_question,
}


def draw(rng: random.Random, pool: str) -> Scalar:
    """A value of a pool: a composed or listed one, "enum:on|off", "int:1..60", or "num:0.5..9" (one decimal, or whole).

    >>> 1 <= draw(random.Random(0), "int:1..60") <= 60
    True
    """
    kind, _, limits = pool.partition(":")
    if kind == "enum":
        return rng.choice(limits.split("|"))
    if kind == "int":
        low, high = (int(limit) for limit in limits.split(".."))
        return rng.randint(low, high)
    if kind == "num":
        low_number, high_number = (float(limit) for limit in limits.split(".."))
        number = round(rng.uniform(low_number, high_number), 1)
        return int(number) if number.is_integer() or rng.random() < 0.5 and number >= 1 else number
    return COMPOSED[pool](rng) if pool in COMPOSED else listed(rng, pool)
