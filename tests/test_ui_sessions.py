"""What a page costs the server by being open, and when the server forgets it."""

import time
import tracemalloc
from collections.abc import Iterator

import gradio as gr
import pytest
from gradio.state_holder import SessionState, StateHolder

from model.host import ModelHost
from model.runs import Runs
from model.scripted import ScriptedEngine, Turn
from model.settings import Settings
from model.store import Store
from tests.conftest import main_loop
from ui import sessions
from ui.page import build_page
from ui.sessions import lighten_sessions


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[gr.Blocks]:
    folder = tmp_path_factory.mktemp("data")
    settings = Settings(folder)
    host = ModelHost(settings, engine=ScriptedEngine([Turn("So.", "Yes.")]))
    runs = Runs(Store(folder), host, settings)

    async def built() -> gr.Blocks:
        # In a loop, because Gradio else makes loops of its own and leaves them open.
        return build_page(runs, host, settings).queue()

    demo = main_loop().run_until_complete(built())
    lighten_sessions(demo)
    yield demo
    runs.close()
    runs.store.close()


@pytest.fixture
def holder(page: gr.Blocks) -> StateHolder:
    made = StateHolder()
    made.set_blocks(page)
    return made


def test_hundred_open_pages_cost_a_few_megabytes_and_no_time(page: gr.Blocks) -> None:
    SessionState(page)
    began = time.process_time()
    tracemalloc.start()
    kept = [SessionState(page) for _ in range(100)]
    mebibytes = tracemalloc.get_traced_memory()[0] / 2**20
    tracemalloc.stop()
    assert len(kept) == 100
    assert mebibytes < 10  # Gradio's own take 80
    assert time.process_time() - began < 1.0  # and 4 s


def test_a_session_keeps_what_a_page_has_told_it(holder: StateHolder, page: gr.Blocks) -> None:
    state = next(key for key, block in page.blocks.items() if isinstance(block, gr.State))
    holder["a"][state] = "run 1"
    assert holder["a"][state] == "run 1"
    assert holder["b"][state] != "run 1"


def test_a_component_that_one_page_has_changed_is_unchanged_for_the_others(
    holder: StateHolder, page: gr.Blocks
) -> None:
    timer = next(key for key, block in page.blocks.items() if isinstance(block, gr.Timer))
    changed = gr.Timer(77.0, render=False)
    holder["a"][timer] = changed
    assert holder["a"][timer] is changed
    assert holder["b"][timer] is page.blocks[timer]


def test_sessions_go_when_nobody_needs_them_and_pages_that_are_open_stay(
    holder: StateHolder, page: gr.Blocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = next(key for key, block in page.blocks.items() if isinstance(block, gr.State))
    for name in ("open", "closed", "back"):
        holder[name][state] = name
    holder["script"]
    holder["closed"].is_closed = holder["back"].is_closed = True
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + sessions.STATELESS_SECONDS + 1)
    holder.delete_all_expired_state()
    assert sorted(holder.session_data) == ["back", "closed", "open"]
    holder["back"]
    monkeypatch.setattr(time, "monotonic", lambda: now + sessions.CLOSED_SECONDS + 1)
    holder.delete_all_expired_state()
    assert sorted(holder.session_data) == ["back", "open"]
    monkeypatch.setattr(time, "monotonic", lambda: now + sessions.UNUSED_SECONDS + 1)
    holder.delete_all_expired_state()
    assert sorted(holder.session_data) == []


def test_nothing_is_counted_up_for_a_dashboard_that_is_switched_off(page: gr.Blocks) -> None:
    queue = page._queue
    queue.events_recorded = 5
    assert queue.compute_analytics_summary([{"function": "chat", "status": "success", "process_time": 1.0}]) == {
        "functions": {}
    }
