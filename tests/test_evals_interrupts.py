"""Ctrl-C and SIGTERM: the first asks for an end, its echo says nothing more, and one that comes later insists."""

import os
import signal

import pytest

from evals.interrupts import Interrupts, interrupts


def test_a_signal_that_comes_twice_at_once_asks_once_and_a_later_one_breaks_off():
    at = iter([10.0, 10.2, 15.0])
    interrupted = Interrupts(lambda: next(at))
    before = interrupted.is_asked
    interrupted()
    interrupted()
    assert (before, interrupted.is_asked) == (False, True)
    with pytest.raises(KeyboardInterrupt):
        interrupted()


@pytest.mark.skipif(os.name == "nt", reason="os.kill ends a process of Windows")
def test_signals_are_handed_over_meanwhile_and_to_whoever_had_them_afterwards():
    earlier = signal.signal(signal.SIGINT, signal.SIG_IGN), signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        with interrupts() as interrupted:
            os.kill(os.getpid(), signal.SIGINT)
            before = interrupted.is_asked  # Ctrl-C is not meant for a command in the background
            os.kill(os.getpid(), signal.SIGTERM)
            assert (before, interrupted.is_asked) == (False, True)
        assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == (signal.SIG_IGN, signal.SIG_DFL)
    finally:
        signal.signal(signal.SIGINT, earlier[0])
        signal.signal(signal.SIGTERM, earlier[1])
