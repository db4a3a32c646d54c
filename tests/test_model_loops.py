"""Thinkings in; found where they go in circles, left alone where they only look alike."""

import random
import time
from pathlib import Path

import pytest

from model.loops import (
    LONGEST_PERIOD_CHARACTERS,
    PROSE_CHARACTERS,
    STRETCH_WORDS,
    SYMBOLS_CHARACTERS,
    WORDS_CHARACTERS,
    Loop,
    LoopDetector,
)

START = """Okay, so I need to find the number of ordered pairs (a, b) of positive integers with a + b = 40 and gcd(a, b) = 1.
First, note that gcd(a, b) = gcd(a, a + b) = gcd(a, 40). So the question is how many a from 1 to 39 are coprime to 40.
That's Euler's totient: phi(40) = phi(8) * phi(5) = 4 * 4 = 16. Let me double-check by listing: 1, 3, 7, 9, 11, 13, 17,
19, 21, 23, 27, 29, 31, 33, 37, 39. Yes, 16 numbers.

"""


def first_loop(text: str, step: int = 4) -> tuple[int, Loop] | None:
    """How many characters were fed when the loop was found, and the loop."""
    detector = LoopDetector()
    for start in range(0, len(text), step):
        loop = detector.feed(text[start : start + step])
        if loop is not None:
            return start + step, loop
    return None


PARAGRAPH = (
    "Wait, but the problem says that the two trains leave at the same time. So if the first one is at 60 miles per hour "
    "and the second one is at 40, then they close the distance at 100 miles per hour. Hmm, but then the bird flies for "
    "exactly one hour, which gives the answer that I had before. But is that what the question asks?\n\n"
)
DERIVATION = "".join(
    f"Step {n}: substitute x = {n * 7 % 13} into the equation, so that {n}x^2 - {n + 3}x + {n * n} = {n * n * 5 % 17}, and simplify.\n"
    for n in range(1, 60)
)  # fmt: skip


def shuffled_loop(seed: int = 3) -> str:
    sentences = [
        "Wait, maybe I should check the statement again.", "Hmm, that does not seem right to me.",
        "Let me think about the second condition once more.", "But the answer would be the same in that case.",
        "Perhaps there is a mistake in what I did before.", "So I should go back to the beginning of the problem.",
    ]  # fmt: skip
    random_ = random.Random(seed)
    return " ".join(random_.choice(sentences) for _ in range(600))


def varied(sentence: str, seed: int = 1) -> str:
    """The same sentence over and over with other marks, white space and capitals."""
    random_ = random.Random(seed)
    words = sentence.split()
    rounds = []
    for _ in range(400):
        marks = [word + random_.choice(["", "", ",", "...", " -", "!"]) for word in words]
        text = random_.choice([" ", "  ", "\n"]).join(marks) + random_.choice([".", "?\n\n", ".\n", "!  "])
        rounds.append(text if random_.random() < 0.5 else text.upper())
    return "".join(rounds)


def nearly(paragraph: str, seed: int = 2) -> str:
    """The same paragraph over and over with a word or two exchanged each time."""
    random_ = random.Random(seed)
    exchanges = [("Wait, but", "Hmm, but"), ("exactly", "just"), ("So if", "Now if"), ("which gives", "and that gives")]
    rounds = []
    for _ in range(40):
        text = paragraph
        for old, new in random_.sample(exchanges, 1):
            text = text.replace(old, new)
        rounds.append(text)
    return "".join(rounds)


