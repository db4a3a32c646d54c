"""A chat in, the token ids that the model reads out; and the ids that it writes back to text.

A message can say `<|im_end|>` or `</think>` without ending a turn or a thinking: every such text in what users, tools
and models wrote is replaced by a private character before the template runs, put back afterwards, and cut after its
first character where the text becomes ids, so that no control token can come of it. All else is encoded in one go,
exactly as the tokenizer would.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import jinja2
from tokenizers import Tokenizer
from tokenizers.decoders import DecodeStream

from model.engine import Detokenizer, Prompt, Request
from model.errors import BadInput, ModelLoadFailed
from model.events import Message
from model.families import Family
from model.tool_events import ToolCall

# Tags that chat templates look for in a message, tokens or not (QwQ's splits answers at `</think>`).
_TEMPLATE_TAGS = (
    "<think>", "</think>", "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>", "<tools>", "</tools>",
)  # fmt: skip
# Control tokens that a tokenizer does not mark as special look like these (Qwen's `<|fim_prefix|>` is one).
_CONTROL_LOOK = re.compile(r"<[|｜].*[|｜]>|\[[A-Z_/]+\]")
# Tokens that end a turn beside the tokenizer's own end-of-text token.
_TURN_ENDS = (
    "<|im_end|>", "<|endoftext|>", "<｜end▁of▁sentence｜>", "<|eot_id|>", "<|end_of_text|>", "<|eom_id|>",
    "<end_of_turn>", "<|end|>", "</s>",
)  # fmt: skip
# Planes 15 and 16 of Unicode are for private use; a character that occurs in the chat is passed over.
_PRIVATE = range(0xF0000, 0x10FFFE)
# A UTF-8 character has at most four bytes, so a longer wait is for bytes that never become one.
_MOST_PENDING_TOKENS = 8


class ChatTokenizer(Protocol):
    """What is used of a Hugging Face fast tokenizer."""

    chat_template: Any
    eos_token_id: Any

    @property
    def backend_tokenizer(self) -> Tokenizer: ...

    @property
    def added_tokens_decoder(self) -> Mapping[int, Any]: ...

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]: ...

    def apply_chat_template(self, conversation: Any, **settings: Any) -> Any: ...


class ChatPrompts:
    """The prompts of one model; see `model.engine.PromptBuilder`.

    Args:
        more_stop_ids: End-of-turn tokens that the model's generation config names.

    Raises:
        ModelLoadFailed: If neither the tokenizer nor the family has a chat template.
    """

    def __init__(self, tokenizer: ChatTokenizer, family: Family, *, more_stop_ids: Sequence[int] = ()) -> None:
        self._tokenizer = tokenizer
        self._family = family
        self._template = template_for(tokenizer, family)
        self._takes_arguments_as_text = "arguments is string" in self._template or not re.search(
            r"arguments'?\]?\s*\|\s*tojson", self._template
        )
        self._thinks = "thinking" in family.response_template["fields"]
        added = {str(token): id for id, token in tokenizer.added_tokens_decoder.items()}
        special = {str(token) for token in tokenizer.added_tokens_decoder.values() if token.special}
        self._controls = {
            text
            for text in added
            if len(text) > 1
            and not text.isspace()
            and (text in special or text in self._template or _CONTROL_LOOK.fullmatch(text) or text in _TEMPLATE_TAGS)
        }
        self._controls_re = _any_of(self._controls)
        self._literals_re = _any_of({*self._controls, *_TEMPLATE_TAGS})
        own = tokenizer.eos_token_id
        ends = [own] if isinstance(own, int) else list(own or ())
        ends += [*more_stop_ids, *(added[text] for text in _TURN_ENDS if text in added)]
        self._stop_ids = tuple(dict.fromkeys(ends))
        # SentencePiece-like tokenizers write a space before every text; one that goes on in mid-line must not get it.
        self._anchor_ids = () if self._encodes_alike_in_parts() else tuple(self._encode_raw("\n"))

    @property
    def stop_ids(self) -> tuple[int, ...]:
        """Tokens that end a turn."""
        return self._stop_ids

    @property
    def template(self) -> str:
        """The chat template in force."""
        return self._template

    def build(self, request: Request) -> Prompt:
        """The prompt up to where the model writes on.

        The ids begin with those of the same chat without `thinking_so_far` whenever there is any, and what is sent
        again after a cut therefore meets the prefix cache.

        Raises:
            BadInput: If the template refuses the chat.
        """
        base, literals = self._render(request)
        opening = self._family.open_text if self._thinks else ""
        is_open = bool(opening) and base.endswith(opening)
        if self._family.opens_thinking and not is_open:
            base, is_open = base + opening, True
        if not self._thinks:
            parts = [_cut(base, literals, self._split_literal)]
        elif request.is_thinking_closed and not request.thinking_so_far:
            # In one go: the empty thinking is encoded as the template's own form of it would be.
            whole = base + ("" if is_open else opening) + self._family.close_text
            parts = [_cut(whole, literals, self._split_literal)]
        else:
            parts = [_cut(base, literals, self._split_literal)]
            if request.thinking_so_far:
                parts += [[] if is_open else [opening], self._cut_text(request.thinking_so_far)]
            if request.is_thinking_closed:
                is_cut = request.is_thinking_cut
                parts.append([self.close_thinking(True) if is_cut else self._close_text_after(request.thinking_so_far)])
        parts.append(self._cut_text(request.answer_so_far))
        segments = [segment for part in parts for segment in part if segment]
        ids = self._encode_raw(segments[0])
        for segment in segments[1:]:
            ids += self._encode_on(segment)
        return Prompt(tuple(ids), "".join(segments))

    def close_thinking(self, is_forced: bool) -> str:
        """The text that ends a thinking: the family's early-stop text when forced, else just the closing tag."""
        return self._family.early_stop_text if is_forced else self._family.close_text

    def encode(self, text: str) -> tuple[int, ...]:
        """Ids of text that we write into the model's turn; tags of the family become their tokens."""
        return tuple(self._encode_on(text)) if text else ()

    def detokenizer(self) -> Detokenizer:
        """A fresh one, for the tokens of one turn."""
        return _StreamingDetokenizer(self._tokenizer.backend_tokenizer)

    # ---------------------------------------------------------------- the chat as the template wants it

    def _render(self, request: Request) -> tuple[str, dict[str, str]]:
        """The template's text, with private characters for literals, and what each of them stands for."""
        hidden = _Hidden(self._literals_re, _texts_of(request))
        first_shown = request.shows_thinking_from
        messages = [
            self._as_template_message(message, hidden, first_shown is not None and number >= first_shown)
            for number, message in enumerate(request.messages)
        ]
        tools = hidden.hide_in(list(request.tools)) or None
        if tools and not self._family.renders_tools:
            messages = _with_system(messages, _describe_tools(tools))
            tools = None
        if not self._family.allows_system:
            messages = _system_to_user(messages)
        try:
            text = self._apply_or_fold(messages, tools)
        except (jinja2.TemplateError, TypeError) as error:
            raise BadInput(
                f"The model's chat template refuses this chat: {error}. Start a new chat, without a system text."
            ) from error
        return hidden.show_tags(text), hidden.literals

    def _apply_or_fold(self, messages: list[dict[str, Any]], tools: Any) -> str:
        """Templates of models that we don't know may refuse a system role; the user's turn then carries its text."""
        try:
            return self._apply(messages, tools)
        except jinja2.TemplateError:
            folded = _system_to_user(messages)
            if folded == messages:
                raise
            return self._apply(folded, tools)

    def _apply(self, messages: list[dict[str, Any]], tools: Any) -> str:
        return str(
            self._tokenizer.apply_chat_template(
                messages, tools=tools, chat_template=self._template, tokenize=False, add_generation_prompt=True
            )
        )

    def _as_template_message(self, message: Message, hidden: "_Hidden", shows_thinking: bool) -> dict[str, Any]:
        content = hidden.hide(message.content)
        made: dict[str, Any] = {"role": message.role, "content": content}
        if message.role != "assistant":
            return made
        thinking = hidden.hide(message.thinking) if self._thinks else ""
        # Always there, even if empty: Qwen3's template searches the answer for tags where it is not.
        made["reasoning_content"] = thinking
        if (shows_thinking or self._family.keeps_thinking_in_history) and thinking:
            close = self._close_text_after(thinking)
            if message.tool_calls and not content:
                close = close.removesuffix("\n")  # templates begin a call on a line of its own
            tags = hidden.tag(self._family.open_text), hidden.tag(close)
            made["content"] = f"{tags[0]}{thinking}{tags[1]}{content}"
            made["reasoning_content"] = ""
        if not message.tool_calls:
            return made
        if not self._family.renders_tools:
            made["content"] += _write_calls(message.tool_calls, hidden)
            return made
        made["tool_calls"] = [
            {
                "id": call.call_id,
                "type": "function",
                "function": {"name": hidden.hide(call.name), "arguments": self._arguments(call, hidden)},
            }
            for call in message.tool_calls
        ]
        return made

    def _arguments(self, call: ToolCall, hidden: "_Hidden") -> Any:
        if not self._takes_arguments_as_text:
            try:
                # First read, then hidden: `\u003c` is a `<` only afterwards.
                return hidden.hide_in(json.loads(call.arguments))
            except ValueError:
                pass
        return hidden.hide(call.arguments)

    def _close_text_after(self, thinking: str) -> str:
        """The closing text, without the line break that the thinking already ends with."""
        close = self._family.close_text
        return close.removeprefix("\n") if thinking.endswith("\n") else close

    # ---------------------------------------------------------------- text to ids

    def _cut_text(self, text: str) -> list[str]:
        """Text of a model, cut inside whatever would become a control token."""
        segments = [""]
        for part in _split_keeping(self._controls_re, text):
            first, *rest = self._split_literal(part) if self._controls_re.fullmatch(part) else [part]
            segments[-1] += first
            segments += rest
        return segments

    def _split_literal(self, literal: str) -> list[str]:
        """The literal in parts, none of which holds a control token."""
        match = self._controls_re.search(literal)
        if match is None:
            return [literal]
        cut = match.start() + 1
        return [literal[:cut], *self._split_literal(literal[cut:])]

    def _encode_raw(self, text: str) -> list[int]:
        return list(self._tokenizer.encode(text, add_special_tokens=False))

    def _encode_on(self, text: str) -> list[int]:
        """Ids of a text that follows another one."""
        anchor = self._anchor_ids
        ids = self._encode_raw("\n" + text) if anchor else self._encode_raw(text)
        if not anchor:
            return ids
        return ids[len(anchor) :] if tuple(ids[: len(anchor)]) == anchor else self._encode_raw(text)

    def _encodes_alike_in_parts(self) -> bool:
        return self._encode_raw("\nx") == self._encode_raw("\n") + self._encode_raw("x")


