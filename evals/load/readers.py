"""The app's address and a question in, one run as a page or as a script reads it out.

A page reader does what the page's scripts do: it asks through the queue, follows by updates, asks for the text of the
thinking itself, again and again (`ui.growing`), and looks at the model's line and at the connection now and then.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

from gradio_client.utils import apply_diff

from evals.load.heard import Heard
from evals.load.wire import Wire, WireError

# As ui/assets/thinking_pane.js asks.
_ASK_AGAIN_SECONDS = 0.085
# As ui/model_panel.py has the line about the model looked at while a model serves, and connection.js the connection.
_TICK_SECONDS, _PING_SECONDS = 10.0, 5.0
_API = "/gradio_api"


@dataclass(frozen=True, slots=True)
class Layout:
    """Numbers of the functions and of the pane, as this version of the page has them."""

    chat: int
    ask: int
    ask_inputs: list[Any]
    new_chat: int
    follow: int
    tick: int
    pane: int


async def layout_of(address: str) -> Layout:
    """Read them from the page's configuration."""
    wire = Wire(address)
    config = await wire.get("/config")
    wire.close()
    ids = {each["props"].get("elem_id"): each["id"] for each in config["components"]}
    values = {each["id"]: each["props"].get("value") for each in config["components"]}
    functions = {each["api_name"]: each for each in reversed(config["dependencies"]) if each["api_name"]}
    ask, follow = functions["on_ask"], functions["on_follow"]
    assert follow["outputs"][3] == ids["thinking"]
    return Layout(
        functions["chat"]["id"],
        ask["id"],
        [values[each] for each in ask["inputs"]],
        functions["on_new_chat"]["id"],
        follow["id"],
        functions["on_tick"]["id"],
        ids["thinking"],
    )


async def read_as_script(address: str, layout: Layout, session: str, question: str, until: float) -> Heard:
    """One `/chat`, as `gradio_client` calls it; left alone at the monotonic time `until`."""
    heard, wire = Heard("script", question), Wire(address)
    try:
        await _join(wire, layout.chat, [question, None, None, None, None, None, None], session)
        so_far: Any = None
        async for message in wire.events(f"{_API}/queue/data?session_hash={session}"):
            so_far = _output(message, so_far)
            if so_far is not None and message["msg"] == "process_generating":
                _take_delta(heard, so_far[0])
            if message["msg"] == "process_completed":
                break
            if time.monotonic() > until:
                heard.cut = True
                break
    except (WireError, OSError, TimeoutError, KeyError) as error:
        heard.trouble = f"{type(error).__name__}: {error}"
    wire.close()
    return heard


def _take_delta(heard: Heard, delta: dict[str, Any]) -> None:
    if delta["type"] in ("thinking", "answer"):
        heard.more(delta["type"], delta["text"])
    elif delta["type"] == "final":
        for kind in ("thinking", "answer"):
            if delta[kind] != heard.texts[kind]:
                heard.trouble = f"the final {kind} is not what came: {delta[kind][:80]!r}"
    heard.run_id = delta.get("run_id") or heard.run_id


async def keep_session(address: str, session: str) -> None:
    """What every page and client holds open while it is there."""
    try:
        async for _ in Wire(address).events(f"{_API}/heartbeat/{session}"):
            pass
    except (WireError, OSError):
        return  # whoever reads in this session says so


async def stand_still(address: str, layout: Layout, session: str, question: str, until: float) -> None:
    """A `/chat` whose stream is opened and not read, until the monotonic time `until`."""
    wire = Wire(address)
    await _join(wire, layout.chat, [question, None, None, "high", None, None, None], session)
    writer = await wire.open_unread(f"{_API}/queue/data?session_hash={session}")
    await asyncio.sleep(max(0.0, until - time.monotonic()))
    writer.close()
    wire.close()


