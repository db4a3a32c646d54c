"""A row of a data set of programming problems in, the tests that it holds out: LiveCodeBench, APPS, HumanEval, MBPP."""

import ast
import base64
import json
import pickletools
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from model.errors import BadInput
from verify.code.inputs import pairs_of_json
from verify.code.parsing import parsed
from verify.sandbox.cases import Call, Case, InputCase

_MAX_UNPACKED_BYTES = 256 << 20


def cases_of_row(row: Mapping[str, Any]) -> list[Case] | None:
    """The cases of a LiveCodeBench or APPS row; None if it is something else.

    Raises:
        BadInput: If its tests cannot be read.
    """
    if "public_test_cases" in row:
        held = _unpacked(row["public_test_cases"]) + _unpacked(row.get("private_test_cases") or "[]")
        name = str(_object(row.get("metadata") or {}).get("func_name") or "")
        return cases_of_tests(held, name)
    told = _object(row["input_output"]) if "input_output" in row else row
    if "inputs" in told and "outputs" in told:
        name = str(told.get("fn_name") or "")
        if not name:
            return [InputCase(*pair) for pair in pairs_of_json(dict(told))]
        pairs = zip(told["inputs"], told["outputs"], strict=True)
        return [_functional(number, name, given, wanted) for number, (given, wanted) in enumerate(pairs, 1)]
    return None


def is_functional(told: Any) -> bool:
    """Whether a list holds LiveCodeBench's tests of a function."""
    return isinstance(told, list) and any(isinstance(row, dict) and row.get("testtype") == "functional" for row in told)


def cases_of_tests(held: Sequence[Any], name: str) -> list[Case]:
    """The cases of LiveCodeBench's `public_test_cases`.

    Args:
        name: The function, where one is tested: `func_name` of the row's metadata.

    Raises:
        BadInput: If it is needed and missing, or a test cannot be read.
    """
    cases: list[Case] = []
    for number, test in enumerate(held, 1):
        if not isinstance(test, dict) or "input" not in test or "output" not in test:
            raise BadInput(f"Test {number} has no input and output: {test!r:.200}")
        if test.get("testtype") == "functional" or (name and test.get("testtype") != "stdin"):
            if not name:
                raise BadInput("These tests call a function. Give its name as the entry point.")
            cases.append(_functional(number, name, test["input"], test["output"]))
        else:
            cases.append(InputCase(*pairs_of_json([test])[0]))
    return cases


def _functional(number: int, name: str, given: Any, wanted: Any) -> Call:
    """A call of a function: in text, each line is one argument in JSON; else arguments and result are there already."""
    try:
        if isinstance(given, str):
            args = [json.loads(line) for line in given.split("\n") if line.strip()]
        else:
            args = list(given)
        if isinstance(wanted, str) and isinstance(given, str):
            expected = json.loads(wanted)
        else:
            expected = wanted[0] if isinstance(wanted, list) and len(wanted) == 1 else wanted
    except (ValueError, TypeError, RecursionError) as error:
        raise BadInput(f"Test {number}: an argument or the result is no JSON: {error}") from error
    return Call(name, args, expected=expected, comparison="worth")


def _unpacked(tests: Any) -> list[Any]:
    """A list that may stand in a text: as JSON, or packed as LiveCodeBench packs its private tests.

    Raises:
        BadInput: If it is neither.
    """
    try:
        told = json.loads(tests) if isinstance(tests, str) else tests
    except ValueError:
        told = _without_packing(tests)
    if not isinstance(told, list):
        raise BadInput(f"A list of tests was expected, and this was found: {told!r:.100}")
    return told


def _without_packing(packed: str) -> Any:
    """JSON in a text, pickled, compressed, in base64. Nothing of the pickle is run: the one text is picked out."""
    try:
        unpacking = zlib.decompressobj()
        pickled = unpacking.decompress(base64.b64decode(packed, validate=True), _MAX_UNPACKED_BYTES)
        if unpacking.unconsumed_tail:
            raise BadInput(f"The private tests are larger than {_MAX_UNPACKED_BYTES >> 20} MiB.")
        texts = [held for _, held, _ in pickletools.genops(pickled) if isinstance(held, str)]
        return json.loads(texts[0])
    except (ValueError, IndexError, TypeError, zlib.error) as error:
        raise BadInput("private_test_cases are neither JSON nor packed as LiveCodeBench packs them.") from error


def _object(told: Any) -> Mapping[str, Any]:
    try:
        told = json.loads(told) if isinstance(told, str) else told
    except ValueError as error:
        raise BadInput(f"This is no JSON: {told!r:.100}") from error
    return told if isinstance(told, dict) else {}


def asserts_of_row(row: Mapping[str, Any]) -> str | None:
    """The asserts of an MBPP row as source, with its imports before them; None if it is something else."""
    tests = row.get("test_list")
    if not isinstance(tests, list) or not all(isinstance(test, str) for test in tests):
        return None
    imports = row.get("test_imports") or row.get("test_setup_code") or []
    return "\n".join([*([imports] if isinstance(imports, str) else imports), *tests])


def check_of_row(row: Mapping[str, Any]) -> tuple[str, str] | None:
    """The `check` of a HumanEval row as source, and its entry point; None if it is something else.

    Some checks call functions that only the prompt defines, so these stand before it.
    """
    test, entry_point = row.get("test"), row.get("entry_point")
    if not isinstance(test, str) or not isinstance(entry_point, str):
        return None
    prompt = row.get("prompt")
    tree = parsed(f"{prompt}\n    pass\n") if isinstance(prompt, str) else None
    helpers = [
        ast.unparse(part)
        for part in (tree.body if tree else [])
        if not (isinstance(part, ast.FunctionDef) and part.name == entry_point)
    ]
    has_helpers = any(helper.startswith(("def ", "class ")) for helper in helpers)
    return "\n".join([*helpers, test] if has_helpers else [test]), entry_point
