"""The files around the code agree with each other: versions, README's Space block, its links and its settings table."""

import re
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from model.catalog import CATALOG
from model.memory import GIB, fit_table
from model.settings import VERSION

ROOT = Path(__file__).resolve().parent.parent


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def requirements_in(name: str) -> list[Requirement]:
    lines = (line.split(" #")[0].split(" --hash")[0].strip() for line in text_of(name).splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith(("#", "-"))]


def space_block() -> dict[str, object]:
    block = yaml.safe_load(text_of("README.md").split("---")[1])
    assert isinstance(block, dict)
    return block


def test_space_runs_the_gradio_that_requirements_ask_for() -> None:
    gradio = next(item for item in requirements_in("requirements.txt") if item.name == "gradio")
    assert str(space_block()["sdk_version"]) in gradio.specifier


def test_pins_satisfy_the_ranges_above_them() -> None:
    pins = {
        canonicalize_name(pin.name): str(pin.specifier).removeprefix("==") for pin in requirements_in("constraints.txt")
    }
    ranges = requirements_in("requirements.txt") + requirements_in("requirements-dev.txt")
    assert [
        str(item)
        for item in ranges
        if (name := canonicalize_name(item.name)) in pins and pins[name] not in item.specifier
    ] == []
    assert {item.name for item in ranges if canonicalize_name(item.name) not in pins} == {"torch", "ruff"}


def test_pins_leave_torch_and_cuda_to_the_machine() -> None:
    names = [pin.name for pin in requirements_in("constraints.txt")]
    assert [name for name in names if re.match(r"torch|triton|nvidia|cuda", name)] == []


@pytest.mark.parametrize("version", ["2.8.0", "2.9.1", "2.10.0", "2.11.0", "2.13.0"])
def test_torch_range_leaves_zero_gpu_its_own(version: str) -> None:
    torch = next(item for item in requirements_in("requirements.txt") if item.name == "torch")
    assert version in torch.specifier


def test_version_is_the_same_in_the_code() -> None:
    assert f'\nversion = "{VERSION}"\n' in (ROOT / "pyproject.toml").read_text("utf-8")


def test_one_ruff_for_make_and_commits() -> None:
    ruff = next(item for item in requirements_in("requirements-dev.txt") if item.name == "ruff")
    hooks = yaml.safe_load(text_of(".pre-commit-config.yaml"))["repos"][0]["hooks"]
    assert {f"ruff{ruff.specifier}"} == {pin for hook in hooks for pin in hook["additional_dependencies"]}


def test_readme_explains_every_environment_variable_of_ours() -> None:
    sources = [
        ROOT / "app.py",
        *(path for folder in ("model", "ui", "evals", "scripts", "tests") for path in (ROOT / folder).rglob("*.py")),
    ]
    read = {name for path in sources for name in re.findall(r"WORKINGS_[A-Z_]*[A-Z]", path.read_text(encoding="utf-8"))}
    explained = set(re.findall(r"`(WORKINGS_[A-Z_]+)`", text_of("README.md")))
    assert read == explained


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_between_files_lead_somewhere(name: str) -> None:
    links = re.findall(r"(?<!!)\[[^]]*\]\(([^)#]+)[^)]*\)", text_of(name))
    assert [link for link in links if "://" not in link and not (ROOT / link).exists()] == []


def test_readme_gives_the_memory_that_the_model_panel_gives() -> None:
    rows: dict[str, list[str]] = {}
    for row in fit_table(0, [spec for spec in CATALOG.values() if spec.name != "smollm2-135m"]):
        cells = rows.setdefault(row.model, [f"{size / GIB:.1f}" for size in row.kv_bytes])
        cells.insert(0, f"{row.weight_bytes / GIB:.1f}")  # fit_table has the largest first, README the smallest
    table = [f"| `{model}` | {' | '.join(cells)} |" for model, cells in rows.items()]
    assert [line for line in table if line not in text_of("README.md")] == []


def test_the_start_without_torch_installs_the_rest_and_llama_cpp() -> None:
    whole = {str(item) for item in requirements_in("requirements.txt")}
    light = {str(item) for item in requirements_in("requirements-cpu.txt")}
    assert {str(Requirement(item).name) for item in whole - light} == {"torch", "accelerate", "bitsandbytes"}
    assert {str(Requirement(item).name) for item in light - whole} == {"xllamacpp"}
