"""Model text in every chunking in; the same thinking, answer and calls out."""

import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.families import PLAIN, QWEN3, QWQ, R1_DISTILL, SMOLLM2, Family
from model.splitting import Phase, Piece, Splitter
from model.tool_events import ToolCall

CALL = '<tool_call>\n{"name": "python", "arguments": {"code":  "print(1)"}}\n</tool_call>'
DEEPSEEK_CALL = (
    "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>python\n```json\n"
    '{"code": "print(1)"}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>'
)
Split = tuple[str, str, tuple[tuple[str, str], ...]]


def split(
    *chunks: str,
    family: Family = QWQ,
    starts_in: Phase = "thinking",
    tool_names: tuple[str, ...] | None = None,
    is_continued: bool = False,
) -> Split:
    """Thinking, answer, and (name, arguments) of the calls."""
    splitter = Splitter(family, starts_in=starts_in, tool_names=tool_names, is_continued=is_continued)
    events = [event for chunk in chunks for event in splitter.feed(chunk)] + splitter.finish()
    return fold(events)


def fold(events: list[Piece | ToolCall]) -> Split:
    texts = {"thinking": "", "answer": ""}
    calls = []
    for event in events:
        if isinstance(event, Piece):
            assert event.text
            texts[event.kind] += event.text
        else:
            calls.append((event.name, event.arguments))
    return texts["thinking"], texts["answer"], tuple(calls)


# raw text, where it starts, thinking, answer, calls
ROWS = {
    "thinking_and_answer": ("a\n</think>\n\nb\n", "thinking", "a\n", "b\n", ()),
    "less_than_signs": ("2 < 3</th, so</think>\n\nYes </think", "thinking", "2 < 3</th, so", "Yes </think", ()),
    "unclosed": ("still thinking </thin", "thinking", "still thinking </thin", "", ()),
    "tag_cut_at_the_end": ("still thinking </think", "thinking", "still thinking </think", "", ()),
    "tag_is_the_last_word": ("x</think>", "thinking", "x", "", ()),
    "empty_thinking": ("\n</think>\n\nb", "thinking", "", "b", ()),
    "one_line_break_dropped": ("\n\n a</think>\n\n\n  b", "thinking", "\n a", "  b", ()),
    "opening_tag_quoted_in_thinking": ("use `<think>` here</think>ok", "thinking", "use `<think>` here", "ok", ()),
    "tags_quoted_in_answer": (
        "t</think>\n\nWrite `<think>` then `</think>`.\n```\n<think>\nx\n</think>\n```\nEnd",
        "thinking",
        "t",
        "Write `<think>` then `</think>`.\n```\n<think>\nx\n</think>\n```\nEnd",
        (),
    ),
    "call_rehearsed_in_thinking": (f"I could write {CALL} now</think>\n\nNo.", "thinking", f"I could write {CALL} now", "No.", ()),
    "one_call": (f"t</think>\n\n{CALL}", "thinking", "t", "", (("python", '{"code":  "print(1)"}'),)),
    "two_calls": (
        f't</think>\n\nI look.\n\n{CALL}\n<tool_call>\n{{"name": "now", "arguments": {{}}}}\n</tool_call>\nDone',
        "thinking",
        "t",
        "I look.Done",
        (("python", '{"code":  "print(1)"}'), ("now", "{}")),
    ),
    "arguments_given_as_text": (
        '<tool_call>{"name": "f", "arguments": "{\\"x\\": 1}"}</tool_call>', "answer", "", "", (("f", '{"x": 1}'),),
    ),
    "arguments_left_out": ('<tool_call>{"name": "now"}</tool_call>', "answer", "", "", (("now", "{}"),)),
    "bare_line_break_in_argument": (
        '<tool_call>{"name": "f", "arguments": {"x": "a\nb"}}</tool_call>', "answer", "", "", (("f", '{"x": "a\\nb"}'),),
    ),
    "malformed_call": (
        't</think>\n\nNow \n<tool_call>\n{"name": "f", }\n</tool_call> so',
        "thinking",
        "t",
        'Now \n<tool_call>\n{"name": "f", }\n</tool_call> so',
        (),
    ),
    "call_without_a_name": ('<tool_call>{"arguments": {}}</tool_call>', "answer", "", '<tool_call>{"arguments": {}}</tool_call>', ()),
    "arguments_are_a_list": (
        '<tool_call>{"name": "f", "arguments": [1]}</tool_call>', "answer", "", '<tool_call>{"name": "f", "arguments": [1]}</tool_call>', (),
    ),
    "nested_too_deep": (
        "<tool_call>{" + '"a":[' * 3000 + "</tool_call>", "answer", "", "<tool_call>{" + '"a":[' * 3000 + "</tool_call>", (),
    ),
    "empty_call": ("<tool_call>\n</tool_call>.", "answer", "", "<tool_call>\n</tool_call>.", ()),
    "unclosed_call": ('Now <tool_call>\n{"name": "f"', "answer", "", 'Now <tool_call>\n{"name": "f"', ()),
    "call_tag_quoted": (
        f"Models write `<tool_call>` and `</tool_call>`. {CALL} ok",
        "answer",
        "",
        "Models write `<tool_call>` and `</tool_call>`. ok",
        (("python", '{"code":  "print(1)"}'),),
    ),
    "call_tag_at_the_end": ("text <tool_call>\n", "answer", "", "text <tool_call>\n", ()),
    "undecided_thinks": ("<think>\nhm\n</think>\n\nb", "undecided", "hm\n", "b", ()),
    "undecided_thinks_after_line_breaks": ("\n\n<think>\nhm</think>b", "undecided", "hm", "b", ()),
    "undecided_answers": ("Yes: `<think>` opens it.", "undecided", "", "Yes: `<think>` opens it.", ()),
    "undecided_answers_after_line_breaks": ("\n\n<b>Yes</b>", "undecided", "", "<b>Yes</b>", ()),
    "undecided_to_the_end": ("<thin", "undecided", "", "<thin", ()),
    "undecided_calls": (CALL, "undecided", "", "", (("python", '{"code":  "print(1)"}'),)),
}  # fmt: skip


