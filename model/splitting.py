"""Text of the model's turn in, in any chunks; pieces of thinking and answer, and complete tool calls, out.

The tags are found by transformers' streaming `ResponseParser` with the family's templates. Around it stands what it
leaves open: a turn that may or may not begin with thinking; no second thinking once the first has ended, so that a
literal `<think>` in an answer is text; a call that is not one stays visible; and the cost of a token does not grow
with the length of the turn, because a parser is exchanged for a new one before its buffer gets long.

What is left out of the pieces: the tags; one line break at the start of the thinking; line breaks at the start of the
answer and after a tool call; white space before a call. Every other character comes out once, in its order.
"""

import json
import re
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from transformers.utils.chat_parsing import ResponseParser
from transformers.utils.chat_parsing.response_templates import load_response_template

from model.families import Family
from model.tool_events import ToolCall

Kind = Literal["thinking", "answer"]
Phase = Literal["undecided", "thinking", "answer"]

# A parser copies all it was ever fed with each token (6.5 µs a token at 32k tokens, 2.7 µs at 1k), so it is exchanged.
_PARSER_CHARACTERS = 2048

# DeepSeek's calls stand in a group. A close pattern with this tag as its optional end can't be held back by the parser
# while only a part of the tag is there, so the tag is also a (text-less) region of its own.
_GROUP_END = "<｜tool▁calls▁end｜>"


@dataclass(frozen=True, slots=True)
class Piece:
    """Text as it came, never empty."""

    kind: Kind
    text: str


class Splitter:
    """Splits one turn.

    Args:
        starts_in: "thinking" when the prompt has opened it; "undecided" when the model may write the opening tag as
            its first word or answer straight away; "answer" when no thinking can come.
        tool_names: The tools on offer. With none on offer (an empty collection) a call is text like any other; a call
            to a name that is not among them is a call all the same. `None`: calls are taken, whatever is on offer.
        is_continued: The turn goes on in the middle of a text, so line breaks at its start belong to that text.
    """

    def __init__(
        self,
        family: Family,
        *,
        starts_in: Phase,
        tool_names: Collection[str] | None = None,
        is_continued: bool = False,
    ) -> None:
        fields = family.response_template["fields"]
        thinking: Mapping[str, Any] | None = fields.get("thinking")
        takes_calls = tool_names is None or len(tool_names) > 0
        calls = family.answer_template["fields"].get("tool_calls") if takes_calls else None
        self._phase: Phase = starts_in if thinking is not None else "answer"
        self._thinking = _CallSplitter(
            "thinking", family.answer_template, calls if family.calls_tools_in_thinking else None
        )
        self._answer = _CallSplitter("answer", family.answer_template, calls)
        self._thinking.line_breaks_to_drop = 0 if is_continued else 1
        self._answer.line_breaks_to_drop = 0 if is_continued and self._phase == "answer" else None
        self._open_tag: str = thinking["open"] if thinking is not None else ""
        self._close_tag: str = thinking["close"] if thinking is not None else ""
        self._undecided = ""
        self._thinking_spec = load_response_template(dict(family.response_template)) if thinking is not None else None
        self._thinking_parser: ResponseParser | None = None
        self._thinking_fed = 0
        self._thinking_held = ""

    @property
    def phase(self) -> Phase:
        """Where the text fed so far has led."""
        return self._phase

    def feed(self, text: str) -> list[Piece | ToolCall]:
        """What `text` completes; a possible beginning of a tag, or a call that is not complete, is held back."""
        out: list[Piece | ToolCall] = []
        if self._phase == "undecided":
            text = self._decide(text)
        if self._phase == "thinking" and text:
            text = self._feed_thinking(text, out)
        if self._phase == "answer" and text:
            self._answer.feed(text, out)
        return out

    def finish(self) -> list[Piece | ToolCall]:
        """The turn is over: what was held back. A call that was not closed comes as text."""
        out: list[Piece | ToolCall] = []
        if self._phase == "undecided":
            self._phase = "answer"
            self._answer.feed(self._undecided, out)
            self._undecided = ""
        if self._phase == "thinking":
            self._end_thinking(out)
        self._answer.finish(out)
        return out

    def close_thinking(self) -> list[Piece | ToolCall]:
        """The thinking was ended from outside: what was held back comes as thinking, and the answer begins."""
        out: list[Piece | ToolCall] = []
        if self._phase != "answer":
            self._thinking_held = self._undecided + self._thinking_held
            self._undecided = ""
            self._end_thinking(out)
            self._phase = "answer"
        return out

    def _decide(self, text: str) -> str:
        """The text to go on with once it is clear whether the turn begins with thinking; until then nothing."""
        self._undecided += text
        start = self._undecided.lstrip()
        if len(start) < len(self._open_tag) and self._open_tag.startswith(start):
            return ""
        held, self._undecided = self._undecided, ""
        if start.startswith(self._open_tag):
            self._phase = "thinking"
            return start[len(self._open_tag) :]
        self._phase = "answer"
        return held

    def _feed_thinking(self, text: str, out: list[Piece | ToolCall]) -> str:
        """Hands the thinking in `text` over and gives back what follows its closing tag."""
        self._thinking_held += text
        if self._thinking_parser is None or self._thinking_fed > _PARSER_CHARACTERS:
            self._thinking_parser = ResponseParser(self._thinking_spec, prefix=self._open_tag)
            self._thinking_fed = 0
            text = self._thinking_held
        self._thinking_fed += len(text)
        for event in self._thinking_parser.feed(text):
            if event["type"] == "region_chunk":
                self._thinking_held = self._thinking_held[len(event["text"]) :]
                self._thinking.feed(event["text"], out)
            elif event["type"] == "region_close":
                # The parser may have read on; the answer is read by a parser that knows of no thinking.
                rest = self._thinking_held[len(self._close_tag) :]
                self._thinking_held = ""
                self._thinking.finish(out)
                self._thinking_parser = None
                self._phase = "answer"
                return rest
        return ""

    def _end_thinking(self, out: list[Piece | ToolCall]) -> None:
        held, self._thinking_held = self._thinking_held, ""
        self._thinking.feed(held, out)
        self._thinking.finish(out)
        self._thinking_parser = None


