"""Whole numbers in, steps about divisors out: gcd by shared primes, lcm, primes by trial, factors one by one."""

import random
from math import isqrt, lcm

from train.tasks.arithmetic import boxed, pair_key
from train.tasks.steps import Thinking, divide, multiply
from train.tasks.wordings import ask
from train.traces import Trace, Value, Writer, question

_GCD_WORDINGS = (
    "What is the greatest common divisor of {a} and {b}?",
    "Find the gcd of {a} and {b}.",
    "gcd({a}, {b})",
    "gcd of {a} and {b}",
    "What is gcd({a}, {b})?",
    "Compute gcd({a},{b}).",
    "What is the greatest common factor of {a} and {b}?",
    "GCF of {a} and {b}?",
    "Find the highest common factor of {a} and {b}.",
    "What is the largest number that divides both {a} and {b}?",
    "Find the GCD of {a} and {b}",
)
_LCM_WORDINGS = (
    "What is the least common multiple of {a} and {b}?",
    "Find the lcm of {a} and {b}.",
    "lcm({a}, {b})",
    "lcm of {a} and {b}",
    "What is lcm({a}, {b})?",
    "Compute the LCM of {a} and {b}.",
    "What is the smallest number that both {a} and {b} divide?",
    "lowest common multiple of {a} and {b}",
    "Find the smallest common multiple of {a} and {b}.",
)
_PRIME_WORDINGS = (
    "Is {n} a prime number?",
    "Is {n} prime?",
    "is {n} prime",
    "is {n} a prime number or not",
    "Is the number {n} prime?",
    "Tell me whether {n} is prime.",
    "Check if {n} is a prime.",
    "{n} - prime or not?",
    "Determine whether {n} is prime.",
)
_FACTOR_WORDINGS = (
    "What is the prime factorization of {n}?",
    "Find the prime factors of {n}.",
    "Factor {n} into primes.",
    "prime factorization of {n}",
    "Write {n} as a product of primes.",
    "Factorize {n}.",
    "prime factors of {n}?",
    "Find the prime factorisation of {n}.",
)
_NEXT_WORDINGS = (
    "What is the next prime after {n}?",
    "What is the smallest prime greater than {n}?",
    "Find the first prime larger than {n}.",
    "next prime after {n}",
)
_LAST_WORDINGS = (
    "What is the largest prime below {n}?",
    "Find the biggest prime less than {n}.",
    "largest prime smaller than {n}",
)


_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19)


def write_shared_primes(thinking: Thinking, a: int, b: int, mark: str = " and ") -> tuple[int, int]:
    """Both numbers divided by each prime that they share, until none is left; what remains of them.

    Args:
        mark: Stands between the two numbers; "/" for a fraction.

    >>> thinking = Thinking(random.Random(1)); write_shared_primes(thinking, 66, 102)
    (11, 17)
    >>> thinking.spans()[0].text
    'Both are even: 33 and 51. 33 is odd. 3+3=6, 5+1=6, both by 3: 11 and 17. 17 is not by 11.'
    """
    while a % 10 == b % 10 == 0:
        a, b = a // 10, b // 10
        thinking.say(f" Both end in 0: {a}{mark}{b}.")
    for prime in _PRIMES:
        while a % prime == b % prime == 0:
            a, b = _by_prime(thinking, a, b, prime, mark)
        small = min(a, b)
        if small > 12 and prime <= 5 or small % prime == 0:
            _say_why_not(thinking, a, b, prime)
    return a, b


def _by_prime(thinking: Thinking, a: int, b: int, prime: int, mark: str) -> tuple[int, int]:
    """Both divided by a prime that they share."""
    why = {2: " Both are even:", 5: " Both end in 0 or 5:"}.get(prime, f" Both by {prime}:")
    if prime == 3 and max(a, b) > 12:
        why = f" {', '.join(_digit_sum(number) for number in (a, b) if number > 9)}, both by 3:"
    thinking.say(f"{why} {a // prime}{mark}{b // prime}.")
    return a // prime, b // prime


def _digit_sum(number: int) -> str:
    digits = [int(digit) for digit in str(number)]
    return f"{'+'.join(map(str, digits))}={sum(digits)}" if len(digits) > 1 else str(number)


def _say_why_not(thinking: Thinking, a: int, b: int, prime: int) -> None:
    """That one of the numbers cannot be divided by a prime; the smaller one if it is so."""
    number = min(number for number in (a, b) if number % prime)
    if prime == 2:
        thinking.say(f" {number} is odd.")
    elif prime == 3 and number > 9:
        thinking.say(f" {_digit_sum(number)}, not by 3.")
    else:
        thinking.say(f" {number} is not by {prime}.")


