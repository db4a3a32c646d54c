import random
from typing import Any

import pytest

from model.events import Asked, Finished, ThinkingDelta
from ui.panes import Panes, update
from ui.thinking_window import ThinkingWindow, whole_value


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Pane:
    """What thinking_pane.js does with its values, in UTF-16 units as a browser counts them."""

    def __init__(self) -> None:
        self.shown = b""
        self.key = ""
        self.missed = 0

    def show(self, value: dict[str, Any]) -> None:
        before = value["before"] * 2
        if before and (value["key"] != self.key or len(self.shown) < before):
            self.missed += 1
            return
        self.key = value["key"]
        self.shown = self.shown[:before] + value["text"].encode("utf-16-le")


def thought(seed: int, n_pieces: int) -> list[str]:
    draw = random.Random(seed)
    words = ["so ", "we try 17*24. ", "再检查一遍。", "🙂 ", "\n\n", "because it must be "]
    return ["".join(draw.choices(words, k=draw.randint(1, 40))) for _ in range(n_pieces)]


@pytest.mark.parametrize("skipped", [1, 2, 5])
def test_pane_shows_the_whole_thinking_whichever_updates_reach_it(skipped: int) -> None:
    clock = Clock()
    window, pane, panes = ThinkingWindow("run/1", clock=clock), Pane(), update(Panes(), Asked("Why?"))
    for number, piece in enumerate(thought(7, 300)):
        clock.now += 0.1
        panes = update(panes, ThinkingDelta(piece, 3))
        value = window.value(panes)
        if number % skipped == 0:
            pane.show(value)
            assert pane.shown.decode("utf-16-le") == panes.thinking
    assert pane.missed == 0 and len(panes.thinking) > 30_000


def test_what_goes_out_of_a_long_thinking_is_its_last_stretch() -> None:
    clock = Clock()
    window = ThinkingWindow("run/1", clock=clock)
    panes = update(Panes(), ThinkingDelta("x" * 100_000, 100))
    clock.now = 10.0
    value = window.value(panes)
    assert value["before"] + len(value["text"]) == 100_000
    assert 4096 <= len(value["text"]) < 8192


def test_all_of_the_thinking_goes_out_at_first_and_when_the_run_has_ended() -> None:
    clock = Clock()
    window = ThinkingWindow("run/1", clock=clock)
    panes = update(Panes(), ThinkingDelta("x" * 100_000, 100))
    assert window.value(panes) == whole_value(panes.thinking, "run/1")
    clock.now = 10.0
    assert window.value(panes)["before"]
    assert window.value(update(panes, Finished("stop"))) == whole_value(panes.thinking, "run/1")


def test_stretch_of_another_following_is_not_put_behind_what_is_shown() -> None:
    clock = Clock()
    pane = Pane()
    pane.show(whole_value("a" * 50_000, "run/1"))
    window = ThinkingWindow("run/2", clock=clock)
    clock.now = 10.0
    pane.show(window.value(update(Panes(), ThinkingDelta("b" * 50_000, 100))))
    assert pane.missed == 1 and b"b" not in pane.shown
