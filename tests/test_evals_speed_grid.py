from evals.speed.arrivals import Cell, Heard
from evals.speed.grid import Room, measure_grid, quick_grid, whole_grid


class Clockwork:
    """A contender on a clock of its own: reads 100 tokens a second, writes 10, for as many as ask."""

    name = "clockwork"

    def __init__(self):
        self.asked: list[int] = []

    def ask(self, prompt, new_tokens):
        self.asked.append(new_tokens)
        read = len(prompt) / 100
        return Heard(0.0, tuple((read + n / 10, 1.0) for n in range(new_tokens)))


def measured(shapes, room):
    contender, told = Clockwork(), list[Cell]()
    cells = measure_grid(contender, lambda tokens: "x" * tokens, shapes, 10, room, told.append)
    assert told == cells
    return contender, cells


def test_grid_leaves_out_what_is_longer_than_the_context():
    _, cells = measured([(1, 100), (1, 900)], Room(request_tokens=900))
    assert [cell.skipped for cell in cells] == ["", "more than the context of 900 tokens"]


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


def test_grid_tries_a_short_line_several_times_and_keeps_the_fastest():
    contender, cells = measured([(1, 100)], Room(tries=3))
    assert len(contender.asked) == 3
    assert len(cells) == 1


def test_whole_grid_has_every_pair_and_the_quick_one_every_batch_and_every_length():
    assert len(whole_grid((1, 2, 4), (128, 2048))) == 6
    assert quick_grid((4, 1, 2), (2048, 128)) == [(1, 128), (2, 128), (4, 128), (1, 2048)]
