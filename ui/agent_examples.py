"""A model's name in, the tasks that an empty Agent tab offers for it out: each takes a tool."""

from dataclasses import dataclass, field

from model.catalog import EMBEDDED


@dataclass(frozen=True, slots=True)
class AgentExample:
    """A button's words, the question for the embedded model and for all others, and the files that go along."""

    label: str
    embedded: str
    others: str
    uploads: dict[str, bytes] = field(default_factory=dict)

    def question(self, model: str) -> str:
        """The question for a model.

        >>> EXAMPLES[0].question(EMBEDDED) != EXAMPLES[0].question("qwq-32b")
        True
        """
        return self.embedded if model == EMBEDDED else self.others


_RAINFALL = b"""month,mm
January,82
February,61
March,55
April,47
May,58
June,49
July,66
August,71
September,74
October,96
November,93
December,89
"""

# The embedded model makes the calls of the first three (tests/browser/test_ui_agent_tab_examples.py); no chart.
EXAMPLES = (
    AgentExample(
        "A sum too big for the head",
        "Use the calculator for 4871 * 918.",
        "What is the largest prime factor of 2^61 + 1, and how many digits does 1000! have?",
    ),
    AgentExample(
        "A program to run",
        "Use Python to get the sum of the numbers from 1 to 100.",
        "How many numbers below a million read the same forwards and backwards in both base 10 and base 2? Find them "
        "with a program.",
    ),
    AgentExample(
        "A file to read",
        "Read the file rainfall.csv.",
        "Read rainfall.csv: which three months in a row had the most rain, and how much more is that than the average "
        "of three months in a row?",
        {"rainfall.csv": _RAINFALL},
    ),
    AgentExample(
        "A chart to draw",
        "Use python to draw a chart of the numbers 1, 4, 9, 16.",
        "Draw rainfall.csv as a bar chart with a line for the yearly average, and save it as rainfall.png.",
        {"rainfall.csv": _RAINFALL},
    ),
)
