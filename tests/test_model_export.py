"""Exports: complete, safe to open, and the JSON Lines form comes back as it was, or is refused with its line number."""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.errors import AppError, BadImport, BadInput, RunNotFound
from model.events import (
    AnswerDelta,
    Asked,
    Event,
    Finished,
    Message,
    Notice,
    PromptRead,
    Sampling,
    Steered,
    ThinkingDelta,
    to_json,
)
from model.export import Form, export, replay, to_html, to_json_lines, to_markdown
from model.importing import import_json_lines
from model.store import Store
from model.stored_runs import RunRow
from model.tool_events import ToolCall, ToolResult

HOSTILE = (
    "</div></details><script>alert(1)</script><img src=x onerror=alert(2)>\n"
    "\"'><a href='javascript:alert(3)'>x</a>\n```html\"><script>\n<iframe src=//evil.example></iframe>\n```\n"
    "</style><!-- <svg onload=alert(4)> --> &lt;b&gt; \x00\x1b[31m\u202e <http://evil.example/pixel.png>"
)
EVENTS: list[Event] = [
    PromptRead(12, 8, 0.25),
    ThinkingDelta("First 2, ", 3, (-0.1, -0.2, -0.3)),
    ThinkingDelta("then 3.", 3),
    ToolCall("c1", "python", '{"code": "print(2)"}'),
    ToolResult("c1", "2\n```\nnot a fence"),
    Notice("budget", "The thinking reached its budget."),
    AnswerDelta(r"It is \(\frac{1}{2}\).", 9, (-0.5,)),
    Finished("thinking_cut", 12, 1234, 9, 3.25, 2.0, 1.0),
]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "from")
    opened.create(
        "one",
        Asked(
            "What is half?",
            (Message("user", "Hi"), Message("assistant", "Hello", thinking="secret greeting")),
            "Be brief.",
            "Qwen/QwQ-32B",
            "nf4",
            "high",
            Sampling(0.6, 0.95, seed=2**63 - 1),
        ),
    )
    opened.append("one", EVENTS)
    opened.create("two", Asked("And a third?", model="Qwen/QwQ-32B"), parent_id="one")
    opened.append("two", [ThinkingDelta("hm", 1), Steered("stop"), Finished("stopped", 30, 1, 0, 0.5)])
    yield opened
    opened.close()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "to")
    yield opened
    opened.close()


def header(run_id: str = "a", **changes: object) -> str:
    values = {"workings_run": 1, "id": run_id, "parent_id": None, "title": "T", "created_at": 1.5, **changes}
    return json.dumps(values)


def line(number: int, event: Event, /, **changes: object) -> str:
    return json.dumps({"number": number, "at_ms": 1000, **json.loads(to_json(event)), **changes})


START = f"{header()}\n{line(0, Asked('Q'))}\n"


# ------------------------------------------------------------------ JSON Lines


def test_a_conversation_comes_back_equal_from_json_lines(store: Store, fresh: Store) -> None:
    text = export(store, "two", "json_lines")
    assert import_json_lines(fresh, text, owner="ada") == ["one", "two"]
    for run_id in ("one", "two"):
        assert fresh.timed_events(run_id) == store.timed_events(run_id)
        old = store.row(run_id)
        assert fresh.row(run_id) == replace(old, owner="ada")
    assert [row.id for row in fresh.conversation("two")] == ["one", "two"]
    assert export(fresh, "two", "json_lines") == text
    assert [hit.run.id for hit in fresh.search("half", "ada")] == ["one"]


def test_import_gives_new_ids_and_keeps_the_links_when_ids_are_taken(store: Store) -> None:
    first, second = import_json_lines(store, export(store, "two", "json_lines").encode())
    assert {first, second}.isdisjoint({"one", "two"})
    assert [row.id for row in store.conversation(second)] == [first, second]
    assert store.events(second) == store.events("two")
    assert store.row("two").parent_id == "one"


def test_import_of_one_turn_makes_a_conversation_of_its_own(store: Store, fresh: Store) -> None:
    assert import_json_lines(fresh, export(store, "two", "json_lines", only_this=True)) == ["two"]
    assert fresh.row("two").parent_id is None
    assert fresh.row("two").root_id == "two"


