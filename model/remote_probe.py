"""A server's address in, what it is and what it can do out, found by asking it: a few short requests.

How a server is found to write on after a given text, whatever model it has: a repeated word is put at the beginning of
the model's turn, once eight times and once sixteen times. Where the server writes on, the prompt grows by eight words
from nothing to the first as from the first to the second; where it takes the text for a turn that is over, the first
step holds an end of turn and the head of another, too.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from model.catalog import CATALOG, EMBEDDED, find_model
from model.engine import Request
from model.errors import AppError, EngineError, ModelLoadFailed, ServerAway, UnknownModel
from model.events import Message, Sampling
from model.families import PLAIN, QWEN3, SMOLLM2, Family, family_of
from model.remote import Server, optional_fields
from model.remote_going_on import WAYS, Ways, going_on, prefill_flags
from model.remote_messages import messages_of
from model.remote_reading import Reading
from model.remote_text import RemotePrompts, RemoteSplitter, turn_text
from model.remote_wire import BrokeOff, Call, Refused, Wire

_log = logging.getLogger(__name__)

# Where a server does not say, and the catalog does not know the model.
_CONTEXT_TOKENS = 32_768
# Requests that a server of many users is given at once, where it does not say.
_SLOTS = 64
_QUESTION = (Message("user", "Think first, then say what 17 * 23 is"),)
_SUM = "Find the sum of all primes below 40 that are one less than a multiple of four, and check it twice"
_THOUGHT_TOKENS, _BUDGET_TOKENS, _BUDGET_ROOM_TOKENS = 48, 32, 400
_WORD, _WORDS = " one", 8
# A prompt that grew by so much more than its words holds another turn's head.
_MOST_EXTRA_TOKENS = 1
# A thinking model of a family that no name gives away: it writes the tags itself.
THINKER = replace(QWEN3, name="thinker", template_file=None, sampling=replace(PLAIN.sampling, temperature=0.6))

Say = Callable[[str], None]


def probe(wire: Wire, wanted: str, say: Say, *, context_tokens: int = 0, slots: int = 0) -> Server:
    """What a server is and can do.

    Args:
        wanted: The model; "auto" takes the first that it names.
        say: Is told what is being tried.
        context_tokens: The context, where the user says it; so with `slots`.

    Raises:
        ServerAway: If nothing answers there now.
        ModelLoadFailed: If it has no such model, or refuses to be asked.
    """
    try:
        return _probe(wire, wanted, say, context_tokens, slots)
    except Refused as error:
        raise ModelLoadFailed(str(error)) from error
    except EngineError as error:
        raise ServerAway(str(error)) from error


def _probe(wire: Wire, wanted: str, say: Say, context_tokens: int, slots: int) -> Server:
    say(f"Asking {wire.address.shown} for its models")
    told = _models(wire)
    entry = _chosen(wire, told, wanted)
    model = str(entry["id"])
    props = _props(wire, entry)
    template = str(props.get("chat_template") or "")
    family = _family(template, model)
    say(f"Asking {model} a short question")
    server = Server(
        model,
        family,
        context_tokens or _context(entry, props, model),
        slots or int(props.get("total_slots") or _SLOTS),
        _fields_taken(wire, model),
    )
    server = _with_thinking(wire, server, is_known=bool(template) or family is not PLAIN)
    say("Trying whether it writes on after a given text")
    server = replace(server, ways=_ways(wire, server, entry), takes_tools=_takes_tools(wire, server))
    if not server.ways.found:
        say("Trying whether it keeps a thinking budget of its own")
        server = replace(server, off_fields=_off_fields(wire, server), budget_fields=_budget_fields(wire, server))
    return server


# ---------------------------------------------------------------------- what it is


def served_models(wire: Wire) -> list[str]:
    """The names of the server's models; none where it does not say."""
    return [str(entry["id"]) for entry in _models(wire)]


def _models(wire: Wire) -> list[Mapping[str, Any]]:
    if wire.address.provider:
        return []
    try:
        told = wire.ask("GET", "/models")
    except Refused as error:
        if error.status in (401, 403):
            raise
        return []  # some hosts have no such route
    except BrokeOff:
        return []  # transformers serve fails where it has no download folder
    entries = told.get("data") if isinstance(told, Mapping) else None
    return [entry for entry in entries or [] if isinstance(entry, Mapping) and entry.get("id")]


def _chosen(wire: Wire, entries: list[Mapping[str, Any]], wanted: str) -> Mapping[str, Any]:
    if wanted == "auto":
        if entries:
            return entries[0]
        raise ModelLoadFailed(f"{wire.address.shown} does not say which models it has. Name one with --model.")
    names = {wanted.lower()}
    if (spec := CATALOG.get(wanted.lower())) is not None:
        names.add(spec.hub_id.lower())
    for entry in entries:
        aliases = {str(name).lower() for name in (entry["id"], *(entry.get("aliases") or ()))}
        if aliases & names:
            return entry
    if entries:
        listed = ", ".join(str(entry["id"]) for entry in entries[:8])
        raise ModelLoadFailed(f"{wire.address.shown} has no model {wanted!r}; it has {listed}.")
    return {"id": spec.hub_id if spec is not None and spec.hub_id else wanted}


