import mmap
import time

import pytest
import torch

from evals.speed.memory import held_bytes, memory_watched

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="on a GPU it counts that device's memory")
MIB = 2**20


def test_peak_holds_what_was_given_back_before_the_end():
    # Pages of its own: torch may give out memory that this process has held since another test.
    with memory_watched() as held:
        before = held_bytes()
        with mmap.mmap(-1, 64 * MIB) as pages:
            for at in range(0, len(pages), mmap.PAGESIZE):
                pages[at] = 1
            deadline = time.monotonic() + 30
            while held.peak < before + 48 * MIB and time.monotonic() < deadline:
                time.sleep(0.05)
    assert held.peak >= before + 48 * MIB
    assert held.at_end <= held.peak - 32 * MIB
