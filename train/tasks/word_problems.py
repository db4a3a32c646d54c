"""A seed in, a small word problem out: stories of one step, of two steps, and of rates, ages, percents and measures.

The stories stand in `data/word_problems.jsonl`. In their texts `<a|b>` is a choice of wording, `{a}` a number, `{$a}` a
sum of money, `{N}` a person, `{things}` a plural, and `[]` in an answer the boxed value. A story's `draw` says which
numbers are taken ("a=2-9"), computed ("x=a*b") and demanded ("a>b", "a!b" for unequal, "a~b" for no common divisor).
A step is "Label: r=a*b"; the last one gives the answer.
"""

import json
import math
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

from train.tasks.steps import Thinking, add, divide, multiply, subtract
from train.traces import Span, Trace, Value, question

STORIES = Path(__file__).parent / "data" / "word_problems.jsonl"

# Shares of the prompts or thinking texts that are so.
SLIP, ASIDE, WORDED, DOZEN, LOWERED, WRAPPED, TYPO = 0.08, 0.05, 0.1, 0.3, 0.12, 0.2, 0.015

# Larger values are left to the tasks of arithmetic, save where a unit makes them (60 minutes, 1000 grams).
LARGEST = 1200
UNIT_FACTORS = (10, 60, 100, 1000)

WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
).split()
FORMS: Mapping[str, Mapping[int, str]] = {
    "part": {3: "third", 4: "quarter", 5: "fifth", 6: "sixth", 8: "eighth", 10: "tenth"},
    "times": {2: "twice", 3: "three times", 4: "four times"},
    "percent": {2: "50", 4: "25", 5: "20", 10: "10"},
    "small": {10: "mm", 100: "cm", 1000: "grams"},
    "big": {10: "cm", 100: "meters", 1000: "kg"},
}
PRONOUNS = {"female": ("she", "her", "her"), "male": ("he", "his", "him")}
# What `things` of a story may be, as names of pools.
THINGS: Mapping[str, Sequence[str]] = {
    "any": ("fruit", "sweets", "toys", "school"),
    "goods": ("toys", "school", "wares"),
    "food": ("fruit", "sweets"),
}
OPERATIONS: Mapping[str, Callable[[int, int], int]] = {
    "+": int.__add__,
    "-": int.__sub__,
    "*": int.__mul__,
    "/": int.__floordiv__,
}
# What a hasty reader would do instead.
MISTAKEN = {"+": "-", "-": "+", "*": "+", "/": "-"}


@dataclass(frozen=True, slots=True)
class Story:
    """One line of the data file; `is_plain` takes no aside, `is_cents` has money with two decimals, held in cents."""

    task: str
    name: str
    draw: str
    steps: Sequence[str]
    plan: str
    asks: Sequence[str]
    answer: str
    things: str = "any"
    own_asks: Sequence[str] = ()
    own_answer: str = ""
    box: str = ""
    check: str = ""
    is_plain: bool = False
    is_cents: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One computation with its numbers, and the names that they have in the story."""

    label: str
    target: str
    names: tuple[str, str]
    left: int
    operator: str
    right: int
    value: int


@cache
def pools() -> Mapping[str, Sequence[str]]:
    """Names, things and wordings, by the pool's name."""
    rows = [json.loads(line) for line in STORIES.read_text(encoding="utf-8").splitlines()]
    return {row["pool"]: row["entries"] for row in rows if "pool" in row}


@cache
def stories(task: str) -> Sequence[Story]:
    """All stories of a task."""
    rows = [json.loads(line) for line in STORIES.read_text(encoding="utf-8").splitlines()]
    return [Story(**row) for row in rows if row.get("task") == task]


CALCULATIONS: Mapping[str, Callable[[Thinking, int, int], object]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
}


def write_step(step: Step, choose: random.Random | None = None) -> list[Span]:
    """A step's text ("Cost 15*12: 15*10=150, ..."); with `choose`, one of its equations slips."""
    thinking = Thinking(choose or random.Random(0), slip_share=1.0 if choose else 0.0)
    if step.label:
        thinking.say(step.label)
    CALCULATIONS[step.operator](thinking, step.left, step.right)
    thinking.say(".")
    return list(thinking.spans())