def write_gcd_steps(thinking: Thinking, a: int, b: int) -> int:
    """The shared primes divided out, then multiplied.

    >>> thinking = Thinking(random.Random(1)); write_gcd_steps(thinking, 10, 28)
    2
    >>> thinking.spans()[0].text
    'Both are even: 5 and 14. 14 is not by 5. So 2'
    """
    left, _ = write_shared_primes(thinking, a, b)
    shared = rest = a // left
    factors = []
    for factor in (10, *_PRIMES):
        while rest % factor == 0:
            factors.append(factor)
            rest //= factor
    product = "*".join(map(str, factors))
    thinking.say(f" So {product}={shared}" if len(factors) > 1 else f" So {shared}")
    return shared


def write_checked_gcd(thinking: Thinking, a: int, b: int) -> int:
    """The gcd, checked by dividing both numbers."""
    shared = write_gcd_steps(thinking, a, b)
    thinking.say(f". Check: {a}/{shared}={a // shared}, {b}/{shared}={b // shared}.")
    return shared


def write_gcd(choose: random.Random) -> Trace:
    """The greatest common divisor of two numbers up to three digits."""
    factor = choose.choice((1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15))
    a, b = factor * choose.randrange(1, 21), factor * choose.randrange(1, 21)
    if a == b:
        b += factor
    thinking = Thinking(choose)
    shared = write_checked_gcd(thinking, a, b)
    asked = ask(choose, _GCD_WORDINGS, {"a": a, "b": b})
    answer = boxed(choose, f"\\gcd({a}, {b})", str(shared))
    return Trace("gcd", pair_key("gcd", a, b), question(asked), thinking.spans(), answer, Value(str(shared)))


