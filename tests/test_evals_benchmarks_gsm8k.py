"""GSM8K's rows."""

import pytest

from evals.benchmarks.gsm8k import problems_of
from model.errors import BadInput


def test_gold_is_the_number_behind_the_marks_without_its_commas():
    (problem,) = problems_of([{"question": "How much?", "answer": "#### 1 is not it\n#### 1,250"}])
    assert problem.gold == "1250"
    assert problem.id.startswith("gsm8k-")


@pytest.mark.parametrize("answer", ["18", "#### a lot", "####"])
def test_rows_without_a_number_at_the_end_are_named(answer):
    rows = [{"question": "How much?", "answer": "#### 1"}, {"question": "How many?", "answer": answer}]
    with pytest.raises(BadInput, match="Row 2"):
        problems_of(rows)
