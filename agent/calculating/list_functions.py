"""Lists and matrices in, what functions of them make of them out: statistics and linear algebra."""

from collections.abc import Callable, Sequence
from typing import Any

import sympy

from agent.calculating.arguments import Work, listed, whole
from agent.calculating.limits import MAX_TOKENS
from agent.calculating.values import CannotWork, Ready, Solved

MAX_SIDE = 30


def mean(values: list[Any]) -> Any:
    """The arithmetic mean."""
    return sympy.Add(*values) / len(values)


def median(values: list[Any]) -> Any:
    """The middle one, or the mean of the two in the middle."""
    held, half = ordered(values), len(values) // 2
    return held[half] if len(values) % 2 else (held[half - 1] + held[half]) / 2


def ordered(values: list[Any]) -> list[Any]:
    """From the smallest to the largest."""
    if not all(each.is_number and each.is_real for each in values):
        raise CannotWork("Only real numbers can be put in order.")
    return sorted(values)


def mode(values: list[Any]) -> Any:
    """What is there most often; a list if several are."""
    most = max(values.count(each) for each in values)
    found = [each for each in dict.fromkeys(values) if values.count(each) == most]
    return found[0] if len(found) == 1 else found


def variance(values: list[Any], less: int = 0) -> Any:
    """The variance, of a sample with `less` 1."""
    if len(values) <= less:
        raise CannotWork("A sample variance needs two numbers at least.")
    return sympy.Add(*((each - mean(values)) ** 2 for each in values)) / (len(values) - less)


# ---------------------------------------------------------------------- matrices


def matrix_of(value: Any) -> Any:
    """A matrix from a list of rows, or a column from a list.

    Raises:
        CannotWork: If it is none, or larger than 30 by 30.
    """
    if isinstance(value, sympy.MatrixBase):
        return value
    rows = value if isinstance(value, list) else [value]
    lengths = {len(row) if isinstance(row, list) else -1 for row in rows}
    if len(lengths) != 1:
        raise CannotWork("The rows of a matrix have different lengths.")
    if lengths != {-1} and max(len(rows), *lengths) > MAX_SIDE:
        raise CannotWork(f"A matrix can have up to {MAX_SIDE} rows and columns.")
    for each in listed(rows):
        if not isinstance(each, sympy.Expr):
            raise CannotWork("A matrix holds numbers and expressions.")
    return sympy.Matrix(rows)


def of_matrix(function: Callable[..., Any], name: str, count: int = 1) -> Work:
    """A function of so many matrices."""

    def work(values: Sequence[Any]) -> Any:
        if len(values) != count:
            raise CannotWork(f"{name} needs a matrix, as in {name}([[1, 2], [3, 4]]).")
        return function(*map(matrix_of, values))

    return work


def inverse(matrix: Any) -> Any:
    """The inverse of a matrix that has one."""
    if matrix.shape == (1, 1):
        return 1 / matrix[0]
    if matrix.shape[0] != matrix.shape[1] or matrix.det() == 0:
        raise CannotWork("This matrix has no inverse: its determinant is 0, or it is not square.")
    return matrix.inv()


def eigenvals(matrix: Any) -> Any:
    """The eigenvalues, each as often as it counts."""
    return [value for value, times in matrix.eigenvals().items() for _ in range(times)]


def eigenvects(matrix: Any) -> Any:
    """Each eigenvalue with its eigenvectors."""
    parts = [
        f"{value}: {', '.join(str(vector.T.tolist()[0]) for vector in vectors)}"
        for value, _, vectors in matrix.eigenvects()
    ]
    return Ready("; ".join(parts))


def whole_numbers(values: Sequence[Any]) -> Any:
    """As Python's `range`."""
    numbers = [whole(each, "range") for each in values]
    if not 1 <= len(numbers) <= 3 or (len(numbers) == 3 and not numbers[2]) or len(range(*numbers)) > MAX_TOKENS:
        raise CannotWork(f"range takes 1 to 3 whole numbers and can have {MAX_TOKENS:,} items; write sum(k, k, 1, n).")
    return [sympy.Integer(each) for each in range(*numbers)]


def item(values: Sequence[Any]) -> Any:
    """What stands at a place of a list or a matrix, counted from 0."""
    held: Any = values[0].values() if isinstance(values[0], Solved) else values[0]
    try:
        return held[tuple(map(int, values[1:])) if len(values) > 2 else int(values[1])]
    except (IndexError, TypeError, ValueError, AttributeError) as error:
        raise CannotWork("There is no such item; items are counted from 0.") from error
