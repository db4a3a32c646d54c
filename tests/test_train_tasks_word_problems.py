"""Word problems: their golds, their thinking and their wordings, on a few hundred traces of each task."""

import math
import random
import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache

import pytest

from train.tasks.word_problems import (
    TASKS,
    WORDS,
    Scene,
    Story,
    compute,
    draw_steps,
    misread,
    mistaken,
    pools,
    stories,
    write_check,
    write_failed_check,
    write_step,
)
from train.traces import Trace, Value, is_held_out

EACH = 400
EQUATION = re.compile(r"(?<![-+*/\d])(\d+)([-+*/])(\d+)=(\d+)")

# What some stories ask, worked out here once more from the numbers in their keys.
FORMULAS: dict[str, Callable[..., int | Fraction]] = {
    "give_away": lambda a, b: a - b,
    "groups": lambda a, b: a * b,
    "share_equally": lambda people, each: each,
    "missing_start": lambda given, left: given + left,
    "part_of": lambda part, each: each,
    "change_one": lambda note, price: note - price,
    "buy_change": lambda count, price, note: note - count * price,
    "twice_together": lambda a: 3 * a,
    "times_difference": lambda a, times: a * (times - 1),
    "two_kinds_cost": lambda a, b, c, d: a * b + c * d,
    "leftover": lambda size, full, rest: (size * full + rest) % size,
    "buses_needed": lambda size, full, rest: math.ceil((size * full + rest) / size),
    "part_left": lambda part, each: part * each - each,
    "farm_legs": lambda four, two: 4 * four + 2 * two,
    "half_hours": lambda half, hours: Fraction(2 * hours + 1, 2) * 2 * half,
    "discount_tens": lambda tens, tenth: 10 * tenth * Fraction(100 - 10 * tens, 100),
    "price_rise": lambda tens, tenth: 10 * tenth * Fraction(100 + 10 * tens, 100),
    "fraction_rest": lambda d, n, m: m * d * (1 - Fraction(n, d)),
    "fraction_girls": lambda n, d, k: Fraction(n * k, d * k),
    "average_missing": lambda q, j, k: 3 * q - (q - j) - (q + k),
    "perimeter_rect": lambda a, b: 2 * a + 2 * b,
    "age_sum_later": lambda a, b, years: a + years + b + years,
    "train_minutes": lambda h, k, m, j: (h + k) * 60 + m + j - (h * 60 + m),
    "ratio_share": lambda n, m, k: Fraction(n, n + m) * (n + m) * k,
    "cents_change": lambda k, note: note - Fraction(k * 5, 100),
}

# Numbers of a plan that nobody writes: of units, legs, equal sides, "half", "average of 3".
CONSTANTS = {"1", "2", "3", "4", "7", "10", "12", "24", "60", "100", "1000"}
# Stories whose plan says what follows from the prompt's numbers.
PLANNED = {
    "fuel",
    "half_hours",
    "leftover",
    "train_minutes",
    "fraction_girls",
    "part_of",
    "part_left",
    "discount_part",
    "percent_part",
}


@cache
def traces_of(task: str) -> tuple[Trace, ...]:
    choose = random.Random(f"test:{task}")
    return tuple(TASKS[task](choose) for _ in range(EACH))


def all_traces() -> Iterator[Trace]:
    return (trace for task in TASKS for trace in traces_of(task))


def all_stories() -> list[Story]:
    return [story for task in TASKS for story in stories(task)]


def prompt_of(trace: Trace) -> str:
    return str(trace.messages[-1]["content"])


def story_of(trace: Trace) -> Story:
    name = trace.key.split(":")[1]
    return next(story for story in stories(trace.task) if story.name == name)


def gold_of(trace: Trace) -> str:
    assert isinstance(trace.gold, Value)
    return trace.gold.text


def calculate(left: str, operator: str, right: str) -> Fraction:
    a, b = Fraction(left), Fraction(right)
    return a / b if operator == "/" else {"+": a + b, "-": a - b, "*": a * b}[operator]


def in_digits(prompt: str) -> set[str]:
    text = prompt.lower().replace("a dozen", "12")
    text = re.sub(r"\b[a-z]+\b", lambda word: str(WORDS.index(word[0])) if word[0] in WORDS else word[0], text)
    cents = {str(round(float(number) * 100)) for number in re.findall(r"\d+\.\d\d", text)}
    return set(re.findall(r"\d+", text)) | cents


