import ast
import builtins
import math
import random
import re
from collections import Counter
from itertools import islice

import pytest

from train.tasks.python_code import TASKS
from train.tasks.python_functions import Problem, classics, fill, source_of
from train.traces import Asserts, Trace, is_held_out

TRACES = 300
SEED = 11
LONGEST_CHARACTERS = 1100
MEAN_CHARACTERS = 480


def drawn(task: str, seed: int = SEED, count: int = TRACES) -> list[Trace]:
    choose = random.Random(seed)
    return [TASKS[task](choose) for _ in range(count)]


def code_of(answer: str) -> str:
    blocks = re.findall(r"```python\n(.*?)\n```", answer, re.DOTALL)
    assert len(blocks) == 1
    return str(blocks[0])


def failures(code: str, asserts: tuple[str, ...]) -> list[str]:
    names: dict[str, object] = {}
    exec(code, names)
    failed = []
    for statement in asserts:
        try:
            exec(statement, names)
        except AssertionError:
            failed.append(statement)
    return failed


def variants(problem: Problem) -> list[list[str]]:
    most = max(len(parameter.names) for parameter in problem.parameters)
    return [[item.names[i % len(item.names)] for item in problem.parameters] for i in range(most)]


both = pytest.mark.parametrize("task", sorted(TASKS))


@both
def test_every_answer_passes_its_asserts(task: str) -> None:
    for trace in drawn(task):
        assert isinstance(trace.gold, Asserts)
        assert len(trace.gold.asserts) >= 3, trace.key
        assert failures(code_of(trace.answer), trace.gold.asserts) == [], trace.key


@both
def test_asserts_are_not_passed_by_a_function_that_returns_none(task: str) -> None:
    for trace in drawn(task, count=80):
        assert isinstance(trace.gold, Asserts)
        lazy = f"def {trace.gold.function}(*arguments): return None"
        names: dict[str, object] = {}
        exec(lazy, names)
        passed = []
        for statement in trace.gold.asserts:
            try:
                exec(statement, names)
                passed.append(statement)
            except (AssertionError, TypeError):
                continue
        assert len(passed) < len(trace.gold.asserts), trace.key


def test_every_classic_is_right_under_all_its_parameters_names() -> None:
    for problem in classics():
        for arguments in variants(problem):
            assert len(set(arguments)) == len(arguments), problem.stem
            code = source_of(problem, "f", arguments)
            names: dict[str, object] = {}
            exec(code, names)
            for case in problem.cases:
                value, goal = eval(f"f({case.arguments})", names), ast.literal_eval(case.expected)
                assert type(value) is type(goal), (problem.stem, case)
                assert math.isclose(value, goal) if isinstance(goal, float) else value == goal, (problem.stem, case)


def test_classics_are_many_and_each_can_be_checked_in_the_thinking() -> None:
    assert len({problem.stem for problem in classics()}) >= 150
    assert [problem.stem for problem in classics() if len(problem.walked_cases) < 2 or len(problem.cases) < 3] == []


def test_classics_use_no_parameter_that_they_do_not_have() -> None:
    for problem in classics():
        for text in (problem.body, problem.plan, *problem.slip):
            fill(text, "f", [parameter.names[0] for parameter in problem.parameters])


@both
def test_answer_defines_one_function_with_the_golds_name_and_prints_nothing(task: str) -> None:
    for trace in drawn(task):
        assert isinstance(trace.gold, Asserts)
        body = ast.parse(code_of(trace.answer)).body
        assert [node.name for node in body if isinstance(node, ast.FunctionDef)] == [trace.gold.function]
        assert "print(" not in trace.answer


@both
def test_no_function_shadows_a_builtin(task: str) -> None:
    names = [trace.gold.function for trace in drawn(task, count=1000) if isinstance(trace.gold, Asserts)]
    assert [name for name in names if hasattr(builtins, name) or not name.isidentifier()] == []


