"""A random generator in, out a trace that asks for a simple Python function and gets it: plan, check, one code block.

"python" asks for classics (a held-out problem is a known function under another name or in another form),
"python_composed" for functions put together from parts (a held-out problem is a combination never trained on). One
prompt in eight gives no name; the gold then has the obvious one, and a judge takes the only function that the answer
defines. Floats in golds are compared within a millionth.
"""

import ast
import json
import random
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

from train.tasks.python_compositions import pipeline
from train.tasks.python_formulas import composition
from train.tasks.python_functions import Case, Problem, annotated_head, asserts_of, classic, fill, source_of
from train.traces import Asserts, Span, Trace, Writer, question

WORDINGS = Path(__file__).parent / "data" / "python_wordings.jsonl"
FORMS = {"named": 35, "call": 13, "tests": 18, "example": 7, "complete": 11, "hints": 2, "docstring": 2, "unnamed": 12}
ANY_NAMES = ("f", "solve", "func", "my_function", "solution", "my_func", "foo")

USUAL_NAME_SHARE = 0.45
ANY_NAME_SHARE = 0.08
CAMEL_CASE_SHARE = 0.04
TYPO_SHARE = 0.02
PIPELINE_SHARE = 0.7
INTRODUCED_SHARE = 0.5
# Together about 8% of the traces: only one hand-written entry in seven has a wrong plan.
PLAN_SLIP_SHARE = 0.15
VALUE_SLIP_SHARE = 0.07
TYPOS = (
    ("function", "fucntion"),
    ("function", "funciton"),
    ("Python", "Pyhton"),
    ("python", "pyton"),
    ("write", "wirte"),
)
RECOUNTS = ("Wait, again:", "No, check again:", "Wait,", "Hmm, once more:")


@cache
def _wordings() -> Mapping[str, tuple[str, ...]]:
    """The prompts of each form."""
    lines = [json.loads(line) for line in WORDINGS.read_text(encoding="utf-8").splitlines()]
    return {form: tuple(line["text"] for line in lines if line["form"] == form) for form in FORMS}


def third_person(do: str) -> str:
    """The imperative as what a function does.

    >>> third_person("take a list and return its sum"), third_person("multiply two numbers")
    ('takes a list and returns its sum', 'multiplies two numbers')
    """
    verb, rest = do.split(" ", 1)
    if re.search(r"[^aeiou]y$", verb):
        verb = f"{verb[:-1]}ies"
    else:
        verb += "es" if verb.endswith(("s", "sh", "ch", "x")) else "s"
    if verb == "takes":
        rest = rest.replace(" and return ", " and returns ", 1)
    return f"{verb} {rest}"


def _name(choose: random.Random, problem: Problem, form: str) -> str:
    """The name that the prompt gives, or that the model chooses where it gives none."""
    roll = choose.random()
    if form == "unnamed" or roll < USUAL_NAME_SHARE:
        return problem.names[0]
    if roll > 1 - ANY_NAME_SHARE:
        return choose.choice(ANY_NAMES)
    name = choose.choice(problem.names)
    if choose.random() < CAMEL_CASE_SHARE:
        first, *more = name.split("_")
        name = first + "".join(part.capitalize() for part in more)
    return name


def _arguments(choose: random.Random, problem: Problem, is_given: bool) -> list[str]:
    """The parameters' names: the usual ones unless the prompt gives them."""
    most = max(len(parameter.names) for parameter in problem.parameters)
    index = choose.randrange(most) if is_given else 0
    return [parameter.names[index % len(parameter.names)] for parameter in problem.parameters]


def _with_typing(head: str) -> str:
    """A `def` line as it was written before Python 3.9, after its import."""
    used = [name for name in ("Dict", "List", "Tuple") if f"{name.lower()}[" in head]
    for name in used:
        head = head.replace(f"{name.lower()}[", f"{name}[")
    return f"from typing import {', '.join(used)}\n\n{head}" if used else head


def _head(choose: random.Random, problem: Problem, form: str, name: str, arguments: Sequence[str]) -> str:
    """The `def` line, with the import it needs; empty for the plain one."""
    typed = annotated_head(problem, name, arguments)
    if form == "hints":
        return typed
    if form != "complete" or choose.random() < 0.35:
        return ""
    return _with_typing(typed) if choose.random() < 0.3 else typed


def _sentence(do: str) -> str:
    """An imperative as a docstring has it."""
    return f"{do[0].upper()}{do[1:]}."