@pytest.mark.parametrize("raw, starts_in, thinking, answer, calls", ROWS.values(), ids=ROWS.keys())
def test_splitter_gives_the_same_pieces_wherever_the_text_is_cut(raw, starts_in, thinking, answer, calls):
    wanted = (thinking, answer, calls)
    cuts = range(len(raw) + 1) if len(raw) < 1000 else range(0, len(raw), 997)
    for cut in cuts:
        assert split(raw[:cut], raw[cut:], starts_in=starts_in, family=QWEN3) == wanted, cut
    if len(raw) < 1000:
        assert split(*raw, starts_in=starts_in, family=QWEN3) == wanted


@pytest.mark.parametrize("after, answer", [("", ""), ("\n", ""), ("\nSo, <b>", "So, <b>"), ("<｜tool", "<｜tool")])
def test_splitter_reads_deepseek_calls_wherever_the_text_is_cut(after, answer):
    raw = f"t</think>\n\nA <｜tool▁calls▁end｜>.\n{DEEPSEEK_CALL}{after}"
    wanted = ("t", f"A <｜tool▁calls▁end｜>.{answer}", (("python", '{"code": "print(1)"}'),))
    assert split(*raw, family=R1_DISTILL) == wanted
    for cut in range(len(raw)):
        assert split(raw[:cut], raw[cut:], family=R1_DISTILL) == wanted


