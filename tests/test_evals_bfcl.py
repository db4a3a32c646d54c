"""Problems in BFCL's form, read from a folder and put to a scripted engine."""

import json
from pathlib import Path
from typing import Any

import pytest

from evals import bfcl
from evals.bfcl import asked, main, problems_of, published, summary
from evals.bfcl_rules import CATEGORIES
from model.errors import BadInput
from model.events import Sampling
from model.scripted import ScriptedEngine, Turn

OURS = Path(bfcl.__file__).parent / "data" / "bfcl_form"


def written(name: str, **arguments: Any) -> str:
    return f"<tool_call>\n{json.dumps({'name': name, 'arguments': arguments})}\n</tool_call>"


def test_problems_of_reads_the_leaderboard_s_form() -> None:
    problems = problems_of(OURS)
    assert [sum(each.category == name for each in problems) for name in CATEGORIES] == [10, 10, 10, 10]
    last = next(each for each in problems if each.id == "parallel_3")
    assert last.messages[0].content == "Start timers for 5, 10 and 20 minutes." and len(last.gold) == 3
    schema = bfcl.as_tool(problems[9].functions[0])["function"]["parameters"]
    assert schema["type"] == "object" and schema["properties"]["point"]["type"] == "array"


def test_problems_of_reads_the_names_of_the_fourth_version_and_a_list(tmp_path: Path) -> None:
    (tmp_path / "possible_answer").mkdir()
    for folder in ("", "possible_answer/"):
        rows = (OURS / f"{folder}BFCL_v3_simple.json").read_text("utf-8").splitlines()
        (tmp_path / f"{folder}BFCL_v4_simple_python.json").write_text(f"[{','.join(rows)}]", "utf-8")
    assert problems_of(tmp_path, ["simple"]) == problems_of(OURS, ["simple"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "has no BFCL_v"),
        ("{", "cannot be read"),
        ('{"id": "irrelevance_0", "question": [[]]}', "problem 1: KeyError"),
        ('{"id": "irrelevance_0", "question": [[]], "function": [{"name": "f"}]}', "problem 1: KeyError"),
    ],
)
def test_problems_of_says_what_is_wrong_with_a_folder(tmp_path: Path, text: str | None, words: str) -> None:
    if text is not None:
        (tmp_path / "BFCL_v3_irrelevance.json").write_text(text, "utf-8")
    with pytest.raises(BadInput, match=words):
        problems_of(tmp_path, ["irrelevance"])


TURNS = [
    Turn(
        "A timer.",
        f"{written('start_timer', minutes=5)}\n{written('start_timer', minutes=20)}\n"
        f"{written('start_timer', minutes=10)}",
        match="Start timers",
    ),
    Turn(f"I could call {written('is_prime', number=97)} here.", "Yes, 97 is prime.", match="Is 97"),
    Turn("Two.", f"{written('is_prime', number=51)}{written('is_prime', number='53')}", match="Is 51"),
    Turn("Hm.", "Cervantes.", match="Don Quixote"),
]


def test_asked_judges_the_calls_and_takes_none_from_the_thinking() -> None:
    engine = ScriptedEngine(TURNS, tokens_per_second=20_000)
    problems = {each.id: each for each in problems_of(OURS)}
    ids = ("parallel_3", "simple_8", "parallel_1", "irrelevance_0")
    rows = [asked(engine, problems[each], "low", Sampling()) for each in ids]
    engine.close()
    assert [row.complaint for row in rows[:2]] == ["", "0 calls, not 1"]
    assert "number is '53'" in rows[2].complaint and rows[3].complaint == ""
    told = summary(rows)
    assert told["categories"]["parallel"]["percent"] == 50.0 and told["mean_percent"] == 50.0


def test_published_figures_name_their_source() -> None:
    (figure,) = published()
    assert (figure["model"], figure["benchmark"], figure["value"]) == ("qwq-32b", "BFCL v3", 66.4)
    assert "Qwen3 Technical Report" in figure["source"]


def test_main_refuses_a_folder_without_the_data(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="has no BFCL_v"):
        main(["--data", str(tmp_path), "--limit", "1"])


def test_main_writes_a_summary_and_a_row_for_each_problem(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script, out = tmp_path / "script.json", tmp_path / "out.jsonl"
    script.write_text(json.dumps({"tokens_per_second": 20_000, "turns": [{"thinking": "No.", "answer": "I won't."}]}))
    assert main(["--data", str(OURS), "--scripted", str(script), "--limit", "2", "--out", str(out)]) == 0
    first, *rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert first["summary"]["model"] == "scripted" and first["summary"]["asked"]["data"] == "the folder bfcl_form"
    assert [row["complaint"] for row in rows][-4:] == ["0 calls, not 2", "0 calls, not 2", "", ""]
    assert json.loads(capsys.readouterr().out) == first["summary"]
