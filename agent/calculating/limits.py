"""Numbers in, a refusal where working with them would take for ever out: asked before anything is worked out.

Whatever gets past is stopped by the child's time and memory; a refusal is sooner, and says what was too large.
"""

import math
from typing import Any

MAX_CHARACTERS = 4_000
# Of a calculation. The parent kills a second later; an alarm that comes in time spares the process.
MAX_SECONDS = 5.0
MAX_TOKENS = 2_000
MAX_DEPTH = 60
MAX_DIGITS = 10_000
MAX_FACTORIAL = 3_000
MAX_EXPONENT = 5_000
_TOO_LARGE = f"and the limit is {MAX_DIGITS:,} digits"


class NotReadable(ValueError):
    """The text is no calculation; the message says what to write instead."""


class TooLarge(ValueError):
    """It could be worked out, but takes too much."""


def check_power(base: Any, exponent: Any) -> None:
    """Refuse a power of numbers with too many digits.

    Raises:
        TooLarge: With about how many there would be.

    """
    if not (base.is_Rational and exponent.is_Rational) or base in (0, 1, -1):
        return
    largest = max(abs(base.p), base.q)
    size = abs(exponent.p) // exponent.q
    digits = size * math.log10(largest) if size < 10**300 else math.inf
    # A root of a large number is taken by looking for its factors.
    if exponent.q != 1 and largest.bit_length() > 2_000:
        raise TooLarge(f"A root of a number of {number_of_digits(largest):,} digits takes too long.")
    if digits > MAX_DIGITS:
        about = f"about {digits:,.0f} digits" if digits < 10**15 else "more digits than could ever be written"
        raise TooLarge(f"{_short(base)}^{_short(exponent)} has {about}, {_TOO_LARGE}.")


def check_size(value: Any) -> Any:
    """The value, unless it is a number that has grown too large.

    Raises:
        TooLarge: If so.
    """
    if getattr(value, "is_Rational", False) and max(abs(value.p), value.q).bit_length() > 4 * MAX_DIGITS:
        raise TooLarge(f"A number on the way has more than {MAX_DIGITS:,} digits, {_TOO_LARGE}.")
    return value


def check_count(value: Any, name: str, limit: int) -> None:
    """Refuse what a function would take too long for.

    Raises:
        TooLarge: If the value is a number above the limit.
    """
    if getattr(value, "is_number", False) and value.is_real and abs(value) > limit:
        raise TooLarge(f"{_short(value)} is too large for {name}, which goes up to {limit:,}.")


def check_binomial(n: Any, k: Any) -> None:
    """Refuse a binomial coefficient with too many digits.

    Raises:
        TooLarge: If it has.
    """
    if n.is_Integer and k.is_Integer and 0 <= k <= n:
        least = min(k, n - k)
        if least > 100_000 or least * math.log10(max(2, math.e * n / max(1, least))) > MAX_DIGITS:
            raise TooLarge(f"binomial({_short(n)}, {_short(k)}) is too large, {_TOO_LARGE}.")


def number_of_digits(number: int) -> int:
    """How many decimal digits a whole number has, without writing them.

    >>> number_of_digits(999), number_of_digits(-1000), number_of_digits(0)
    (3, 4, 1)
    """
    number = abs(number)
    if number < 10**15:
        return len(str(number))
    guess = int((number.bit_length() - 1) * 0.30102999566398120)
    return guess + 1 if number < 10 ** (guess + 1) else guess + 2


def _short(value: Any) -> str:
    text = str(value) if not value.is_Integer or number_of_digits(int(value)) < 30 else "(a large number)"
    return text if len(text) <= 40 else text[:37] + "..."
