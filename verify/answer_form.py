r"""A reference, an answer that is worth the same and the question in; what is wrong with the answer's form out.

Whoever rewards answers must not take `17 \cdot 23` for 391, or 40 for the prime factors of 40: it is the same number,
and nothing was worked out. A person who reads the verdict sees that; a policy trained by it would learn to quote.
"""

import math
import re
from collections import Counter

from verify.expression import Apply, Name, NotReadable, Number, Tree, read
from verify.normal_form import normal_form
from verify.units import split_unit

# A closed form may be written a little longer than the reference has it: x + 2*y for 2y + x.
_MORE_OPERATIONS = 2
# Shorter answers stand in many a question by chance.
_QUOTED_CHARACTERS = 3
# What a number may stand with, and is the same number: dollars, percents.
_MARKS = re.compile(r"\\?[$%]")
# What is to be worked out, and may stand in what has no tree.
_UNDONE = re.compile(
    r"\\(?:sum|prod|i{0,2}int|lim)(?![a-zA-Z])|\d\s*(?:[-+*×·÷^%]|\\(?:times|cdot|div|b?mod)(?![a-zA-Z]))\s*\d"
)
# What a value is called.
_LABEL = re.compile(r"\A\s*[a-zA-Z]?(?:_\{?\w+\}?)?\s*=")


def unlabelled(text: str) -> str:
    r"""An answer without what it is called, without spaces and dollars: `x = 391` and `$391$` are 391.

    >>> unlabelled("x = 391"), unlabelled("$391$"), unlabelled(r"\frac{1}{2}")
    ('391', '391', '\\frac{1}{2}')
    """
    return re.sub(r"[\s$]", "", _LABEL.sub("", text))


def form_fault(gold: str, candidate: str, question: str = "") -> str:
    r"""Why an answer is not in the form that its reference has; empty if nothing is wrong with it.

    Args:
        candidate: Known to be worth the same.

    >>> form_fault("391", r"17 \cdot 23")
    'it is not worked out: 17 \\cdot 23'
    >>> form_fault("1/2", r"\frac{3}{6}"), form_fault("2^3 * 5", "40")
    ('the fraction is not in lowest terms', 'it is not taken apart as the reference is')
    >>> form_fault("391", "391"), form_fault("0.5", r"\frac{1}{2}"), form_fault("2^3 * 5", "2*2*2*5")
    ('', '', '')
    """
    value = _value(candidate, gold)
    wanted, given = _tree(_value(gold, gold)), _tree(value)
    if given is None and wanted is not None and not _is_named(wanted):
        return _not_worked_out(candidate) if _UNDONE.search(candidate) else _quoted(gold, value, question, is_text=True)
    if wanted is None or given is None:
        return _quoted(gold, value, question)
    if _is_named(wanted) or _is_named(given):
        longer = _operations(given) > _operations(wanted) + _MORE_OPERATIONS
        return _not_worked_out(candidate) if longer else _quoted(gold, value, question)
    if (factors := _factors(wanted)) is not None:
        is_taken_apart = _factors(given) == factors or _is_new_number(given, question)
        return "" if is_taken_apart else "it is not taken apart as the reference is"
    if _is_fraction(given):
        if _operations(wanted) == 0 and _is_whole(wanted) and "%" not in gold:
            return _not_worked_out(candidate)
        if _is_lowest(wanted) and not _is_lowest(given):
            return "the fraction is not in lowest terms"
        return "" if _is_fraction(wanted) else _quoted(gold, value, question)
    if _is_scientific(given):
        return _quoted(gold, value, question)
    return _not_worked_out(candidate) if _operations(given) > _operations(wanted) else ""


def _value(text: str, gold: str) -> str:
    """An answer without what its value is called, 5 for x = 5; of a chain the last link, which is the one compared."""
    is_equation = "=" in _LABEL.sub("", gold)
    return text if is_equation else text.rpartition("=")[2].strip()


