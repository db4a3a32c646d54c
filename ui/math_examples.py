"""A model's name in, the problems that an empty Math tab offers for it out: one of each way to be checked."""

from dataclasses import dataclass

from model.catalog import EMBEDDED


@dataclass(frozen=True, slots=True)
class MathExample:
    """A button's words, and for the embedded model and for all others the problem and what is known of its answer."""

    label: str
    embedded: tuple[str, str]
    others: tuple[str, str]
    n_chains: int = 1

    def given(self, model: str) -> tuple[str, str]:
        """Problem and known answer for a model.

        >>> EXAMPLES[0].given(EMBEDDED)
        ('What is $256 + 389$?', '645')
        """
        return self.embedded if model == EMBEDDED else self.others


EXAMPLES = (
    MathExample(
        "With its answer",
        ("What is $256 + 389$?", "645"),
        (r"How many integers $n$ with $1 \le n \le 1000$ are divisible by neither $2$ nor $5$?", "400"),
    ),
    MathExample(
        "An equation",
        ("Solve $3x + 5 = 20$ for $x$.", ""),
        (r"Find all real solutions of $x^4 - 5x^2 + 6 = 0$ for $x$.", ""),
    ),
    MathExample(
        "A vote of five",
        (r"What is $17 \times 24$?", ""),
        (r"What is the remainder when $2^{100}$ is divided by $101$?", ""),
        5,
    ),
    MathExample(
        "A fraction",
        (r"What is $\frac{1}{2} + \frac{1}{3}$?", r"\frac{5}{6}"),
        (r"What is $\sum_{n=1}^{\infty} \frac{n}{3^n}$?", r"\frac{3}{4}"),
    ),
)
