import threading

import pytest

from evals.speed.arrivals import Cell, Heard, ask_at_once, cell_of, middle_of
from model.errors import EngineError


class Together:
    """A contender that answers nobody before all have asked."""

    name = "together"

    def __init__(self, callers):
        self._all_here = threading.Barrier(callers, timeout=60)

    def ask(self, prompt, new_tokens):
        self._all_here.wait()
        at = float(prompt)
        return Heard(0.0, tuple((at + n, 1.0) for n in range(new_tokens)), 3)


def test_ask_at_once_has_all_prompts_asked_at_the_same_time():
    cell = ask_at_once(Together(4), ["1", "2", "3", "4"], 8, 3)
    assert (cell.batch, cell.new_tokens, cell.first_token_seconds, cell.last_first_token_seconds) == (4, 32, 2.5, 4.0)


def test_cell_counts_only_tokens_written_while_all_write():
    early = Heard(0.0, tuple((float(at), 1.0) for at in range(1, 7)))
    late = Heard(1.0, ((4.0, 1.0), (6.0, 2.0), (9.0, 2.0)))
    cell = cell_of("x", 16, [early, late])
    # From 4 (the late one's first) to 6 (the early one's last): two of the early one's and two of the late one's.
    assert cell.decode_tokens_per_second == (2 + 2) / 2
    assert cell.tokens_per_second == 11 / 9
    assert (cell.first_token_seconds, cell.last_first_token_seconds) == (2.0, 3.0)


def test_cell_has_no_common_rate_when_one_waits_for_the_other():
    first, second = Heard(0.0, ((1.0, 1.0), (2.0, 1.0))), Heard(0.0, ((3.0, 1.0), (4.0, 1.0)))
    cell = cell_of("one at a time", 16, [first, second])
    assert cell.decode_tokens_per_second is None
    assert cell.tokens_per_second == 1.0


def test_cell_says_that_a_text_was_read_again_when_a_server_told_no_tokens():
    told, untold = Heard(0.0, ((1.0, 1.0), (2.0, 1.0))), Heard(0.0, ((1.0, 1.0), (2.0, 1.0)), counted="read again")
    assert cell_of("x", 16, [told, told]).counted == "tokens"
    assert cell_of("x", 16, [told, untold]).counted == "read again"


class Answers:
    name = "answers"

    def __init__(self, answers):
        self._answers = answers

    def ask(self, prompt, new_tokens):
        answer = self._answers[int(prompt)]
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_ask_at_once_raises_what_one_of_them_met():
    with pytest.raises(EngineError, match="it broke"):
        ask_at_once(Answers([Heard(0.0, ((1.0, 1.0),)), EngineError("it broke")]), ["0", "1"], 1, 1)


def test_ask_at_once_leaves_the_line_out_when_one_heard_nothing():
    cell = ask_at_once(Answers([Heard(0.0, ((1.0, 1.0),)), Heard(0.0, ())]), ["0", "1"], 1, 1)
    assert cell == Cell("answers", 2, 1, skipped="1 of 2 heard nothing")


def test_ask_at_once_leaves_the_line_out_when_a_server_cut_the_prompt():
    cell = ask_at_once(Answers([Heard(0.0, ((1.0, 1.0),), prompt_tokens=2048)]), ["0"], 1, 8192)
    assert cell.skipped == "it read only 2,048 tokens of a prompt"
    assert not ask_at_once(Answers([Heard(0.0, ((1.0, 1.0),), prompt_tokens=7000)]), ["0"], 1, 8192).skipped


def test_middle_of_tries_is_the_median_of_those_that_were_measured():
    tries = [Cell("x", 1, 8, 9, first, first, rate, None) for first, rate in ((1.0, 5.0), (9.0, 1.0), (2.0, 4.0))]
    cell = middle_of([*tries, Cell("x", 1, 8, skipped="1 of 1 heard nothing")])
    assert (cell.tokens_per_second, cell.first_token_seconds, cell.tries, cell.skipped) == (4.0, 2.0, 3, "")
    assert (cell.least, cell.most, cell.first_least, cell.first_most) == (1.0, 5.0, 1.0, 9.0)