def rounds_of(unit: str, characters: int = 30_000) -> str:
    return unit * (characters // len(unit) + 1)


# what repeats, kind, and by how many characters after its start it must have been found
LOOPS = {
    "sentence": (rounds_of("Let me check that again. "), "exact", PROSE_CHARACTERS + 100),
    "line": (rounds_of("So the answer is \\boxed{16}.\n\nWait, no. Let me recount.\n\n"), "exact", PROSE_CHARACTERS + 130),
    "paragraph": (rounds_of(PARAGRAPH), "exact", 3 * len(PARAGRAPH) + 100),
    "two_paragraphs": (rounds_of(PARAGRAPH + PARAGRAPH.replace("trains", "boats")), "exact", 6 * len(PARAGRAPH) + 200),
    "whole_derivation": (rounds_of(DERIVATION), "exact", 3 * len(DERIVATION) + 100),
    "longest_unit": (rounds_of((START + DERIVATION * 2)[: LONGEST_PERIOD_CHARACTERS - 1], 40_000), "exact", 3 * LONGEST_PERIOD_CHARACTERS + 100),
    "word": (rounds_of("wait, "), "exact", WORDS_CHARACTERS + 100),
    "word_on_lines": (rounds_of("Hmm.\n\n"), "exact", WORDS_CHARACTERS + 100),
    "two_words": (rounds_of("no no yes "), "exact", WORDS_CHARACTERS + 100),
    "token": (rounds_of("!"), "exact", SYMBOLS_CHARACTERS + 100),
    "digits": (rounds_of("0"), "exact", SYMBOLS_CHARACTERS + 100),
    "line_breaks": (rounds_of("\n"), "exact", SYMBOLS_CHARACTERS + 100),
    "sum": (rounds_of("1 + "), "exact", SYMBOLS_CHARACTERS + 100),
    "formula": (rounds_of("x^2 + y^2 = z^2, (x+y)^2 = z^2 + 2xy, "), "exact", SYMBOLS_CHARACTERS + 100),
    "table_row": (rounds_of("| 3 | 5 | 8 | no |\n"), "exact", SYMBOLS_CHARACTERS + 100),
    "code": (rounds_of("    for i in range(n):\n        a[i] += b[i]\n"), "exact", SYMBOLS_CHARACTERS + 100),
    "chinese": (rounds_of("等等，让我再检查一下这个答案。"), "exact", PROSE_CHARACTERS + 100),
    "short_chinese": (rounds_of("等等，"), "exact", WORDS_CHARACTERS + 100),
    "umlauts": (rounds_of("Moment, ich prüfe das noch einmal für alle Fälle. "), "exact", PROSE_CHARACTERS + 100),
    "emoji": (rounds_of("🤔🤔 hm "), "exact", SYMBOLS_CHARACTERS + 100),
    "other_marks": (varied("Wait, let me check the second equation again because it may be wrong"), "near", 4_000),
    "few_words_other_marks": (varied("Let me check again"), "near", 6_000),
    "a_word_exchanged": (nearly(PARAGRAPH), "near", 12 * len(PARAGRAPH)),
    "sentences_in_any_order": (shuffled_loop(), "near", 16_000),
    "chinese_other_marks": (varied("等等 让我 再 检查 一下 第二个 方程 是不是 写 错 了 然后 再 回答"), "near", 4_000),
    "numbers_that_come_back": (
        "".join(f"Check {n % 4 + 2}: is 391 divisible by {n % 4 + 2}? No{'.' * (n % 3 + 1)} So it may well be prime.\n" for n in range(400)), "near", 6_000,
    ),
}  # fmt: skip


@pytest.mark.parametrize("before", ["", START], ids=["alone", "after_a_good_start"])
@pytest.mark.parametrize("text, kind, bound", LOOPS.values(), ids=LOOPS.keys())
def test_detector_finds_a_loop_soon(text, kind, bound, before):
    found = first_loop(before + text)
    assert found is not None
    at, loop = found
    assert at - len(before) <= bound
    assert loop.kind == "near" or kind == "exact"  # long rounds are often found as near ones first


@pytest.mark.parametrize("name", ["sentence", "paragraph", "whole_derivation", "other_marks", "a_word_exchanged"])
def test_detector_says_what_is_repeated_so_that_one_round_of_it_can_be_kept(name):
    text, _, _ = LOOPS[name]
    found = first_loop(START + text)
    assert found is not None
    at, loop = found
    assert loop.repeats >= 3 or loop.kind == "near"
    assert len(loop.text) == loop.period_characters
    kept = at - loop.period_characters * (loop.repeats - 1)
    # What is cut off is loop and nothing else, give or take where rounds differ in length.
    assert kept >= len(START)
    if loop.kind == "exact":
        assert kept <= len(START) + 2 * loop.period_characters + 64


def test_detector_finds_the_same_loop_whatever_the_pieces():
    text = START + rounds_of(PARAGRAPH)
    found = [first_loop(text, step) for step in (1, 3, 17, 64, 500, 5_000)]
    assert {loop.period_characters for _, loop in filter(None, found)} == {len(PARAGRAPH)}
    assert None not in found


def test_detector_starts_afresh_after_a_loop():
    detector = LoopDetector()
    text = rounds_of(PARAGRAPH, 4_000)
    assert any(detector.feed(text[at : at + 4]) for at in range(0, len(text), 4))
    assert not any(detector.feed(START[at : at + 4]) for at in range(0, len(START), 4))
    assert any(detector.feed(text[at : at + 4]) for at in range(0, len(text), 4))


# ------------------------------------------------------------------ texts that are no loops


def long_multiplication() -> str:
    lines = []
    for a in range(123, 163):
        b = a * 7 + 11
        parts = [
            f"{a} * {digit}{'0' * place} = {a * int(digit) * 10**place}" for place, digit in enumerate(reversed(str(b)))
        ]
        lines.append(
            f"Let me compute {a} * {b}.\n"
            + "\n".join(parts)
            + f"\nAdding them up gives {a * b}. Let me check again: yes, {a * b}.\n"
        )
    return "\n".join(lines)


def sieve() -> str:
    lines = []
    for n in range(2, 700):
        factor = next((p for p in range(2, n) if n % p == 0), n)
        verdict = "so it is prime." if factor == n else f"since {factor} * {n // factor} = {n}, so it is not prime."
        lines.append(f"Is {n} prime? Let me check the primes up to its square root: {verdict}")
    return "\n".join(lines)


def case_analysis() -> str:
    names = ("Alice", "Bob", "Carol", "Dave")
    lines = []
    for case in range(16):
        kinds = ["a knight" if case >> at & 1 else "a knave" for at in range(4)]
        told = ", ".join(f"{name} is {kind}" for name, kind in zip(names, kinds, strict=True))
        lines.append(
            f"Suppose {told}. Then Alice's statement that Bob is a knave is {'true' if kinds[1] == 'a knave' else 'false'}, "
            f"and Alice is {kinds[0]}, so this is {'consistent' if (kinds[0] == 'a knight') == (kinds[1] == 'a knave') else 'a contradiction'}. "
            f"And Carol says that Dave is a knight, which is {'true' if kinds[3] == 'a knight' else 'false'}, and Carol is {kinds[2]}, "
            f"so this is {'consistent' if (kinds[2] == 'a knight') == (kinds[3] == 'a knight') else 'a contradiction'} too."
        )  # fmt: skip
    return "\n\n".join(lines)


def same_argument_for_each_n() -> str:
    argument = (
        "the left side is even and the right side is odd, because the sum of an even number and an odd number is odd, and the "
        "square of an odd number is odd as well. So there is no solution in this case, and we can go on with the next one.\n\n"
    )
    return "".join(f"Case n = {n}: then, just as before, {argument}" for n in range(1, 60))


def same_long_argument_for_each_letter() -> str:
    return "".join(f"Now look at vertex {letter}. " + PARAGRAPH for letter in "BCDEFGHJKLMNOPQRSTUVWXYZ")


def grid_search() -> str:
    random_ = random.Random(5)
    grid = [[0] * 20 for _ in range(20)]
    texts = []
    for step in range(12):
        grid[random_.randrange(20)][random_.randrange(20)] = 1
        texts.append(f"After step {step + 1} the grid is\n" + "\n".join(" ".join(map(str, row)) for row in grid) + "\n")
    return "\n".join(texts)


def mixed_thinking(tokens: int = 32_000) -> str:
    """A long thinking of the kind that reasoning models write: the same turns of phrase, other content."""
    random_ = random.Random(11)
    turns = [
        "Wait, let me check that again.", "Hmm, let me think.", "Alternatively, maybe I can try another way.", "But wait.",
        "Okay, so that means:", "Let me verify this step by step.", "So far so good.", "Let me recompute to be sure.",
        "Yes, that matches.", "Hold on, is that right?", "Therefore, the statement holds.", "That seems correct.",
    ]  # fmt: skip
    parts, length = [], 0
    while length < 4 * tokens:
        a, b, c = random_.randrange(2, 99), random_.randrange(2, 99), random_.randrange(2, 9)
        body = random_.choice(
            [
                f"If x = {a}, then {c}x + {b} = {c * a + b}, which is {'even' if (c * a + b) % 2 == 0 else 'odd'}.",
                f"We have {a} * {b} = {a * b} and {a * b} mod {c} = {a * b % c}.",
                f"Then f({a}) = {a}^2 - {b} = {a * a - b}.",
                f"```python\nfor i in range({a}):\n    total += i * {b}\nprint(total)  # {b * a * (a - 1) // 2}\n```",
                f"| n | n^2 | n^3 |\n|---|---|---|\n| {a} | {a * a} | {a**3} |\n| {b} | {b * b} | {b**3} |",
                f"The remainder of {a}{b}{a}{b} on division by {c} is {int(f'{a}{b}{a}{b}') % c}.",
                f"- {a} apples\n- {b} pears\n- {a + b} in all",
            ]
        )
        text = f"{random_.choice(turns)} {body} {random_.choice(turns)}\n\n"
        parts.append(text)
        length += len(text)
    return "".join(parts)


GOOD = {
    "plain_thinking": START,
    "read_twice": START + "Let me go through it once more.\n" + START,
    "ones": "The sum is " + "1 + " * 120 + "1 = 121.",
    "googol": "10^1000 is 1" + "0" * 1000 + ", and that is a one with a thousand zeros.",
    "decimal_fraction": "1/7 = 0." + "142857" * 80 + "... so the digit wanted is 8.",
    "two_thirds": "2/3 = 0." + "6" * 900 + "7",
    "binary": "In binary: " + "10" * 600 + ", that is (4^600 - 1) * 2 / 3.",
    "dna": "The sequence is " + "ACGT" * 300 + "; it has 300 of each.",
    "ruler": ("=" * 80 + "\n" + "-" * 80 + "\n") * 8 + "done",
    "spaces": "x" + " " * 800 + "y",
    "zero_matrix": "\n".join("0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0" for _ in range(40)),
    "dots_grid": "\n".join("." * 45 for _ in range(45)),
    "chess_board": '<div class="cell"></div>\n' * 64,
    "empty_table": "| | | | |\n" * 60,
    "short_checks": "".join(f"Check: {a} + {b} = {a + b}. Correct. " for a in range(12) for b in range(12)),
    "yes_list": "".join(f"{n}. Yes, this one holds.\n" for n in range(1, 120)),
    "multiplication_table": "\n".join(" ".join(f"{a * b:4}" for b in range(1, 21)) for a in range(1, 21)),
    "coin_throws": "H T " * 150 + "and so heads come up half the time.",
    "truth_table": "\n".join(
        " | ".join("True" if row >> at & 1 else "False" for at in range(6)) for row in range(64)
    ),
    "directions": "Then it goes " + "left, right, " * 60 + "and is back where it was.",
    "ascii_art": ("  /\\_/\\  \n ( o.o ) \n  > ^ <  \n" * 20),
    "refrain": "".join(f"On day {n} my true love gave to me a present, and I said thank you very much.\n" for n in range(1, 13)),
    "hanoi": "".join(f"Move disk {(n & -n).bit_length()} from peg {'ABC'[(n & (n - 1)) % 3]} to peg {'ABC'[((n | (n - 1)) + 1) % 3]}.\n" for n in range(1, 512)),
    "long_multiplications": long_multiplication(),
    "sieve": sieve(),
    "case_analysis": case_analysis(),
    "same_argument_for_each_n": same_argument_for_each_n(),
    "same_long_argument_for_each_letter": same_long_argument_for_each_letter(),
    "collatz": "\n".join(f"{n} is {'even, so halve it' if n % 2 == 0 else 'odd, so triple it and add one'}." for n in range(3, 900)),
    "grid_search": grid_search(),
    "powers_of_two": " ".join(str(2**n) for n in range(300)),
    "json_list": "[" + ", ".join(f'{{"id": {n}, "type": "wall", "solid": true, "colour": "grey", "size": [1, 1]}}' for n in range(200)) + "]",
    "same_objects": '{"type": "wall", "solid": true, "colour": "grey"}, ' * 50,
    "same_cells": '<td class="cell dark" style="width: 2em">empty</td>\n' * 50,
    "robot": " ".join(f"Move {random.Random(n).choice(['up', 'down', 'left', 'right'])}." for n in range(1_000)),
    "unrolled_code": "".join(f"    result[{n}] = table[{n}] ^ key[{n % 16}]\n" for n in range(400)),
    "chinese": "".join(f"当 n = {n} 时，左边等于 {n * n}，右边等于 {2 * n + 3}，所以等式不成立。让我再检查一下。\n" for n in range(4, 120)),
    "mixed_thinking": mixed_thinking(),
}  # fmt: skip


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD.keys())
def test_detector_leaves_a_text_alone_that_only_looks_alike(text):
    assert first_loop(START + text + START.replace("40", "36")) is None


def test_detector_leaves_every_source_file_of_the_app_alone():
    for file in (Path(__file__).parent.parent / "model").glob("*.py"):
        assert first_loop(file.read_text("utf-8"), step=8) is None, file.name


def test_detector_costs_the_same_for_a_token_late_in_a_long_thinking():
    text = mixed_thinking()
    detector = LoopDetector()
    seconds = []
    for start in range(0, len(text), 4_000):
        begun = time.thread_time()
        for at in range(start, start + 4_000, 4):
            assert detector.feed(text[at : at + 4]) is None
        seconds.append(time.thread_time() - begun)
    # The best of some thousands of tokens each: a busy machine slows a few of them, not all.
    assert min(seconds[-8:]) < 3 * min(seconds[6:14])
    assert min(seconds[-8:]) / 1_000 < 200e-6


def test_bounds_are_what_the_docstring_says():
    assert (PROSE_CHARACTERS, WORDS_CHARACTERS, SYMBOLS_CHARACTERS, STRETCH_WORDS) == (800, 1_500, 3_000, 240)