def test_json_lines_without_thinking_hold_none_but_keep_its_counts(store: Store, fresh: Store) -> None:
    text = export(store, "one", "json_lines", with_thinking=False)
    assert "First 2" not in text
    assert "secret greeting" not in text
    import_json_lines(fresh, text)
    assert [event for event in fresh.events("one", 1)] == [e for e in EVENTS if not isinstance(e, ThinkingDelta)]
    assert fresh.row("one").thinking_tokens == 1234


def test_json_lines_are_cut_at_line_feeds_only(store: Store, fresh: Store) -> None:
    store.create("odd", Asked("a\u2028b\u0085c\r\nd\x1ee \x00 \ud800"))
    store.append("odd", [AnswerDelta("\u2029", 1)])
    import_json_lines(fresh, export(store, "odd", "json_lines").replace("\n", "\r\n"))
    assert fresh.events("odd") == store.events("odd")


def test_import_of_a_run_without_an_end_is_interrupted(fresh: Store) -> None:
    assert import_json_lines(fresh, "\ufeff" + START) == ["a"]
    assert fresh.row("a").state == "interrupted"
    assert fresh.row("a").created_at == 1.5


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "The file is empty"),
        ("\n \n", "The file is empty"),
        (b"\x89PNG\r\n\x1a\n\x00", "Line 1 is not UTF-8 text: byte 0x89"),
        (START.encode() + b"\xff\xfe", "Line 3 is not UTF-8 text: byte 0xff"),
        ("hello", "Line 1 is not JSON .*'hello'"),
        ("\ud800", "half a surrogate pair"),
        ("[1]", r"Line 1 is no JSON object: \[1\]"),
        ("null", "Line 1 is no JSON object: None"),
        ("[" * 100_000, "Line 1 is nested too deeply"),
        ('{"a":' * 100_000, "Line 1 is nested too deeply"),
        (header() + "\n" + '{"number":0,"at_ms":1,"type":' + "[" * 500 + "]" * 500 + "}", "Line 2 is no event"),
        ('{"workings_run": NaN}', "Line 1 holds the number 'NaN', which is not finite"),
        ('{"workings_run": 1e999}', "Line 1 holds the number '1e999', which is not finite"),
        ('{"workings_run": ' + "9" * 5000 + "}", "Line 1 holds the number '9999.*too large"),
        (header(workings_run=2), "Line 1 has format 2 and this version reads 1"),
        (header(workings_run=True), "Line 1 has format True"),
        (header("../x"), "Line 1 has the id '../x'"),
        (header(id=7), "Line 1 has the id 7"),
        (header(parent_id=[]), r"Line 1 has the parent_id \[\]"),
        (header(title={}), r"Line 1 has the title \{\}"),
        (header(created_at=-1), "Line 1 has created_at -1"),
        (header(created_at=1e300), r"Line 1 has created_at 1e\+300"),
        (header(created_at="now"), "Line 1 has created_at 'now'"),
        (header(), "Line 1 is a header without an event"),
        (line(0, Asked("Q")), "Line 1 is no header"),
        (f"{header()}\n{line(0, AnswerDelta('x', 1))}", "Line 2 is 'answer'; a run begins with"),
        (f"{START}{line(1, Asked('again'))}", "Line 3 is 'asked'"),
        (f"{START}{line(0, AnswerDelta('x', 1))}", "Line 3 has number 0 after 0"),
        (f"{START}{line(1, AnswerDelta('x', 1), number='1')}", "Line 3 has number '1'"),
        (f"{START}{line(1, AnswerDelta('x', 1), at_ms=1.5)}", "Line 3 has at_ms 1.5"),
        (f"{START}{line(1, AnswerDelta('x', 1), at_ms=2**60)}", "Line 3 has at_ms 1152921504606846976"),
        (f"{START}{line(1, AnswerDelta('x', 1), n_tokens='many')}", "Line 3 is no event .*n_tokens.*'many'"),
        (f"{START}{line(1, AnswerDelta('x', 1), text=None)}", "Line 3 is no event .*text.*None"),
        (f"{START}{line(1, AnswerDelta('x', 1), type='shell')}", "Line 3 is no event .*'shell'"),
        (f"{START}{line(1, AnswerDelta('x', 1), text='@')}".replace("@", "\\ud800"), "Line 3 is no event"),
        (f"{START}{line(1, Finished('stop'), thinking_tokens=-5)}", "Line 3 counts -5"),
        (f"{header()}\n{line(0, Asked('Q' * 400_001))}", "Line 2 has 0 messages, the longest of 400,001 characters"),
        (f"{START}{START}", "Line 3 has the id 'a' for a second time"),
        (f"{header(parent_id='a')}\n{line(0, Asked('Q'))}", "Line 1 follows the run 'a', which must stand before it"),
    ],
)  # fmt: skip
def test_import_refuses_what_is_no_export_and_says_where(fresh: Store, text: str | bytes, found: str) -> None:
    with pytest.raises(BadImport, match=found):
        import_json_lines(fresh, text)
    assert fresh.rows() == []


