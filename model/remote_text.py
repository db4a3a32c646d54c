"""What a server writes in, as pieces that stand where a decoder of our own has token ids; panes' text out.

`ChatEngine` passes ids from a decoder to a detokenizer and back into prompts without looking at them. Here an id is a
number that carries its text, so that budget, cuts, loops and steering are the same code for a server's text as for
tokens of our own.
"""

import json
import math
import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import partial
from typing import Literal, Self

from model.engine import Detokenizer, Prompt, Request
from model.families import Family
from model.splitting import Kind, Phase, Piece, Splitter
from model.tool_events import ToolCall

# What a server told apart: "raw" is text with the family's own tags in it.
Part = Literal["raw", "thinking", "answer", "call"]
# Private characters at the head of a piece's text say which of these it is: no text of a model gets through with one.
_MARKS: dict[Part, str] = {"thinking": "\uf8f0", "answer": "\uf8f1", "call": "\uf8f2"}
_PART_OF_MARK: dict[str, Part] = {mark: part for part, mark in _MARKS.items()}
_OPENING = "<think>"
_NO_MARKS = str.maketrans("", "", "".join(_MARKS.values()))
# English prose and mathematics under the vocabularies of Qwen, Llama and DeepSeek: 3.3 to 4.4 characters a token.
_CHARACTERS_A_TOKEN = 3.6


class PieceId(int):
    """A piece of the model's turn."""

    text: str
    part: Part

    def __new__(cls, text: str, part: Part = "raw") -> Self:
        """A piece with this text; control characters of ours are taken out of it."""
        made = super().__new__(cls, 0)
        made.text, made.part = text.translate(_NO_MARKS), part
        return made


class ChatId(int):
    """A whole chat, up to where the model's turn begins."""

    request: Request

    def __new__(cls, request: Request) -> Self:
        """The chat of this request."""
        made = super().__new__(cls, 0)
        made.request = request
        return made


def estimated_tokens(text: str) -> int:
    """Roughly how many tokens a text is, where the server does not say.

    >>> estimated_tokens("What is 17 * 23?"), estimated_tokens("")
    (5, 0)
    """
    wide = sum(1 for character in text if ord(character) >= 0x2E80)  # about one token each
    return math.ceil((len(text) - wide) / _CHARACTERS_A_TOKEN) + wide


def spread(text: str, part: Part, n_tokens: int) -> list[PieceId]:
    """A text as so many pieces that the last one carries: budgets count pieces."""
    return [*(PieceId("", part) for _ in range(n_tokens - 1)), PieceId(text, part)]


def turn_text(ids: Iterable[int], family: Family) -> str:
    r"""The model's turn that pieces make, as the model would have written it: tags between thinking and answer.

    >>> from model.families import QWQ
    >>> turn_text([PieceId("2 + 2", "thinking"), PieceId("4", "answer")], QWQ)
    '2 + 2\n</think>\n\n4'
    """
    texts: list[str] = []
    before: Part = "raw"
    for piece in ids:
        assert isinstance(piece, PieceId)
        if not piece.text:
            continue
        if piece.part == "answer" and before == "thinking":
            texts.append(family.close_text)
        texts.append(piece.text)
        before = piece.part
    return "".join(texts)


class _Texts:
    """A `Detokenizer` of pieces."""

    def feed(self, token_id: int) -> str:
        assert isinstance(token_id, PieceId)
        return _MARKS.get(token_id.part, "") + token_id.text if token_id.text else ""


class RemotePrompts:
    """A `PromptBuilder` for a server that has the chat template."""

    stop_ids: tuple[int, ...] = ()

    def __init__(self, family: Family) -> None:
        self._family = family

    def build(self, request: Request) -> Prompt:
        """The chat, and behind it what the model's turn begins with."""
        family = self._family
        thinks = family.name != "plain"
        parts: list[PieceId] = []
        if thinks and request.thinking_so_far:
            parts.append(PieceId(request.thinking_so_far))
        if thinks and request.is_thinking_closed and (request.thinking_so_far or request.answer_so_far):
            is_cut = request.is_thinking_cut
            parts.append(PieceId(family.early_stop_text if is_cut else family.close_text))
        if request.answer_so_far:
            parts.append(PieceId(request.answer_so_far))
        texts = [message.content + message.thinking for message in request.messages] + [piece.text for piece in parts]
        tools = json.dumps(request.tools, ensure_ascii=False) if request.tools else ""
        # Each turn has a head and an end of about four tokens.
        tokens = estimated_tokens("".join(texts) + tools) + 4 * len(request.messages) + 4
        return Prompt((ChatId(request), *parts), "", tokens)

    def close_thinking(self, is_forced: bool) -> str:
        """As `engine.PromptBuilder.close_thinking`."""
        return self._family.early_stop_text if is_forced else self._family.close_text

    def encode(self, text: str) -> tuple[int, ...]:
        """Text that we write into the model's turn."""
        return tuple(spread(text, "raw", max(1, estimated_tokens(text)))) if text else ()

    def detokenizer(self) -> Detokenizer:
        """A fresh one."""
        return _Texts()