def test_stories_are_as_many_as_promised_and_have_names_of_their_own() -> None:
    names = [story.name for story in all_stories()]
    assert len(names) == len(set(names)) >= 90
    assert {task: len(stories(task)) >= 30 for task in TASKS} == dict.fromkeys(TASKS, True)


@pytest.mark.parametrize("name", FORMULAS)
def test_gold_is_what_the_key_numbers_give_by_an_independent_formula(name: str) -> None:
    story = next(story for story in all_stories() if story.name == name)
    choose = random.Random(name)
    for _ in range(40):
        numbers, drawn, steps = draw_steps(story, choose)
        wanted = FORMULAS[name](*map(int, drawn.split(",")))
        box = Scene(story, numbers, choose).fill(story.box)
        assert Fraction(box or steps[-1].value) / (100 if story.is_cents else 1) == wanted


def test_thinking_claims_only_equations_that_hold_outside_its_slips() -> None:
    for trace in all_traces():
        learned = "".join(span.text if span.is_learned else "~" for span in trace.thinking)
        claims = EQUATION.findall(learned)
        assert claims, trace
        for left, operator, right, value in claims:
            assert calculate(left, operator, right) == int(value), trace.thinking_text


def test_answer_boxes_the_gold_once_and_the_thinking_has_found_it() -> None:
    for trace in all_traces():
        gold = gold_of(trace)
        assert re.findall(r"\$\\boxed\{(.*?)\}\$", trace.answer) == [gold], trace.answer
        assert all(part in trace.thinking_text for part in gold.split("/")), trace.thinking_text
        assert trace.answer.endswith(".") and "\n" not in trace.answer


def test_last_line_of_the_thinking_is_a_check_and_its_ends_are_clean() -> None:
    for trace in all_traces():
        text = trace.thinking_text
        assert text == text.strip()
        assert text.splitlines()[-1].startswith("Check: "), text


def test_texts_are_filled_in_completely() -> None:
    for trace in all_traces():
        for text in (prompt_of(trace), trace.thinking_text, trace.answer.replace("\\boxed{", "").replace("}$", "$")):
            assert not re.search(r"[{}<>|\[\]]|  | [.,?]", text), text


def test_conversations_stay_short() -> None:
    for trace in all_traces():
        assert len(prompt_of(trace)) <= 270, prompt_of(trace)
        assert len(trace.thinking_text) <= 420, trace.thinking_text
        assert len(trace.answer) <= 90, trace.answer


def test_plan_takes_its_numbers_from_the_prompt() -> None:
    """As digits, as words or with two decimals; what a plan works out itself stands in few stories."""
    for trace in all_traces():
        plan = next(line for line in re.split(r"\n|Wait: ", trace.thinking_text) if "=" not in line)
        numbers = set(re.findall(r"\d+", plan)) - in_digits(prompt_of(trace)) - CONSTANTS
        assert not numbers or trace.key.split(":")[1] in PLANNED, (prompt_of(trace), plan)


def test_every_wording_names_the_people_of_the_story() -> None:
    complaints = []
    for story in all_stories():
        for asks, answer in ((story.asks, story.answer), (story.own_asks, story.own_answer)):
            people = set(re.findall(r"\{([NMK])\}", " ".join((answer, story.plan, *story.steps))))
            for ask in asks:
                certain = re.sub(r"<[^<>]*>", "", ask)  # of a choice, only some wordings have what it names
                complaints += [f"{story.name}: {ask!r} lacks {who}" for who in people if f"{{{who}}}" not in certain]
    assert complaints == []


def test_every_wording_gives_every_number_that_the_story_starts_from() -> None:
    complaints = []
    for story in all_stories():
        made = {line.rpartition(": ")[2].split("=")[0] for line in story.steps}
        used = {
            name for line in story.steps for name in re.findall(r"[a-z]\w*", line.rpartition(": ")[2].split("=")[1])
        }
        for ask in (*story.asks, *story.own_asks):
            given = set(re.findall(r"\{\$?(\w+)", ask))
            complaints += [f"{story.name}: {ask!r} lacks {sorted(lack)}"] if (lack := used - made - given) else []
    derived = {"leftover", "buses_needed", "discount_tens", "discount_amount", "price_rise", "percent_group"}
    derived |= {"percent_rest", "fraction_girls", "train_minutes", "wheels", "tip"}
    assert [line for line in complaints if line.split(":")[0] not in derived] == []


