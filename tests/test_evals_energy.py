"""Energy is read of the cards that this process may use, and of no others."""

import ctypes
from typing import Any

import pytest

from evals.energy import Cards


class Library:
    """Two cards of NVML; the second cannot tell when it is `mute`."""

    def __init__(self, mute: bool = False) -> None:
        self.millijoules = [5_000, 70_000]
        self.mute = mute

    def nvmlInit_v2(self) -> int:
        return 0

    def nvmlDeviceGetCount_v2(self, count: Any) -> int:
        count._obj.value = len(self.millijoules)
        return 0

    def nvmlDeviceGetHandleByIndex_v2(self, index: int, handle: Any) -> int:
        handle._obj.value = index + 1
        return 0 if index < len(self.millijoules) else 6

    def nvmlDeviceGetHandleByUUID(self, name: bytes, handle: Any) -> int:
        handle._obj.value = int(name.removeprefix(b"GPU-")) + 1
        return 0

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: ctypes.c_void_p, told: Any) -> int:
        if self.mute and handle.value == 2:
            return 3
        told._obj.value = self.millijoules[(handle.value or 0) - 1]
        return 0


@pytest.mark.parametrize(
    ("visible", "joules"), [(None, 75.0), ("0", 5.0), ("1", 70.0), ("0, 1", 75.0), ("GPU-1", 70.0), ("7", None)]
)
def test_cards_add_up_those_that_are_visible(
    visible: str | None, joules: float | None, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert Cards(Library()).joules() == joules


def test_cards_say_nothing_rather_than_half(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert Cards(Library(mute=True)).joules() is None