def test_import_takes_all_runs_or_none(store: Store, fresh: Store) -> None:
    good = export(store, "two", "json_lines")
    with pytest.raises(BadImport, match="Line 16 is not JSON"):
        import_json_lines(fresh, good + "{broken\n")
    assert fresh.rows() == []
    with pytest.raises(RunNotFound):
        fresh.row("one")


def test_import_refuses_more_than_100_mib_and_too_many_events(fresh: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadImport, match="has 101 MiB and the limit is 100 MiB"):
        import_json_lines(fresh, b" " * (101 * 2**20))
    monkeypatch.setattr("model.importing.MAX_IMPORT_EVENTS", 3)
    with pytest.raises(BadImport, match="Line 5 is the event number 4 and the limit is 3 events"):
        import_json_lines(fresh, START + "".join(line(n, AnswerDelta("x", 1)) + "\n" for n in range(1, 9)))
    assert fresh.rows() == []


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.text(max_size=200),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "text", "number"]), inner)
            ),
            max_leaves=8,
        ).map(lambda value: START + json.dumps(value)),
        st.integers(0, len(START)).map(lambda cut: START[:cut] + "\x00" + START[cut + 1 :]),
    )
)
def test_import_raises_nothing_but_sentences(shared: Store, text: str | bytes) -> None:
    try:
        import_json_lines(shared, text)
    except AppError as error:
        assert re.search(r"\. Nothing was imported|^The (file|text)", str(error))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = Store(tmp_path_factory.mktemp("shared"))
    yield opened
    opened.close()


# ------------------------------------------------------------------ Markdown


def test_markdown_has_everything_of_a_conversation(store: Store) -> None:
    text = export(store, "two", "markdown")
    for part in (
        "# What is half?\n",
        "## System\n\n> Be brief.",
        "## Earlier: assistant\n\n> Hello",
        "- Model: Qwen/QwQ-32B",
        "- Precision: nf4",
        "- Settings: budget high, temperature 0.6, top_p 0.95, seed 9223372036854775807, the rest from the model's preset",
        "- Tokens: 1,234 thinking, 9 answer",
        "- Seconds: 3.2",
        "- End: thinking_cut",
        "- Verdict: not checked",
        '## Step 1\n\n> First 2, then 3.\n\n### Call: python (ok)\n\n```json\n{"code": "print(2)"}\n```',
        "````\n2\n```\nnot a fence\n````",
        "## Answer\n\nIt is \\(\\frac{1}{2}\\).",
        "> The thinking reached its budget.",
        "## Question\n\nAnd a third?",
        "## Answer\n\n*There is no answer.*",
    ):
        assert part in text
    assert text.index("What is half?") < text.index("And a third?")


def test_markdown_and_html_without_thinking_hold_none(store: Store) -> None:
    forms: tuple[Form, ...] = ("markdown", "html")
    for form in forms:
        text = export(store, "two", form, with_thinking=False)
        assert "First 2" not in text
        assert "secret greeting" not in text
        assert "1,234 thinking" in text


