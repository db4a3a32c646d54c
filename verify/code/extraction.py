"""A model's answer in, the program that it holds out.

Of several blocks it is the last one that is a whole program and defines what is asked for, not an example of its use
and not the output of one. Blocks that need each other are put together. Without any fence it is the longest run of
lines that is code. Only answers are read, never the thinking.
"""

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass

from model.code_events import Program
from verify.code.blocks import Block, blocks_of, without_thinking
from verify.code.parsing import defined_names, missing_names, parsed
from verify.code.prelude import PRELUDE

_BEGINNING = re.compile(
    r"(?:from\s+[\w.]+\s+import\b|import\s+\w|(?:async\s+)?def\s+\w+\s*\(|class\s+\w+|@\w|if\s+__name__)"
)
_ANY_CODE = re.compile(
    r"[ \t]*(?:[A-Za-z_][\w., \t\[\]]*\s*[-+*/|&]?=[^=]|print\s*\(|for\s.+:|while\s.+:|if\s.+:|with\s.+:|try:|#)"
)
_READS = re.compile(r"\binput\s*\(|\bstdin\b|\bopen\s*\(\s*0|\bfileinput\b")
# What is tried to find code among prose.
_MAX_PARSED_CHARACTERS = 4_000_000
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A block that may be the program, or several together."""

    source: str
    tree: ast.Module | None
    words: str
    at: tuple[int, ...]
    is_python: bool

    def worth(self, entry_point: str) -> tuple[bool, bool, bool, bool, bool, int]:
        """What makes one the program rather than another: the larger is."""
        has_tree = self.tree is not None
        defines = has_tree and (
            _defines(self.tree, entry_point) if entry_point else _is_program(self.source, self.tree)
        )
        return (
            bool(defines) and not _is_stub(self.tree, entry_point),
            has_tree and not _is_usage(self.tree),
            has_tree and not _lacks(self.tree),
            has_tree,
            self.is_python,
            self.at[-1],
        )


def extract_program(answer: str, entry_point: str = "") -> Program:
    r"""The program of an answer; none, with the reason in `words`, where there is no code.

    Args:
        entry_point: The function that is asked for; empty for a program that reads its input.

    >>> extract_program("It is:\n```python\ndef f(): return 1\n```\nUse it:\n```\nprint(f())\n```", "f").source
    'def f(): return 1\n'
    """
    answer = without_thinking(answer.replace("\r\n", "\n")).removeprefix("\ufeff")
    entry_point = entry_point.rpartition(".")[2]
    blocks = blocks_of(answer)
    kept = [(at, block) for at, block in enumerate(blocks) if block.may_be_python] or list(enumerate(blocks))
    candidates = [_candidate(block, at, len(blocks)) for at, block in kept if block.source.strip()]
    if not candidates or not any(candidate.tree for candidate in candidates):
        loose = _loose_code(answer)
        candidates = [loose] if loose else candidates
    if not candidates:
        return Program("", _none(answer))
    best = max(candidates, key=lambda candidate: candidate.worth(entry_point))
    best = _completed(best, candidates, len(blocks), entry_point)
    return Program(best.source, best.words + _remark(best, entry_point))


def _candidate(block: Block, at: int, count: int) -> _Candidate:
    source, tree = block.source, parsed(block.source)
    if tree is None and re.match(r"\s*>>> ", source):
        source = "".join(line[4:] + "\n" for line in source.splitlines() if line[:4] in (">>> ", "... "))
        tree = parsed(source)
    if tree is None and not block.is_closed:
        source, tree = _without_end(source)
    words = _which((at,), count) + ("" if block.is_closed else ", which was not closed")
    return _Candidate(source, tree, words, (at,), block.may_be_python and (bool(block.language) or tree is not None))


def _without_end(source: str) -> tuple[str, ast.Module | None]:
    """What is whole of a block that runs into prose; all of it if nothing is."""
    lines = source.split("\n")
    for end in range(len(lines) - 1, max(0, len(lines) - 60), -1):
        if not lines[end - 1].strip():
            tree = parsed("\n".join(lines[:end]))
            if tree is not None and tree.body:
                return "\n".join(lines[:end]).rstrip() + "\n", tree
    return source, None


def _completed(best: _Candidate, candidates: Sequence[_Candidate], count: int, entry_point: str) -> _Candidate:
    """With the other blocks that it needs put before it."""
    if best.tree is None:
        joined = "\n".join(candidate.source for candidate in candidates)
        tree = parsed(joined)
        at = tuple(candidate.at[0] for candidate in candidates)
        return _Candidate(joined, tree, _which(at, count), at, True) if tree and len(at) > 1 else best
    lacking, parts = missing_names(best.tree) - set(PRELUDE), [best]
    others = [
        other for other in candidates if other.tree is not None and other is not best and not _is_usage(other.tree)
    ]
    for other in sorted(others, key=lambda other: (other.at[-1] < best.at[-1], other.at), reverse=True):
        assert other.tree is not None
        if lacking & defined_names(other.tree):
            parts.append(other)
            lacking = (lacking - defined_names(other.tree)) | (missing_names(other.tree) - set(PRELUDE))
    if len(parts) == 1:
        return best
    # What is needed by the program stands before it, also where the answer has it behind.
    parts.sort(key=lambda part: (part is best, part.at))
    source = "\n\n".join(part.source for part in parts)
    at = tuple(sorted(part.at[0] for part in parts))
    return _Candidate(source, parsed(source), _which(at, count), at, True)


def _defines(tree: ast.Module | None, name: str) -> bool:
    """Whether a module has the function, or a class of it has; one that imports it has not."""
    if tree is None:
        return False
    classes = [part for part in tree.body if isinstance(part, ast.ClassDef)]
    methods = {part.name for held in classes for part in held.body if isinstance(part, ast.FunctionDef)}
    own = [part for part in tree.body if not isinstance(part, ast.Import | ast.ImportFrom)]
    return name in defined_names(ast.Module(own, [])) | methods


def _is_program(source: str, tree: ast.Module | None) -> bool:
    """Whether it reads an input and prints, as a whole program does that is to be run on its own."""
    return tree is not None and bool(_READS.search(source)) and ("print" in source or "stdout" in source)


def _is_usage(tree: ast.Module | None) -> bool:
    """Whether it only shows the use of something: it defines nothing and lacks what it calls."""
    if tree is None:
        return False
    has_definition = any(isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) for part in tree.body)
    return not has_definition and (_lacks(tree) or not tree.body or all(map(_is_bare, tree.body)))


def _is_bare(part: ast.stmt) -> bool:
    """A statement that computes nothing: an expected output reads like that too."""
    return isinstance(part, ast.Expr) and isinstance(
        part.value, ast.Constant | ast.List | ast.Tuple | ast.Dict | ast.Name
    )


def _lacks(tree: ast.Module | None) -> bool:
    return tree is not None and bool(missing_names(tree) - set(PRELUDE))


def _is_stub(tree: ast.Module | None, name: str) -> bool:
    """Whether the function is only announced: its body is a text, `pass` or `...`."""
    if tree is None or not name:
        return False
    bodies = [node.body for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == name]
    return bool(bodies) and all(
        all(
            isinstance(part, ast.Pass) or (isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant))
            for part in body
        )
        for body in bodies
    )


def _loose_code(answer: str) -> _Candidate | None:
    """The longest run of lines that is code, in an answer without a fence."""
    lines = answer.replace("\u00a0", " ").split("\n")
    whole = parsed(answer)
    if whole is not None and _is_code(whole):
        return _Candidate(answer.strip("\n") + "\n", whole, "the whole answer", (0,), True)
    starts = [at for at, line in enumerate(lines) if _BEGINNING.match(line)]
    starts = starts or [at for at, line in enumerate(lines) if _ANY_CODE.match(line)]
    best: tuple[int, int, ast.Module] | None = None
    parsed_characters = 0
    for start in starts[:40]:
        if best and start < best[1]:
            continue
        for end in _ends(lines, start):
            parsed_characters += sum(map(len, lines[start:end]))
            if parsed_characters > _MAX_PARSED_CHARACTERS:
                break
            tree = parsed("\n".join(lines[start:end]))
            if tree is not None and _is_code(tree):
                best = (start, end, tree) if best is None or end - start > best[1] - best[0] else best
                break
    if best is None:
        return None
    start, end, tree = best
    while not lines[end - 1].strip():
        end -= 1
    source = "\n".join(lines[start:end]).strip("\n") + "\n"
    return _Candidate(
        source, tree, f"lines {start + 1} to {end} of the answer, which are code without a fence", (0,), True
    )


def _ends(lines: Sequence[str], start: int) -> list[int]:
    """Where a run of code may end, the last first: before an empty line or one that begins at the margin."""
    places = [at for at in range(start + 1, len(lines)) if not lines[at].strip() or not lines[at][:1].isspace()]
    return [len(lines), *reversed(places[:400])]


def _is_code(tree: ast.Module) -> bool:
    """Prose of one word is Python too."""
    return any(not isinstance(part, ast.Expr) or isinstance(part.value, ast.Call) for part in tree.body)


def _which(at: tuple[int, ...], count: int) -> str:
    if count == 1:
        return "the only block of code"
    if len(at) > 1:
        return f"blocks {', '.join(str(number + 1) for number in at[:-1])} and {at[-1] + 1} of {count} together"
    if at[0] == count - 1:
        return f"the last of {count} blocks of code"
    ordinal = _ORDINALS[at[0]] if at[0] < len(_ORDINALS) else f"{at[0] + 1}th"
    return f"the {ordinal} of {count} blocks of code"


def _remark(best: _Candidate, entry_point: str) -> str:
    if best.tree is None:
        return ", which is no Python that can be compiled"
    remark = f", which does not define {entry_point}" if entry_point and not _defines(best.tree, entry_point) else ""
    lent = sorted(missing_names(best.tree) & set(PRELUDE))
    return remark + (f"; it does not import {', '.join(lent)}, as the reference judges do for it" if lent else "")


def _none(answer: str) -> str:
    if not answer.strip():
        return "There is no answer yet, so there is no code: the thinking was not finished, or the answer is empty."
    return "The answer has no code. Ask for the whole program in one ```python block."