class _CallSplitter:
    """Text of one region in; its text and the complete tool calls in it out.

    `line_breaks_to_drop`: how many more leading line breaks are left out; `None` for all of them.
    """

    def __init__(self, kind: Kind, template: Mapping[str, Any], calls: Mapping[str, Any] | None) -> None:
        self.line_breaks_to_drop: int | None = 0
        self._kind: Kind = kind
        self._spec = _spec_with_raw_calls(template, calls) if calls is not None else None
        self._parser: ResponseParser | None = None
        if calls is not None:
            self._open = re.compile(calls.get("open_pattern") or re.escape(calls["open"]), re.DOTALL)
            self._close = re.compile(calls.get("close_pattern") or re.escape(calls["close"]), re.DOTALL)
            self._holds_only_arguments = "transform" in calls
        self._fed = 0
        self._held = ""
        self._opening: re.Match[str] | None = None
        self._body: list[str] = []

    def feed(self, text: str, out: list[Piece | ToolCall]) -> None:
        if self._spec is None:
            self._give_text(text, out)
            return
        self._held += text
        todo = text
        while todo:
            todo = self._parse(todo, out)

    def finish(self, out: list[Piece | ToolCall]) -> None:
        if self._parser is None:
            return
        _, events = self._parser.finalize()
        todo = self._take(events, out)
        self._parser = None
        while todo:
            # The tag was text: what follows it is read anew, to its end.
            todo = self._parse(todo, out)
            if not todo:
                self.finish(out)

    def _parse(self, text: str, out: list[Piece | ToolCall]) -> str:
        """Reads `text`, which `_held` ends with; gives back what must be read anew."""
        if self._parser is None or (self._opening is None and self._fed > _PARSER_CHARACTERS):
            self._parser = ResponseParser(self._spec, prefix="")
            self._fed = 0
            text = self._held
        self._fed += len(text)
        return self._take(self._parser.feed(text), out)

    def _take(self, events: list[dict[str, Any]], out: list[Piece | ToolCall]) -> str:
        """Turns the parser's events into pieces and calls; gives back the text after a tag that opens no call."""
        for event in events:
            is_chunk = event["type"] == "region_chunk"
            if event["field"] == "group_end":
                self._end_group(event, out)
            elif event["field"] != "tool_calls":
                if is_chunk:
                    self._held = self._held[len(event["text"]) :]
                    self._give_text(event["text"], out)
            elif event["type"] == "region_open":
                self._opening = self._open.match(self._held)
                assert self._opening is not None  # the parser found the same pattern there
                self._held = self._held[self._opening.end() :]
            elif is_chunk:
                self._held = self._held[len(event["text"]) :]
                self._body.append(event["text"])
                if not _may_begin_call(self._body):
                    return self._reject_opening(out)
            else:
                self._end_call(out)
        return ""

    def _reject_opening(self, out: list[Piece | ToolCall]) -> str:
        """The tag is not followed by an object, as where somebody writes about tags: it is text."""
        assert self._opening is not None
        self._give_text(self._opening.group(), out)
        self._held = "".join(self._body) + self._held
        self._opening, self._body, self._parser = None, [], None
        return self._held

    def _end_call(self, out: list[Piece | ToolCall]) -> None:
        assert self._opening is not None
        opening, body = self._opening, "".join(self._body)
        self._opening, self._body = None, []
        closing = self._close.match(self._held)
        if closing is not None:
            self._held = self._held[closing.end() :]
            call = _read_call(opening, body) if self._holds_only_arguments else _read_hermes_call(body)
            if call is not None:
                out.append(call)
                self.line_breaks_to_drop = None
                return
        self._give_text(opening.group() + body + (closing.group() if closing else ""), out)

    def _end_group(self, event: dict[str, Any], out: list[Piece | ToolCall]) -> None:
        """The group's closing tag is left out where calls end, and text anywhere else."""
        if event["type"] == "region_open":
            self._held = self._held[len(_GROUP_END) :]
            if self.line_breaks_to_drop is not None:
                self._give_text(_GROUP_END, out)

    def _give_text(self, text: str, out: list[Piece | ToolCall]) -> None:
        if self.line_breaks_to_drop == 1 and text:
            text, self.line_breaks_to_drop = text.removeprefix("\n"), 0
        elif self.line_breaks_to_drop is None and (text := text.lstrip("\n")):
            self.line_breaks_to_drop = 0
        if not text:
            return
        if out and isinstance(last := out[-1], Piece) and last.kind == self._kind:
            out[-1] = Piece(self._kind, last.text + text)
        else:
            out.append(Piece(self._kind, text))


