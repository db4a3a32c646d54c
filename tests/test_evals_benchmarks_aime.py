"""AIME's rows, which copies keep as texts, as padded texts or as numbers."""

import pytest

from evals.benchmarks.aime import AIME24, AIME25
from model.errors import BadInput


@pytest.mark.parametrize("answer", ["025", "25", 25])
def test_answers_are_whole_numbers_however_they_are_kept(answer):
    (problem,) = AIME25.problems_of([{"problem": "Find n.", "answer": answer}])
    assert problem.gold == "25"


@pytest.mark.parametrize("answer", ["1000", "-1", "2.5", r"\frac{1}{2}"])
def test_answers_that_cannot_be_aimes_are_refused(answer):
    with pytest.raises(BadInput, match="from 0 to 999"):
        AIME24.problems_of([{"problem": "Find n.", "answer": answer}])


def test_each_year_has_ids_and_data_of_its_own():
    row = {"problem": "Find n.", "answer": "1"}
    assert AIME24.problems_of([row])[0].id != AIME25.problems_of([row])[0].id
    assert AIME24.hub != AIME25.hub
    assert AIME24.file == "aime24.jsonl"