def misread(value: int, choose: random.Random) -> int:
    """A wrong value near the right one."""
    offsets = [-2, -1, 1, 2, *([-10, 10] if value > 20 else [])]
    return choose.choice([value + offset for offset in offsets if value + offset > 0])


def undo(step: Step, wanted: Sequence[str]) -> str:
    """The inverse of a step, as an equation that gives back one of its numbers; one of those `wanted` if it can."""
    is_right = step.names[1] in wanted and step.names[0] not in wanted
    kept, found = (step.left, step.right) if is_right else (step.right, step.left)
    match step.operator:
        case "+":
            return f"{step.value}-{kept}={found}"
        case "*":
            return f"{step.value}/{kept}={found}"
        case "-":
            return f"{step.value}+{step.right}={step.left}"
        case _:
            return f"{step.value}*{step.right}={step.left}"


def write_check(steps: Sequence[Step]) -> str:
    """The last step undone, and the one before that gave it a number."""
    last = steps[-1]
    targets = [step.target for step in steps[:-1]]
    sources = [step for step in steps[:-1] if step.target in last.names]
    return f"Check: {', '.join([undo(last, targets), *(undo(step, targets) for step in sources[:1])])}."


def write_thinking(plan: str, steps: Sequence[Step], check: str, choose: random.Random) -> list[Span]:
    """Plan, steps and check, each on its own line; sometimes with a slip that is noticed and repaired."""
    slip = choose.choice(("equation", "operation", "check")) if choose.random() < SLIP else ""
    last = steps[-1]
    if slip == "check" and last.operator == "*":
        slip = "equation"
    slipped = choose.choice(steps) if slip == "equation" else None
    spans = [Span(plan)]
    if slip == "operation" and (wrong := mistaken(steps[0])):
        spans = [Span(f"{wrong}.", is_learned=False), Span(f" Wait: {plan}")]
    for step in steps:
        if slip == "check" and step is last:
            spans += write_failed_check(last, choose)
        spans += [Span("\n"), *write_step(step, choose if step is slipped else None)]
    return [*spans, Span(f"\n{check}")]


def mistaken(step: Step) -> str:
    """The first step with the wrong operation, well computed; nothing if that happens to give the right value."""
    operator = MISTAKEN[step.operator]
    left, right = (step.left, step.right) if operator != "-" else sorted((step.left, step.right), reverse=True)
    value = OPERATIONS[operator](left, right)
    return f"{left}{operator}{right}={value}" if value != step.value else ""


def write_failed_check(step: Step, choose: random.Random) -> list[Span]:
    """A wrong value of a step, and the check that shows it to be wrong."""
    back = {"+": "-", "-": "+", "/": "*"}[step.operator]
    wrong = misread(step.value, choose)
    if wrong <= step.right and back == "-":
        wrong = step.value + 1
    found = OPERATIONS[back](wrong, step.right)
    head = f"\n{step.label} " if step.label else "\n"
    return [
        Span(f"{head}{step.left}{step.operator}{step.right}="),
        Span(f"{wrong}.", is_learned=False),
        Span(f"\nCheck: {wrong}{back}{step.right}={found}, not {step.left}. Again:"),
    ]


def draw_numbers(draw: str, choose: random.Random) -> dict[str, int] | None:
    """The numbers of a story by their names; none if a condition refused them."""
    numbers: dict[str, int] = {}
    for item in draw.split():
        name, relation, value = re.split("([=>~!])", item, maxsplit=1)
        if relation == ">" and numbers[name] <= numbers[value]:
            return None
        if relation == "!" and numbers[name] == numbers[value]:
            return None
        if relation == "~" and math.gcd(numbers[name], numbers[value]) > 1:
            return None
        if relation == "=":
            numbers[name] = draw_number(value, numbers, choose)
    return numbers


def draw_number(value: str, numbers: Mapping[str, int], choose: random.Random) -> int:
    """A number from a range "2-9", a choice "10|20" or a computation "a*b"."""
    if limits := re.fullmatch(r"(\d+)-(\d+)", value):
        return choose.randint(int(limits[1]), int(limits[2]))
    if re.fullmatch(r"\d+(\|\d+)*", value):
        return int(choose.choice(value.split("|")))
    return compute("", f"x={value}", numbers).value