def write_lcm(choose: random.Random) -> Trace:
    """The least common multiple of two numbers, through their gcd."""
    factor = choose.choice((1, 1, 2, 3, 4, 5, 6))
    a, b = factor * choose.randrange(1, 13), factor * choose.randrange(2, 13)
    if a == b:
        b += factor
    thinking = Thinking(choose)
    thinking.say(f" gcd of {a} and {b}:")
    shared = write_gcd_steps(thinking, a, b)
    thinking.say(".")
    if shared > 1:
        thinking.step(f"{a}/{shared}={a // shared}")
        thinking.say(".")
    if a // shared > 1:
        multiply(thinking, a // shared, b)
        thinking.say(".")
    value = lcm(a, b)
    thinking.say(f" Check: {value}/{a}={value // a}, {value}/{b}={value // b}.")
    asked = ask(choose, _LCM_WORDINGS, {"a": a, "b": b})
    answer = boxed(choose, f"\\text{{lcm}}({a}, {b})", str(value))
    return Trace("lcm", pair_key("lcm", a, b), question(asked), thinking.spans(), answer, Value(str(value)))


def smallest_factor(number: int) -> int:
    """The smallest divisor above 1; the number itself if it is prime.

    >>> smallest_factor(91), smallest_factor(97)
    (7, 97)
    """
    return next((divisor for divisor in range(2, isqrt(number) + 1) if number % divisor == 0), number)


def write_prime_steps(thinking: Thinking, number: int) -> bool:
    """The last digit, the sum of the digits, then division by each prime up to the root.

    >>> thinking = Thinking(random.Random(1)); write_prime_steps(thinking, 23)
    True
    >>> thinking.spans()[0].text
    '5*5=25 is over 23, so try primes up to 4. Ends in 3, so not 2, not 5. 2+3=5, not 3. None divides 23, so prime'
    """
    if number < 4:
        thinking.say(f" {number} is below 2, so not prime" if number < 2 else f" {number} is prime")
        return number > 1
    root = isqrt(number)
    thinking.say(f" {root + 1}*{root + 1}={(root + 1) ** 2} is over {number}, so try primes up to {root}.")
    last = number % 10
    if (found := 2 if last % 2 == 0 else 5 if last == 5 and number > 5 else 0) > 0:
        thinking.say(f" Ends in {last}, so {found} divides it.")
        divide(thinking, number, found)
        thinking.say(f", so {number} is not prime")
        return False
    thinking.say(f" Ends in {last}, so not 2" + (", not 5." if number > 5 else "."))
    if root >= 3:
        total = _digit_sum(number)
        if number % 3 == 0:
            thinking.say(f" {total}, so 3 divides it.")
            divide(thinking, number, 3)
            thinking.say(f", so {number} is not prime")
            return False
        thinking.say(f" {total}, not 3.")
    for prime in (7, 11, 13, 17, 19):
        if prime > root:
            break
        _, rest = divide(thinking, number, prime)
        if rest == 0:
            thinking.say(f", so {number} is not prime")
            return False
        thinking.say(".")
    thinking.say(f" None divides {number}, so prime")
    return True


def write_prime(choose: random.Random) -> Trace:
    """Whether a number below 400 is prime; primes and composites about equally often."""
    number = choose.randrange(2, choose.choice((60, 120, 200, 400)))
    if choose.random() < 0.45:
        while smallest_factor(number) != number:
            number += 1
    thinking = Thinking(choose)
    is_prime = write_prime_steps(thinking, number)
    thinking.say(".")
    asked = ask(choose, _PRIME_WORDINGS, {"n": number})
    if is_prime:
        answer = f"$\\boxed{{\\text{{yes}}}}$: {number} is prime."
    else:
        found = smallest_factor(number)
        answer = f"$\\boxed{{\\text{{no}}}}$: {number} = {found} * {number // found}."
    return Trace(
        "prime", f"prime:{number}", question(asked), thinking.spans(), answer, Value("yes" if is_prime else "no")
    )


def write_factor_steps(thinking: Thinking, number: int) -> list[int]:
    """The smallest factor divided out until a prime is left; the factors, in order."""
    rest, factors, between = number, list[int](), " "
    while (found := smallest_factor(rest)) != rest:
        thinking.step(f"{rest}/{found}={rest // found}", between)
        factors.append(found)
        rest, between = rest // found, ", "
    factors.append(rest)
    thinking.say(f"{between}{rest} is prime. So {'*'.join(map(str, factors))}.")
    return factors


def write_factors(choose: random.Random) -> Trace:
    """The prime factorisation of a number below 400."""
    number = 1
    while number < 6 or number > 400:
        number = 1
        for _ in range(choose.randrange(2, 6)):
            number *= choose.choice((2, 2, 2, 3, 3, 5, 7, 11, 13))
    thinking = Thinking(choose)
    factors = write_factor_steps(thinking, number)
    powers = [(prime, factors.count(prime)) for prime in sorted(set(factors))]
    value = " \\cdot ".join(f"{prime}^{count}" if count > 1 else str(prime) for prime, count in powers)
    gold = " * ".join(f"{prime}^{count}" if count > 1 else str(prime) for prime, count in powers)
    asked = ask(choose, _FACTOR_WORDINGS, {"n": number})
    answer = f"${number} = \\boxed{{{value}}}$"
    return Trace("factors", f"factors:{number}", question(asked), thinking.spans(), answer, Value(gold))


def write_neighbour_prime(choose: random.Random) -> Trace:
    """The next prime above a number, or the last one below it, up to 200."""
    number = choose.randrange(4, choose.choice((30, 60, 120)))
    step = choose.choice((1, 1, -1))
    thinking = Thinking(choose)
    candidate = number + step
    while smallest_factor(candidate) != candidate:
        found = smallest_factor(candidate)
        thinking.say(f" {candidate}={found}*{candidate // found}, no.")
        candidate += step
    write_prime_steps(thinking, candidate)
    thinking.say(".")
    asked = ask(choose, _NEXT_WORDINGS if step > 0 else _LAST_WORDINGS, {"n": number})
    answer = f"The prime is $\\boxed{{{candidate}}}$."
    key = f"neighbour_prime:{number},{step}"
    return Trace("neighbour_prime", key, question(asked), thinking.spans(), answer, Value(str(candidate)))


def write_divides(choose: random.Random) -> Trace:
    """Whether one number divides another."""
    divisor = choose.randrange(2, 13)
    number = choose.randrange(10, 400)
    if choose.random() < 0.5:
        number -= number % divisor
    thinking = Thinking(choose)
    quotient, rest = divide(thinking, number, divisor)
    thinking.say(f". The rest is {rest}.")
    wordings = (
        "Is {n} divisible by {d}?",
        "Does {d} divide {n}?",
        "is {n} divisible by {d}",
        "Can {n} be divided evenly by {d}?",
        "Is {d} a factor of {n}?",
        "Is {n} a multiple of {d}?",
    )
    asked = ask(choose, wordings, {"n": number, "d": divisor})
    if rest == 0:
        answer = f"$\\boxed{{\\text{{yes}}}}$: {number} = {divisor} * {quotient}."
    else:
        answer = f"$\\boxed{{\\text{{no}}}}$: the remainder is {rest}."
    return Trace(
        "divides",
        f"divides:{number},{divisor}",
        question(asked),
        thinking.spans(),
        answer,
        Value("no" if rest else "yes"),
    )


TASKS: dict[str, Writer] = {
    "gcd": write_gcd,
    "lcm": write_lcm,
    "prime": write_prime,
    "factors": write_factors,
    "neighbour_prime": write_neighbour_prime,
    "divides": write_divides,
}
