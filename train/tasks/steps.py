"""Numbers in, the written steps of one calculation out: columns, borrowings, split products, shown divisions.

Each function writes its steps to a `Thinking` and returns the value, so that longer calculations are put together from
shorter ones. Steps are so small that a model of 135 million parameters can do each one.
"""

import random
import re
from dataclasses import dataclass, field

from train.traces import Span

SLIP_SHARE = 0.08
# How often a digit of a quotient is first guessed one too low or too high.
GUESS_SHARE = 0.12
_LAST_NUMBER = re.compile(r"(?<==)(\d+)$")
_REPAIRS = ("Wait, {0}", "No, {0}", "Wait, that is wrong: {0}", "Hmm, {0}", "Not right: {0}")


@dataclass(slots=True)
class Thinking:
    """A thinking text that grows by sentences and steps; now and then a step is first written wrong, then repaired."""

    choose: random.Random
    slip_share: float = SLIP_SHARE
    _pieces: list[tuple[str, bool]] = field(default_factory=list)
    _guesses: set[int] = field(default_factory=set)

    def say(self, text: str) -> None:
        """Add words, with the space or comma that they begin with."""
        self._pieces.append((text, False))

    def guess(self, text: str) -> None:
        """Add words that the next ones find to be wrong; they are shown, not learned."""
        self._guesses.add(len(self._pieces))
        self._pieces.append((text, False))

    def step(self, text: str, before: str = " ") -> None:
        """Add a step that ends in a number; this is where a slip can happen."""
        self._pieces.append((before, False))
        self._pieces.append((text, True))

    def spans(self) -> tuple[Span, ...]:
        """The finished text, with a slip in one of its steps in `slip_share` of the cases."""
        steps = [at for at, (text, is_step) in enumerate(self._pieces) if is_step and _LAST_NUMBER.search(text)]
        slip_at = self.choose.choice(steps) if steps and self.choose.random() < self.slip_share else -1
        spans: list[Span] = []
        for at, (text, _) in enumerate(self._pieces):
            if at == slip_at:
                spans.append(Span(_slipped(text, self.choose), is_learned=False))
                text = ". " + self.choose.choice(_REPAIRS).format(text)
            if at in self._guesses:
                spans.append(Span(text, is_learned=False))
                continue
            if spans and spans[-1].is_learned:
                text = spans.pop().text + text
            spans.append(Span(text))
        if spans and not spans[0].text.strip():
            spans = spans[1:]
        spans[0] = Span(spans[0].text.lstrip(), spans[0].is_learned)
        return tuple(spans)


def _slipped(text: str, choose: random.Random) -> str:
    """The step with another number at its end, as wrong as a person would have it."""
    found = _LAST_NUMBER.search(text)
    assert found is not None
    right = int(found[1])
    wrong = choose.choice(
        [number for number in {right - 1, right + 1, right - 2, right + 10, right - 10} if number > 0]
    )
    return f"{text[: found.start()]}{wrong}"


def add(thinking: Thinking, a: int, b: int) -> int:
    """Two numbers from 0 up, from their last digits on: what is left to add and what is found stand at each step.

    Source:
        The detailed scratchpad of Lee et al., "Teaching Arithmetic to Small Transformers" (arXiv 2307.03381).

    >>> thinking = Thinking(random.Random(1)); add(thinking, 347, 589)
    936
    >>> thinking.spans()[0].text
    '347+589: 7+9=16, 6. 34+58+1: 4+8+1=13, 36. 3+5+1=9, 936'
    """
    if a + b <= 20 or min(a, b) == 0 or (min(a, b) < 10 and a % 10 + b % 10 < 10):
        thinking.step(f"{a}+{b}={a + b}")
        return a + b
    if a % 100 == b % 100 == 0 or (a % 10 == b % 10 == 0 and a + b < 200):
        thinking.step(f"{a}+{b}={a + b}")
        return a + b
    carry, found, top, bottom = 0, "", a, b
    while top and bottom:
        if top > 9 or bottom > 9:
            thinking.say(f"{'.' if found else ''} {top}+{bottom}{'+1' if carry else ''}:")
        elif found:
            thinking.say(".")
        digits = [top % 10, bottom % 10, *([1] if carry else [])]
        total = sum(digits)
        top, bottom = top // 10, bottom // 10
        is_last = not top and not bottom
        found = f"{total if is_last else total % 10}{found}"
        thinking.step(f"{'+'.join(map(str, digits))}={total}")
        thinking.say(f", {found}")
        carry = 0 if is_last else total // 10
    if rest := top or bottom or carry:
        found = _carried_on(thinking, rest, carry if top or bottom else 0, found)
    return a + b


