"""Every example of docs/api.md, run in order against the real app over a scripted engine."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import ROOT, RunningApp, StartApp
from tests.script_client import PATIENCE
from tests.training_folders import write_run

DOCUMENT = ROOT / "docs" / "api.md"
ADDRESS = "http://127.0.0.1:7860"


def written_call(name: str, /, **arguments: Any) -> str:
    """A call as the model writes it."""
    return f"<tool_call>\n{json.dumps({'name': name, 'arguments': arguments})}\n</tool_call>"


SCRIPT = {
    "tokens_per_second": 1000,
    "turns": [
        {"match": "long story", "thinking": "Once upon a time, part {n}.\n\n", "repeat": 4000, "answer": "The end."},
        {"match": "1,000,000 seconds", "result": "11", "thinking": "So.", "answer": "About 11.6 days."},
        {
            "match": "1,000,000 seconds",
            "thinking": "calculate fits.",
            "answer": written_call("calculate", expression="1000000 / 86400"),
        },
        {"match": "6 \\* 7 with Python", "result": "42", "thinking": "There it is.", "answer": "It printed 42."},
        {
            "match": "6 \\* 7 with Python",
            "thinking": "python fits.",
            "answer": written_call("python", code="print(6 * 7)"),
        },
        {"match": "sold in all", "result": "total", "thinking": "Done.", "answer": "27, and total.txt has the number."},
        {
            "match": "sold in all",
            "result": "June",
            "thinking": "12 + 15 = 27.",
            "answer": written_call("write_file", name="total.txt", text="27"),
        },
        {"match": "sold in all", "thinking": "I read it.", "answer": written_call("read_file", name="sales.csv")},
        {"match": "", "thinking": "17 times 23 is 391.", "answer": "It is 391."},
    ],
}


# What examples of runs with tools, and of training runs, print among other things.
PRINTS = {
    "/agent": "About 11.6 days. 1 ok",
    "/decide_call": "The call runs.\nIt printed 42.",
    "/tools": "calculate free ",
    "/run_files": "total.txt",
    "/training_runs": "first ended 20 of 20",
    "/training_run": "first step 20 0.75\nHow many are 20 and 3? open -0.2",
}


@dataclass(frozen=True)
class Example:
    """A code block; `line` is where it begins in the document."""

    language: str
    code: str
    line: int
    section: str


def examples() -> list[Example]:
    text = DOCUMENT.read_text(encoding="utf-8")
    found = []
    for block in re.finditer(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        section = re.findall(r"^## (.+)$", text[: block.start()], re.MULTILINE)
        found.append(
            Example(block[1], block[2], text.count("\n", 0, block.start()) + 2, section[-1] if section else "")
        )
    return found


@pytest.fixture(scope="module")
def app(
    start_shared_app: StartApp, shared_data_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningApp]:
    """The app over a script, with the embedded model's weights and a training run at hand."""
    folder = tmp_path_factory.mktemp("data")
    (shared_data_folder / "models").mkdir(exist_ok=True)
    (folder / "models").symlink_to(shared_data_folder / "models")
    write_run(folder)
    script = tmp_path_factory.mktemp("script") / "script.json"
    script.write_text(json.dumps(SCRIPT), encoding="utf-8")
    yield start_shared_app("--scripted", str(script), data_folder=folder)


def run_python(example: Example, address: str, names: dict[str, Any]) -> None:
    """Run a block with the names of the blocks before it; a traceback shows the document's own line."""
    patient = f'Client("{address}", httpx_kwargs={PATIENCE})'
    code = "\n" * (example.line - 1) + example.code.replace(f'Client("{ADDRESS}")', patient)
    assert ADDRESS not in code
    exec(compile(code, str(DOCUMENT), "exec"), names)


def test_the_python_examples_run_in_order(app: RunningApp, capsys: pytest.CaptureFixture[str]) -> None:
    blocks = [one for one in examples() if one.language == "python" and one.section != "/load_model"]
    names: dict[str, Any] = {}
    printed: dict[int, str] = {}
    for block in blocks:
        run_python(block, app.url, names)
        printed[block.line] = capsys.readouterr().out
    shown = list(printed.values())
    assert "17 times 23 is 391." in shown[0] and "It is 391." in shown[0]
    assert shown[1].startswith("The thinking budget is 'a lot'")
    assert "The end." in "".join(shown)
    by_section = {name: "".join(printed[one.line] for one in blocks if one.section == name) for name in PRINTS}
    assert {name: text for name, text in by_section.items() if PRINTS[name] not in text} == {}


def test_the_first_python_example_has_five_lines() -> None:
    first = next(one for one in examples() if one.language == "python")
    assert len([line for line in first.code.splitlines() if line.strip()]) <= 5


@pytest.mark.skipif(not shutil.which("curl") or not shutil.which("bash"), reason="no curl or no bash")
def test_the_curl_examples_run(app: RunningApp) -> None:
    blocks = [one for one in examples() if one.language == "sh" and "curl" in one.code]
    results = [
        subprocess.run(
            ["bash", "-euc", one.code.replace(ADDRESS, app.url)],
            capture_output=True,
            text=True,
            timeout=300,
            check=True,
        ).stdout
        for one in blocks
    ]
    assert "event: complete" in results[0] and "It is 391." in results[0]
    assert "event: error" in results[1] and "no run 'my-run'" in results[1]


def test_every_public_endpoint_of_the_app_has_a_section_with_an_example(app: RunningApp) -> None:
    endpoints = set(httpx.get(f"{app.url}/gradio_api/info", timeout=60).json()["named_endpoints"])
    headings = re.findall(r"^## (/.+)$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    assert endpoints == {name for heading in headings for name in heading.split(", ")}
    assert set(headings) == {one.section for one in examples() if one.section.startswith("/")}


@pytest.mark.model
def test_the_load_model_example_loads_the_embedded_model(app: RunningApp, capsys: pytest.CaptureFixture[str]) -> None:
    # The last of this file: from then on the app has no script.
    blocks = [one for one in examples() if one.language == "python"]
    names: dict[str, Any] = {}
    run_python(blocks[0], app.url, names)
    run_python(next(one for one in blocks if one.section == "/load_model"), app.url, names)
    # Which of the three is the processor's doing, or that of llama.cpp being installed.
    precisions = ("bf16", "fp32", "Q8_0")
    assert capsys.readouterr().out.splitlines()[-1].startswith(tuple(f"smollm2-135m {each}" for each in precisions))