def test_slips_are_few_wrong_and_repaired() -> None:
    slipped = [trace for trace in all_traces() if not all(span.is_learned for span in trace.thinking)]
    assert 0.04 < len(slipped) / (EACH * len(TASKS)) < 0.12
    for trace in slipped:
        (i,) = (i for i, span in enumerate(trace.thinking) if not span.is_learned)
        wrong, repair = trace.thinking[i].text, trace.thinking[i + 1].text
        assert repair.startswith((". ", " Wait", "\nCheck: "))
        assert repair.startswith("\nCheck: ") or wrong.rstrip(".") not in repair


def test_asides_are_rare_and_named_as_not_needed() -> None:
    named = [trace for trace in all_traces() if "not needed" in trace.thinking_text]
    assert 0.01 < len(named) / (EACH * len(TASKS)) < 0.07


def test_same_seed_gives_the_same_trace() -> None:
    for task, write in TASKS.items():
        assert [write(random.Random(7)) for _ in range(3)] == [write(random.Random(7)) for _ in range(3)]
        assert write(random.Random(7)).task == task


def test_keys_are_many_of_both_splits_and_free_of_wording() -> None:
    for task in TASKS:
        keys = {trace.key for trace in traces_of(task)}
        assert len(keys) > 0.85 * EACH
        assert 0.04 < sum(map(is_held_out, keys)) / len(keys) < 0.17
        assert all(re.fullmatch(r"word:\w+:\d+(,\d+)*", key) for key in keys)


def test_one_key_always_has_one_gold() -> None:
    golds: dict[str, str] = {}
    for trace in all_traces():
        assert golds.setdefault(trace.key, gold_of(trace)) == gold_of(trace)


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        ("r=12*15", "Cost 15*12: 15*10=150. 15*2: 5*2=10, 0. 1*2+1: 1*2=2, 2+1=3, 30. 150+30=180."),
        ("r=6*7", "Cost 7*6=42."),
        ("r=247+85", "Cost 247+85: 7+5=12, 2. 24+8+1: 4+8+1=13, 32. 2+1=3, 332."),
        ("r=332-85", "Cost 332-85: 12-5=7, 7. 32-8: 12-8=4, 47. 2 stays, 247."),
        ("r=96/8", "Cost 96/8: 8*1=8, 9-8=1, 1. 16: 8*2=16, 16-16=0, so 12."),
    ],
)
def test_step_is_written_in_easy_parts(formula: str, text: str) -> None:
    assert "".join(span.text for span in write_step(compute("Cost", formula, {}))) == text


def test_check_undoes_both_steps() -> None:
    steps = [compute("", "x=a*b", {"a": 4, "b": 7}), compute("", "r=n-x", {"n": 50, "x": 28})]
    assert write_check(steps) == "Check: 22+28=50, 28/7=4."


def test_slip_is_never_the_right_value() -> None:
    choose = random.Random(3)
    assert all(misread(value, choose) != value and misread(value, choose) > 0 for value in range(1, 200))
    assert mistaken(compute("", "r=2*2", {})) == ""
    for formula in ("r=9+2", "r=11-4", "r=96/8"):
        for _ in range(20):
            text = "".join(span.text for span in write_failed_check(compute("", formula, {}), choose))
            check, _, claimed = text.partition("Check: ")[2].partition(", not ")
            left, operator, right, value = EQUATION.findall(check)[0]
            assert calculate(left, operator, right) == int(value) != int(claimed.split(".")[0])


def test_division_with_a_remainder_is_refused() -> None:
    with pytest.raises(ValueError, match="leaves a remainder"):
        compute("", "r=7/2", {})


def test_pools_hold_no_entry_that_a_sentence_cannot_take() -> None:
    pairs = [entry for pool in ("fruit", "sweets", "toys", "school", "wares", "box") for entry in pools()[pool]]
    assert all(entry.count("|") == 1 for entry in pairs)
