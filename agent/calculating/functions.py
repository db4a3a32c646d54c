"""Names of functions in, what works each out from its values out: numbers, statistics, algebra, matrices."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import sympy
from sympy.functions.combinatorial.numbers import nP

from agent.calculating.limits import MAX_FACTORIAL, MAX_TOKENS, check_binomial, check_count, number_of_digits
from agent.calculating.units import base
from agent.calculating.values import CannotWork, Ready, Rel, Solved

Work = Callable[[Sequence[Any]], Any]
_MAX_SIDE = 30
_MAX_PRIME_DIGITS = 60


def _of(function: Callable[..., Any], name: str, *counts: int) -> Work:
    """A function of so many expressions."""

    def work(values: Sequence[Any]) -> Any:
        if len(values) not in counts:
            expected = " or ".join(map(str, counts))
            raise CannotWork(f"{name} takes {expected} argument{'s' if counts != (1,) else ''}, not {len(values)}.")
        return function(*map(_plain, values))

    return work


def _of_list(function: Callable[[list[Any]], Any], name: str) -> Work:
    """A function of a list, or of as many arguments."""

    def work(values: Sequence[Any]) -> Any:
        listed = _listed(values)
        if not listed:
            raise CannotWork(f"{name} needs numbers, as in {name}(2, 4, 9).")
        return function(listed)

    return work


def _listed(values: Sequence[Any]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        if isinstance(value, list | sympy.MatrixBase):
            found += _listed(list(value))
        else:
            found.append(_plain(value))
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, Solved) and len(value.values()) == 1:
        return value.values()[0]
    if isinstance(value, bool | Rel | Solved | Ready):
        raise CannotWork("An equation or a text stands where a number is needed.")
    return value


def _whole(value: Any, name: str) -> int:
    if not getattr(value, "is_Integer", False):
        raise CannotWork(f"{name} needs a whole number.")
    return int(value)


# ---------------------------------------------------------------------- numbers


def _factorial(value: Any) -> Any:
    check_count(value, "factorial", MAX_FACTORIAL)
    return sympy.factorial(value) if not value.is_Rational or value.is_Integer else sympy.gamma(value + 1)


def _double_factorial(value: Any) -> Any:
    check_count(value, "double factorial", MAX_FACTORIAL)
    return sympy.factorial2(value)


def _binomial(n: Any, k: Any) -> Any:
    check_binomial(n, k)
    return sympy.binomial(n, k)


def _permutations(n: Any, k: Any = None) -> Any:
    check_count(n, "permutations", MAX_FACTORIAL)
    return sympy.factorial(n) if k is None else nP(_whole(n, "permutations"), _whole(k, "permutations"))


def _up_to(function: Callable[[Any], Any], name: str, limit: int) -> Work:
    def work(value: Any) -> Any:
        whole = _whole(value, name)
        check_count(value, name, limit)
        return function(whole)

    return _of(work, name, 1)


def _factors(value: Any) -> Any:
    whole = _whole(value, "factor")
    if number_of_digits(whole) > _MAX_PRIME_DIGITS:
        raise CannotWork(f"Numbers of up to {_MAX_PRIME_DIGITS} digits can be factored.")
    if whole in (0, 1, -1):
        return Ready(str(whole))
    found = sympy.factorint(whole)
    return Ready(" * ".join(f"{prime}^{power}" if power > 1 else str(prime) for prime, power in found.items()))


def _factor(value: Any, *_: Any) -> Any:
    return _factors(value) if value.is_Integer else sympy.factor(value)


def _is_prime(value: Any) -> Any:
    whole = _whole(value, "isprime")
    if number_of_digits(whole) > 1_000:
        raise CannotWork("Whether a number is prime can be found out for up to 1,000 digits.")
    if sympy.isprime(whole):
        return True
    if whole < 2 or number_of_digits(whole) > 20:
        return False
    return Ready(f"false ({whole} = {_factors(value).text})")


def _round(value: Any, digits: Any = sympy.Integer(0)) -> Any:
    if not value.is_number or not value.is_real:
        raise CannotWork("Only a real number can be rounded.")
    check_count(abs(digits), "the number of digits", 1_000)
    scale = sympy.Integer(10) ** digits
    # Half away from zero, as people round; Python rounds half to even.
    return sympy.sign(value) * sympy.floor(abs(value) * scale + sympy.Rational(1, 2)) / scale


def _log(value: Any, base: Any = None) -> Any:
    if value == 0:
        raise CannotWork("The logarithm of 0 is not defined.")
    return sympy.log(value) if base is None else sympy.simplify(sympy.log(value) / sympy.log(base))


def _root(value: Any, degree: Any = sympy.Integer(2)) -> Any:
    if degree == 0:
        raise CannotWork("There is no 0th root.")
    if degree.is_Integer and degree % 2 and value.is_number and value.is_negative:
        return -((-value) ** (1 / degree))
    return value ** (1 / degree)


def _atan(value: Any, other: Any = None) -> Any:
    return sympy.atan(value) if other is None else sympy.atan2(value, other)


def _mod(left: Any, right: Any) -> Any:
    if right == 0:
        raise CannotWork("Division by zero.")
    return sympy.Mod(left, right)


def _of_angle(function: Callable[[Any], Any], value: Any) -> Any:
    """A radian is a plain number to a function of angles."""
    return function(value.subs(base("rad"), 1))


def _evalf(value: Any, digits: Any = sympy.Integer(15)) -> Any:
    check_count(digits, "the number of digits", 1_000)
    return sympy.N(value, _whole(digits, "N"))


def _in_base(base: int, mark: str) -> Callable[[Any], Any]:
    def work(value: Any) -> Any:
        whole = _whole(value, "bases")
        return Ready(("-" if whole < 0 else "") + mark + format(abs(whole), {2: "b", 8: "o", 16: "x"}[base]))

    return work


# ---------------------------------------------------------------------- statistics


def _mean(values: list[Any]) -> Any:
    return sympy.Add(*values) / len(values)


def _median(values: list[Any]) -> Any:
    ordered, half = _ordered(values), len(values) // 2
    return ordered[half] if len(values) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _ordered(values: list[Any]) -> list[Any]:
    if not all(each.is_number and each.is_real for each in values):
        raise CannotWork("Only real numbers can be put in order.")
    return sorted(values)


def _mode(values: list[Any]) -> Any:
    most = max(values.count(each) for each in values)
    found = [each for each in dict.fromkeys(values) if values.count(each) == most]
    return found[0] if len(found) == 1 else found


def _variance(values: list[Any], less: int = 0) -> Any:
    if len(values) <= less:
        raise CannotWork("A sample variance needs two numbers at least.")
    return sympy.Add(*((each - _mean(values)) ** 2 for each in values)) / (len(values) - less)


# ---------------------------------------------------------------------- matrices


def matrix_of(value: Any) -> Any:
    """A matrix from a list of rows, or a column from a list.

    Raises:
        CannotWork: If it is none, or larger than 30 by 30.
    """
    if isinstance(value, sympy.MatrixBase):
        return value
    rows = value if isinstance(value, list) else [value]
    if not rows or (any(isinstance(row, list) for row in rows) and len({len(r) if isinstance(r, list) else -1 for r in rows}) > 1):
        raise CannotWork("The rows of a matrix have different lengths.")
    if len(rows) > (MAX_TOKENS if not isinstance(rows[0], list) else _MAX_SIDE) or (isinstance(rows[0], list) and len(rows[0]) > _MAX_SIDE):
        raise CannotWork(f"A matrix can have up to {_MAX_SIDE} rows and columns.")
    for each in _listed(rows):
        if not isinstance(each, sympy.Expr):
            raise CannotWork("A matrix holds numbers and expressions.")
    return sympy.Matrix(rows)


def _of_matrix(function: Callable[..., Any], name: str, *counts: int) -> Work:
    def work(values: Sequence[Any]) -> Any:
        if len(values) not in (counts or (1,)):
            raise CannotWork(f"{name} needs a matrix, as in {name}([[1, 2], [3, 4]]).")
        return function(*(matrix_of(each) if number == 0 or isinstance(each, list) else each for number, each in enumerate(values)))

    return work


def _inverse(matrix: Any) -> Any:
    if matrix.shape == (1, 1):
        return 1 / matrix[0]
    if matrix.shape[0] != matrix.shape[1] or matrix.det() == 0:
        raise CannotWork("This matrix has no inverse: its determinant is 0, or it is not square.")
    return matrix.inv()


def _eigenvals(matrix: Any) -> Any:
    return [value for value, times in matrix.eigenvals().items() for _ in range(times)]


def _eigenvects(matrix: Any) -> Any:
    parts = [f"{value}: {', '.join(str(vector.T.tolist()[0]) for vector in vectors)}" for value, _, vectors in matrix.eigenvects()]
    return Ready("; ".join(parts))


def _range(values: Sequence[Any]) -> Any:
    numbers = [_whole(each, "range") for each in values]
    if not 1 <= len(numbers) <= 3 or (len(numbers) == 3 and not numbers[2]) or len(range(*numbers)) > MAX_TOKENS:
        raise CannotWork(f"range takes 1 to 3 whole numbers and can have {MAX_TOKENS:,} items; write sum(k, k, 1, n).")
    return [sympy.Integer(each) for each in range(*numbers)]


def _item(values: Sequence[Any]) -> Any:
    held = values[0].values() if isinstance(values[0], Solved) else values[0]
    try:
        return held[tuple(map(int, values[1:])) if len(values) > 2 else int(values[1])]
    except (IndexError, TypeError, ValueError, AttributeError) as error:
        raise CannotWork("There is no such item; items are counted from 0.") from error


FUNCTION_TABLE: dict[str, Work] = {
    "!": _of(_factorial, "factorial", 1),
    "!!": _of(_double_factorial, "!!", 1),
    "factorial": _of(_factorial, "factorial", 1),
    "binomial": _of(_binomial, "binomial", 2),
    "permutations": _of(_permutations, "permutations", 1, 2),
    "sqrt": _of(_root, "sqrt", 1),
    "cbrt": _of(lambda value: _root(value, sympy.Integer(3)), "cbrt", 1),
    "root": _of(_root, "root", 1, 2),
    "log": _of(_log, "log", 1, 2),
    "log10": _of(lambda value: _log(value, sympy.Integer(10)), "log10", 1),
    "log2": _of(lambda value: _log(value, sympy.Integer(2)), "log2", 1),
    "atan": _of(_atan, "atan", 1, 2),
    "mod": _of(_mod, "mod", 2),
    "round": _of(_round, "round", 1, 2),
    "trunc": _of(lambda value: sympy.sign(value) * sympy.floor(abs(value)), "trunc", 1),
    "gcd": _of_list(sympy.gcd_list, "gcd"),
    "lcm": _of_list(sympy.lcm_list, "lcm"),
    "min": _of_list(lambda values: sympy.Min(*values), "min"),
    "max": _of_list(lambda values: sympy.Max(*values), "max"),
    "mean": _of_list(_mean, "mean"),
    "median": _of_list(_median, "median"),
    "mode": _of_list(_mode, "mode"),
    "variance": _of_list(_variance, "variance"),
    "stdev": _of_list(lambda values: sympy.sqrt(_variance(values)), "stdev"),
    "samplevariance": _of_list(lambda values: _variance(values, 1), "samplevariance"),
    "samplestdev": _of_list(lambda values: sympy.sqrt(_variance(values, 1)), "samplestdev"),
    "sorted": _of_list(_ordered, "sorted"),
    "len": _of_list(lambda values: sympy.Integer(len(values)), "len"),
    "isprime": _of(_is_prime, "isprime", 1),
    "prime": _up_to(sympy.prime, "prime", 1_000_000),
    "nextprime": _up_to(sympy.nextprime, "nextprime", 10**40),
    "primepi": _up_to(sympy.primepi, "primepi", 10**8),
    "fibonacci": _up_to(sympy.fibonacci, "fibonacci", 40_000),
    "catalan": _up_to(sympy.catalan, "catalan", 10_000),
    "totient": _up_to(sympy.totient, "totient", 10**40),
    "divisors": _up_to(lambda value: [sympy.Integer(each) for each in sympy.divisors(value)], "divisors", 10**40),
    "factorint": _of(_factors, "factorint", 1),
    "factor": _of(_factor, "factor", 1, 2),
    "expand": _of(lambda value, *_: sympy.expand(value, trig=False), "expand", 1, 2),
    "simplify": _of(lambda value, *_: sympy.simplify(value), "simplify", 1, 2),
    "apart": _of(sympy.apart, "apart", 1, 2),
    "together": _of(sympy.together, "together", 1),
    "cancel": _of(sympy.cancel, "cancel", 1),
    "evalf": _of(_evalf, "N", 1, 2),
    "rational": _of(lambda value, under=sympy.Integer(1): value / under, "Rational", 1, 2),
    "print": lambda values: values[-1] if values else Ready(""),
    "range": lambda values: _range(values),
    "list": lambda values: list(values[0]) if len(values) == 1 and isinstance(values[0], list) else list(values),
    "item": _item,
    "quo": _of(sympy.quo, "quo", 2, 3),
    "rem": _of(sympy.rem, "rem", 2, 3),
    "bin": _of(_in_base(2, "0b"), "bin", 1),
    "oct": _of(_in_base(8, "0o"), "oct", 1),
    "hex": _of(_in_base(16, "0x"), "hex", 1),
    "matrix": _of_matrix(lambda matrix: matrix, "matrix"),
    "det": _of_matrix(lambda matrix: matrix.det(), "det"),
    "inv": _of_matrix(_inverse, "inverse"),
    "transpose": _of_matrix(lambda matrix: matrix.T, "transpose"),
    "rank": _of_matrix(lambda matrix: sympy.Integer(matrix.rank()), "rank"),
    "trace": _of_matrix(lambda matrix: matrix.trace(), "trace"),
    "rref": _of_matrix(lambda matrix: matrix.rref()[0], "rref"),
    "norm": _of_matrix(lambda matrix: matrix.norm(), "norm"),
    "eigenvals": _of_matrix(_eigenvals, "eigenvalues"),
    "eigenvects": _of_matrix(_eigenvects, "eigenvectors"),
    "nullspace": _of_matrix(lambda matrix: list(matrix.nullspace()), "nullspace"),
    "dot": _of_matrix(lambda left, right: left.dot(matrix_of(right)), "dot", 2),
    "cross": _of_matrix(lambda left, right: left.cross(matrix_of(right)), "cross", 2),
    "eye": _up_to(sympy.eye, "eye", _MAX_SIDE),
}
for _name in (
    "asin acos sinh cosh tanh asinh acosh atanh exp floor ceiling sign gamma erf zeta re im conjugate arg"
).split():
    FUNCTION_TABLE[_name] = _of(getattr(sympy, _name), _name, 1)
for _name in "sin cos tan cot sec csc".split():
    FUNCTION_TABLE[_name] = _of(partial(_of_angle, getattr(sympy, _name)), _name, 1)
FUNCTION_TABLE["abs"] = _of(sympy.Abs, "abs", 1)
FUNCTION_TABLE["gamma"] = _of(lambda value: _factorial(value - 1) if value.is_Integer and value > 0 else sympy.gamma(value), "gamma", 1)