class _StreamingDetokenizer:
    """Ids in, text out; a character that spans tokens comes with the last of them."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._stream = DecodeStream(skip_special_tokens=False)
        self._pending: list[int] = []

    def feed(self, token_id: int) -> str:
        self._pending.append(token_id)
        text = self._stream.step(self._tokenizer, token_id)
        if text is None and len(self._pending) < _MOST_PENDING_TOKENS:
            return ""
        if text is None:
            text = self._tokenizer.decode(self._pending, skip_special_tokens=False)
            self._stream = DecodeStream(skip_special_tokens=False)
        self._pending.clear()
        return str(text)


class _Hidden:
    """Literals and our own tags as private characters, for the time in which a template runs."""

    def __init__(self, literals_re: re.Pattern[str], texts: Iterable[str]) -> None:
        self._literals_re = literals_re
        used = set().union(*texts)
        self._free = (chr(code) for code in _PRIVATE if chr(code) not in used)
        self._of_literal: dict[str, str] = {}
        self._tags: dict[str, str] = {}
        self.literals: dict[str, str] = {}

    def hide(self, text: str) -> str:
        return self._literals_re.sub(lambda match: self._character(match.group()), text)

    def hide_in(self, value: Any) -> Any:
        """The same for every string in a JSON value, keys included."""
        if isinstance(value, str):
            return self.hide(value)
        if isinstance(value, Mapping):
            return {self.hide_in(key): self.hide_in(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.hide_in(item) for item in value]
        return value

    def tag(self, text: str) -> str:
        """A character for a tag that we write: the template must not see it, the model must."""
        character = next(self._free)
        self._tags[character] = text
        return character

    def show_tags(self, text: str) -> str:
        for character, tag in self._tags.items():
            text = text.replace(character, tag)
        return text

    def _character(self, literal: str) -> str:
        if literal not in self._of_literal:
            character = next(self._free)
            self._of_literal[literal] = character
            self.literals[character] = literal
        return self._of_literal[literal]


def template_for(tokenizer: ChatTokenizer, family: Family) -> str:
    """The chat template that a model's prompts are made with.

    Raises:
        ModelLoadFailed: If neither the tokenizer nor the family has one.
    """
    own = tokenizer.chat_template
    if isinstance(own, Mapping):
        own = own.get("default") or next(iter(own.values()), None)
    shipped = family.template_text()
    template = (shipped or own) if family.overrides_template else (own or shipped)
    if not template:
        raise ModelLoadFailed(
            "The model's tokenizer brings no chat template, so it was not made for chats. "
            "Choose an instruct or a reasoning model."
        )
    return str(template)


def _texts_of(request: Request) -> Iterator[str]:
    for message in request.messages:
        yield message.content
        yield message.thinking
        for call in message.tool_calls:
            yield call.name + call.arguments
    yield json.dumps(request.tools, ensure_ascii=False)


def _any_of(texts: Iterable[str]) -> re.Pattern[str]:
    """A pattern for any of the texts, the longest first; for none of them, one that never matches."""
    longest_first = sorted(texts, key=lambda text: (-len(text), text))
    return re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")


def _split_keeping(pattern: re.Pattern[str], text: str) -> Iterator[str]:
    """The text in parts, those that match and those between them.

    >>> list(_split_keeping(re.compile("<b>"), "a<b>c"))
    ['a', '<b>', 'c']
    """
    at = 0
    for match in pattern.finditer(text):
        yield text[at : match.start()]
        yield match.group()
        at = match.end()
    yield text[at:]


def _cut(text: str, literals: Mapping[str, str], split: Callable[[str], list[str]]) -> list[str]:
    """The text with its literals back, cut inside each of them."""
    if not literals:
        return [text]
    segments = [""]
    for part in _split_keeping(_any_of(literals), text):
        first, *rest = split(literals[part]) if part in literals else [part]
        segments[-1] += first
        segments += rest
    return segments


def _with_system(messages: list[dict[str, Any]], text: str) -> list[dict[str, Any]]:
    """The chat with `text` at the end of its system text."""
    if messages and messages[0]["role"] == "system":
        first = {"role": "system", "content": f"{messages[0]['content']}\n\n{text}"}
        return [first, *messages[1:]]
    return [{"role": "system", "content": text}, *messages]


def _system_to_user(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The chat with its system texts at the head of the first user turn."""
    system = "\n\n".join(message["content"] for message in messages if message["role"] == "system")
    others = [dict(message) for message in messages if message["role"] != "system"]
    user = next((message for message in others if message["role"] == "user"), None)
    if not system:
        return others
    if user is None:
        return [{"role": "user", "content": system}, *others]
    user["content"] = f"{system}\n\n{user['content']}"
    return others


def _describe_tools(tools: Sequence[Any]) -> str:
    """Tools for a template that shows none; the form of a call is DeepSeek's, as `catalog.R1_DISTILL` reads it."""
    listed = "\n".join(json.dumps(tool, ensure_ascii=False) for tool in tools)
    form = _deepseek_call("NAME", '{"ARGUMENT": "VALUE"}')
    return (
        f"You can call these functions, each given by its JSON schema:\n{listed}\n\n"
        "To call one, first end your thinking; then write nothing but the call, in exactly this form, and wait for its "
        f"result:\n{form}"
    )


def _deepseek_call(name: str, arguments: str) -> str:
    return (
        f"<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>{name}\n```json\n{arguments}\n```"
        "<｜tool▁call▁end｜><｜tool▁calls▁end｜>"
    )


def _write_calls(calls: Iterable[ToolCall], hidden: _Hidden) -> str:
    return "\n".join(_deepseek_call(hidden.hide(call.name), hidden.hide(call.arguments)) for call in calls)
