"""The code of `model/` in, the sentences that it can write for a reader out, filled in with figures and names."""

import ast
from collections.abc import Iterator
from pathlib import Path

MODEL = Path(__file__).parent.parent / "model"
# Exports stay English; the command line, the environment and a test's script are no reader's; the outline holds parts of
# thoughts; what a model with tools is told is its own.
_NOT_ON_THE_PAGE = (
    *("command_line.py", "export.py", "export_steps.py", "outline_rules.py", "outline_titles.py", "scripted.py"),
    *("settings.py", "steps.py", "untrusted.py"),
)
_LOGGERS = ("log", "_log", "logging", "warnings")


def written_sentences() -> list[str]:
    """Every string of the package that is a sentence, docstrings and log lines left out."""
    found: list[str] = []
    for path in sorted(MODEL.glob("*.py")):
        if path.name not in _NOT_ON_THE_PAGE:
            found += [text for text in _strings(ast.parse(path.read_text("utf-8"))) if _is_sentence(text)]
    return found


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
