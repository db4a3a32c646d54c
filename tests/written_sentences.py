"""Our code in, the sentences that it can write for a reader out, filled in with figures and names.

Those of `model/`, and the reasons of the judges of benchmarks.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

MODEL = Path(__file__).parent.parent / "model"
# Exports stay English; the command line, the environment, logs, figures and a test's script are no reader's; the outline holds parts of
# thoughts; what a model with tools is told is its own.
_NOT_ON_THE_PAGE = (
    *(
        "command_line.py",
        "measuring.py",
        "logs.py",
        "export.py",
        "export_steps.py",
        "outline_rules.py",
        "outline_titles.py",
        "scripted.py",
    ),
    *("settings.py", "steps.py", "untrusted.py"),
)
EVALS = MODEL.parent / "evals"
# Where a judgement is made, or what is wrong with it is said in words that a function returns.
_JUDGES = (
    *sorted((EVALS / "benchmarks").glob("*.py")),
    EVALS / "judging_samples.py",
    MODEL.parent / "verify" / "instructions.py",
    MODEL.parent / "verify" / "gym_levels.py",
)
_COMPLAINING = (EVALS / "bfcl_rules.py", EVALS / "tool_tasks.py", EVALS / "benchmarks" / "programs.py")
_LOGGERS = ("log", "_log", "logging", "warnings")


def written_sentences() -> list[str]:
    """Every string of the package that is a sentence, docstrings and log lines left out."""
    found: list[str] = []
    for path in sorted(MODEL.glob("*.py")):
        if path.name not in _NOT_ON_THE_PAGE:
            found += [text for text in _strings(ast.parse(path.read_text("utf-8"))) if _is_sentence(text)]
    return found


def written_reasons() -> list[str]:
    """Every reason that a judge of a benchmark can give, as it gives it."""
    found: list[str] = []
    for path in _JUDGES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(ast.Name("Judgement" | "Followed" | "GymVerdict"), [_, reason, *_]):
                    found += _alternatives(reason)
                case ast.Call(ast.Name("Judged"), [_, _, _, reason, *_]):
                    found += _alternatives(reason)
                case ast.Assign([ast.Name("reason" | "said")], reason):
                    found += _alternatives(reason)
    for path in _COMPLAINING:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Return) and node.value is not None:
                found += _alternatives(node.value)
    return [text for text in dict.fromkeys(found) if re.search(r"[a-z] [a-z\d]", text)]


def _alternatives(node: ast.AST) -> Iterator[str]:
    """The texts that an expression can be."""
    match node:
        case ast.Constant(str()) | ast.JoinedStr():
            yield _filled(node)
        case ast.IfExp(_, first, second):
            yield from _alternatives(first)
            yield from _alternatives(second)
        case ast.BoolOp(_, values):
            for value in values:
                yield from _alternatives(value)


def _strings(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Expr(ast.Constant()) | ast.Expr(ast.JoinedStr()):
            return
        case ast.Call(ast.Attribute(ast.Name(name))) if name in _LOGGERS:
            return
        case ast.Constant(str()) | ast.JoinedStr():
            yield _filled(node)
        case _:
            for child in ast.iter_child_nodes(node):
                yield from _strings(child)


def _filled(node: ast.AST) -> str:
    match node:
        case ast.Constant():
            return str(node.value)
        case ast.JoinedStr():
            return "".join(_filled(part) for part in node.values)
        case ast.FormattedValue(ast.IfExp(_, ast.Constant(first), ast.Constant(second))):
            return str(first or second)
        case ast.FormattedValue(conversion=114):  # !r
            return "'7'"
        case _:
            return "7"


def _is_sentence(text: str) -> bool:
    return " " in text and "\n" not in text and text.endswith(".") and (text[0].isupper() or text[0] == "7")
