"""A program's source in, how what it prints comes about out: worked out, or only written down; and its constants.

A program that prints what its author had in mind shows nothing. What reaches a `print` is followed back through names,
functions and conditions: where all of it is written down and no condition chooses, nothing was worked out.
"""

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

from verify.code.parsing import parsed

# Calls that hand on what they are given.
_HANDING_ON = frozenset(
    "str int float complex bool repr format round tuple list set frozenset Fraction Decimal".split()
)
_WORKING = (ast.BinOp, ast.BoolOp, ast.Compare, ast.comprehension, ast.Await, ast.Yield, ast.YieldFrom, ast.Subscript)
_MAX_STEPS = 4_000


@dataclass(frozen=True, slots=True)
class ProgramWorth:
    """What can be read off a program without running it.

    Args:
        is_readable: Whether it is Python at all.
        works_out: Whether anything that it prints is computed, or chosen by a condition.
        constants: The literals in it as they are written, each once: numbers, texts, fractions of two numbers.
    """

    is_readable: bool
    works_out: bool = False
    constants: tuple[str, ...] = ()


def program_worth(source: str) -> ProgramWorth:
    r"""How what a program prints comes about.

    >>> program_worth("x = 42\nprint(x)").works_out, program_worth("print(sum(range(9)))").works_out
    (False, True)
    >>> program_worth("print(sum(range(9)) * 0 + 504)").constants
    ('504', '0', '9')
    """
    tree = parsed(source)
    if tree is None:
        return ProgramWorth(False)
    try:
        return ProgramWorth(True, _Slice(tree).works_out(), tuple(dict.fromkeys(_constants(tree))))
    except RecursionError:
        return ProgramWorth(False)


def _constants(tree: ast.AST) -> Iterable[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Constant(bool() | None) | ast.Constant(bytes()):
                continue
            case ast.Constant(str(text)):
                if text.strip():
                    yield text.strip()
            case ast.Constant(value):
                yield repr(value)
            case ast.UnaryOp(ast.USub(), ast.Constant(int() | float() as value)):
                yield repr(-value)
            case ast.BinOp(ast.Constant(int() as above), ast.Div(), ast.Constant(int() as below)) | ast.Call(
                ast.Name("Fraction"), [ast.Constant(int() as above), ast.Constant(int() as below)]
            ):
                yield f"{above}/{below}"
            case ast.List(parts) | ast.Tuple(parts) | ast.Set(parts) if 1 < len(parts) <= 20:
                if all(isinstance(part, ast.Constant) for part in parts):
                    yield ", ".join(ast.unparse(part) for part in parts)


@dataclass(slots=True)
class _Slice:
    """What the printed values come from."""

    tree: ast.Module
    _assigned: dict[str, list[ast.expr]] = field(default_factory=dict)
    _computed: set[str] = field(default_factory=set)
    _functions: dict[str, list[ast.expr]] = field(default_factory=dict)
    _n_conditions: int = 0

    def works_out(self) -> bool:
        """Whether anything on the way to a `print` is computed or chosen."""
        self._collect()
        printed = [
            argument
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Call) and _called(node) in ("print", "write")
            for argument in node.args
        ]
        # Which of two constants is printed is what a condition found out.
        said = {ast.dump(each) for each in printed}
        if self._n_conditions and len(said) > 1 and all(isinstance(each, ast.Constant) for each in printed):
            return True
        return self._any_worked_out(printed)

    def _collect(self) -> None:
        for node in ast.walk(self.tree):
            match node:
                case ast.Assign(targets, value):
                    for target in targets:
                        self._assign(target, value)
                case ast.AnnAssign(target, _, value) | ast.NamedExpr(target, value) if value is not None:
                    self._assign(target, value)
                case ast.AugAssign(target) | ast.For(target) | ast.comprehension(target):
                    self._computed |= _names(target)
                case ast.FunctionDef(name, arguments):
                    returned = [each.value for each in ast.walk(node) if isinstance(each, ast.Return) and each.value]
                    self._functions[name] = returned
                    self._computed |= {each.arg for each in arguments.args}
                case ast.If(test) | ast.While(test) | ast.IfExp(test) if not isinstance(test, ast.Constant):
                    self._n_conditions += 1
                # What is put into a list one after the other was found one after the other.
                case ast.Call(ast.Attribute(ast.Name(name), "append" | "add" | "extend" | "update" | "insert")):
                    self._computed.add(name)

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self._assigned.setdefault(target.id, []).append(value)
        elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
            for one, part in zip(target.elts, value.elts, strict=True):
                self._assign(one, part)
        else:
            self._computed |= _names(target)

    def _any_worked_out(self, roots: list[ast.expr]) -> bool:
        seen: set[str] = set()
        waiting: list[ast.AST] = list(roots)
        for _ in range(_MAX_STEPS):
            if not waiting:
                return False
            node = waiting.pop()
            if isinstance(node, _WORKING):
                return True
            if isinstance(node, ast.Name) and node.id not in seen:
                seen.add(node.id)
                if self._is_found(node.id):
                    return True
                waiting += self._assigned.get(node.id, [])
            elif isinstance(node, ast.Call):
                name = _called(node)
                if name in self._functions and name not in seen:
                    seen.add(name)
                    returned = self._functions[name]
                    if self._n_conditions and len({ast.dump(each) for each in returned}) > 1:
                        return True
                    waiting += returned
                elif name not in _HANDING_ON and name not in seen and node.args:
                    return True
            waiting += [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.expr_context)]
        return True

    def _is_found(self, name: str) -> bool:
        """Whether a name gets its value from work, or one of several by a condition."""
        values = {ast.dump(value) for value in self._assigned.get(name, [])}
        return name in self._computed or (len(values) > 1 and self._n_conditions > 0)


def _called(node: ast.Call) -> str:
    match node.func:
        case ast.Name(name) | ast.Attribute(_, name):
            return name
    return ""


def _names(target: ast.expr) -> set[str]:
    return {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}