def _carried_on(thinking: Thinking, rest: int, carry: int, found: str) -> str:
    """The digits that only one of the numbers has, put before those that are found."""
    thinking.say(".")
    if carry:
        thinking.step(f"{rest}+1={rest + 1}")
    else:
        thinking.say(f" {rest} stays")
    found = f"{rest + carry}{found}"
    thinking.say(f", {found}")
    return found


def subtract(thinking: Thinking, a: int, b: int) -> int:
    """`a - b` for numbers from 0 up, with borrowing; the larger one is put first and the sign is said.

    >>> thinking = Thinking(random.Random(1)); subtract(thinking, 936, 589)
    347
    >>> thinking.spans()[0].text
    '936-589: 16-9=7, 7. 92-58: 12-8=4, 47. 8-5=3, 347'
    """
    if a < b:
        thinking.say(f" {a}-{b} is negative.")
        return _negated(thinking, subtract(thinking, b, a))
    if a <= 20 or b == 0 or (b < 10 and a % 10 >= b) or (a % 100 == b % 100 == 0):
        thinking.step(f"{a}-{b}={a - b}")
        return a - b
    found, top, bottom = "", a, b
    while bottom:
        if found and (top == bottom or (top <= 18 and bottom <= 9)):
            thinking.step(f"{top}-{bottom}={top - bottom}", ". ")
            found = f"{top - bottom or ''}{found}"
            thinking.say(f", {found}")
            break
        thinking.say(f"{'.' if found else ''} {top}-{bottom}:")
        is_borrowing = top % 10 < bottom % 10
        shown = top % 10 + (10 if is_borrowing else 0)
        found = f"{shown - bottom % 10}{found}"
        thinking.step(f"{shown}-{bottom % 10}={shown - bottom % 10}")
        thinking.say(f", {found}")
        top, bottom = top // 10 - int(is_borrowing), bottom // 10
    if top and not bottom:
        found = _carried_on(thinking, top, 0, found)
    if found != str(a - b):
        thinking.say(f", so {a - b}")
    return a - b


def _negated(thinking: Thinking, value: int) -> int:
    thinking.say(f", with the sign -{value}" if value else "")
    return -value


def add_signed(thinking: Thinking, a: int, b: int) -> int:
    """`a + b` of whole numbers of either sign, turned into a plain sum or difference first."""
    if a >= 0 and b >= 0:
        return add(thinking, a, b)
    if a >= 0:
        return subtract(thinking, a, -b)
    if b >= 0:
        thinking.say(f" {a}+{b}={b}-{-a}.")
        return subtract(thinking, b, -a)
    thinking.say(" Both are negative.")
    return _negated(thinking, add(thinking, -a, -b))


def multiply(thinking: Thinking, a: int, b: int) -> int:
    """Two numbers from 0 up: the larger is split into its digits, or the smaller one first if both have several.

    >>> thinking = Thinking(random.Random(1)); multiply(thinking, 23, 14)
    322
    >>> thinking.spans()[0].text
    '23*14: 23*10=230. 23*4: 3*4=12, 2. 2*4+1: 2*4=8, 8+1=9, 92. 230+92: 0+2=2, 2. 23+9: 3+9=12, 22. 2+1=3, 322'
    """
    large, small = max(a, b), min(a, b)
    if small <= 1 or large <= 10 or set(str(large)[1:]) <= {"0"} and small < 10:
        thinking.step(f"{large}*{small}={large * small}")
        return large * small
    if small < 10:
        thinking.say(f" {large}*{small}:")
        _digit_products(thinking, large, small)
        return large * small
    if set(str(small)[1:]) <= {"0"}:
        _by_round_number(thinking, large, small)
        return large * small
    thinking.say(f" {large}*{small}:")
    total = 0
    for place, digit in _places(small):
        factor = place * digit
        _by_round_number(thinking, large, factor)
        thinking.say(".")
        total = add(thinking, total, large * factor) if total else large * factor
    return total


