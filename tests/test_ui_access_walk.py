"""Every function of the page and every route of the app: for a user who is not its owner, a run never was.

Nothing is listed by hand: an endpoint, a handler or a route that is added later is walked too.
"""

import asyncio
import contextlib
import inspect
import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr
import pytest
from fastapi import Request as HttpRequest
from gradio.blocks import BlockFunction
from gradio.components.api_component import Api
from gradio.route_utils import Request
from gradio.state_holder import SessionState
from gradio_client.exceptions import AppError as ClientError

from model.acting import Actor, acting_as
from model.scripted import ScriptedEngine, Turn
from tests.logged_in import ANNA, BEN, LoggedIn, served_with_logins, session_hash
from ui.access import ACTOR
from ui.access_paths import is_closed, is_open, plain_path

pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

# In the question, the thinking and the answer of Anna's run: nobody else may read it anywhere.
MARK = "zanzibar"
TURNS = [
    Turn("On {n} and on about zanzibar. ", "Never.", match="slow", repeat=90_000),
    Turn("It is about zanzibar.", "It is zanzibar.", match=MARK),
    Turn("Two and two.", "4"),
]
# What begins with the first call (a judge's processes, a look at the device) takes a while.
_SECONDS = 20.0

# What a handler may want to know of a click besides the run.
_CLICKED: dict[str, Any] = {
    "is_turn": True,
    "character": 3,
    "step": 1,
    "budget": 0,
    "result": "",
    "call_id": "c1",
    "decision": "allow",
    "title": "taken",
    "at": 1,
    "number": 1,
    "name": "x",
    "question": "q",
    "index": 0,
    "value": "",
}
_ACTIONS = ("", "rename", "pin", "delete", "restore")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoggedIn]:
    engine = ScriptedEngine(TURNS, tokens_per_second=400)
    with served_with_logins(tmp_path_factory.mktemp("walk"), engine, detached_seconds=600.0) as served:
        yield served


def takes_click(block_fn: BlockFunction) -> bool:
    kinds = [each.annotation for each in inspect.signature(block_fn.fn).parameters.values()]
    return any(inspect.isclass(kind) and issubclass(kind, gr.EventData) for kind in kinds)


def given(block: Any, run_id: str, form: str) -> Any:
    """What is put into one input of a function: the run's id wherever a text can stand."""
    text = form.format(run_id)
    value = getattr(block, "value", None)
    if isinstance(block, Api):
        # Of scripts, every argument is a text if it may be one; what else it is has its own tests.
        return text if "str" in json.dumps(block.api_info()) else None
    if isinstance(block, gr.Dropdown | gr.Radio | gr.Checkbox | gr.Number):
        return value
    if isinstance(block, gr.State):
        return text if isinstance(value, str) or value is None else value
    if isinstance(block, gr.Textbox | gr.HTML | gr.BrowserState | gr.Code | gr.Markdown):
        return text
    return None


@dataclass
class Caller:
    """Calls functions of the page as Gradio does, in the name of anybody."""

    served: LoggedIn
    state: SessionState
    n_calls: int = 0

    async def outcome(self, block_fn: BlockFunction, actor: Actor, run_id: str, form: str, action: str) -> str:
        """Everything that a function tells whoever calls it, as one text with the run's id taken out."""
        self.n_calls += 1
        session, inputs = session_hash(), list[Any]()
        for block in block_fn.inputs:
            value = given(block, run_id, form)
            if isinstance(block, gr.State):
                self.state[block._id] = value
            inputs.append(None if isinstance(block, gr.State) else value)
        clicked = _CLICKED | {"run_id": run_id, "left": run_id, "right": run_id, "action": action}
        clicked["picked"] = [{"run_id": run_id, "is_turn": True}]
        scope = {"type": "http", "headers": [], "method": "POST", "path": "/", "query_string": f"run={run_id}".encode()}
        more: dict[str, Any] = {
            "state": self.state,
            "request": Request(HttpRequest(scope | {ACTOR: actor}), session_hash=session),
            "session_hash": session,
            "event_id": session,
            "event_data": gr.EventData(None, clicked),
        }
        told, iterator = list[str](), None
        try:
            async with asyncio.timeout(_SECONDS):
                while True:
                    output = await self.served.demo.process_api(block_fn, inputs, iterator=iterator, **more)
                    told.append(json.dumps(output["data"], default=str))
                    iterator = output["iterator"]
                    if iterator is None or len(told) > 20:
                        break
        except TimeoutError:
            told.append("it goes on")
        except Exception as error:  # noqa: BLE001  whatever it says is what is told
            told.append(f"{type(error).__name__}: {error}")
        finally:
            if iterator is not None:
                with contextlib.suppress(Exception):
                    await iterator.aclose()
        return "\n".join(told).replace(run_id, "RUN")


