"""What the harness costs is measured on the same work: both ways ask for the same tokens, and every sample is judged."""

from evals.harness import alone, by_runner, problems


def test_both_ways_have_the_same_thinking_written():
    one, other = alone(6, 2, 200), by_runner(6, 2, 200)
    assert one["tokens"] == other["tokens"] > 12 * 100
    assert all(told["seconds"] > 0 and told["cpu_seconds"] > 0 and told["peak_mib"] > 0 for told in (one, other))


def test_problems_are_as_many_as_asked_for_and_all_different():
    assert len({problem.id for problem in problems(200)}) == 200