def _stub(choose: random.Random, head: str, do: str, name: str, cases: Sequence[Case]) -> str:
    """A signature with a docstring, to be completed."""
    shown = cases[: choose.choice((0, 1, 1, 2))]
    if not shown:
        return f'{head}\n    """{_sentence(do)}"""'
    prompt = choose.random() < 0.7
    calls = [
        f"    >>> {name}({case.arguments})\n    {case.expected}"
        if prompt
        else f"    {name}({case.arguments}) -> {case.expected}"
        for case in shown
    ]
    return "\n".join([f'{head}\n    """{_sentence(do)}', "", *calls, '    """'])


def _prompt(
    choose: random.Random, form: str, do: str, name: str, head: str, arguments: Sequence[str], cases: Sequence[Case]
) -> str:
    """What the user writes; the first case is the one that the thinking checks."""
    arrow = choose.choice(("returns", "->", "==", "should return"))
    call = f"{name}({', '.join(arguments)})"
    prompt = choose.choice(_wordings()[form]).format(
        name=name,
        call=call,
        do=do,
        Do=_sentence(do)[:-1],
        does=third_person(do),
        tests="\n".join(f"assert {name}({c.arguments}) == {c.expected}" for c in cases[: choose.choice((1, 1, 2, 3))]),
        example=f"{name}({cases[0].arguments}) {arrow} {cases[0].expected}",
        stub=_stub(choose, head or f"def {call}:", do, name, cases),
    )
    if choose.random() < TYPO_SHARE:
        prompt = prompt.replace(*choose.choice(TYPOS), 1) if form != "complete" else prompt
    return prompt


def _wrong(expected: str) -> str:
    """A value that a hasty check could find instead; empty where none suggests itself."""
    value = ast.literal_eval(expected)
    if isinstance(value, bool):
        return str(not value)
    if isinstance(value, int | float):
        return repr(value + 1)
    return repr(value[:-1]) if isinstance(value, str | list) and len(value) > 1 else ""


def _thinking(
    choose: random.Random, problem: Problem, name: str, arguments: Sequence[str], case: Case
) -> tuple[Span, ...]:
    """Plan and check; sometimes one of them is wrong at first."""
    plan = fill(problem.plan, name, arguments)
    check = f"Check {case.arguments or 'nothing'}: {case.walk} {case.expected}."
    if problem.slip[0] and choose.random() < PLAN_SLIP_SHARE:
        wrong_plan, repair = (fill(text, name, arguments) for text in problem.slip)
        return Span(wrong_plan, is_learned=False), Span(f"{repair} {check}")
    if choose.random() < VALUE_SLIP_SHARE and (wrong := _wrong(case.expected)):
        return (
            Span(f"{plan} Check {case.arguments}: "),
            Span(f"{case.walk} {wrong}.", is_learned=False),
            Span(f" {choose.choice(RECOUNTS)} {case.walk} {case.expected}."),
        )
    return (Span(f"{plan} {check}"),)


def _trace(choose: random.Random, task: str, problem: Problem) -> Trace:
    """A problem, asked for in one of the forms."""
    form = choose.choices(list(FORMS), list(FORMS.values()))[0]
    is_given = form in ("call", "complete")
    name, arguments = _name(choose, problem, form), _arguments(choose, problem, is_given)
    case = choose.choice(problem.walked_cases)
    cases = [case, *(other for other in problem.cases if other != case)]
    head = _head(choose, problem, form, name, arguments)
    phrases = [do for do in problem.do if form not in ("complete", "docstring") or not do.startswith("take ")]
    do = choose.choice(phrases or problem.do)
    docstring = _sentence(do) if form == "docstring" else ""
    code = source_of(problem, name, arguments, head, docstring)
    introduction = f"Here is `{name}`:\n\n" if choose.random() < INTRODUCED_SHARE else ""
    asked_as = f":{form}:{name}" + (f":{','.join(arguments)}" if is_given else "")
    return Trace(
        task=task,
        key=f"{task}:{problem.stem}" + (asked_as if task == "python" else ""),
        messages=question(_prompt(choose, form, do, name, head, arguments, cases)),
        thinking=_thinking(choose, problem, name, arguments, case),
        answer=f"{introduction}```python\n{code}\n```",
        gold=Asserts(name, asserts_of(problem, name)),
    )


def write_python(choose: random.Random) -> Trace:
    """A classic."""
    return _trace(choose, "python", classic(choose))


def write_python_composed(choose: random.Random) -> Trace:
    """A function put together from parts."""
    write: Callable[[random.Random], Problem] = pipeline if choose.random() < PIPELINE_SHARE else composition
    return _trace(choose, "python_composed", write(choose))


TASKS: dict[str, Writer] = {"python": write_python, "python_composed": write_python_composed}
