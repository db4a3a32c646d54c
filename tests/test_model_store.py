"""The store: what was appended is there again, in order, after a crash too; and found, renamed, pinned and deleted."""

import contextlib
import math
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.errors import BadInput, RunBusy, RunError, RunNotFound
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
)
from model.settings import STORE_DELAY_SECONDS
from model.store import Store
from model.stored_runs import ImportedRun
from model.titles import title_of
from model.tool_events import ToolCall, ToolResult

ROOT = Path(__file__).resolve().parent.parent

TEXTS = st.text(max_size=40)
COUNTS = st.integers(0, 2**40)
SECONDS = st.floats(0, 1e9)
LOGPROBS = st.lists(st.floats(-1e3, 0), max_size=4).map(tuple)
CALLS = st.builds(ToolCall, TEXTS, TEXTS, TEXTS)
MESSAGES = st.builds(
    Message,
    st.sampled_from(["system", "user", "assistant", "tool"]),
    TEXTS,
    TEXTS,
    st.lists(CALLS, max_size=2).map(tuple),
)
ASKED = st.builds(
    Asked,
    TEXTS,
    st.lists(MESSAGES, max_size=3).map(tuple),
    TEXTS,
    TEXTS,
    TEXTS,
    TEXTS | COUNTS,
    st.builds(Sampling, st.none() | st.floats(0, 2), seed=st.none() | st.integers(0, 2**63 - 1)),
)
EVENTS = st.one_of(
    st.builds(PromptRead, COUNTS, st.integers(-1, 2**40), SECONDS),
    st.builds(ThinkingDelta, TEXTS, COUNTS, LOGPROBS, st.booleans()),
    st.builds(AnswerDelta, TEXTS, COUNTS, LOGPROBS),
    CALLS,
    st.builds(ToolResult, TEXTS, TEXTS, st.sampled_from(["ok", "failed", "refused"])),
    st.builds(Notice, st.sampled_from(["started", "budget", "loop", "interrupted"]), TEXTS),
    st.builds(Steered, st.sampled_from(["stop", "answer_now", "think_longer", "continue"]), COUNTS),
    st.builds(Finished, st.sampled_from(["stop", "length", "loop", "error"]), COUNTS, COUNTS, COUNTS, SECONDS),
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def shared_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = Store(tmp_path_factory.mktemp("shared"))
    yield opened
    opened.close()


def ask(
    store: Store, run_id: str, question: str = "Is 7 prime?", *, parent_id: str | None = None, owner: str = ""
) -> None:
    store.create(run_id, Asked(question), parent_id=parent_id, owner=owner)


def run_to_end(store: Store, run_id: str, question: str, thinking: str = "", answer: str = "", **where: str) -> None:
    store.create(run_id, Asked(question), parent_id=where.get("parent_id"), owner=where.get("owner", ""))
    store.append(run_id, [ThinkingDelta(thinking, 1), AnswerDelta(answer, 1), Finished("stop")])


# ------------------------------------------------------------------ events


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(asked=ASKED, batches=st.lists(st.lists(EVENTS, max_size=6), max_size=4))
def test_events_are_equal_when_read_back_whatever_they_hold(
    shared_store: Store, asked: Asked, batches: list[list[Event]]
) -> None:
    run_id = f"r{time.time_ns()}"
    shared_store.create(run_id, asked)
    for batch in batches:
        shared_store.append(run_id, batch)
    assert shared_store.events(run_id) == [asked, *(event for batch in batches for event in batch)]


def test_events_of_eight_threads_keep_each_threads_order(store: Store) -> None:
    ask(store, "shared")

    def write(name: str) -> None:
        ask(store, name)
        for number in range(200):
            store.append(name, [ThinkingDelta(str(number), 1)])
            store.append("shared", [ThinkingDelta(f"{name} {number}", 1)])

    threads = [threading.Thread(target=write, args=(f"t{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = [str(number) for number in range(200)]
    for name in (f"t{number}" for number in range(8)):
        own = store.events(name, 1)
        assert [event.text for event in own if isinstance(event, ThinkingDelta)] == expected
        in_shared = [e.text for e in store.events("shared", 1) if isinstance(e, ThinkingDelta)]
        assert [text.split()[1] for text in in_shared if text.startswith(f"{name} ")] == expected
    assert store.row("shared").n_events == 1601


def test_events_gives_the_slice_that_was_asked_for(store: Store) -> None:
    ask(store, "a")
    deltas = [ThinkingDelta(str(number), 1) for number in range(10)]
    store.append("a", deltas)
    assert store.events("a", 3, 5) == deltas[2:4]
    assert store.events("a", 9) == deltas[8:]
    assert store.events("a", 99) == []


def test_timed_events_have_the_time_at_which_they_were_appended(store: Store) -> None:
    before = time.time()
    ask(store, "a")
    time.sleep(0.05)
    store.append("a", [AnswerDelta("7", 1)])
    times = [at_ms / 1000 for at_ms, _ in store.timed_events("a")]
    assert before - 0.001 <= times[0] <= times[1] - 0.04 <= time.time()


def test_a_lone_event_is_on_disk_after_the_delay_when_nothing_else_comes(store: Store) -> None:
    ask(store, "a")
    store.append("a", [ThinkingDelta("alone", 1)])
    deadline = time.monotonic() + 60
    with contextlib.closing(sqlite3.connect(store.path)) as other:
        while other.execute("SELECT count(*) FROM events").fetchone() != (2,):
            assert time.monotonic() < deadline
            time.sleep(STORE_DELAY_SECONDS / 5)


def test_append_returns_before_the_event_is_on_disk(store: Store) -> None:
    ask(store, "a")
    with sqlite3.connect(store.path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")  # nobody can commit now
        store.append("a", [ThinkingDelta("x", 1)] * 1000)
        assert other.execute("SELECT count(*) FROM events").fetchone()[0] <= 1
        other.execute("ROLLBACK")
    other.close()
    assert len(store.events("a")) == 1001


def test_append_keeps_an_event_that_json_or_utf8_cannot_hold_as_near_as_it_can(store: Store) -> None:
    store.create("a", Asked("half a pair \ud83d", history=(Message("user", "\udc00"),)))
    store.append("a", [ThinkingDelta("t", 2, (-0.5, math.nan)), Finished("stop", 1, 10**30, 2, math.inf)])
    assert store.events("a") == [
        Asked("half a pair \ufffd", history=(Message("user", "\ufffd"),)),
        ThinkingDelta("t", 2),
        Finished("stop", 1, 10**30, 2, 0.0),
    ]
    assert store.row("a").state == "finished"


def test_append_refuses_an_unknown_run_and_a_closed_store(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(RunNotFound, match="'nobody'"):
        store.append("nobody", [AnswerDelta("x", 1)])
    ask(store, "a")
    store.close()
    with pytest.raises(RunError, match="closed"):
        store.append("a", [AnswerDelta("x", 1)])
    store.close()


def test_close_writes_what_still_waited(tmp_path: Path) -> None:
    store = Store(tmp_path)
    ask(store, "a")
    store.append("a", [AnswerDelta("7", 1), Finished("stop")])
    store.close()
    store = Store(tmp_path)
    assert len(store.events("a")) == 3
    assert store.unfinished() == []
    store.close()


@pytest.mark.parametrize("call", ["events", "timed_events", "row", "conversation", "children", "delete", "restore"])
def test_a_run_that_does_not_exist_is_said_so(store: Store, call: str) -> None:
    with pytest.raises(RunNotFound, match="There is no run 'nobody'"):
        getattr(store, call)("nobody")


def test_opening_a_run_of_3000_events_takes_well_under_a_third_of_a_second(store: Store) -> None:
    ask(store, "long")
    store.append("long", [ThinkingDelta("eleven tokens of thinking, about so long ", 11, (-0.25,) * 11)] * 3000)
    store.flush()
    started = time.thread_time()  # not the clock: other processes may have the cores
    assert len(store.events("long")) == 3001
    assert time.thread_time() - started < 0.3


# ------------------------------------------------------------------ crashes and bad files

WRITER = """
import sys, time
from pathlib import Path
from model.events import Asked, ThinkingDelta
from model.store import Store
store = Store(Path(sys.argv[1]))
store.create("killed", Asked("How long?"))
for number in range(1_000_000):
    store.append("killed", [ThinkingDelta(str(number), 1)])
    print(number, time.monotonic(), flush=True)
    time.sleep(0.001)
"""


def start_writer(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", WRITER, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True)


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_a_killed_process_loses_at_most_the_delay(tmp_path: Path) -> None:
    # A machine that stands still just before the kill does not do so in every try.
    assert any(loses_at_most_the_delay(tmp_path / str(number)) for number in range(8))


def loses_at_most_the_delay(folder: Path) -> bool:
    folder.mkdir()
    with start_writer(folder) as writer:
        assert writer.stdout is not None
        lines = [writer.stdout.readline() for _ in range(600)]
        writer.kill()
        killed_at = time.monotonic()
        lines += writer.stdout.readlines()
    assert writer.returncode == -signal.SIGKILL
    appended = [(int(number), float(at)) for number, at in (line.split() for line in lines if line.endswith("\n"))]
    # The pipe holds lines from after our last read, so the last of them is the nearest that we know to the end.
    ended_at = min(killed_at, appended[-1][1])
    must_be_there = sum(at <= ended_at - STORE_DELAY_SECONDS - 0.05 for _, at in appended)
    store = Store(folder)
    kept = store.events("killed", 1)
    assert kept == [ThinkingDelta(str(number), 1) for number in range(len(kept))]
    assert store.unfinished() == ["killed"]
    assert store.row("killed").state == "interrupted"
    assert [hit.run.id for hit in store.search("long")] == ["killed"]
    store.append("killed", [Notice("interrupted", "The app ended."), Finished("error")])
    assert store.unfinished() == []
    store.close()
    return len(kept) >= must_be_there > 100


@pytest.mark.skipif(sys.platform == "win32", reason="no such lock on Windows")
def test_a_run_of_another_living_app_is_not_called_interrupted(tmp_path: Path) -> None:
    with start_writer(tmp_path) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        second = Store(tmp_path)
        assert second.unfinished() == []
        assert second.row("killed").state == "running"
        second.append("killed", [Notice("engine", "from the second app")])
        second.flush()
        writer.stdout.readline()
        assert writer.poll() is None
        second.close()
        writer.kill()


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from model.errors import RunError
from model.events import Asked, ThinkingDelta
from model.store import Store
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = Store(Path(sys.argv[1]))
store.create("a", Asked("Is there room?"))
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
store.append("a", [ThinkingDelta("x" * 1000, 1)] * 1000)
try:
    store.flush()
except RunError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
store.append("a", [ThinkingDelta("last", 1)])
print(len(store.events("a")))
store.close()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="resource limits")
def test_a_full_disk_is_reported_and_nothing_is_lost_once_there_is_room(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    sentence, n_events = done.stdout.splitlines()
    assert "Check the disk's free space" in sentence
    assert n_events == "1002"


def test_store_refuses_a_newer_schema(tmp_path: Path) -> None:
    Store(tmp_path).close()
    with sqlite3.connect(tmp_path / "runs.sqlite3") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(RunError, match="has schema 99 and this version reads up to 1"):
        Store(tmp_path)


def test_store_refuses_a_database_that_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with sqlite3.connect(tmp_path / "other" / "runs.sqlite3") as db:
        db.execute("CREATE TABLE songs (name)")
    db.close()
    with pytest.raises(RunError, match="database of something else"):
        Store(tmp_path / "other")


def test_store_says_so_when_the_folder_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be written.*WORKINGS_DATA"):
        Store(tmp_path / "file" / "folder")


# ------------------------------------------------------------------ state and rows


def test_finished_ends_a_run_and_counts_are_summed_when_it_goes_on(store: Store) -> None:
    ask(store, "a")
    assert (store.row("a").state, store.row("a").reason) == ("running", "")
    store.append("a", [ThinkingDelta("hm", 5), Finished("thinking_cut", 3, 5, 2, 1.5)])
    row = store.row("a")
    assert (row.state, row.reason, row.thinking_tokens, row.answer_tokens) == ("finished", "thinking_cut", 5, 2)
    store.append("a", [Steered("think_longer", 1024)])
    assert (store.row("a").state, store.row("a").reason) == ("running", "")
    store.append("a", [Finished("stop", 8, 10, 4, 2.0)])
    row = store.row("a")
    assert (row.state, row.reason, row.n_events) == ("finished", "stop", 5)
    assert (row.thinking_tokens, row.answer_tokens, row.seconds) == (15, 6, 3.5)


def test_steering_a_run_that_goes_on_changes_no_state(store: Store) -> None:
    ask(store, "a")
    store.append("a", [Steered("answer_now"), Steered("think_longer", 5), Finished("stop"), Steered("stop")])
    assert store.row("a").state == "finished"


def test_create_refuses_an_id_that_is_taken_or_odd(store: Store) -> None:
    ask(store, "a")
    with pytest.raises(RunBusy, match="'a' already"):
        ask(store, "a")
    store.append("a", [Finished("stop")])
    store.flush()
    with pytest.raises(BadInput, match="'a' already"):
        ask(store, "a")
    for odd in ("", "a b", "../x", "x" * 65, "é"):
        with pytest.raises(BadInput, match="Use 1 to 64"):
            ask(store, odd)


def test_create_refuses_a_parent_of_somebody_else(store: Store) -> None:
    ask(store, "hers", owner="ada")
    with pytest.raises(RunNotFound, match="'hers'"):
        ask(store, "mine", parent_id="hers", owner="bob")
    with pytest.raises(RunNotFound, match="'mine'"):
        store.row("mine")


def test_rows_lists_the_owners_conversations_pinned_first_then_by_their_latest_turn(store: Store) -> None:
    for run_id in ("old", "pinned", "middle", "new"):
        run_to_end(store, run_id, run_id)
        store.flush()
        time.sleep(0.005)
    run_to_end(store, "old-2", "and then?", parent_id="old")
    run_to_end(store, "hers", "hers", owner="ada")
    store.pin("pinned", True)
    rows = store.rows()
    assert [row.id for row in rows] == ["pinned", "old", "new", "middle"]
    assert rows[1].updated_at == store.row("old-2").updated_at > store.row("old").updated_at
    assert [row.id for row in store.rows(limit=2, offset=1)] == ["old", "new"]
    assert [row.id for row in store.rows("ada")] == ["hers"]
    store.pin("pinned", False)
    assert store.rows()[0].id == "old"


def test_a_conversation_branches_and_each_branch_reads_from_the_first_turn(store: Store) -> None:
    ask(store, "one")
    for run_id, parent_id in (("two", "one"), ("other-two", "one"), ("three", "two")):
        ask(store, run_id, parent_id=parent_id)
    assert [row.id for row in store.conversation("three")] == ["one", "two", "three"]
    assert [row.id for row in store.conversation("one")] == ["one"]
    assert [row.id for row in store.children("one")] == ["two", "other-two"]
    assert {store.row(run_id).root_id for run_id in ("one", "two", "other-two", "three")} == {"one"}
    assert store.last_turn("one").id == store.last_turn("two").id == "three"


def test_delete_hides_the_turns_after_it_and_restore_brings_them_back(store: Store) -> None:
    run_to_end(store, "one", "primes")
    run_to_end(store, "two", "primes", parent_id="one")
    run_to_end(store, "three", "primes", parent_id="two")
    run_to_end(store, "side", "primes", parent_id="one")
    store.delete("side")
    store.delete("two")
    assert [hit.run.id for hit in store.search("primes")] == ["one"]
    assert store.children("one") == []
    with pytest.raises(RunNotFound):
        store.append("three", [AnswerDelta("x", 1)])
    store.delete("one")
    assert store.rows() == []
    store.restore("two")  # brings its first turn back too, or nobody could reach it
    assert [row.id for row in store.conversation("three")] == ["one", "two", "three"]
    assert [row.id for row in store.children("one")] == ["two"]


def test_delete_refuses_while_a_later_turn_goes_on(store: Store) -> None:
    run_to_end(store, "one", "primes")
    ask(store, "two", parent_id="one")
    with pytest.raises(RunBusy, match="'two' is still going on"):
        store.delete("one")
    assert store.row("one").id == "one"


def test_deleted_runs_are_erased_after_30_days_and_not_before(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for run_id in ("old", "recent"):
        run_to_end(store, run_id, "secret plans")
        store.search("secret")
        store.delete(run_id)
    store.close()
    day = 24 * 3600
    with sqlite3.connect(tmp_path / "runs.sqlite3") as db:
        for run_id, days in (("old", 30.1), ("recent", 29.9)):
            db.execute("UPDATE runs SET deleted_at = ? WHERE id = ?", (time.time() - days * day, run_id))
    db.close()
    store = Store(tmp_path)
    with pytest.raises(RunNotFound):
        store.restore("old")
    store.restore("recent")
    assert len(store.events("recent")) == 4
    store.close()
    with sqlite3.connect(tmp_path / "runs.sqlite3") as db:
        assert db.execute("SELECT count(*) FROM events WHERE run_id = 'old'").fetchone() == (0,)
        assert db.execute("SELECT count(*) FROM words WHERE words MATCH 'secret'").fetchone() == (1,)
    db.close()


def test_rename_keeps_one_line_and_is_searched(store: Store) -> None:
    run_to_end(store, "a", "Is 7 prime?")
    store.search("prime")
    store.rename("a", "  Seven\n\x00 again  ")
    assert store.row("a").title == "Seven again"
    assert [(hit.place, hit.snippet) for hit in store.search("again")] == [("title", "Seven \x02again\x03")]
    with pytest.raises(BadInput, match="title is empty"):
        store.rename("a", " \n ")


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("How many primes are below 100? Show all of them.", "How many primes are below 100?"),
        ("\n\n## Task 3\n\nProve it.", "Task 3"),
        ("**Solve** for $x$: $x^{2} - \\frac{1}{4} = 0$.", "Solve for x: x^2 - 1/4 = 0"),
        (r"What is \(\sqrt{16} \cdot 2\)?", "What is √16 · 2?"),
        ("- a list item\n- another", "a list item"),
        ("See [the docs](https://example.org/a?b=c) first", "See the docs first"),
        ("```python\nprint(2 * 3)\n```", "print(2 * 3)"),
        ("It costs $5 and $6 in all", "It costs $5 and $6 in all"),
        ("Dr. Smith has 3.5 apples. How many halves?", "Dr. Smith has 3.5 apples"),
        ("100以内有多少个素数？请详细说明。", "100以内有多少个素数？"),
        ("word " * 30, "word " * 11 + "word…"),
        ("素" * 80, "素" * 60 + "…"),
        ("", "Untitled"),
        ("***\n$$ $$\n", "Untitled"),
        ("a\x00b \ud800", "ab \ufffd"),
    ],
)
def test_title_is_the_first_sentence_without_marks(question: str, title: str) -> None:
    assert title_of(question) == title


@given(st.text())
def test_title_is_one_short_line_whatever_was_asked(question: str) -> None:
    title = title_of(question)
    assert 0 < len(title) <= 61
    assert "\n" not in title


def test_insert_takes_all_runs_or_none(store: Store) -> None:
    events: list[tuple[int, Event]] = [(1000, Asked("Q")), (2000, Finished("stop"))]
    runs = [ImportedRun("one", None, "", 1.0, events), ImportedRun("two", "nobody", "", 1.0, events)]
    with pytest.raises(BadInput, match="'two' follows 'nobody'"):
        store.insert(runs)
    assert store.rows() == []
    assert store.insert(runs[:1]) == ["one"]
    assert store.row("one").updated_at == 2.0


# ------------------------------------------------------------------ search


def test_search_finds_question_answer_and_thinking_after_a_restart(tmp_path: Path) -> None:
    store = Store(tmp_path)
    run_to_end(store, "a", "Is 7 prime?", "Divide by Eratosthenes' sieve", "Yes, naïvely so.")
    run_to_end(store, "b", "Ist Café größer?", "nothing here", "Nein.")
    store.close()
    store = Store(tmp_path)
    found = {
        word: [(hit.run.id, hit.place) for hit in store.search(word)] for word in ("PRIME", "eratos", "naive", "cafe")
    }
    assert found == {
        "PRIME": [("a", "question")],
        "eratos": [("a", "thinking")],
        "naive": [("a", "answer")],
        "cafe": [("b", "question")],
    }
    assert [hit.run.id for hit in store.search("prime sieve")] == ["a"]
    assert store.search("prime nein") == []
    store.close()


def test_search_finds_chinese_japanese_and_korean_by_any_part(store: Store) -> None:
    run_to_end(store, "zh", "请计算结果", "我们先看一百以内的素数有多少个，然后求和。", "答案是25个素数。")
    run_to_end(store, "ja", "素数とは何ですか", "", "カタカナ")
    run_to_end(store, "ko", "소수는 무엇입니까", "", "")
    assert {hit.run.id for hit in store.search("素数")} == {"zh", "ja"}
    assert [(hit.run.id, hit.snippet) for hit in store.search("个素数")] == [("zh", "答案是25\x02个素数\x03。")]
    assert [(hit.run.id, hit.place) for hit in store.search("一百以内")] == [("zh", "thinking")]
    assert [hit.run.id for hit in store.search("求")] == ["zh"]
    assert [hit.run.id for hit in store.search("소수")] == ["ko"]
    assert store.search("数素") == []


def test_search_takes_quoted_words_as_they_stand(store: Store) -> None:
    run_to_end(store, "a", "the prime number theorem")
    run_to_end(store, "b", "number the prime theorems")
    assert [hit.run.id for hit in store.search('"prime number"')] == ["a"]
    assert {hit.run.id for hit in store.search("prime theorem")} == {"a", "b"}


def test_search_keeps_owners_apart(store: Store) -> None:
    run_to_end(store, "mine", "primes")
    run_to_end(store, "hers", "primes", owner="ada")
    assert [hit.run.id for hit in store.search("primes")] == ["mine"]
    assert [hit.run.id for hit in store.search("primes", "ada")] == ["hers"]


@pytest.mark.parametrize(
    "query",
    ["", " ", '"', '""', '"""', "*", "a*", "AND", "OR NOT", "NEAR(a b)", "title:x", "{a b}:c", "^a", "-a", "a + b", "(",
     "'; DROP TABLE runs; --", "\x00", "a\x00b", "\ud800", "∑ ∫", "\x1f", "\x02", "x" * 100_000, "a " * 5000],
)  # fmt: skip
def test_search_never_raises_for_what_a_user_types(store: Store, query: str) -> None:
    run_to_end(store, "a", "a b c AND x")
    assert isinstance(store.search(query), list)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=30))
def test_search_never_raises(shared_store: Store, query: str) -> None:
    assert isinstance(shared_store.search(query), list)


def test_search_snippets_are_marked_only_where_it_matched(store: Store) -> None:
    run_to_end(store, "a", "filler " * 200 + "<b>needle</b> \x02fake\x03 mark " + "filler " * 200)
    (hit,) = store.search("needle")
    assert "<b>\x02needle\x03</b> fake mark" in hit.snippet
    assert hit.snippet.count("\x02") == hit.snippet.count("\x03") == 1
    assert len(hit.snippet) < 400


def test_search_snippets_show_where_most_of_the_words_stand(store: Store) -> None:
    text = "prime " + "x " * 300 + "a prime sum of squares " + "y " * 300
    run_to_end(store, "a", "Q", text)
    (hit,) = store.search("squares prime")
    assert "a \x02prime\x03 sum of \x02squares\x03 y" in hit.snippet
    assert hit.snippet.startswith("…x")
    assert hit.snippet.endswith("y…")


def test_search_is_quick_when_a_word_stands_thousands_of_times(store: Store) -> None:
    for number in range(20):
        run_to_end(store, f"r{number}", "Q", "prime numbers are here " * 5000)
    store.search("else")
    started = time.thread_time()  # not the clock: other processes may have the cores
    assert len(store.search("prime")) == 20
    assert time.thread_time() - started < 1.0


def test_search_reads_the_answer_that_stands_after_thinking_longer(store: Store) -> None:
    run_to_end(store, "a", "Is 9 prime?", "hm", "wrongly yes")
    store.append(
        "a", [Steered("think_longer"), ThinkingDelta("3 * 3", 1), AnswerDelta("composite", 1), Finished("stop")]
    )
    assert [hit.place for hit in store.search("composite")] == ["answer"]
    assert store.search("wrongly") == []
