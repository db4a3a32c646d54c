"""Data sets and files as sources: their columns, their levels, and rows that cannot be read."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from evals.benchmarks.sources import SAMPLES
from model.errors import BadInput
from model.families import SMOLLM2
from train.outcomes import Verifiers
from train.problem_sets import SetSource, open_set
from train.problems import OpenEnded, TestsGold
from train.traces import Value, is_held_out


def folder_with(tmp_path: Path, name: str, rows: list[dict[str, Any]]) -> Path:
    (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    return tmp_path


def test_gsm8k_of_a_folder_has_whole_numbers_as_golds():
    problems = open_set("gsm8k", SMOLLM2, SAMPLES)
    golds = [problem.gold for problem in problems]
    assert len(problems) == 100 and all(isinstance(gold, Value) and gold.text.lstrip("-").isdigit() for gold in golds)


def test_math_has_the_boxed_answer_of_its_solution_and_the_levels_of_the_data(tmp_path: Path):
    rows = [
        {"problem": f"Halve {n}.", "solution": f"It is $\\boxed{{\\frac{{{n}}}{{2}}}}$.", "level": f"Level {1 + n % 3}"}
        for n in range(60)
    ]
    problems = open_set("math", SMOLLM2, folder_with(tmp_path, "math", rows))
    assert problems[3].gold == Value("\\frac{3}{2}") and {problem.level for problem in problems} == {0, 1, 2}
    assert SetSource("math", problems).levels == 3


def test_a_reference_program_of_mbpp_is_correct_by_the_tests_of_its_row(tmp_path: Path):
    rows = [json.loads(line) for line in (SAMPLES / "mbpp_test.jsonl").read_text("utf-8").splitlines()[:3]]
    problems = open_set("mbpp", SMOLLM2, folder_with(tmp_path, "mbpp", rows))
    with Verifiers() as verifiers:
        for row, problem in zip(rows, problems, strict=True):
            assert isinstance(problem.gold, TestsGold) and row["test_list"][0] in problem.question
            outcome = verifiers.judge(problem, f"Let me see.\n</think>\n\n```python\n{row['code']}\n```")
            assert outcome.result == "correct" or outcome.reason.startswith("not run"), outcome.reason


def test_open_prompts_have_no_gold(tmp_path: Path):
    folder_with(tmp_path, "prompts", [{"prompt": "Write a line about rain."}])
    (problem,) = open_set("open:prompts.jsonl", SMOLLM2, tmp_path)
    assert isinstance(problem.gold, OpenEnded) and problem.question == "Write a line about rain."


def test_a_row_that_cannot_be_read_is_named_by_its_number(tmp_path: Path):
    folder_with(tmp_path, "gsm8k", [{"question": "1 + 1?", "answer": "#### 2"}, {"question": "2 + 2?"}])
    with pytest.raises(BadInput, match="Row 2 of 'gsm8k'"):
        open_set("gsm8k", SMOLLM2, tmp_path)
    (tmp_path / "bad.jsonl").write_text('{"problem": "a", "gold": "b"}\nno json\n', "utf-8")
    with pytest.raises(BadInput, match=r"Line 2 of 'bad.jsonl'"):
        open_set("file:bad.jsonl", SMOLLM2, tmp_path)


def test_draws_of_a_split_have_only_its_problems(tmp_path: Path):
    rows = [{"problem": f"What is {n} + 1?", "gold": str(n + 1)} for n in range(200)]
    problems = open_set("file:some.jsonl", SMOLLM2, folder_with(tmp_path, "some", rows))
    source = SetSource("file:some.jsonl", problems)
    choose = random.Random(1)
    assert all(is_held_out(drawn.key) for _ in range(50) if (drawn := source.draw(choose, 0, "held_out")))
    assert not any(is_held_out(drawn.key) for _ in range(50) if (drawn := source.draw(choose, 0, "train")))


def test_an_empty_file_is_refused(tmp_path: Path):
    (tmp_path / "none.jsonl").write_text("\n", "utf-8")
    with pytest.raises(BadInput, match="has no problems"):
        SetSource("file:none.jsonl", open_set("file:none.jsonl", SMOLLM2, tmp_path))


def test_levels_of_a_file_count_from_the_easiest_whatever_they_are_called(tmp_path: Path):
    rows = [{"problem": f"Double {n}.", "gold": str(2 * n), "level": 3 + n % 2} for n in range(60)]
    (tmp_path / "mine.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    source = SetSource("file:mine.jsonl", open_set("file:mine.jsonl", SMOLLM2, tmp_path))
    drawn = [source.draw(random.Random(level), level, "train") for level in range(source.levels)]
    assert [problem.level for problem in drawn if problem] == [0, 1]
    assert [int(problem.messages[0]["content"].split()[1].split(".")[0]) % 2 for problem in drawn if problem] == [0, 1]


def test_a_row_may_hold_any_line_separator_of_unicode(tmp_path: Path):
    row = json.dumps({"problem": "Double 2\u2028and box it.", "gold": "4"}, ensure_ascii=False)
    (tmp_path / "mine.jsonl").write_text(row + "\r\n\n", "utf-8", newline="")
    assert len(open_set("file:mine.jsonl", SMOLLM2, tmp_path)) == 1