# ------------------------------------------------------------------ HTML

ROW = RunRow("a", None, "a", "", "T", "Q", "m", 1.5, 1.5, "finished", "stop", False, 3, 1, 1, 0.5)
ALLOWED_TAGS = set("html head meta title style body h1 h2 h3 article div p br pre details summary".split())
ALLOWED_ATTRIBUTES = {"charset", "http-equiv", "content", "name", "class", "dir"}


class Page(HTMLParser):
    """Tags, attributes and texts as a browser would see them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.attributes: set[str] = set()
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_html_lets_no_text_become_markup(store: Store) -> None:
    store.create("evil", Asked(HOSTILE, (Message("user", HOSTILE),), HOSTILE, HOSTILE, HOSTILE, HOSTILE))
    store.append("evil", [ThinkingDelta(HOSTILE, 1), ToolCall(HOSTILE, HOSTILE, HOSTILE), ToolResult(HOSTILE, HOSTILE)])
    store.append("evil", [Notice("engine", HOSTILE), AnswerDelta(HOSTILE, 1), Finished("stop")])
    store.rename("evil", HOSTILE)
    page = export(store, "evil", "html")
    seen = Page(page)
    assert set(seen.tags) <= ALLOWED_TAGS
    assert seen.attributes <= ALLOWED_ATTRIBUTES
    assert seen.open == []
    assert seen.tags.count("details") == 1
    assert "<script" not in page
    assert "\x00" not in page
    assert "default-src 'none'" in page
    assert sum("<script>alert(1)</script>" in text for text in seen.texts) >= 8


def test_html_stands_alone_and_folds_the_thinking(store: Store) -> None:
    page = export(store, "two", "html")
    assert not re.search(r"https?://|src=|href=|url\(|@import", page)
    assert "color-scheme: light dark" in page
    assert "<details><summary>Thinking</summary>" in page
    assert r"It is \(\frac{1}{2}\)." in page
    assert "Verdict: not checked" in page


@given(st.lists(st.text(), min_size=3, max_size=3))
def test_html_is_well_formed_whatever_the_texts_hold(texts: list[str]) -> None:
    events: list[Event] = [Asked(texts[1]), ThinkingDelta(texts[2], 1), AnswerDelta(texts[0], 1)]
    seen = Page(to_html([(replace(ROW, title=texts[0]), events)], True))
    assert set(seen.tags) <= ALLOWED_TAGS
    assert seen.open == []


def test_an_export_of_nothing_is_an_empty_document() -> None:
    assert to_json_lines([]) == ""
    assert to_markdown([], True) == "\n"
    assert "<body>" in to_html([], True)


# ------------------------------------------------------------------ replay

TIMED: list[tuple[int, Event]] = [
    (1000, AnswerDelta("a", 1)),
    (1500, AnswerDelta("b", 1)),
    (1400, AnswerDelta("c", 1)),
    (3_600_000, AnswerDelta("d", 1)),
]


@pytest.mark.parametrize(("speed", "pauses"), [(1, [0.5, 10]), (10, [0.05, 1])])
def test_replay_waits_as_long_as_it_took_but_not_for_a_clock_set_back_or_a_night(
    speed: float, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    now = [100.0]

    def wait(seconds: float) -> None:
        waited.append(seconds)
        now[0] += seconds

    monkeypatch.setattr("model.export.time.monotonic", lambda: now[0])
    assert list(replay(TIMED, speed, wait)) == [event for _, event in TIMED]
    assert waited == pytest.approx(pauses)


@pytest.mark.parametrize("speed", [0, math.inf])
def test_replay_gives_everything_at_once_at_speed_0_and_infinity(speed: float) -> None:
    waited: list[float] = []
    assert list(replay(TIMED, speed, waited.append)) == [event for _, event in TIMED]
    assert waited == []


@pytest.mark.parametrize("speed", [-1, math.nan, -math.inf, 1e-300])
def test_replay_refuses_a_speed_that_is_none(speed: float) -> None:
    with pytest.raises(BadInput, match="replay speed is"):
        replay(TIMED, speed)
