"""Text of models, users, files, tools and imports that tries to be more than text: in Chromium nothing of it runs, nothing
is fetched from elsewhere, and no click on it does either."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Dialog, Page, Route, expect

from model.code_events import Task
from model.events import AnswerDelta, Asked, Attachment, Event, Finished, Message, Problem, ThinkingDelta
from model.export import export
from model.store import Store
from model.tool_events import Equipped, OfferedTool, ToolCall, ToolResult
from tests.chat_page import ask, expect_phase, scripted_app

pytestmark = pytest.mark.browser

_TAKEN = "window.taken=(window.taken||0)+1"
_AWAY = "http://beacon.example"
# One attack each; a line of its own, so that Markdown sees it at the start of a block.
ATTACKS = (
    f'<img src=x onerror="{_TAKEN}">',
    f'<svg onload="{_TAKEN}"><animate onbegin="{_TAKEN}" attributeName=x dur=1s></svg>',
    f"<script>{_TAKEN}</script>",
    f"</script><script>{_TAKEN}</script>",
    f'<iframe srcdoc="<script>parent.{_TAKEN}</script>"></iframe>',
    f'<iframe src="{_AWAY}/frame"></iframe>',
    f'<a href="javascript:{_TAKEN}">link of html</a>',
    f"[link of markdown](javascript:{_TAKEN.replace('(', '%28').replace(')', '%29')})",
    f"[split link](java&#10;script:{_TAKEN.replace('(', '%28').replace(')', '%29')})",
    "[link of data](data:text/html;base64,PHNjcmlwdD53aW5kb3cub3BlbmVyLnRha2VuPTE8L3NjcmlwdD4=)",
    f"<javascript:{_TAKEN}>",
    f"![picture]({_AWAY}/markdown.png)",
    "![picture](//beacon.example/scheme.png)",
    f"![picture][ref]\n\n[ref]: {_AWAY}/reference.png",
    f'<img src="{_AWAY}/html.png" srcset="{_AWAY}/set.png 2x">',
    f'<picture><source srcset="{_AWAY}/source.png"><img></picture>',
    f'<video src="{_AWAY}/video.mp4" poster="{_AWAY}/poster.png" autoplay></video><audio src="{_AWAY}/a.mp3"></audio>',
    f'<object data="{_AWAY}/object"></object><embed src="{_AWAY}/embed">',
    f'<link rel="stylesheet" href="{_AWAY}/sheet.css"><style>@import url("{_AWAY}/import.css");</style>',
    f'<div style="background:url({_AWAY}/style.png)">styled</div><table background="{_AWAY}/table.png"></table>',
    f'<base href="{_AWAY}/"><meta http-equiv="refresh" content="0;url={_AWAY}/meta">',
    f'<form action="{_AWAY}/form"><input name=q><button class="evil">Send</button></form>',
    f'<input autofocus onfocus="{_TAKEN}"><details open ontoggle="{_TAKEN}"><summary>x</summary></details>',
    f'<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror={_TAKEN}&gt;"></mglyph>',
    f'<noscript><p title="</noscript><img src=x onerror={_TAKEN}>">',
    "$\\href{javascript:" + _TAKEN + "}{click}$ and \\(\\url{javascript:" + _TAKEN + "}\\)",
    "\\(\\htmlData{onclick=" + _TAKEN + "}{x} \\htmlStyle{background:url(" + _AWAY + "/katex.png)}{x}\\)",
    "$$\\includegraphics{" + _AWAY + "/graphics.png}$$",
    '```mermaid\ngraph TD; A-->B; click A "javascript:' + _TAKEN + '"\n```',
    f"```html\n<img src=x onerror={_TAKEN}>\n```",
    "${" + _TAKEN + "} {{constructor.constructor('" + _TAKEN + "')()}} <%= 1 %> #{1}",
    f"\"><img src=x onerror={_TAKEN}> '><img src=x onerror={_TAKEN}> `<img src=x onerror={_TAKEN}>`",
    f"\u2028<img src=x onerror={_TAKEN}>\u202e\x00<b>",
)
HOSTILE = "\n\n".join(ATTACKS)
SHORT = f'<img src=x onerror="{_TAKEN}">${{{_TAKEN}}}{{{{x}}}}![p]({_AWAY}/t.png)'


@dataclass
class Watched:
    """What a page has tried."""

    page: Page
    app: str
    outside: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def on_route(self, route: Route) -> None:
        if route.request.url.startswith((self.app, "data:", "blob:")):
            route.continue_()
        else:
            self.outside.append(route.request.url)
            route.abort()

    def on_dialog(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def check(self, where: str) -> None:
        """Nothing ran, nothing was fetched, and it is still our page."""
        self.page.wait_for_timeout(400)
        assert self.page.evaluate("window.taken") is None, where
        assert self.outside == [] and self.dialogs == [], where
        assert self.page.url.startswith(self.app), where
        marked = "[onerror], [onload], [onclick]:not(button), [onfocus], [ontoggle], [onbegin], iframe[srcdoc]"
        assert self.page.locator(f"main :is({marked})").count() == 0, where

    def click_what_can_be(self, where: str) -> None:
        """Each link that the text has made, and each of its buttons, is clicked: by a script, so that none is missed."""
        self.page.evaluate(
            """() => {
                for (const each of document.querySelectorAll("#answer a, #agent-answer a, .prose a, .evil, [data-onclick]")) {
                    if (!/^https?:/.test(each.getAttribute("href") || "")) each.click();
                }
            }"""
        )
        self.check(f"{where}, after clicks")


def events_of(kind: str, run_id: str) -> list[Event]:
    """A run whose every text is hostile."""
    asked = Asked(
        HOSTILE,
        history=(Message("user", HOSTILE), Message("assistant", HOSTILE, thinking=HOSTILE)),
        system=HOSTILE,
        model=SHORT,
        precision="bf16",
        attachments=(Attachment(f"{SHORT}.csv".replace("/", "_"), HOSTILE),),
    )
    said: list[Event] = [ThinkingDelta(HOSTILE, 9), AnswerDelta(HOSTILE, 9), Finished("stop", 1, 9, 9, 1.0)]
    match kind:
        case "math":
            return [asked, Problem(run_id, gold=SHORT), *said]
        case "code":
            return [asked, Task(run_id, HOSTILE, tests=f"assert f('''{SHORT}''')"), *said]
        case "agent":
            arguments = json.dumps({SHORT: HOSTILE, "question": HOSTILE})
            calls: list[Event] = [ToolCall("c1", SHORT, arguments), ToolResult("c1", HOSTILE, is_untrusted=True)]
            calls += [ToolCall("c2", "calculate", HOSTILE), ToolResult("c2", HOSTILE, "failed", files=(SHORT,))]
            return [asked, Equipped((OfferedTool(SHORT),)), said[0], *calls, *said]
    return [asked, *said]


KINDS = ("chat", "math", "code", "agent")


@pytest.fixture(scope="module")
def url(start_shared_app: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("hostile")
    store = Store(folder / "data")
    for kind in KINDS:
        first, *others = events_of(kind, f"hostile-{kind}")
        assert isinstance(first, Asked)
        store.create(f"hostile-{kind}", first, title=SHORT)
        store.append(f"hostile-{kind}", others)
    store.flush()
    (folder / "export.html").write_text(export(store, "hostile-agent", "html"), "utf-8")
    (folder / "export.jsonl").write_text(export(store, "hostile-agent", "json_lines"), "utf-8")
    store.close()
    turns = [{"thinking": HOSTILE, "answer": HOSTILE}]
    return scripted_app(start_shared_app, folder, turns, speed=4000, data_folder=folder / "data")


@pytest.fixture
def watched(page: Page, url: str) -> Iterator[Watched]:
    watched = Watched(page, url)
    page.route("**/*", watched.on_route)
    page.on("dialog", watched.on_dialog)
    page.on("popup", lambda popup: watched.dialogs.append(f"opened {popup.url}"))
    yield watched
    watched.check("at the end")


@pytest.fixture(scope="module")
def folder_of(url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return next(each for each in tmp_path_factory.getbasetemp().glob("hostile*") if (each / "export.html").exists())


def test_text_that_streams_in_stays_text(watched: Watched) -> None:
    page = watched.page
    page.goto(watched.app)
    expect(page.locator("#ask")).to_be_visible()
    ask(page, SHORT)
    expect_phase(page, "done")
    watched.check("chat")
    for button in ("Outline", "Find", "Maths"):
        page.locator("#thinking-column .action", has_text=button).first.click()
        watched.check(button)
    watched.click_what_can_be("chat")


@pytest.mark.parametrize("kind", KINDS)
def test_stored_run_that_an_address_names_stays_text(watched: Watched, kind: str) -> None:
    page = watched.page
    page.goto(f"{watched.app}/?run=hostile-{kind}")
    expect(page.locator("#tabs")).to_be_visible()
    expect(page.get_by_text("onerror").locator("visible=true").first).to_be_visible()
    page.wait_for_timeout(1500)
    watched.check(kind)
    page.evaluate(
        "() => document.querySelectorAll('main details, main summary, main .card button').forEach((e) => e.click())"
    )
    watched.click_what_can_be(kind)


@pytest.mark.parametrize("query", ["", "img", "beacon"])
def test_lists_and_hits_of_past_runs_stay_text(watched: Watched, query: str) -> None:
    page = watched.page
    page.goto(watched.app)
    page.get_by_role("tab", name="Past runs").click()
    expect(page.locator("#search textarea, #search input").first).to_be_visible()
    page.locator("#search textarea, #search input").first.fill(query)
    expect(page.locator("#runs-list").get_by_text("onerror").first).to_be_visible()
    watched.check(f"search {query!r}")


@pytest.mark.parametrize(
    "query",
    ["run=<img src=x onerror=taken=1>", "run=${window.taken=1}", "run=%22%3E%3Cscript%3Ewindow.taken=1%3C/script%3E"],
)
def test_address_that_names_a_hostile_run_says_so_as_text(watched: Watched, query: str) -> None:
    watched.page.goto(f"{watched.app}/?{query}")
    expect(watched.page.locator("#ask")).to_be_visible()
    watched.page.wait_for_timeout(1500)
    watched.check(query)


def test_imported_and_attached_files_stay_text(watched: Watched, folder_of: Path) -> None:
    page = watched.page
    page.goto(watched.app)
    expect(page.locator("#ask")).to_be_visible()
    hostile = folder_of / "<img src=x onerror=window.taken=1>.html"
    hostile.write_text(HOSTILE, "utf-8")
    page.locator("#composer input[type=file]").first.set_input_files(hostile)
    expect(page.get_by_text("onerror").first).to_be_visible()
    watched.check("attached")
    page.get_by_role("tab", name="Past runs").click()
    page.locator("input[type=file][accept*=jsonl]").set_input_files(folder_of / "export.jsonl")
    expect(page.get_by_text("Imported 1 run")).to_be_visible()
    watched.check("imported")


def test_exported_page_runs_nothing_and_fetches_nothing(watched: Watched, folder_of: Path) -> None:
    page = watched.page
    page.goto(watched.app)
    page.set_content((folder_of / "export.html").read_text("utf-8"))
    page.wait_for_timeout(800)
    assert page.evaluate("window.taken") is None and watched.outside == []


def test_upload_that_is_opened_by_its_address_is_not_run(watched: Watched, folder_of: Path) -> None:
    page = watched.page
    page.goto(watched.app)
    for name, kind in (("a.html", "text/html"), ("a.svg", "image/svg+xml"), ("a.xhtml", "application/xhtml+xml")):
        body = f'<svg xmlns="http://www.w3.org/2000/svg"><script>{_TAKEN}</script></svg>'.encode()
        sent = page.request.post(
            f"{watched.app}/gradio_api/upload", multipart={"files": {"name": name, "mimeType": kind, "buffer": body}}
        )
        got = page.request.get(f"{watched.app}/gradio_api/file={sent.json()[0]}")
        served_as = got.headers.get("content-disposition", ""), got.headers["content-type"]
        assert "attachment" in served_as[0] or not served_as[1].startswith(("text/html", "image/svg", "application/xh"))
        assert got.headers["x-content-type-options"] == "nosniff"