def _props(wire: Wire, entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """What llama.cpp's server tells of itself."""
    if entry.get("owned_by") != "llamacpp":
        return {}
    try:
        told = wire.ask("GET", "/props", at_root=True)
    except AppError:
        return {}
    return told if isinstance(told, Mapping) else {}


def _family(template: str, model: str) -> Family:
    """By the template where it is told; else by the name, the embedded model's own included."""
    if EMBEDDED in model.lower() and ("<think>" in template or not template):
        return SMOLLM2
    try:
        return family_of(template, model) if template else find_model(model).family
    except UnknownModel:
        return family_of("", model)


def _context(entry: Mapping[str, Any], props: Mapping[str, Any], model: str) -> int:
    settings = props.get("default_generation_settings") or {}
    told = (
        entry.get("max_model_len")
        or settings.get("n_ctx")
        or entry.get("context_length")
        or entry.get("max_context_length")
    )
    if told:
        return int(told)
    try:
        return find_model(model).context_tokens or _CONTEXT_TOKENS
    except UnknownModel:
        return _CONTEXT_TOKENS


# ---------------------------------------------------------------------- what it takes


def _fields_taken(wire: Wire, model: str) -> frozenset[str]:
    """Which optional fields of a request it does not refuse: all at once, else one after the other."""
    names = ("top_k", "seed", "logprobs", "usage", "running usage", "timings")
    if (taken := _try_fields(wire, model, names)) is not None:
        return taken
    if _try_fields(wire, model, ()) is None:
        _ask(wire, model, {"messages": messages_of(_QUESTION), "max_tokens": 1, "temperature": 0.6})  # raises
    found: set[str] = set()
    for name in names:
        if name == "running usage" and "usage" not in found:
            continue
        group = ("usage", name) if name == "running usage" else (name,)
        found |= _try_fields(wire, model, group) or frozenset()
    return frozenset(found)


def _try_fields(wire: Wire, model: str, names: Iterable[str]) -> frozenset[str] | None:
    """Those of the fields that were taken and honoured; None if the request was refused."""
    taken = frozenset(names)
    fields = optional_fields(taken) | {"messages": messages_of(_QUESTION), "max_tokens": 2, "temperature": 0.6}
    fields |= {name: value for name, value in (("top_k", 40), ("seed", 7)) if name in taken}
    try:
        chunks = _ask(wire, model, fields)
    except Refused as error:
        if error.status in (401, 403, 404):
            raise
        return None
    missing = set()
    if not any((choice or {}).get("logprobs") for chunk in chunks for choice in chunk.get("choices") or ()):
        missing.add("logprobs")
    if not any(chunk.get("timings") for chunk in chunks):
        missing.add("timings")
    return taken - missing


def _ask(wire: Wire, model: str, fields: Mapping[str, Any]) -> list[dict[str, Any]]:
    return wire.read_whole(model, Call(fields))


# ---------------------------------------------------------------------- how it thinks


def _with_thinking(wire: Wire, server: Server, is_known: bool) -> Server:
    """Whether the model thinks, and whether the server tells it apart."""
    fields = _fields(server, _THOUGHT_TOKENS) | {"messages": messages_of(_QUESTION)}
    reading = Reading(False)
    pieces = [piece for chunk in _ask(wire, server.model, fields) for piece in reading.read(chunk)[0]]
    splits = any(piece.part == "thinking" for piece in pieces)
    text = turn_text(pieces, server.family)
    family = server.family
    if family is PLAIN and (splits or text.lstrip().startswith("<think>")):
        family = THINKER
    elif family is PLAIN and "</think>" in text:
        family = replace(THINKER, opens_thinking=True)
    elif family is not PLAIN and not is_known and not splits and "<think>" not in text:
        family = PLAIN
    return replace(server, family=family, splits=splits)


def _fields(server: Server, max_tokens: int) -> dict[str, Any]:
    return optional_fields(server.fields - {"logprobs"}) | {"max_tokens": max_tokens, "temperature": 0.6, "top_p": 0.95}


def _takes_tools(wire: Wire, server: Server) -> bool:
    tool = {"name": "look", "description": "Look.", "parameters": {"type": "object", "properties": {}}}
    fields = _fields(server, 2) | {"messages": messages_of(_QUESTION)}
    try:
        _ask(wire, server.model, fields | {"tools": [{"type": "function", "function": tool}]})
    except Refused:
        return False
    return True


# ---------------------------------------------------------------------- how it goes on


def _ways(wire: Wire, server: Server, entry: Mapping[str, Any]) -> Ways:
    owner = str(entry.get("owned_by") or "")
    for way in WAYS:
        if (way == "llama.cpp" and owner != "llamacpp") or (way == "vllm" and owner not in ("vllm", "sglang")):
            continue
        if way == "template" and server.family.template_file is None:
            continue
        if way != "prefill" and wire.address.provider:
            continue
        for flags in prefill_flags() if way == "prefill" else ({},):
            ways = Ways(way, tuple(flags.items()))
            try:
                if _goes_on(wire, server, ways):
                    return ways
            except AppError as error:
                _log.info("%s does not write on by %s: %s", wire.address.shown, way, error)
    return Ways()


def _goes_on(wire: Wire, server: Server, ways: Ways) -> bool:
    """Whether the prompt grows by the words given, and by nothing else."""
    fresh = _prompt_tokens(wire, server, Call(_fields(server, 1) | {"messages": messages_of(_QUESTION)}))
    once = _prompt_tokens(wire, server, _turn_call(wire, server, ways, _WORD * _WORDS))
    twice = _prompt_tokens(wire, server, _turn_call(wire, server, ways, _WORD * _WORDS * 2))
    if min(fresh, once, twice) < 0 or twice <= once:
        return False
    # A family that opens its thinking itself has the tag in the turn: two tokens or three.
    opened = 0 if server.family.name == "plain" or server.family.opens_thinking else 3
    extra = (once - fresh) - (twice - once)
    return -_MOST_EXTRA_TOKENS <= extra <= opened + _MOST_EXTRA_TOKENS


def _turn_call(wire: Wire, server: Server, ways: Ways, turn: str) -> Call:
    request = Request(_QUESTION, Sampling())
    work = going_on(wire, server.model, server.family, ways, request, turn, _fields(server, 1), wire.key())
    call: Call = wire.run(work).result()
    return call


def _prompt_tokens(wire: Wire, server: Server, call: Call) -> int:
    reading = Reading(False, is_chat=call.is_chat)
    for chunk in wire.read_whole(server.model, call):
        reading.read(chunk)
    return reading.prompt_tokens


# ---------------------------------------------------------------------- where it does not


def _off_fields(wire: Wire, server: Server) -> tuple[tuple[str, Any], ...]:
    """What asks for an answer without thinking; tried, and believed when no thinking came."""
    if server.family.name == "plain":
        return ()
    for fields in (
        {"chat_template_kwargs": {"enable_thinking": False}},
        {"enable_thinking": False},
        {"reasoning_effort": "none"},
    ):
        asked = _fields(server, _THOUGHT_TOKENS) | {"messages": messages_of(_QUESTION)} | fields
        try:
            thought, answer = _lengths(wire, server, asked)
        except AppError:
            continue
        if not thought and answer:
            return tuple(fields.items())
    return ()


def _budget_forms() -> tuple[Callable[[int], dict[str, Any]], ...]:
    """How servers call a thinking budget: llama.cpp, DashScope and SiliconFlow, vLLM, OpenRouter."""
    return (
        lambda tokens: {"thinking_budget_tokens": tokens},
        lambda tokens: {"thinking_budget": tokens, "enable_thinking": True},
        lambda tokens: {"thinking_token_budget": tokens},
        lambda tokens: {"reasoning": {"max_tokens": tokens}},
    )


def _budget_fields(wire: Wire, server: Server) -> Callable[[int], dict[str, Any]] | None:
    """The form that is kept: without it the thinking is long, with it short, and an answer comes."""
    if server.family.name == "plain":
        return None
    asked = _fields(server, _BUDGET_ROOM_TOKENS) | {"messages": messages_of((Message("user", _SUM),))}
    try:
        thought, _ = _lengths(wire, server, asked)
    except AppError:
        return None
    if thought < 4 * _BUDGET_TOKENS:
        return None  # too short a thinking to tell
    for form in _budget_forms():
        try:
            thought, answer = _lengths(wire, server, asked | form(_BUDGET_TOKENS))
        except AppError:
            continue
        if thought <= 2 * _BUDGET_TOKENS and answer:
            return form
    return None


def _lengths(wire: Wire, server: Server, fields: Mapping[str, Any]) -> tuple[int, int]:
    """Tokens of thinking, and of answer."""
    reading, counts = Reading(server.splits), {"thinking": 0, "answer": 0}
    splitter = RemoteSplitter(server.family, starts_in="thinking" if server.family.opens_thinking else "undecided")
    texts = RemotePrompts(server.family).detokenizer()
    for chunk in _ask(wire, server.model, fields):
        for piece in reading.read(chunk)[0]:
            if text := texts.feed(piece):
                splitter.feed(text)
            counts["answer" if splitter.phase == "answer" else "thinking"] += 1
    return counts["thinking"], counts["answer"]
