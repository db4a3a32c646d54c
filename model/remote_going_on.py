"""A chat and the beginning of the model's turn in, the request that has a server write on from there out.

OpenAI's protocol has no word for it, so there are four ways, and remote_probe.py finds out which one a server knows:

- "llama.cpp": the server renders the chat (`/apply-template`), and its text with the turn's beginning is completed.
- "vllm": the same in token ids (`/tokenize`).
- "template": we render the chat by the family's template, and the text is completed.
- "prefill": the chat ends in an unfinished message of the assistant's.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from model.engine import Request
from model.families import Family
from model.remote_messages import chat_fields, messages_of
from model.remote_wire import Call, Refused, Wire

Way = Literal["llama.cpp", "vllm", "template", "prefill"]
WAYS: tuple[Way, ...] = ("llama.cpp", "vllm", "template", "prefill")
_SENTENCES: dict[Way, str] = {
    "llama.cpp": "Thinking is cut and taken further by handing the text back (the server renders the chat).",
    "vllm": "Thinking is cut and taken further by handing the tokens back (the server renders the chat).",
    "template": "Thinking is cut and taken further by handing the text back (rendered here, by the family's template).",
    "prefill": "Thinking is cut and taken further by an unfinished message that the server writes on.",
}
# vLLM and SGLang need to be told; the others take a trailing message of the assistant's for an unfinished one.
_PREFILL_FLAGS = {"continue_final_message": True, "add_generation_prompt": False}
# Tokens of a prompt's end that are looked at for an opened thinking.
_END_TOKENS = 8


@dataclass(frozen=True, slots=True)
class Ways:
    """How a server is had to write on.

    Args:
        found: The first way that it knows; None if it knows none.
        flags: More fields for "prefill".
    """

    found: Way | None = None
    flags: tuple[tuple[str, Any], ...] = ()

    @property
    def completes(self) -> bool:
        """Whether it is by a text that is completed, which may hold whatever a chat's template writes."""
        return self.found not in (None, "prefill")

    def sentence(self) -> str:
        """For the page; empty where there is no way."""
        return _SENTENCES[self.found] if self.found else ""


def prefill_flags() -> tuple[dict[str, Any], ...]:
    """The forms of "prefill", to be tried in this order."""
    return (_PREFILL_FLAGS, {})


async def going_on(
    wire: Wire,
    model: str,
    family: Family,
    ways: Ways,
    request: Request,
    turn: str,
    fields: Mapping[str, Any],
    key: str,
) -> Call:
    """The request for what follows `turn`; with an empty one, that for the whole turn.

    Raises:
        EngineError: If the server fails to render the chat.
    """
    thinks = family.name != "plain"
    opening = family.open_text if thinks and turn else ""
    match ways.found:
        case "llama.cpp":
            base = await _rendered_there(wire, request, key)
            return Call(_completion(fields) | {"prompt": base + _after(base, opening) + turn}, is_chat=False)
        case "vllm":
            ids = await _tokenized_there(wire, model, request, opening, turn, key)
            return Call(_completion(fields) | {"prompt": ids}, is_chat=False)
        case "template":
            base = rendered(family, request)
            return Call(_completion(fields) | {"prompt": base + _after(base, opening) + turn}, is_chat=False)
        case "prefill":
            chat = chat_fields(request)
            chat["messages"] = [*chat["messages"], {"role": "assistant", "content": opening + turn}]
            return Call({**fields, **chat, **dict(ways.flags)})
    raise Refused(f"{wire.address.shown} cannot write on after a given text.", 400)


def rendered(family: Family, request: Request) -> str:
    """The chat by the family's own template, up to where the model's turn begins."""
    from transformers.utils.chat_template_utils import render_jinja_template

    messages = messages_of(request.messages, request.shows_thinking_from)
    for message in messages:
        for call in message.get("tool_calls", ()):
            call["function"]["arguments"] = _as_object(call["function"]["arguments"])
    texts, _ = render_jinja_template(
        conversations=[messages],
        tools=list(request.tools) or None,
        chat_template=family.template_text() or "",
        add_generation_prompt=True,
    )
    return str(texts[0])


def _as_object(arguments: str) -> Any:
    try:
        return json.loads(arguments)
    except ValueError:
        return arguments


def _after(base: str, opening: str) -> str:
    """What opens the thinking, unless the prompt has done so."""
    return "" if not opening or base.endswith(opening) or base.endswith(opening.rstrip("\n")) else opening


def _completion(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a chat as a completion takes them."""
    made = {name: value for name, value in fields.items() if name not in ("logprobs", "top_logprobs")}
    return made | {"logprobs": 1} if fields.get("logprobs") else made


async def _rendered_there(wire: Wire, request: Request, key: str) -> str:
    told = await wire.post("/apply-template", chat_fields(request), key)
    return str(told["prompt"])


async def _tokenized_there(wire: Wire, model: str, request: Request, opening: str, turn: str, key: str) -> list[int]:
    chat = {"model": model, "add_generation_prompt": True} | chat_fields(request)
    base: Sequence[int] = (await wire.post("/tokenize", chat, key))["tokens"]
    if opening:
        end = {"model": model, "tokens": list(base[-_END_TOKENS:])}
        told = await wire.post("/detokenize", end, key)
        opening = _after(str(told["prompt"]), opening)
    text = {"model": model, "prompt": opening + turn, "add_special_tokens": False}
    return [*base, *(await wire.post("/tokenize", text, key))["tokens"]]