def _by_round_number(thinking: Thinking, large: int, factor: int) -> None:
    """A product with a number such as 3, 20 or 400."""
    digit = int(str(factor)[0])
    if digit == factor or digit == 1:
        if digit == 1 or large < 10:
            thinking.step(f"{large}*{factor}={large * factor}")
        else:
            thinking.say(f" {large}*{factor}:")
            _digit_products(thinking, large, digit)
        return
    thinking.say(f" {large}*{factor}:")
    _digit_products(thinking, large, digit)
    thinking.say(f", so {large * factor}")


def _digit_products(thinking: Thinking, large: int, digit: int) -> None:
    """The products of a number's digits with one digit, from the last one on: what is left and found stand there."""
    carry, found, rest = 0, "", large
    while True:
        product, is_last = rest % 10 * digit, rest < 10
        if found:
            thinking.say("." if is_last and not carry else f". {rest}*{digit}{f'+{carry}' if carry else ''}:")
        thinking.step(f"{rest % 10}*{digit}={product}")
        if carry:
            thinking.step(f"{product}+{carry}={product + carry}", ", ")
        total = product + carry
        found = f"{total if is_last else total % 10}{found}"
        thinking.say(f", {found}")
        if is_last:
            return
        carry, rest = total // 10, rest // 10


def _places(number: int) -> list[tuple[int, int]]:
    """Place values and digits from the left, without the zeros.

    >>> _places(405)
    [(100, 4), (1, 5)]
    """
    digits = str(number)
    return [(10 ** (len(digits) - at - 1), int(digit)) for at, digit in enumerate(digits) if digit != "0"]


def divide(thinking: Thinking, a: int, b: int) -> tuple[int, int]:
    """Quotient and remainder of numbers above 0, digit by digit: what is left and what is found stand at each step.

    >>> thinking = Thinking(random.Random(1)); divide(thinking, 936, 4)
    (234, 0)
    >>> thinking.spans()[0].text
    '936/4: 4*2=8, 9-8=1, 2. 136: 4*3=12, 13-12=1, 23. 16: 4*4=16, 16-16=0, so 234'
    """
    quotient, rest = divmod(a, b)
    if b == 1 or (quotient <= 10 and rest == 0 and b <= 12):
        thinking.step(f"{a}/{b}={quotient}")
        return quotient, 0
    thinking.say(f" {a}/{b}:")
    if quotient == 0:
        thinking.say(f" {b} is more than {a}, so 0 remainder {a}")
        return 0, a
    digits, found = str(a), ""
    taken = next(length for length in range(1, len(digits) + 1) if int(digits[:length]) >= b)
    part, waiting = int(digits[:taken]), digits[taken:]
    while True:
        digit, left = divmod(part, b)
        if thinking.slip_share and digit and thinking.choose.random() < GUESS_SHARE:
            _guess_digit(thinking, part, b, digit)
        thinking.step(f"{b}*{digit}={b * digit}")
        thinking.step(f"{part}-{b * digit}={left}", ", ")
        found += str(digit)
        if not waiting:
            break
        thinking.say(f", {found}. {left}{waiting}:")
        part, waiting = int(f"{left}{waiting[0]}"), waiting[1:]
    thinking.say(f", so {found}" + (f" remainder {rest}" if rest else ""))
    return quotient, rest


def _guess_digit(thinking: Thinking, part: int, divisor: int, digit: int) -> None:
    """A digit of a quotient that is one too low or too high, and what shows it."""
    is_low = digit == 9 or (digit > 1 and thinking.choose.random() < 0.5)
    wrong = digit - 1 if is_low else digit + 1
    product = divisor * wrong
    if is_low:
        thinking.guess(f" {divisor}*{wrong}={product}, {part}-{product}={part - product}")
        thinking.say(f", not less than {divisor}. So")
    else:
        thinking.guess(f" {divisor}*{wrong}={product}")
        thinking.say(f", more than {part}. So")