FRAGMENTS = st.sampled_from(
    ["<think>", "</think>", "</thin", "</think", "<thi", "<", "</", ">", "\n", "\n\n", " ", "a", "Wait, ", "{", "}", "é🙂",
     "<tool_call>", "</tool_call>", "<tool_call>\n{", "</tool_", CALL, '{"name": "f"}', "```", DEEPSEEK_CALL, DEEPSEEK_CALL[:70], "<｜tool▁calls▁end｜>"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    fragments=st.lists(FRAGMENTS, max_size=14),
    cuts=st.lists(st.integers(0, 400), max_size=12),
    starts_in=st.sampled_from(["thinking", "answer", "undecided"]),
    family=st.sampled_from([QWQ, QWEN3, R1_DISTILL, SMOLLM2, PLAIN, replace(QWQ, calls_tools_in_thinking=True)]),
)
def test_splitter_gives_the_same_pieces_for_every_chunking(fragments, cuts, starts_in, family):
    raw = "".join(fragments)
    marks = sorted({0, len(raw), *(cut for cut in cuts if cut < len(raw))})
    chunks = [raw[a:b] for a, b in zip(marks, marks[1:], strict=False)]
    whole = split(raw, family=family, starts_in=starts_in)
    assert split(*chunks, family=family, starts_in=starts_in) == whole
    assert split(*raw, family=family, starts_in=starts_in) == whole


@settings(max_examples=300, deadline=None)
@given(fragments=st.lists(FRAGMENTS, max_size=14), starts_in=st.sampled_from(["thinking", "answer", "undecided"]))
def test_splitter_loses_nothing_but_tags_and_the_line_breaks_around_them(fragments, starts_in):
    raw = "".join(fragments)
    thinking, answer, calls = split(*raw, starts_in=starts_in, tool_names=())
    assert calls == ()
    if starts_in == "undecided" and raw.lstrip().startswith("<think>"):
        raw, starts_in = raw.lstrip().removeprefix("<think>"), "thinking"
    before, tag, after = raw.partition("</think>") if starts_in == "thinking" else ("", "", raw)
    assert thinking == before.removeprefix("\n")
    assert answer == after.lstrip("\n")


def test_splitter_streams_every_character_that_cannot_begin_a_tag():
    splitter = Splitter(QWQ, starts_in="thinking")
    assert splitter.feed("So 2 <") == [Piece("thinking", "So 2 ")]
    assert splitter.feed(" 3, and</") == [Piece("thinking", "< 3, and")]
    assert splitter.feed("think>\n\n") == []
    assert splitter.feed("\nYes") == [Piece("answer", "Yes")]
    assert splitter.feed(" `<tool_call") == [Piece("answer", " `")]
    assert splitter.feed(">` is a tag") == [Piece("answer", "<tool_call>` is a tag")]


def test_splitter_says_which_phase_it_is_in():
    splitter = Splitter(QWEN3, starts_in="undecided")
    phases = [splitter.phase]
    for text in ("\n<thi", "nk>", "x</think>"):
        splitter.feed(text)
        phases.append(splitter.phase)
    assert phases == ["undecided", "undecided", "thinking", "answer"]


def test_splitter_hands_over_what_it_holds_as_thinking_when_the_thinking_is_closed_by_force():
    splitter = Splitter(QWQ, starts_in="thinking")
    seen = splitter.feed("hm </th") + splitter.close_thinking() + splitter.feed("\n\nSo: </think>") + splitter.finish()
    assert fold(seen) == ("hm </th", "So: </think>", ())
    assert splitter.close_thinking() == []


def test_splitter_hands_over_an_undecided_start_as_thinking_when_closed_by_force():
    splitter = Splitter(QWEN3, starts_in="undecided")
    assert fold(splitter.feed("<thi") + splitter.close_thinking() + splitter.feed("Yes")) == ("<thi", "Yes", ())


def test_splitter_keeps_line_breaks_at_the_start_when_a_text_is_continued():
    assert split("\n\n2. b", starts_in="answer", is_continued=True) == ("", "\n\n2. b", ())
    assert split("\n\nWait</think>\n\nb", starts_in="thinking", is_continued=True) == ("\n\nWait", "b", ())


def test_splitter_takes_a_call_to_an_unknown_name_as_a_call_but_none_when_no_tool_is_on_offer():
    assert split(CALL, starts_in="answer", tool_names=("web",))[2] == (("python", '{"code":  "print(1)"}'),)
    assert split(CALL, starts_in="answer", tool_names=()) == ("", CALL, ())


def test_splitter_gives_every_call_an_id_of_its_own():
    calls = [event for event in Splitter(QWQ, starts_in="answer").feed(CALL + CALL) if isinstance(event, ToolCall)]
    assert len({call.call_id for call in calls}) == 2


def test_splitter_takes_everything_as_answer_when_the_family_does_not_think():
    assert split("<think>a</think>b", family=PLAIN, starts_in="thinking") == ("", "<think>a</think>b", ())


def test_splitter_takes_calls_in_the_thinking_when_the_family_makes_them_there():
    family = replace(QWQ, calls_tools_in_thinking=True)
    assert split(*f"a {CALL} b</think>c", family=family) == ("a b", "c", (("python", '{"code":  "print(1)"}'),))


@pytest.mark.parametrize("starts_in", ["thinking", "answer"])
def test_splitter_costs_the_same_for_a_token_late_in_a_long_turn(starts_in):
    splitter = Splitter(QWQ, starts_in=starts_in)
    seconds = []
    for _ in range(32):
        start = time.thread_time()
        for number in range(1000):
            splitter.feed(f" tok{number % 10}")
        seconds.append(time.thread_time() - start)
    assert min(seconds[-8:]) < 3 * min(seconds[:8])
    assert _held_characters(splitter) < 30_000


def _held_characters(thing: object, depth: int = 4) -> int:
    """Characters in all strings reachable from a splitter: the whole turn (160,000) must not be among them."""
    if isinstance(thing, str):
        return len(thing)
    if depth == 0 or isinstance(thing, type):
        return 0
    if isinstance(thing, dict):
        return sum(_held_characters(value, depth - 1) for value in thing.values())
    if isinstance(thing, list | tuple):
        return sum(_held_characters(value, depth - 1) for value in thing)
    return _held_characters(getattr(thing, "__dict__", {}), depth - 1)
