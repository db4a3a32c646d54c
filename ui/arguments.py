"""What a script sends in (any JSON value), checked values out; errors say what was found and what to give instead."""

from typing import Any

from model.attachments import read_attachment
from model.catalog import find_model
from model.errors import BadInput, UnknownModel
from model.events import Attachment, Message, Role

_ROLES: tuple[Role, ...] = ("system", "user", "assistant")
_SHOWN_CHARACTERS = 60


def shown(value: object) -> str:
    """A value as an error message quotes it: its type and the beginning of its text.

    >>> shown(["a"])
    "a list, ['a']"
    """
    kind = {"NoneType": "null", "str": "a string", "int": "a number", "float": "a number", "dict": "an object"}
    text = repr(value)
    cut = text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "..."
    name = type(value).__name__
    return "null" if value is None else f"{kind.get(name, f'a {name}')}, {cut}"


def check_text(value: object, name: str) -> str:
    """`value` if it is a string that can be stored.

    Raises:
        BadInput: If it is no string, or holds half of a surrogate pair.
    """
    if not isinstance(value, str):
        raise BadInput(f"{name} is {shown(value)}; give a string.")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise BadInput(
            f"{name} holds {value[error.start]!r} at character {error.start}, which is half of a surrogate pair and no "
            "character. Remove it, or send the text as UTF-8."
        ) from error
    return value


def check_whole_number(value: object, name: str, low: int, high: int) -> int:
    """`value` as an int.

    Raises:
        BadInput: If it is no whole number, or not from `low` to `high`.

    >>> check_whole_number(3.0, "limit", 1, 200)
    3
    """
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if isinstance(value, float) and value.is_integer():
        is_whole = True
    if not is_whole or not low <= int(value) <= high:  # type: ignore[call-overload]
        raise BadInput(f"{name} is {shown(value)}; give a whole number from {low:,} to {high:,}.")
    return int(value)  # type: ignore[call-overload, no-any-return]


def attachments_from_list(value: object) -> tuple[Attachment, ...]:
    """The files of a list of `{"name": ..., "text": ...}`; None is none.

    Raises:
        BadInput: If it is anything else; the message names the index.

    >>> attachments_from_list([{"name": "a.csv", "text": "1,2"}])
    (Attachment(name='a.csv', text='1,2'),)
    """
    if value is None:
        return ()
    if not isinstance(value, list):
        raise BadInput(
            f"attachments is {shown(value)}; give a list of objects such as {{'name': 'a.csv', 'text': '1,2'}}."
        )
    found: list[Attachment] = []
    for at, one in enumerate(value):
        if not isinstance(one, dict) or not {"name", "text"} <= one.keys():
            raise BadInput(f"attachments[{at}] is {shown(one)}; give an object with a name and a text.")
        name, text = (check_text(one[key], f"attachments[{at}].{key}") for key in ("name", "text"))
        found.append(read_attachment(name, text.encode()))
    return tuple(found)


def history_from_list(value: object) -> tuple[str, tuple[Message, ...]]:
    """The system text and the turns of an OpenAI-style list of messages.

    Args:
        value: None, or a list of `{"role": "system"|"user"|"assistant", "content": ...}`. The content is a string, or a
            list of `{"type": "text", "text": ...}`; an assistant's message may bring its `thinking`. Other keys are
            ignored. A system message can only be the first.

    Raises:
        BadInput: If it is anything else; the message names the index.

    >>> history_from_list([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}])
    ('Be brief.', (Message(role='user', content='Hi', thinking='', tool_calls=()),))
    """
    if value is None:
        return "", ()
    if not isinstance(value, list):
        raise BadInput(
            f"history is {shown(value)}; give a list of objects such as "
            "{'role': 'user', 'content': 'Hello'}, oldest first."
        )
    messages = [_message_from_json(each, f"history[{index}]") for index, each in enumerate(value)]
    for index, message in enumerate(messages[1:], 1):
        if message.role == "system":
            raise BadInput(f"history[{index}] is a system message; only history[0] can be one.")
    if messages and messages[0].role == "system":
        return messages[0].content, tuple(messages[1:])
    return "", tuple(messages)


def _message_from_json(value: object, where: str) -> Message:
    if not isinstance(value, dict):
        raise BadInput(f"{where} is {shown(value)}; give an object with 'role' and 'content'.")
    for key in ("role", "content"):
        if key not in value:
            raise BadInput(f"{where} has no {key!r}; give an object with 'role' and 'content'.")
    role = value["role"]
    if role not in _ROLES:
        raise BadInput(f"{where}['role'] is {shown(role)}; the roles are {', '.join(_ROLES)}.")
    thinking = value.get("thinking") if role == "assistant" else None
    return Message(
        role,
        _content_from_json(value["content"], f"{where}['content']"),
        check_text("" if thinking is None else thinking, f"{where}['thinking']"),
    )


def _content_from_json(value: object, where: str) -> str:
    if not isinstance(value, list):
        return check_text(value, where)
    texts = []
    for index, part in enumerate(value):
        if not isinstance(part, dict) or part.get("type") != "text":
            raise BadInput(
                f"{where}[{index}] is {shown(part)}; the models here read text only: "
                "give objects such as {'type': 'text', 'text': 'Hello'}."
            )
        texts.append(check_text(part.get("text"), f"{where}[{index}]['text']"))
    return "".join(texts)


def names_of(model: str) -> set[str]:
    """Everything that a model answers to, in lower case: its catalog name, hub id and title."""
    try:
        spec = find_model(model)
    except UnknownModel:
        return {model.casefold()}
    return {name.casefold() for name in (model, spec.name, spec.hub_id, spec.title) if name}


def check_model(value: object, loaded: str) -> None:
    """Nothing, if `value` is None or means the model that is loaded.

    Args:
        value: A catalog name, hub id or title, in upper or lower case.
        loaded: Name of the model that is loaded or being loaded; empty when there is none.

    Raises:
        BadInput: If it is another model.

    >>> check_model("QWEN/qwq-32b", loaded="qwq-32b")
    """
    if value is None:
        return
    wanted = check_text(value, "model").strip()
    if not wanted or wanted.casefold() not in (names_of(loaded) if loaded else ()):
        there = f"{loaded!r} is" if loaded else "none is"
        raise BadInput(
            f"The model {wanted!r} is not loaded; {there}. "
            f"Call /load_model with model={wanted!r} first, or leave model out to take what is loaded."
        )


def json_object(value: object, name: str) -> dict[str, Any] | None:
    """`value` if it is an object or null.

    Raises:
        BadInput: If it is anything else.
    """
    if value is not None and not isinstance(value, dict):
        raise BadInput(f"{name} is {shown(value)}; give an object, or leave it out.")
    return value