def _is_new_number(tree: Tree, question: str) -> bool:
    """Whether it is a whole number that the question does not have: 1024 for 2^10, but not 40 where 40 is factored."""
    if not question or not isinstance(tree, Number) or tree.value.denominator != 1:
        return False
    return str(tree.value) not in re.findall(r"\d+", normal_form(question).replace(",", ""))


def _not_worked_out(candidate: str) -> str:
    return f"it is not worked out: {candidate.strip()[:80]}"


def _quoted(gold: str, candidate: str, question: str, *, is_text: bool = False) -> str:
    """A text of the question, which the reference is not.

    Args:
        is_text: Whether it is one with a number in it that is no arithmetic, in the place of a number.
    """
    said, asked, wanted = map(_plain, (candidate, question, gold))
    if len(said) < _QUOTED_CHARACTERS or said == wanted:
        return ""
    is_work = bool(re.search(r"\d", said)) if is_text else _operations_of(said) > 0
    return "it is what the question says" if said in asked and is_work else ""


def _plain(text: str) -> str:
    """A text in one spelling, without spaces, so that it is found in another."""
    return "".join(re.sub(r"\\(?:times|cdot)(?![a-zA-Z])", "*", normal_form(text)).split())


def _operations_of(text: str) -> int:
    tree = _tree(text)
    return _operations(tree) if tree is not None else 0


def _tree(text: str) -> Tree | None:
    try:
        return read(split_unit(normal_form(_MARKS.sub("", text)))[0])
    except (NotReadable, RecursionError):
        return None


def _is_named(tree: Tree) -> bool:
    match tree:
        case Name():
            return True
        case Apply(_, arguments):
            return any(map(_is_named, arguments))
    return False


def _operations(tree: Tree) -> int:
    """Operations, signs of numbers apart."""
    match tree:
        case Apply("negative", (Number(),)):
            return 0
        case Apply(_, arguments):
            return 1 + sum(map(_operations, arguments))
    return 0


def _unsigned(tree: Tree) -> Tree:
    match tree:
        case Apply("negative", (inner,)):
            return inner
    return tree


def _is_whole(tree: Tree) -> bool:
    inner = _unsigned(tree)
    return isinstance(inner, Number) and inner.value.denominator == 1


def _is_fraction(tree: Tree) -> bool:
    """Whether it is one, or a whole number with one."""
    match _unsigned(tree):
        case Apply("/", (above, below)):
            return _is_whole(above) and _is_whole(below)
        case Apply("+", (Number() as whole, rest)):
            return _is_whole(whole) and _is_fraction(rest)
    return False


def _is_scientific(tree: Tree) -> bool:
    """Whether it is a number such as 3.91 * 10^2, which has all the digits of what it is worth."""
    match tree:
        case Apply("*", (mantissa, Apply("^", (Number(base), exponent)))):
            inner = _unsigned(mantissa)
            return base == 10 and _is_whole(exponent) and isinstance(inner, Number) and 1 <= inner.value < 10
    return False


def _is_lowest(tree: Tree) -> bool:
    match _unsigned(tree):
        case Apply("/", (above, below)):
            above, below = _unsigned(above), _unsigned(below)
            assert isinstance(above, Number) and isinstance(below, Number)
            return math.gcd(above.value.numerator, below.value.numerator) == 1
        case Apply("+", (_, rest)):
            return _is_lowest(rest)
    return True


def _factors(tree: Tree) -> Counter[int] | None:
    """How often each factor is taken in a product of whole numbers; None if it is no product or power."""
    match tree:
        case Apply("*" | "^", _):
            counted: Counter[int] = Counter()
            return counted if _count(tree, 1, counted) else None
    return None


def _count(tree: Tree, times: int, counted: Counter[int]) -> bool:
    match tree:
        case Number(value) if value.denominator == 1:
            if value != 1:
                counted[value.numerator] += times
            return True
        case Apply("*", arguments):
            return all(_count(part, times, counted) for part in arguments)
        case Apply("^", (base, Number(exponent))) if exponent.denominator == 1 and 0 < exponent < 1000:
            return _count(base, times * exponent.numerator, counted)
    return False
