"""Signals: the first asks a run to end after its step, the second ends it at once, and afterwards all is as before."""

import os
import signal

import pytest

from train.stopping import Stopping


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_first_signal_asks_second_ends_at_once_and_the_handlers_come_back(number: signal.Signals):
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), Stopping() as stopping:
        assert not stopping()
        os.kill(os.getpid(), number)
        assert stopping()
        os.kill(os.getpid(), number)
    assert signal.getsignal(number) is before