def without_chance(told: str) -> str:
    """The same without what differs from call to call: new ids, paths of files, times, counters."""
    told = re.sub(r"export-[0-9a-f]+|/[0-9a-f]{64}/", "X", told)
    return re.sub(r"\b[A-Za-z0-9_-]{12,}\b|\d+(\.\d+)?", "N", told)


def facts(served: LoggedIn, run_id: str) -> tuple[Any, ...]:
    with acting_as(ANNA):
        row = served.runs.store.row(run_id)
        return row.title, row.is_pinned, row.state, row.n_events, len(served.runs.store.siblings(run_id))


def new_run(served: LoggedIn, is_live: bool) -> str:
    # A plain word, as those that never were: it also stands where a function's name is asked for.
    run_id = f"annas{secrets.token_hex(6)}"
    if not is_live:
        return served.finished(ANNA, MARK, run_id)
    with acting_as(ANNA):
        return served.runs.start(f"slow {MARK}", run_id=run_id)


async def walk(caller: Caller, is_live: bool) -> list[str]:
    """What any function lets Ben know of Anna's run, or do to it."""
    served, wrong = caller.served, list[str]()
    run_id = new_run(served, is_live)
    before = facts(served, run_id)
    for block_fn in functions_of(served):
        tries = [("", "{}"), ("", "{}/abc")] + [(each, "{}") for each in _ACTIONS if takes_click(block_fn)]
        for action, form in tries:
            name = f"{block_fn.api_name} {action} {form}"
            for _ in range(4):
                hers = await caller.outcome(block_fn, BEN, run_id, form, action)
                nobodys = await caller.outcome(block_fn, BEN, f"never{run_id[5:]}", form, action)
                if MARK in hers.lower():
                    wrong.append(f"{name} tells of it: {hers[:400]}")
                if without_chance(hers) == without_chance(nobodys):
                    break
                # What tells of his own runs, such as a list of them, is another at each call; a stream may be another
                # by chance, for what comes close together comes as one.
                again = await caller.outcome(block_fn, BEN, f"other{run_id[5:]}", form, action)
                if without_chance(again) != without_chance(nobodys):
                    break
            else:
                wrong.append(f"{name} tells it from one that never was: {hers[:400]} / {nobodys[:400]}")
        after = facts(served, run_id)
        if after[:3] != before[:3] or (after != before and not is_live):
            wrong.append(f"{block_fn.api_name} changed it: {before} to {after}")
            run_id = new_run(served, is_live)
            before = facts(served, run_id)
    if is_live:
        with acting_as(ANNA):
            served.runs.stop(run_id)
    return wrong


def functions_of(served: LoggedIn) -> list[BlockFunction]:
    return [each for each in served.demo.fns.values() if each.fn is not None]


@pytest.mark.parametrize("is_live", [False, True], ids=["ended", "going on"])
def test_no_function_of_the_page_or_of_scripts_finds_a_run_of_another_user(served: LoggedIn, is_live: bool) -> None:
    caller = Caller(served, SessionState(served.demo))
    assert asyncio.run(walk(caller, is_live)) == []
    assert len(functions_of(served)) > 200 and caller.n_calls > 1000


def test_the_same_calls_find_the_run_for_its_owner(served: LoggedIn) -> None:
    caller = Caller(served, SessionState(served.demo))

    async def found() -> list[str]:
        names = []
        for block_fn in functions_of(served):
            run_id = new_run(served, False)
            mine = await caller.outcome(block_fn, ANNA, run_id, "{}", "")
            nobodys = await caller.outcome(block_fn, ANNA, f"never{run_id[5:]}", "{}", "")
            if without_chance(mine) != without_chance(nobodys):
                names.append(str(block_fn.api_name))
        return names

    names = asyncio.run(found())
    assert len(names) > 60 and {"on_follow", "answer_now", "stop"} <= set(names), names


# Over HTTP, as users do it.


def named_endpoints(served: LoggedIn) -> Iterator[tuple[str, list[str]]]:
    about_all: Any = served.client("ben").view_api(return_format="dict", print_info=False)
    for name, about in about_all["named_endpoints"].items():
        names = [each["parameter_name"] for each in about["parameters"]]
        if takes := [each for each in names if "run_id" in each and not each.startswith("new_")]:
            yield name, takes


