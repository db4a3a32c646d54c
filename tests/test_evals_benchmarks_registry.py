"""The list of benchmarks: names however they are spelled, and what each of them promises."""

import pytest

from evals.benchmarks.registry import BENCHMARKS, find_benchmark
from evals.benchmarks.sources import rows_of
from model.errors import BadInput

SHIPPED = [each for each in BENCHMARKS.values() if each.sample is not None]


@pytest.mark.parametrize(
    ("spelled", "name"),
    [("math500", "math500"), ("MATH-500", "math500"), ("aime 2024", "aime24"), ("Reasoning_Gym", "reasoning_gym")],
)
def test_find_benchmark_takes_a_name_or_a_title(spelled, name):
    assert find_benchmark(spelled).name == name


def test_find_benchmark_names_all_that_there_are():
    with pytest.raises(BadInput, match=r"no benchmark 'gsm9k'\. Did you mean gsm8k\? There are .*ifeval"):
        find_benchmark("gsm9k")


def test_no_two_benchmarks_answer_to_one_name():
    names = [find_benchmark(spelled).name for each in BENCHMARKS.values() for spelled in (each.name, each.title)]
    assert names == [each.name for each in BENCHMARKS.values() for _ in range(2)]


@pytest.mark.parametrize("benchmark", BENCHMARKS.values(), ids=BENCHMARKS)
def test_benchmark_says_where_it_is_from_and_how_it_is_judged(benchmark):
    for told in (benchmark.about, benchmark.judged_by):
        assert told.endswith(".")
    assert benchmark.source and benchmark.licence
    assert benchmark.samples >= 1


@pytest.mark.parametrize("benchmark", SHIPPED, ids=lambda each: each.name)
def test_samples_become_problems_with_ids_of_their_own(benchmark):
    rows = rows_of(benchmark, "sample")
    problems = benchmark.problems_of(rows.rows)
    assert len(problems) == len(rows.rows) > 0
    assert len({problem.id for problem in problems}) == len(problems)
    assert all(problem.messages and problem.title for problem in problems)


@pytest.mark.parametrize("name", ["aime24", "aime25", "livecodebench", "ifeval"])
def test_what_may_not_be_passed_on_is_not_shipped(name):
    assert BENCHMARKS[name].sample is None
