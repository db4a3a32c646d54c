"""NVIDIA's management library in, the joules that the cards in use have taken so far out; None where there are none."""

import contextlib
import ctypes
import os
from collections.abc import Sequence
from typing import Any


class Cards:
    """The cards that this process may use, as `CUDA_VISIBLE_DEVICES` names them, else all.

    Args:
        library: NVML; looked for when left out.
    """

    def __init__(self, library: Any = None) -> None:
        self._library = library if library is not None else _found_library()
        self._handles: Sequence[ctypes.c_void_p] = ()
        if self._library is not None and self._library.nvmlInit_v2() == 0:
            self._handles = list(self._found_cards())

    def joules(self) -> float | None:
        """Since the driver was loaded, all cards together; None where one does not say."""
        total = 0
        for handle in self._handles:
            millijoules = ctypes.c_ulonglong()
            if self._library.nvmlDeviceGetTotalEnergyConsumption(handle, ctypes.byref(millijoules)) != 0:
                return None
            total += millijoules.value
        return total / 1000 if self._handles else None

    def _found_cards(self) -> Sequence[ctypes.c_void_p]:
        named = os.environ.get("CUDA_VISIBLE_DEVICES")
        count = ctypes.c_uint()
        if self._library.nvmlDeviceGetCount_v2(ctypes.byref(count)) != 0:
            return []
        names = [name.strip() for name in named.split(",")] if named else [str(n) for n in range(count.value)]
        found = []
        for name in names:
            handle = ctypes.c_void_p()
            if name.isdigit():
                error = self._library.nvmlDeviceGetHandleByIndex_v2(int(name), ctypes.byref(handle))
            else:
                error = self._library.nvmlDeviceGetHandleByUUID(name.encode(), ctypes.byref(handle))
            if error != 0:
                return []
            found.append(handle)
        return found


def _found_library() -> Any:
    for name in ("libnvidia-ml.so.1", "nvml.dll"):
        with contextlib.suppress(OSError):
            return ctypes.CDLL(name)
    return None