def test_every_named_endpoint_that_takes_a_run_answers_as_if_it_never_was(served: LoggedIn) -> None:
    run_id, ben, walked = new_run(served, False), served.client("ben"), 0
    needed: dict[str, dict[str, Any]] = {
        "/chat": {"message": "quick"},
        "/agent": {"message": "quick"},
        "/solve_math": {"problem": "What is 2 + 2?"},
        "/solve_code": {"task": "Write f(x)."},
        "/set_budget": {"budget": "low"},
        "/decide_call": {"call_id": "c", "decision": "allow"},
        "/check_against": {"gold": "4"},
    }
    for name, takes in named_endpoints(served):
        said = []
        for each in (run_id, f"{walked:05}{run_id[5:]}"):
            arguments = dict.fromkeys(takes, each) | needed.get(name, {})
            try:
                said.append(str(ben.predict(**arguments, api_name=name)).replace(each, "RUN"))
            except ClientError as error:
                said.append(str(error).replace(each, "RUN"))
        walked += 1
        assert MARK not in said[0], name
        # A new run may have any id but a taken one, which is not found.
        if name not in ("/chat", "/agent", "/solve_math", "/solve_code"):
            assert said[0] == said[1], name
        assert "There is no run 'RUN'" in said[0], name
    assert walked >= 15


def servers_of(served: LoggedIn) -> list[tuple[int, str]]:
    """Functions that the page's scripts call themselves: a component's number and the name."""
    return [
        (number, name)
        for number, block in served.demo.blocks.items()
        for name, function in vars(block).items()
        if getattr(function, "_is_server_fn", False) is True
    ]


def test_pages_own_routes_to_a_run_give_nothing_of_another_users(served: LoggedIn) -> None:
    run_id, ended = new_run(served, True), new_run(served, False)
    assert len(servers_of(served)) >= 5
    for user, is_hers in (("ben", False), ("anna", True)):
        with served.http(user) as http:
            told = ""
            for component, name in servers_of(served):
                for each in (run_id, ended):
                    body = {"data": {"run": each, "units": 0, "run_id": each}, "component_id": component}
                    body |= {"session_hash": session_hash(), "fn_name": name}
                    told += http.post("/gradio_api/component_server", json=body).text
            assert (MARK in told) is is_hers
            assert (MARK in http.get(f"/?run={ended}").text) is is_hers
    with acting_as(ANNA):
        served.runs.stop(run_id)


# Every route.


def routes_of(served: LoggedIn) -> set[tuple[str, str]]:
    """Method and path of every route of the app, however deep it is mounted."""
    found, left = set[tuple[str, str]](), list(served.demo.app.routes)
    while left:
        route = left.pop()
        path = getattr(route, "path", None)
        if nested := getattr(route, "_effective_candidates", None) or getattr(route, "routes", None):
            left += list(nested)
        elif path is not None:
            found |= {(method, path) for method in getattr(route, "methods", None) or ("GET", "POST")}
    return found


def asked_as(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "x", path)


def test_every_route_but_the_open_ones_needs_a_login(served: LoggedIn) -> None:
    with served.http("ben") as http:
        http.get("/config")  # so that nested routes are known
    routes = routes_of(served)
    assert len(routes) > 60
    with served.http(None) as http:
        for method, path in sorted(routes):
            answer = http.request(method, asked_as(path), json={} if method == "POST" else None)
            plain = plain_path(asked_as(path))
            if is_closed(plain):
                assert answer.status_code == 404, (method, path)
            elif not is_open(plain):
                # The page itself leads people to the login.
                assert answer.status_code == 401, (method, path, answer.status_code)
            assert answer.status_code < 500, (method, path)


def test_open_routes_are_these_and_no_others(served: LoggedIn) -> None:
    """A route that is added is closed until it stands in `ui.access_paths`; one that is opened is written here, too."""
    opened = {path for _, path in routes_of(served) if is_open(plain_path(asked_as(path)))}
    assert {path.rstrip("/") for path in opened} == {
        "/healthz",
        "/readyz",
        "/metrics",
        "/login",
        "/logout",
        "/favicon.ico",
        "/robots.txt",
        "/manifest.json",
        "/theme.css",
        "/gradio_api/theme.css",
        "/gradio_api/startup-events",
        "/gradio_api/login_check",
        "/gradio_api/app_id",
        "/static/{path:path}",
        "/assets/{path:path}",
        "/svelte/{path:path}",
        "/pwa_icon",
        "/pwa_icon/{size}",
    }
