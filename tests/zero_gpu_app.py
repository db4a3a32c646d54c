"""The app as on ZeroGPU, on a machine without CUDA: `spaces` is the real package, only the GPU itself is a stand-in.

Weights are placed on the device that `spaces` makes up, packed to disk at the launch, and each call forks a worker that
reads them back; here into memory instead of a GPU. A worker's clock counts its tokens, twenty a second, so that a busy
machine changes nothing of where its calls end. `WORKINGS_TEST_STEPS` names a file in which each worker notes its tokens as
they are drawn.
"""

import os
import runpy
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
sys.argv[0] = "app.py"

import torch  # noqa: E402

torch.version.cuda = torch.version.cuda or "12.8"
for missing in ("_cuda_init", "_cuda_exchangeDevice", "_cuda_maybeExchangeDevice"):
    if not hasattr(torch._C, missing):
        setattr(torch._C, missing, lambda *arguments: 0)

torch.cuda._is_in_bad_fork = bool  # that of a build without CUDA does not pickle

import spaces.zero.torch  # noqa: E402
from spaces.zero.torch import patching  # noqa: E402


def read_back(callback: Any = None) -> None:
    """What brings the packed weights to the GPU, without the GPU."""
    for pack in patching.tensor_packs:
        packed = bytearray(Path(pack.path()).read_bytes())
        offset = 0
        for batch in [*pack.batches, pack.big_tensors]:
            for tensor, size, aligned_size in batch:
                storage = torch.frombuffer(packed, dtype=torch.uint8, offset=offset, count=size).clone()
                offset += aligned_size
                whole = torch.tensor([], dtype=tensor.dtype)
                whole = whole.set_(storage.untyped_storage(), 0, tensor.shape, tensor.stride())
                for fake in pack.fakes[tensor]:
                    fake.data = whole


spaces.zero.torch.init = lambda uuid: None
spaces.zero.torch.move = read_back

import model.single  # noqa: E402


class Ticks:
    """A worker's clock."""

    seconds = 0.0

    def monotonic(self) -> float:
        self.seconds += 1 / 20
        return self.seconds


model.single.time = Ticks()  # type: ignore[attr-defined, assignment]
model.single.seconds_before_first_call = lambda: 0.5  # type: ignore[attr-defined]
put = model.single._Streamer.put
steps = os.environ.get("WORKINGS_TEST_STEPS", "")


def noted(self: Any, value: torch.Tensor) -> None:
    with open(steps, "a", encoding="utf-8") as file:
        file.write(f"{os.getpid()} {time.time()}\n")
    time.sleep(float(os.environ.get("WORKINGS_TEST_STEP_SECONDS", "0")))
    put(self, value)


if steps:
    model.single._Streamer.put = noted  # type: ignore[method-assign]

runpy.run_path(str(ROOT / "app.py"), run_name="__main__")