async def read_as_page(address: str, layout: Layout, session: str, question: str, until: float) -> Heard:
    """One question on the page, read to its end or to the monotonic time `until`."""
    heard, wire = Heard("page", question), Wire(address)
    growing: asyncio.Task[None] | None = None
    looking = [
        asyncio.ensure_future(
            _again(
                _TICK_SECONDS,
                Wire(address),
                "/run/predict",
                {"fn_index": layout.tick, "data": [], "session_hash": session},
            )
        ),
        asyncio.ensure_future(_again(_PING_SECONDS, Wire(address), "", {})),
    ]
    try:
        await _do(wire, layout.new_chat, [], session)
        await _do(wire, layout.ask, [question, *layout.ask_inputs[1:]], session)
        await _join(wire, layout.follow, [None], session)
        so_far: Any = None
        async for message in wire.events(f"{_API}/queue/data?session_hash={session}"):
            so_far = _output(message, so_far)
            if so_far is not None and message["msg"] in ("process_generating", "process_completed"):
                _take_update(heard, so_far)
            if growing is None and heard.run_id:
                growing = asyncio.ensure_future(_grow(Wire(address), layout.pane, heard, session))
            if message["msg"] == "process_completed":
                break
            if time.monotonic() > until:
                heard.cut = True
                break
    except (WireError, OSError, TimeoutError, KeyError, TypeError) as error:
        heard.trouble = f"{type(error).__name__}: {error}"
    aside = [*looking, *([growing] if growing is not None else [])]
    for each in aside:
        each.cancel()
    await asyncio.gather(*aside, return_exceptions=True)
    wire.close()
    return heard


def _take_update(heard: Heard, values: list[Any]) -> None:
    """The values of `ui.chat_tab.Update`: the pane's, and the answer."""
    pane, answer = values[3], values[6]
    if isinstance(pane, dict) and pane.get("text"):
        heard.run_id = pane.get("grows") or heard.run_id
        before, text = pane["before"], pane["text"]
        shown = heard.texts["thinking"]
        if before <= _units(shown):
            whole = shown.encode("utf-16-le")[: 2 * before].decode("utf-16-le") + text
            if len(whole) > len(shown) or not whole.startswith(shown[: len(whole)]):
                heard.whole("thinking", whole)
    elif isinstance(pane, dict):
        heard.run_id = pane.get("grows") or heard.run_id
    if isinstance(answer, str):
        heard.whole("answer", answer)


async def _grow(wire: Wire, pane: int, heard: Heard, session: str) -> None:
    """What the pane asks for between two updates, until the run is over."""
    try:
        while True:
            shown = heard.texts["thinking"]
            asked = {"run": heard.run_id, "units": _units(shown)}
            told = await wire.post(
                f"{_API}/component_server",
                {"session_hash": session, "component_id": pane, "fn_name": "grown", "data": asked},
            )
            if told["text"] and heard.texts["thinking"] == shown:
                heard.more("thinking", told["text"])
            if told["is_over"]:
                return
            await asyncio.sleep(_ASK_AGAIN_SECONDS)
    except (WireError, OSError, TimeoutError, asyncio.IncompleteReadError) as error:
        heard.trouble = heard.trouble or f"the pane asked in vain: {type(error).__name__}: {error}"
    finally:
        wire.close()


async def _again(seconds: float, wire: Wire, path: str, body: dict[str, Any]) -> None:
    """What a page asks now and then; without a path, whether the server is there."""
    try:
        while True:
            await asyncio.sleep(seconds)
            await (wire.post(f"{_API}{path}", body) if path else wire.text("/favicon.ico"))
    except (WireError, OSError, TimeoutError):
        return  # whoever follows the run says so
    finally:
        wire.close()


async def _do(wire: Wire, function: int, values: list[Any], session: str) -> None:
    """A click, to its end."""
    await _join(wire, function, values, session)
    async for message in wire.events(f"{_API}/queue/data?session_hash={session}"):
        if message["msg"] == "process_completed" and not message["success"]:
            raise WireError(str(message["output"]))


async def _join(wire: Wire, function: int, values: list[Any], session: str) -> None:
    body = {"data": values, "fn_index": function, "session_hash": session, "event_data": None, "trigger_id": None}
    await wire.post(f"{_API}/queue/join", body)


def _output(message: dict[str, Any], so_far: Any) -> Any:
    """The values after a message: later ones tell only what is new in each."""
    if message["msg"] not in ("process_generating", "process_completed") or not message.get("success", True):
        return so_far
    new = message["output"].get("data")
    if so_far is None or message["msg"] == "process_completed" or not new:
        return new or so_far
    return [apply_diff(value, diff) for value, diff in zip(so_far, new, strict=True)]


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
