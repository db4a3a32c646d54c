from evals.speed.arrivals import Cell, Heard
from evals.speed.grid import Entrant, Room, Task, measure_grid, quick_grid, whole_grid
from model.errors import EngineError


class Clockwork:
    """A contender on a clock of its own: reads 100 tokens a second, writes 10, for as many as ask."""

    name = "clockwork"

    def __init__(self):
        self.asked: list[int] = []

    def ask(self, prompt, new_tokens):
        self.asked.append(new_tokens)
        read = len(prompt) / 100
        return Heard(0.0, tuple((read + n / 10, 1.0) for n in range(new_tokens)))


def measured(shapes, room, rounds=1):
    contender, told = Clockwork(), list[Cell]()
    task = Task(shapes, 10, rounds, lambda tokens: "x" * tokens)
    measure_grid([Entrant(contender, room)], task, told.append, fail)
    return contender, told


def fail(name, error):
    raise error


def test_grid_leaves_out_what_is_longer_than_the_context():
    _, cells = measured([(1, 100), (1, 900)], Room(request_tokens=900))
    assert [cell.skipped for cell in cells] == ["", "with 10 new tokens more than the context of 900"]


def test_grid_leaves_out_what_all_together_do_not_fit_the_cache():
    _, cells = measured([(1, 400), (2, 400)], Room(request_tokens=900, cache_tokens=800))
    assert [cell.skipped for cell in cells] == ["", "more than the 800 tokens that the memory holds"]


def test_grid_leaves_out_what_would_take_too_long_by_the_lines_before():
    # 1,000 tokens are read in 10 s and 10 written in 1 s.
    _, cells = measured([(1, 100), (1, 1000), (1, 10_000)], Room(cell_seconds=20.0))
    assert [cell.skipped for cell in cells] == ["", "", "would take about 101 s"]


def test_grid_has_the_first_request_write_on_while_the_last_prompt_is_read():
    contender, _ = measured([(1, 256), (4, 256)], Room(step_tokens=128))
    assert contender.asked == [10, *[10 + 6] * 4]


class Logged:
    """A contender that writes down when it is asked, and may fail."""

    def __init__(self, name, log, broken=False):
        self.name, self._log, self._broken = name, log, broken

    def ask(self, prompt, new_tokens):
        self._log.append((self.name, len(prompt)))
        if self._broken:
            raise EngineError("it broke")
        return Heard(0.0, ((1.0, 1.0), (2.0, 1.0)))


def race(rounds, *names, broken="", seconds=1e9, is_over=lambda: False):
    log, told, failed = list[tuple[str, int]](), list[Cell](), list[tuple[str, str]]()
    entrants = [Entrant(Logged(name, log, name == broken), Room(cell_seconds=seconds)) for name in names]
    task = Task([(1, 8), (1, 16)], 2, rounds, lambda tokens: "x" * tokens, is_over)
    measure_grid(entrants, task, told.append, lambda name, error: failed.append((name, str(error))))
    return log, told, failed


def test_grid_asks_every_contender_in_turn_in_every_line_of_every_round():
    log, told, _ = race(2, "a", "b")
    assert log == [("a", 8), ("b", 8), ("a", 16), ("b", 16)] * 2
    assert [(cell.contender, cell.prompt_tokens, cell.tries) for cell in told[-2:]] == [("a", 16, 2), ("b", 16, 2)]


def test_grid_goes_on_without_a_contender_that_fails():
    log, told, failed = race(2, "a", "b", broken="b")
    assert failed == [("b", "it broke")]
    assert log.count(("b", 8)) == 1
    assert {cell.contender for cell in told} == {"a"}


def test_grid_begins_no_further_round_when_the_time_is_over():
    assert len(race(5, "a", is_over=lambda: True)[0]) == 2


def test_grid_tries_no_line_again_that_has_taken_its_time():
    assert len(race(5, "a", seconds=0.0)[0]) == 1  # by the first line, the second would take too long


def test_whole_grid_has_every_pair_and_the_quick_one_every_batch_and_every_length():
    assert len(whole_grid((1, 2, 4), (128, 2048))) == 6
    assert quick_grid((4, 1, 2), (2048, 128)) == [(1, 128), (2, 128), (4, 128), (1, 2048)]
