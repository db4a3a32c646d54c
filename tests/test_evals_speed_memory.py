import time

import pytest
import torch

from evals.speed.memory import held_bytes, memory_watched

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="on a GPU it counts that device's memory")
MIB = 2**20


def test_peak_holds_what_was_given_back_before_the_end():
    with memory_watched() as held:
        before = held_bytes()
        filled = torch.ones(64 * MIB, dtype=torch.uint8)
        deadline = time.monotonic() + 30
        while held.peak < before + 48 * MIB and time.monotonic() < deadline:
            time.sleep(0.05)
        del filled
    assert held.peak >= before + 48 * MIB
    assert held.at_end <= held.peak - 32 * MIB