def _spec_with_raw_calls(template: Mapping[str, Any], calls: Mapping[str, Any]) -> Any:
    """The template with calls as they were written, because `ToolCall.arguments` is the model's own text."""
    raw = {key: calls[key] for key in ("open", "open_pattern", "close", "close_pattern") if key in calls}
    raw |= {"repeats": True, "content": "text", "content_args": {"strip": False}, "transform": {"text": "{content}"}}
    fields = {**template["fields"], "tool_calls": raw}
    if _GROUP_END in calls.get("close_pattern", ""):
        fields["group_end"] = {"open": _GROUP_END, "close_pattern": "", "repeats": True}
    return load_response_template({**template, "fields": fields})


def _may_begin_call(body: list[str]) -> bool:
    """Whether what follows the opening tag is, or may become, an object."""
    for part in body:
        if start := part.lstrip():
            return start[0] == "{"
    return True


def _read_call(opening: re.Match[str], arguments: str) -> ToolCall | None:
    """A call whose tag has the name and whose text is the arguments."""
    if not isinstance(_load(arguments), dict):
        return None
    return _call(opening["name"].strip(), arguments.strip())


def _read_hermes_call(body: str) -> ToolCall | None:
    """A call written as `{"name": ..., "arguments": {...}}`; None where it is not one."""
    written = _load(body)
    if not isinstance(written, dict) or not isinstance(name := written.get("name"), str) or not name:
        return None
    arguments = written.get("arguments", {})
    if isinstance(arguments, str):
        return _call(name, arguments) if isinstance(_load(arguments), dict) else None
    if not isinstance(arguments, dict):
        return None
    return _call(name, _text_of_value(body, "arguments") or "{}")


def _call(name: str, arguments: str) -> ToolCall:
    try:
        json.loads(arguments)
    except ValueError:
        # Bare line breaks inside a string, as models write them: made into the JSON that they stand for.
        arguments = json.dumps(_load(arguments), ensure_ascii=False)
    return ToolCall(f"call_{uuid.uuid4().hex[:12]}", name, arguments)


def _load(text: str) -> Any:
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None


def _text_of_value(body: str, wanted: str) -> str | None:
    """The text of a top-level value in `body`, which is a JSON object; the last one if the key comes twice.

    >>> _text_of_value('{"name": "f", "arguments": {"x":  1.50}}', "arguments")
    '{"x":  1.50}'
    """
    decoder = json.JSONDecoder(strict=False)
    found, at = None, body.index("{") + 1
    while (at := _skip_space(body, at)) < len(body) and body[at] != "}":
        key, at = decoder.raw_decode(body, at)
        start = _skip_space(body, _skip_space(body, at) + 1)  # past the colon
        _, end = decoder.raw_decode(body, start)
        if key == wanted:
            found = body[start:end]
        at = _skip_space(body, end)
        at += body[at] == ","
    return found


def _skip_space(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at