@both
def test_most_prompts_give_the_functions_name(task: str) -> None:
    asked = drawn(task)
    named = [
        trace
        for trace in asked
        if isinstance(trace.gold, Asserts) and trace.gold.function in str(trace.messages[0]["content"])
    ]
    assert len(named) / len(asked) >= 0.84


@both
def test_thinking_ends_in_a_check_and_neither_begins_nor_ends_with_a_line_break(task: str) -> None:
    for trace in drawn(task):
        assert trace.thinking_text == trace.thinking_text.strip()
        assert "Check " in trace.thinking_text
        assert not re.search(r"\$\d|\$f|@|#(inner|loop|test)", trace.thinking_text + trace.answer), trace.key


@both
def test_check_ends_in_a_value_that_the_code_really_returns(task: str) -> None:
    for trace in drawn(task):
        assert isinstance(trace.gold, Asserts)
        values = [
            re.split(r" == | is | - ", statement, maxsplit=1)[-1].removesuffix(") < 1e-6")
            for statement in trace.gold.asserts
        ]
        assert any(trace.thinking_text.endswith(f" {value}.") for value in values), trace.key


@both
def test_prompts_have_no_marks_left_and_read_cleanly(task: str) -> None:
    for trace in drawn(task):
        prompt = str(trace.messages[0]["content"])
        assert not re.search(r"[$@]\d|\{(name|do|does|call)|@|,,|,\.|\w  ", prompt), prompt


@both
def test_some_traces_have_a_slip_that_is_not_learned_and_is_repaired_after(task: str) -> None:
    asked = drawn(task, count=600)
    slips = [trace for trace in asked if any(not span.is_learned for span in trace.thinking)]
    assert 0.04 < len(slips) / len(asked) < 0.12
    assert all(trace.thinking[-1].is_learned for trace in slips)


@both
def test_same_seed_gives_the_same_traces_and_another_seed_others(task: str) -> None:
    assert drawn(task, 3, 20) == drawn(task, 3, 20)
    assert drawn(task, 3, 20) != drawn(task, 4, 20)


@both
def test_no_key_is_in_both_splits_and_about_a_tenth_is_held_out(task: str) -> None:
    keys = {trace.key for trace in drawn(task, count=1500)}
    held_out = {key for key in keys if is_held_out(key)}
    assert len(keys) > 700
    assert 0.06 < len(held_out) / len(keys) < 0.15


def test_held_out_classics_are_functions_that_training_has_under_another_name() -> None:
    stems = {True: set[str](), False: set[str]()}
    for trace in drawn("python", count=2500):
        stems[is_held_out(trace.key)].add(trace.key.split(":")[1])
    assert stems[True] <= stems[False]


def test_composed_keys_tell_apart_what_is_asked_whatever_the_name_and_wording() -> None:
    bodies: dict[str, set[str]] = {}
    for trace in drawn("python_composed", count=1500):
        lines = code_of(trace.answer).split("\n")
        last = re.sub(
            r"\b(nums|numbers|lst|values|arr|xs|words|strings|items|text|s|sentence|string|n|limit|num|x|number|a|b|y|first|second|d|data|mapping|my_dict)\b",
            "_",
            lines[-1],
        )
        bodies.setdefault(trace.key, set()).add(last)
    assert {key: found for key, found in bodies.items() if len(found) > 1} == {}


@both
def test_traces_are_short(task: str) -> None:
    sizes = [
        len(str(trace.messages[0]["content"])) + sum(len(span.text) for span in trace.completion())
        for trace in drawn(task)
    ]
    assert max(sizes) < LONGEST_CHARACTERS
    assert sum(sizes) / len(sizes) < MEAN_CHARACTERS


def test_all_forms_and_every_wording_turn_up() -> None:
    forms = Counter(trace.key.split(":")[2] for trace in islice(drawn("python", count=500), 500))
    assert set(forms) == {"named", "call", "tests", "example", "complete", "hints", "docstring", "unnamed"}