def compute(label: str, formula: str, numbers: Mapping[str, int]) -> Step:
    """A step from "r=a*b" and the numbers known so far.

    Raises:
        ValueError: If a division leaves a remainder or the formula cannot be read.
    """
    found = re.fullmatch(r"(\w+)=(\w+)([-+*/])(\w+)", formula)
    if not found:
        raise ValueError(f"{formula!r} is not of the form r=a*b.")
    target, first, operator, second = found.groups()
    left, right = (int(name) if name.isdigit() else numbers[name] for name in (first, second))
    if operator == "/" and left % right:
        raise ValueError(f"{formula!r} leaves a remainder for {left} and {right}.")
    return Step(label, target, (first, second), left, operator, right, OPERATIONS[operator](left, right))


def draw_steps(story: Story, choose: random.Random) -> tuple[dict[str, int], str, list[Step]]:
    """Numbers of a story whose values are all easy, the key's list of the drawn ones, and the steps."""
    while True:
        numbers = draw_numbers(story.draw, choose)
        if numbers is None:
            continue
        drawn = [str(numbers[item.split("=")[0]]) for item in story.draw.split() if re.search(r"=[\d|-]+$", item)]
        steps: list[Step] = []
        for line in story.steps:
            label, _, formula = line.rpartition(": ")
            steps.append(compute(label, formula, numbers))
            numbers[steps[-1].target] = steps[-1].value
        if all(is_easy(step) or (story.is_cents and step.value > 0) for step in steps):
            return numbers, ",".join(drawn), steps


def is_easy(step: Step) -> bool:
    """Whether a value is a plural and not too large."""
    has_unit = any(number in UNIT_FACTORS for number in (step.left, step.right))
    return step.value >= 2 and min(step.left, step.right) > 0 and (has_unit or step.value < LARGEST)


class Scene:
    """Who and what a story is about, the same in its question, its thinking and its answer."""

    def __init__(self, story: Story, numbers: Mapping[str, int], choose: random.Random) -> None:
        self.numbers, self.choose, self.is_cents = numbers, choose, story.is_cents
        kinds = [choose.choice(("female", "male")) for _ in range(3)]
        names = [choose.choice(pools()[kind]) for kind in kinds]
        while len(set(names)) < len(names):
            names[1:] = [choose.choice(pools()[kind]) for kind in kinds[1:]]
        he, his, him = PRONOUNS[kinds[0]]
        pool = pools()[choose.choice(THINGS.get(story.things, (story.things,)))]
        (thing, things), (other, others) = (pair.split("|") for pair in choose.sample(pool, 2))
        box, boxes = choose.choice(pools()["box"]).split("|")
        km, kmh = choose.choice(pools()["distance"]).split("|")
        self.sum_form, money = choose.choice(pools()["cents" if story.is_cents else "currency"]).split("|")
        vehicle = choose.choice(pools()["mover" if "{kmh}" in story.asks[0] or "{km}" in story.asks[0] else "vehicle"])
        self.words = dict(zip("NMK", names, strict=True)) | {
            **{"he": he, "his": his, "him": him, "He": he.title(), "thing": thing, "things": things},
            **{"other": other, "others": others, "box": box, "boxes": boxes, "km": km, "kmh": kmh, "money": money},
            **{"vehicle": vehicle, "shop": choose.choice(pools()["shop"]), "kg": choose.choice(pools()["weight"])},
            **{"m": choose.choice(pools()["length"]), "plants": choose.choice(pools()["plants"]).split("|")[1]},
        }
        self.worded = {name for name, number in numbers.items() if 2 <= number <= 20 and choose.random() < WORDED}

    def fill(self, text: str, is_prompt: bool = False) -> str:
        """A text with its choices made, inner ones first, and its names filled in; numbers as words in prompts."""
        while choices := re.findall(r"<([^<>]*)>", text):
            # The same choice twice in a text is made once: "<found|lost> 3 and ... <found|lost> 5".
            text = text.replace(f"<{choices[0]}>", self.choose.choice(choices[0].split("|")))
        text = re.sub(r"\{(\$?)(\w+)(?::(\w+))?\}", lambda found: self.fill_one(found, is_prompt), text)
        text = re.sub(r" +([.?,]|$)", r"\1", re.sub(" +", " ", text))
        text = re.sub(r"\b([Aa]) (?=[aio]|e(?!u)|u(?!n)|8|11\b|18\b)", r"\1n ", text)
        return re.sub(r"(^|[.?!] )([a-z])", lambda found: found[1] + found[2].upper(), text)

    def fill_one(self, found: re.Match[str], is_prompt: bool) -> str:
        """What stands for one name in braces."""
        sign, name, form = found.groups()
        if name not in self.numbers:
            word = self.words[name]
            return word.capitalize() if form == "cap" else word
        number = self.numbers[name]
        if form == "clock":
            return f"{number:02d}"
        if form:
            return FORMS[form][number]
        if sign:
            return self.sum_form.format(f"{number / 100:.2f}" if self.is_cents else number)
        before, after = found.string[: found.start()], found.string[found.end() :]
        if (
            is_prompt
            and name in self.worded
            and re.search(r"(^|[ .])$", before)
            and re.match(r" [a-z{]|[.?]( |$)", after)
        ):
            is_dozen = number == 12 and re.match(r" \{(things|others|plants)", after)
            return "a dozen" if is_dozen else WORDS[number]
        return str(number)


