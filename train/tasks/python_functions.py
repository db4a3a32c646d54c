"""Hand-written classics in (`data/python_classics.jsonl`), out `Problem`: a Python function, its body, plan and cases.

One line of the file is one function. In `body`, `plan` and `slip`, `$0` is the first parameter, `$1` the second, `$f`
the function. A case is the arguments and the expected value, both as Python writes them, and for some the words that
lead from one to the other ("e, o:" before 2). Expected values are written by hand; the tests run the bodies on them.
"""

import json
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

CLASSICS = Path(__file__).parent / "data" / "python_classics.jsonl"


@dataclass(frozen=True, slots=True)
class Case:
    """One call: `arguments` and `expected` are Python source; `walk` leads to the value and may be empty."""

    arguments: str
    expected: str
    walk: str = ""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the function: the names it may get, the usual one first, and its annotation."""

    names: tuple[str, ...]
    type: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A function to ask for.

    Attributes:
        stem: What is asked, whatever the wording and the names.
        names: For the function, the obvious one first.
        do: Imperatives that say what it does ("return the sum of two numbers"); the first word is the verb.
        returns: Annotation of the value.
        body: Lines under `def`, not indented, with `$0`, `$1`, `$f` for the names.
        plan: One or two sentences, with the same marks.
        slip: A wrong plan, and the sentence that notices and repairs it; empty strings where there is none.
    """

    stem: str
    names: tuple[str, ...]
    do: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    returns: str
    body: str
    plan: str
    cases: tuple[Case, ...]
    slip: tuple[str, str] = ("", "")

    @property
    def walked_cases(self) -> tuple[Case, ...]:
        """The cases that a thinking can check."""
        return tuple(case for case in self.cases if case.walk)


def fill(template: str, function: str, arguments: Sequence[str]) -> str:
    """Put names for `$f`, `$0`, `$1`, ...

    >>> fill("return $0 * $f($0 - 1)", "fact", ["n"])
    'return n * fact(n - 1)'
    """
    return re.sub(r"\$(f|\d)", lambda mark: function if mark[1] == "f" else arguments[int(mark[1])], template)


def source_of(problem: Problem, name: str, arguments: Sequence[str], head: str = "", docstring: str = "") -> str:
    """The function as a model should write it: imports, `def`, body; neither docstring nor annotations unless given.

    Args:
        head: The `def` line, with annotations; empty for the plain one.
        docstring: Text between the quotes; empty for none.
    """
    lines = fill(problem.body, name, arguments).split("\n")
    if docstring:
        lines.insert(0, f'"""{docstring}"""')
    imports = "import math\n\n" if "math." in problem.body else ""
    return imports + "\n".join([head or f"def {name}({', '.join(arguments)}):", *(f"    {line}" for line in lines)])


def annotated_head(problem: Problem, name: str, arguments: Sequence[str]) -> str:
    """The `def` line with the types."""
    typed = [f"{name}: {parameter.type}" for name, parameter in zip(arguments, problem.parameters, strict=True)]
    return f"def {name}({', '.join(typed)}) -> {problem.returns}:"


def asserts_of(problem: Problem, name: str) -> tuple[str, ...]:
    """Statements that pass when the function `name` is right; floats are compared within a millionth."""
    statements = []
    for case in problem.cases:
        call = f"{name}({case.arguments})"
        if re.fullmatch(r"-?\d+\.\d+", case.expected):
            statements.append(f"assert abs({call} - {case.expected}) < 1e-6")
        else:
            statements.append(f"assert {call} {'is' if case.expected == 'None' else '=='} {case.expected}")
    return tuple(statements)


def _problem(entry: Mapping[str, Any]) -> Problem:
    """One line of the file."""
    slip = entry.get("slip", ("", ""))
    return Problem(
        stem=entry["names"][0],
        names=tuple(entry["names"]),
        do=tuple(entry["do"]),
        parameters=tuple(Parameter(tuple(item["names"]), item["type"]) for item in entry["args"]),
        returns=entry["returns"],
        body=entry["body"],
        plan=entry["plan"],
        cases=tuple(Case(*case) for case in entry["cases"]),
        slip=(slip[0], slip[1]),
    )


@cache
def classics() -> tuple[Problem, ...]:
    """Every hand-written function."""
    lines = CLASSICS.read_text(encoding="utf-8").splitlines()
    return tuple(_problem(json.loads(line)) for line in lines)


def classic(choose: random.Random) -> Problem:
    """One of them."""
    return choose.choice(classics())
