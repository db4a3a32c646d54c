"""The calls that a model wrote and those that BFCL takes for right in; what is wrong with them, or nothing, out.

Written from the published description of the Berkeley Function Calling Leaderboard's AST evaluation (its first blog
post and its changelog); details that these leave open were looked up in its public checker. The data stays with its
authors (Apache-2.0); see `evals.bfcl` for where it is read from.

- *simple* and *multiple*: one call. *parallel*: as many calls as there are right ones, in any order. *irrelevance*:
  no call.
- The function's name must be the same; every required parameter must be there, and no unknown one.
- A value has the type that the description names; a whole number will do for a float, and a list for a tuple.
- A value is right when it is one of the listed ones. Texts are compared in lower case without spaces and the signs
  , . / - _ * ^, and with one kind of quotes; in lists and objects too. Lists keep their order.
- "" among the listed values says that the parameter may be left out.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

Call = tuple[str, Mapping[str, Any]]
Function = Mapping[str, Any]

CATEGORIES = ("simple", "multiple", "parallel", "irrelevance")

_TYPES: Mapping[str, type] = {
    "string": str,
    "any": str,
    "integer": int,
    "float": float,
    "number": float,
    "boolean": bool,
    "array": list,
    "tuple": list,
    "dict": dict,
    "object": dict,
}
_IGNORED = re.compile(r"[ ,./\-_*^]")


def complaint(category: str, functions: Sequence[Function], calls: Sequence[Call], gold: Sequence[Any]) -> str:
    """What is wrong with the calls; empty when they are right.

    Args:
        functions: The functions on offer, in the data set's form.
        gold: One object {name: {parameter: [right values]}} for each call that must be made.

    >>> area = {"name": "area", "parameters": {"properties": {"side": {"type": "integer"}}, "required": ["side"]}}
    >>> complaint("simple", [area], [("area", {"side": 3})], [{"area": {"side": [3]}}])
    ''
    >>> complaint("irrelevance", [area], [("area", {"side": 3})], [])
    'a call of area, and none was wanted'
    """
    if category == "irrelevance":
        return f"a call of {calls[0][0]}, and none was wanted" if calls else ""
    if len(calls) != len(gold):
        return f"{len(calls)} calls, not {len(gold)}"
    if category != "parallel":
        return _call_complaint(functions, calls[0], gold[0])
    left = list(calls)
    for wanted in gold:
        found = [_call_complaint(functions, call, wanted) for call in left]
        if "" not in found:
            return found[0] if len(found) == 1 else f"no call for {next(iter(wanted))}: {'; '.join(found)}"
        left.pop(found.index(""))
    return ""


def _call_complaint(functions: Sequence[Function], call: Call, wanted: Mapping[str, Any]) -> str:
    ((name, right),) = wanted.items()
    called, arguments = call
    if called != name:
        return f"a call of {called}, not of {name}"
    function = next((each for each in functions if each["name"] == name), None)
    parameters = (function or {}).get("parameters", {})
    missing = [each for each in parameters.get("required", ()) if each not in arguments]
    if missing:
        return f"{name}: {missing[0]} is required and missing"
    properties = parameters.get("properties", {})
    for parameter, value in arguments.items():
        if parameter not in properties or parameter not in right:
            return f"{name}: {parameter} is no parameter of the right call"
        if not _is_value_right(properties[parameter], value, right[parameter]):
            return f"{name}: {parameter} is {value!r}, not one of {right[parameter]!r}"
    left_out = [each for each, values in right.items() if each not in arguments and "" not in values]
    return f"{name}: {left_out[0]} was left out" if left_out else ""


def _is_value_right(description: Mapping[str, Any], value: Any, right: Sequence[Any]) -> bool:
    expected = _TYPES.get(description["type"], str)
    if expected is float and type(value) is int:
        value = float(value)
    listed = next((each for each in right if each != ""), None)
    if type(value) is not expected:
        # A name that stands for a value: the listed ones say what is right.
        return listed is not None and type(value) is type(listed) and value in right
    if listed is not None and type(listed) is not expected and not (expected is float and type(listed) is int):
        return value in right
    if isinstance(value, list):
        return _is_list_right(description.get("items", {}), value, right)
    if isinstance(value, dict):
        return any(_is_object_right(value, each) for each in right if isinstance(each, dict))
    return _plain(value) in [_plain(each) for each in right]


def _is_list_right(items: Mapping[str, Any], value: list[Any], right: Sequence[Any]) -> bool:
    inner = _TYPES.get(items.get("type", ""))
    for each in right:
        if not isinstance(each, list):
            continue
        if inner is dict:
            if len(value) == len(each) and all(map(_is_object_right, value, each)):
                return True
        elif _plain(value) == _plain(each) and all(_fits(one, inner) for one in value):
            return True
    return False


def _fits(value: Any, inner: type | None) -> bool:
    return inner is None or type(value) is inner or (inner is float and type(value) is int)


def _is_object_right(value: Any, right: Mapping[str, Sequence[Any]]) -> bool:
    """Whether each key has one of its listed values, and none is missing but those that may be."""
    if not isinstance(value, dict) or any(key not in right for key in value):
        return False
    if any("" not in values for key, values in right.items() if key not in value):
        return False
    return all(_plain(each) in [_plain(one) for one in right[key]] for key, each in value.items())


def _plain(value: Any) -> Any:
    """A value as it is compared.

    >>> _plain(["New York, NY", 3])
    ['newyorkny', 3]
    """
    if isinstance(value, str):
        return _IGNORED.sub("", value).lower().replace("'", '"')
    return [_plain(each) for each in value] if isinstance(value, list) else value
