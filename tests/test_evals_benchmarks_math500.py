"""MATH-500's rows."""

import pytest

from evals.benchmarks.math500 import problems_of
from model.errors import BadInput

ROW = {"problem": "Find $x$.", "answer": r"\frac{1}{2}", "unique_id": "test/algebra/1.json", "level": 1}


def test_ids_name_the_problem_of_the_whole_data_set():
    (problem,) = problems_of([ROW])
    assert (problem.id, problem.gold) == ("math500/algebra/1", r"\frac{1}{2}")


@pytest.mark.parametrize("name", ["problem", "answer", "unique_id"])
def test_a_missing_column_is_named(name):
    with pytest.raises(BadInput, match=f"Row 1 has no text in the column '{name}'"):
        problems_of([{key: value for key, value in ROW.items() if key != name}])