def write_prompt(story: Story, scene: Scene, ask: str, choose: random.Random) -> tuple[str, str]:
    """The question as some stranger might type it, and a number in it that has nothing to do with it."""
    text, aside = scene.fill(ask, is_prompt=True), ""
    if "{N}" in ask and not story.is_plain and choose.random() < ASIDE:
        free = [number for number in range(3, 16) if number not in scene.numbers.values()]
        aside = str(choose.choice(free))
        text = f"{scene.fill(choose.choice(pools()['aside']).replace('{#}', aside))} {text}"
    if choose.random() < WRAPPED:
        text = f"{choose.choice(pools()['before'])} {text}" if choose.random() < 0.5 else text
        text = f"{text} {choose.choice(pools()['after'])}" if choose.random() < 0.6 else text
    elif choose.random() < 0.06:
        text = text.removesuffix("?").removesuffix(".")
    if choose.random() < TYPO:
        long_words = [word for word in re.findall(r"\b[a-z]{6,}\b", text) if word not in WORDS]
        word = choose.choice(long_words or ["many"])
        text = text.replace(word, word[:2] + word[3:], 1)
    return (text.lower() if choose.random() < LOWERED else text), aside


def write(task: str, choose: random.Random) -> Trace:
    """One conversation of a task."""
    story = choose.choice(stories(task))
    numbers, drawn, steps = draw_steps(story, choose)
    scene = Scene(story, numbers, choose)
    is_own = bool(story.own_asks) and choose.random() < 0.3
    prompt, aside = write_prompt(story, scene, choose.choice(story.own_asks if is_own else story.asks), choose)
    value = steps[-1].value
    gold = scene.fill(story.box) if story.box else f"{value / 100:.2f}" if story.is_cents else str(value)
    plan = scene.fill(story.plan) + (f" The {aside} is not needed." if aside else "")
    if story.is_cents:
        plan = f"In cents: {plan}"
    labelled = [replace(step, label=scene.fill(step.label)) for step in steps]
    check = f"Check: {scene.fill(story.check)}" if story.check else write_check(labelled)
    if story.is_cents:
        check = f"{value} cents are {gold} {scene.words['money']}.\n{check}"
    thinking = write_thinking(plan, labelled, check, choose)
    answer = scene.fill(story.own_answer if is_own else story.answer).replace("[]", f"$\\boxed{{{gold}}}$")
    return Trace(task, f"word:{story.name}:{drawn}", question(prompt), tuple(thinking), answer, Value(gold))


TASKS: dict[str, Callable[[random.Random], Trace]] = {
    task: partial(write, task) for task in ("word_one", "word_two", "word_rate")
}