def call_piece(name: str, arguments: str, call_id: str = "") -> PieceId:
    """A tool call that the server has read."""
    return PieceId(json.dumps({"id": call_id, "name": name, "arguments": arguments}), "call")


class RemoteSplitter:
    """Splits a turn of which the server may have told the parts apart; a `splitting.Splitter` to its user."""

    def __init__(
        self,
        family: Family,
        *,
        starts_in: Phase,
        tool_names: Collection[str] | None = None,
        is_continued: bool = False,
    ) -> None:
        self._new = partial(Splitter, family, tool_names=tool_names)
        self._own = self._new(starts_in=starts_in, is_continued=is_continued)
        self._phase: Phase | None = None
        self._is_closed = starts_in == "answer"
        self._opening: str | None = "" if starts_in == "thinking" and not is_continued else None
        self._begun: dict[Kind, bool] = {"thinking": is_continued, "answer": is_continued and starts_in == "answer"}

    @property
    def phase(self) -> Phase:
        """Where the text fed so far has led."""
        return self._phase or self._own.phase

    def feed(self, text: str) -> list[Piece | ToolCall]:
        """What `text` completes."""
        part = _PART_OF_MARK.get(text[0], "raw")
        if part == "raw":
            self._read_tags()
            text = self._without_opening(text)
            return self._own.feed(text) if text else []
        body = text[1:]
        out = self._own.finish() if self._phase is None and self._own.phase != "undecided" else []
        if part == "call":
            self._phase = "answer"
            called = json.loads(body)
            return [*out, ToolCall(called["id"] or uuid.uuid4().hex[:12], called["name"], called["arguments"])]
        # What a server calls thinking behind a thinking that we closed is the answer: it looks for a closing tag.
        kind: Kind = "thinking" if part == "thinking" and not self._is_closed and self._phase != "answer" else "answer"
        self._phase = kind
        if not self._begun[kind]:
            body = body.removeprefix("\n") if kind == "thinking" else body.lstrip("\n")
            self._begun[kind] = bool(body)
        return [*out, Piece(kind, body)] if body else out

    def _read_tags(self) -> None:
        """Text with tags in it follows parts that the server told apart: what it writes on it does not split."""
        if self._phase is not None:
            self._own = self._new(starts_in=self._phase, is_continued=True)
            self._phase, self._opening = None, None

    def _without_opening(self, text: str) -> str:
        """Some servers write the tag that the prompt has opened already in front of the thinking once more."""
        if self._opening is None:
            return text
        self._opening += text
        start = self._opening.lstrip()
        if len(start) < len(_OPENING) and _OPENING.startswith(start):
            return ""
        held, self._opening = self._opening, None
        return start.removeprefix(_OPENING) if start.startswith(_OPENING) else held

    def finish(self) -> list[Piece | ToolCall]:
        """The turn is over: what was held back."""
        held, self._opening = self._opening, None
        out = self._own.feed(held) if held else []
        return [*out, *self._own.finish()] if self._phase is None else out

    def close_thinking(self) -> list[Piece | ToolCall]:
        """The thinking was ended from outside."""
        if self._phase is None:
            held, self._opening = self._opening, None
            return [*(self._own.feed(held) if held else []), *self._own.close_thinking()]
        self._phase, self._is_closed = "answer", True
        return []


def chat_of(ids: Sequence[int]) -> tuple[Request, Iterator[int]]:
    """The chat that a prompt begins with, and the pieces behind it."""
    head = ids[0]
    assert isinstance(head, ChatId)
    return head.request, iter(ids[1:])
