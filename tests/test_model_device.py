import platform
from pathlib import Path

import pytest
import torch

from model import device
from model.device import auto_precisions, has_fast_bf16
from model.memory import PRECISIONS

CPUINFO = Path("/proc/cpuinfo")
ROME = "processor : 0\nflags\t\t: fpu avx avx2 sha_ni\nbugs\t\t: avx512_bf16\n"
GENOA = "processor : 0\nflags\t\t: fpu avx avx2 avx512f avx512_bf16\n"
SAPPHIRE_RAPIDS_WITHOUT_AVX512 = "flags\t\t: fpu avx2 amx_bf16 amx_tile\n"
GRAVITON2 = "Features\t: fp asimd evtstrm aes asimddp\n"
GRAVITON3 = "Features\t: fp asimd sve svebf16 i8mm bf16\n"


@pytest.fixture(autouse=True)
def _asked_anew():
    has_fast_bf16.cache_clear()
    yield
    has_fast_bf16.cache_clear()


@pytest.mark.skipif(not CPUINFO.exists(), reason="only Linux tells its processor's instructions in a file")
def test_bf16_is_fast_where_the_flags_of_linux_say_so():
    words = set(CPUINFO.read_text().split())
    named = "bf16" if platform.machine() in ("aarch64", "arm64") else "avx512_bf16"
    assert has_fast_bf16() is (named in words or "amx_bf16" in words)


@pytest.mark.parametrize(
    ("cpuinfo", "is_fast"),
    [(ROME, False), (GENOA, True), (SAPPHIRE_RAPIDS_WITHOUT_AVX512, True), (GRAVITON2, False), (GRAVITON3, True)],
    ids=["Rome", "Genoa", "AMX alone", "Graviton2", "Graviton3"],
)
def test_without_torch_s_own_list_the_flags_of_linux_decide(cpuinfo, is_fast, tmp_path, monkeypatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    (tmp_path / "cpuinfo").write_text(cpuinfo)
    features = device._processor_features(tmp_path / "cpuinfo")
    monkeypatch.setattr(device, "_processor_features", lambda: features)
    assert has_fast_bf16() is is_fast


@pytest.mark.parametrize("is_fast", [True, False])
def test_torch_s_own_list_decides_where_it_has_one(is_fast, monkeypatch):
    told = {"avx2": True, "avx512_bf16": is_fast, "architecture": "x86_64", "amx_bf16": False}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: told, raising=False)
    assert has_fast_bf16() is is_fast


@pytest.mark.parametrize("is_fast", [True, False])
def test_where_neither_is_there_torch_is_asked_for_the_one_instruction(is_fast, tmp_path, monkeypatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: is_fast)
    assert ("avx512_bf16" in device._processor_features(tmp_path / "nothing")) is is_fast


@pytest.mark.parametrize(
    ("kind", "is_fast", "expected"),
    [
        ("cpu", False, ("fp32", *PRECISIONS)),
        ("cpu", True, PRECISIONS),
        ("cuda", False, PRECISIONS),
        ("mps", False, ("bf16",)),
    ],
    ids=["CPU without", "CPU with", "CUDA", "MPS"],
)
def test_auto_prefers_fp32_only_on_a_processor_without_the_instructions(kind, is_fast, expected, monkeypatch):
    monkeypatch.setattr(device, "device_kind", lambda: kind)
    monkeypatch.setattr(device, "has_fast_bf16", lambda: is_fast)
    assert auto_precisions() == expected


def test_the_processor_is_asked_once(monkeypatch):
    asked = []

    def features() -> set[str]:
        asked.append("once")
        return {"bf16"}

    monkeypatch.setattr(device, "_processor_features", features)
    assert has_fast_bf16() and has_fast_bf16() and asked == ["once"]
