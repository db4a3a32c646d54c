"""A decoder and a model's prompts in, an `Engine` out: one chat turn as a stream of events.

A turn is one or more decoder requests ("stretches"). The first reads the prompt; when the thinking must end (budget,
loop, *answer now*) the stretch is cancelled, the family's early-stop text is written after what was thought, and the
whole is sent again: the prefix cache makes that cheap.
"""

import time
from bisect import bisect_right
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from typing import Literal

from model.abilities import EVERYTHING, Abilities
from model.engine import (
    BudgetLimits,
    Decoder,
    Detokenizer,
    LentDecoder,
    PromptBuilder,
    Request,
    Steering,
    TokenStream,
    budget_limits,
)
from model.errors import AppError, OutOfGpuTime, PromptTooLong
from model.events import AnswerDelta, Event, Finished, FinishReason, Notice, PromptRead, ThinkingDelta
from model.families import Family
from model.loops import LoopDetector
from model.remote_text import RemoteSplitter
from model.sampling import with_preset
from model.settings import BUDGET_TOKENS, UPDATES_PER_SECOND
from model.splitting import Phase as SplitPhase
from model.splitting import Piece, Splitter
from model.thinking import AnswerGuard, Cut, ThinkingControl, room_for
from model.tool_events import ToolCall

# How often steering is looked at while no token comes.
_POLL_SECONDS = 0.08
_PAUSE_POLL_SECONDS = 0.5
_LATE_HINT = "The hint came when the thinking was over, so it was left out. Edit the thinking and go on from there."
# How often an answer is asked for again, when the model gives none or goes back to thinking.
_MOST_RETRIES = 2
# What an answer takes, of the time that a lent GPU is asked for or has left; longer ones take another call.
_LIKELY_ANSWER_TOKENS = 768
# Fewer tokens of thinking are not worth a stretch of their own.
_LEAST_THINKING_TOKENS = 64
_KEPT_FOR_ANSWER = "The GPU time that is left is kept for the answer, so the thinking was ended."
# Written by us at the head of an answer that did not come by itself.
_ANSWER_OPENING = "**Answer:** "

Phase = Literal["thinking", "answer"]


class ChatEngine:
    """Any decoder made into an engine."""

    def __init__(
        self,
        decoder: Decoder,
        prompts: PromptBuilder,
        *,
        model: str,
        precision: str,
        context_tokens: int,
        family: Family,
        way_to_longer: str = "",
        abilities: Abilities = EVERYTHING,
        new_splitter: type[Splitter] | type[RemoteSplitter] = Splitter,
    ) -> None:
        """An engine over `decoder`.

        Args:
            way_to_longer: A sentence for those whose chat does not fit the context.
            abilities: What the decoder can do beside writing a turn from its beginning.
            new_splitter: What splits the text that its tokens make.
        """
        self.decoder = decoder
        self.prompts = prompts
        self.family = family
        self.model = model
        self.precision = precision
        self.context_tokens = context_tokens
        self.way_to_longer = way_to_longer
        self.abilities = abilities
        self.new_splitter = new_splitter

    @property
    def slots(self) -> int:
        """How many requests are decoded at once; further ones wait."""
        return self.decoder.slots

    @property
    def trouble(self) -> str:
        """What is wrong with the decoder, as a sentence; empty when nothing is, or when it cannot tell."""
        return str(getattr(self.decoder, "trouble", ""))

    @property
    def restarts(self) -> int:
        """How often the decoder's thread was started again."""
        return int(getattr(self.decoder, "restarts", 0))

    def stream(self, request: Request, steering: Steering) -> Iterator[Event]:
        """One turn; see `model.engine.Engine.stream`."""
        return _Turn(self, request, steering).events()

    def live_requests(self) -> int:
        """Requests that hold or wait for the device."""
        return self.decoder.live_requests()

    def close(self) -> None:
        """Free the device."""
        self.decoder.close()


class _Merger:
    """Merges deltas to a few updates a second; what it holds is given on before the kind changes."""

    def __init__(self) -> None:
        self.counts: dict[Phase, int] = {"thinking": 0, "answer": 0}
        self._kind: Phase = "thinking"
        self._text: list[str] = []
        self._n_tokens = 0
        self._logprobs: list[float] = []
        self._flushed_at = 0.0

    def token(self, kind: Phase, logprob: float | None) -> Iterator[Event]:
        if kind != self._kind:
            yield from self.flush()
            self._kind = kind
        self._n_tokens += 1
        self.counts[kind] += 1
        if logprob is not None:
            self._logprobs.append(logprob)

    def text(self, kind: Phase, text: str) -> Iterator[Event]:
        if kind != self._kind:
            yield from self.flush()
            self._kind = kind
        self._text.append(text)

    def due(self) -> Iterator[Event]:
        if time.monotonic() - self._flushed_at >= 1 / UPDATES_PER_SECOND:
            yield from self.flush()

    def flush(self) -> Iterator[Event]:
        text = "".join(self._text)
        if not text and not self._n_tokens:
            return
        made = ThinkingDelta if self._kind == "thinking" else AnswerDelta
        yield made(text, self._n_tokens, tuple(self._logprobs))
        self._text, self._logprobs, self._n_tokens = [], [], 0
        self._flushed_at = time.monotonic()


class _Turn:
    """The state of one turn."""

    def __init__(self, engine: ChatEngine, request: Request, steering: Steering) -> None:
        self._engine = engine
        self._prompts = engine.prompts
        self._steering = steering
        self._started_at = time.monotonic()
        # Whether the turn can be cut and written on: what a budget, a loop's end and *answer now* do.
        self._is_cut_by_us = engine.abilities.goes_on and not request.is_uncut
        self._limits = BudgetLimits(None, None) if request.is_uncut else budget_limits(request.budget)
        self._sampling = with_preset(request.sampling, engine.family.sampling)
        thinks = engine.family.name != "plain"
        is_off = self._limits.tokens == 0 and not request.thinking_so_far and engine.abilities.skips_thinking
        if not thinks or is_off:
            request = replace(request, is_thinking_closed=True)
        self._request = request
        prompt = self._prompts.build(request)
        self._prompt_tokens = len(prompt.ids) if prompt.n_tokens is None else prompt.n_tokens
        try:
            self._room = room_for(self._prompt_tokens, engine.context_tokens, self._sampling.max_new_tokens or 1)
        except PromptTooLong as error:
            raise PromptTooLong(f"{error} {engine.way_to_longer}".rstrip(), error.prompt_tokens) from None
        self._control = ThinkingControl(self._limits, self._room)
        names = [tool.get("function", tool)["name"] for tool in request.tools]
        # None has calls read although no tool is on offer.
        self._tool_names = None if request.leaves_out_calls else names
        opens = engine.family.opens_thinking or bool(request.thinking_so_far)
        starts_in: SplitPhase = "answer" if request.is_thinking_closed else "thinking" if opens else "undecided"
        is_continued = bool(request.answer_so_far if request.is_thinking_closed else request.thinking_so_far)
        self._splitter = self._new_splitter(starts_in, is_continued)
        is_guarded = request.is_thinking_closed and thinks and self._is_cut_by_us and not request.answer_so_far
        self._guard = AnswerGuard() if is_guarded else None
        self._merger = _Merger()
        self._detokenizer = self._prompts.detokenizer()
        self._answer_loops = LoopDetector()
        # The stretch that is going on: ids sent, ids written, and the turn's thinking characters after each of those.
        self._stream: TokenStream | None = None
        self._n_stretches = 0
        self._sent: tuple[int, ...] = prompt.ids
        self._written: list[int] = []
        self._characters_after: list[int] = []
        self._thinking_characters = 0
        self._spent = 0
        self._has_answer = bool(request.answer_so_far.strip())
        self._has_calls = False
        self._answer_has_looped = False
        self._cut_reason: FinishReason | None = None
        self._retries = 0
        self._is_interrupted = False
        self._has_told_of_seed = False
        # The tokens that a lent device still has time for, where it said so, and whether they limit the stretch.
        self._time_left: int | None = None
        self._is_short_of_time = False
        self._first_token_at: float | None = None
        self._answer_at: float | None = None
        # In which the run was paused or others had their turn.
        self._held_seconds = {"reading": 0.0, "thinking": 0.0, "answer": 0.0}

    # ------------------------------------------------------------------ the loop

    def events(self) -> Iterator[Event]:
        """The turn from beginning to end."""
        try:
            yield from self._reduced_notices()
            self._begin_stretch(self._sent)
            reason: FinishReason | None = None
            while reason is None:
                reason = yield from self._step()
            yield from self._finish(reason)
        except OutOfGpuTime as error:
            yield from self._finish("time_limit", Notice("gpu_time", str(error)))
        except AppError:
            # The reader keeps what was written before the engine failed.
            yield from self._merger.flush()
            raise
        finally:
            if self._stream is not None:
                self._stream.cancel()

    def _step(self) -> Generator[Event, None, FinishReason | None]:
        """Read once; the reason when the turn is over."""
        if self._steering.stop_reason is not None:
            return self._steering.stop_reason
        if (yield from self._steer()):
            return None
        if self._is_interrupted:
            yield from self._go_on(())
        assert self._stream is not None
        tokens = self._stream.read(_POLL_SECONDS)
        if tokens is None:
            yield from self._merger.due()
            return None
        if self._first_token_at is None and (tokens.ids or tokens.finish):
            self._first_token_at = time.monotonic()
            seconds = self._first_token_at - self._started_at
            self._learn_prompt_tokens()
            yield PromptRead(self._prompt_tokens, self._stream.cached_tokens, seconds)
        for sentence in tokens.notices:
            yield from self._merger.flush()
            yield Notice("engine", sentence)
        self._learn_prompt_tokens()
        for index, token_id in enumerate(tokens.ids):
            cut = yield from self._token(token_id, tokens.logprobs[index] if tokens.logprobs else None)
            if cut is not None:
                yield from self._force_answer(cut)
                return None
            if self._answer_has_looped:
                return "loop"
        if tokens.finish == "short":
            yield from self._make_do(tokens.tokens_left)
            return None
        if tokens.finish is not None:
            return (yield from self._stretch_ended(tokens.finish))
        yield from self._merger.due()
        return None

    def _steer(self) -> Generator[Event, None, bool]:
        """Do what the user asked for; True when a new stretch was begun."""
        if not self._engine.abilities.goes_on:
            yield from self._say_what_is_missing()
            return False
        more = self._steering.take_more_tokens()
        if more:
            self._control.allow_more(more)
        limits = self._steering.take_budget()
        if limits is not None:
            self._control.set_limits(limits)
        if self._steering.take_answer_now() and self._phase == "thinking":
            yield from self._force_answer(
                Cut("answer_now", "The thinking was ended on request; the answer follows.", "thinking_cut")
            )
            return True
        if self._steering.is_paused:
            yield from self._pause()
            return True
        hints = self._steering.take_hints()
        if hints:
            yield from self._go_on(hints)
            return True
        return False

    def _say_what_is_missing(self) -> Iterator[Event]:
        """Nothing can be done to such a turn but stop it; whoever asks for something else is told."""
        asked = [self._steering.take_answer_now(), bool(self._steering.take_hints()), self._steering.is_paused_by_user]
        self._steering.go_on()
        if any(asked):
            yield from self._merger.flush()
            yield Notice("reduced", self._engine.abilities.missing())

    def _pause(self) -> Iterator[Event]:
        """Let the device go until the pause is over; then write on, unless the run is to end or to answer."""
        assert self._stream is not None
        self._stream.cancel()
        yield from self._merger.flush()
        began = time.monotonic()
        if not self._has_told_of_seed and self._sampling.seed is not None and self._engine.decoder.honours_seed:
            self._has_told_of_seed = True
            yield Notice("reduced", "The run was interrupted, so its seed does not give the same text again.")
        while self._steering.is_paused:
            self._steering.wait_while_paused(_PAUSE_POLL_SECONDS)
        during = (
            "answer" if self._answer_at is not None else "thinking" if self._first_token_at is not None else "reading"
        )
        self._held_seconds[during] += time.monotonic() - began
        self._is_interrupted = True

    def _go_on(self, hints: Sequence[str]) -> Iterator[Event]:
        """Begin a stretch where the last one was left, after the hints; in an answer there is no place for hints."""
        ids = (*self._sent, *self._written)
        if hints and self._phase == "answer":
            yield from self._merger.flush()
            yield Notice("hint_left_out", _LATE_HINT)
            hints = ()
            if not self._is_interrupted:
                return
        for hint in hints:
            text = f"\n\n{hint.strip()}\n\n"
            yield from self._merger.flush()
            written = "".join(piece.text for piece in self._splitter.feed(text) if isinstance(piece, Piece))
            yield ThinkingDelta(written, 0, by_user=True)
            self._thinking_characters += len(written)
            hint_ids = self._prompts.encode(text)
            self._spent += len(hint_ids)
            ids += hint_ids
        # Without a hint the tokens go on in the middle of a character, perhaps.
        self._begin_stretch(ids, self._prompts.detokenizer() if hints else self._detokenizer)

    def _learn_prompt_tokens(self) -> None:
        """Where only the server knows; later stretches read what was written, too."""
        assert self._stream is not None
        if self._n_stretches == 1 and self._stream.prompt_tokens >= 0:
            self._prompt_tokens = self._stream.prompt_tokens

    @property
    def _phase(self) -> Phase:
        return "answer" if self._splitter.phase == "answer" else "thinking"

    # ------------------------------------------------------------------ tokens

    def _token(self, token_id: int, logprob: float | None) -> Generator[Event, None, Cut | None]:
        """Take one token in; a `Cut` when the thinking must end, or when the answer turned out to be thinking."""
        self._written.append(token_id)
        self._spent += 1
        text = self._detokenizer.feed(token_id)
        pieces = self._splitter.feed(text) if text else []
        phase = self._phase
        yield from self._merger.token(phase, logprob)
        thinking = "".join(p.text for p in pieces if isinstance(p, Piece) and p.kind == "thinking")
        is_thinking_again = yield from self._show(pieces)
        self._thinking_characters += len(thinking)
        self._characters_after.append(self._thinking_characters)
        if is_thinking_again:
            return Cut("thought_again", "The answer went back to thinking, so it was asked for again.", "thinking_cut")
        if phase == "thinking" and self._is_cut_by_us:
            assert self._first_token_at is not None
            seconds = time.monotonic() - self._first_token_at - self._held_seconds["thinking"]
            return self._control.feed(thinking, seconds)
        return None

    def _show(self, pieces: Sequence[Piece | ToolCall]) -> Generator[Event, None, bool]:
        """Hand pieces on; True when the answer is found to be thinking again."""
        for piece in pieces:
            if isinstance(piece, ToolCall):
                if self._request.leaves_out_calls:
                    continue
                yield from self._merger.flush()
                yield piece
                self._has_calls = True
            elif piece.kind == "thinking":
                if not (self._is_cut_by_us or self._request.is_uncut):
                    self._answer_has_looped = self._answer_has_looped or self._answer_loops.feed(piece.text) is not None
                yield from self._merger.text("thinking", piece.text)
            else:
                text, is_thinking_again = self._guard.feed(piece.text) if self._guard else (piece.text, False)
                if is_thinking_again and self._retries < _MOST_RETRIES:
                    return True
                yield from self._show_answer(text)
        return False

    def _show_answer(self, text: str) -> Iterator[Event]:
        if not text:
            return
        if self._answer_at is None:
            self._answer_at = time.monotonic()
        self._has_answer = self._has_answer or bool(text.strip())
        if not self._request.is_uncut:
            self._answer_has_looped = self._answer_has_looped or self._answer_loops.feed(text) is not None
        yield from self._merger.text("answer", text)

    # ------------------------------------------------------------------ stretches

    def _new_splitter(self, starts_in: SplitPhase, is_continued: bool = False) -> Splitter | RemoteSplitter:
        return self._engine.new_splitter(
            self._engine.family, starts_in=starts_in, tool_names=self._tool_names, is_continued=is_continued
        )

    def _begin_stretch(self, ids: Sequence[int], detokenizer: Detokenizer | None = None) -> None:
        if self._stream is not None:
            self._stream.cancel()
        self._n_stretches += 1
        self._sent = tuple(ids)
        self._written = []
        self._characters_after = []
        self._detokenizer = detokenizer or self._prompts.detokenizer()
        self._is_interrupted = False
        left = max(min(self._room.total - self._spent, self._engine.context_tokens - len(ids)), 1)
        self._is_short_of_time = self._time_left is not None and self._time_left < left
        if self._time_left is not None:
            left = min(left, self._time_left)
        decoder = self._engine.decoder
        arguments = (self._sent, self._sampling, left, self._prompts.stop_ids)
        if isinstance(decoder, LentDecoder):
            self._stream = decoder.start_expecting(*arguments, self._likely_tokens())
        else:
            self._stream = decoder.start(*arguments)

    def _likely_tokens(self) -> int:
        """What is still to be written, as far as anybody can tell."""
        answer = min(self._room.answer_reserve, _LIKELY_ANSWER_TOKENS)
        if self._phase == "answer":
            return answer
        budget = self._control.tokens_limit
        thinking = self._room.thinking if budget is None else min(budget, self._room.thinking)
        return max(thinking - self._merger.counts["thinking"], 0) + answer

    def _make_do(self, tokens_left: int) -> Iterator[Event]:
        """Go on with what a lent device has time for; the last part of it is for the answer."""
        self._time_left = tokens_left
        if self._phase == "thinking" and not self._request.is_uncut:
            self._time_left -= min(self._room.answer_reserve, _LIKELY_ANSWER_TOKENS, max(tokens_left // 2, 1))
            if self._time_left < _LEAST_THINKING_TOKENS:
                self._time_left = None
                yield from self._force_answer(Cut("budget", _KEPT_FOR_ANSWER, "thinking_cut"))
                return
        self._begin_stretch((*self._sent, *self._written), self._detokenizer)

    def _force_answer(self, cut: Cut) -> Iterator[Event]:
        """End the thinking here and have the answer written."""
        if self._stream is not None:
            self._stream.cancel()
        if cut.notice == "thought_again":
            yield from self._merger.flush()
            yield Notice(cut.notice, cut.text)
            yield from self._ask_again(self._sent)
            return
        yield from self._show(self._splitter.close_thinking())
        yield from self._merger.flush()
        yield Notice(cut.notice, cut.text)
        self._cut_reason = None if cut.reason == "stop" else cut.reason
        kept = self._written
        if cut.keep_characters is not None:
            kept = kept[: bisect_right(self._characters_after, cut.keep_characters)]
        if not self._written:
            sent = self._prompts.build(replace(self._request, is_thinking_closed=True)).ids
        else:
            forced = self._prompts.close_thinking(is_forced=True)
            visible = forced.partition(self._engine.family.close_text.strip())[0].rstrip()
            if visible:
                yield ThinkingDelta(visible, 0, forced=True)
            sent = (*self._sent, *kept, *self._prompts.encode(forced))
        self._splitter = self._new_splitter("answer")
        self._guard = AnswerGuard()
        self._begin_stretch(sent)

    def _ask_again(self, ids: Sequence[int]) -> Iterator[Event]:
        """Open the answer ourselves, so that the model can only go on with it."""
        self._retries += 1
        self._splitter = self._new_splitter("answer")
        self._guard = AnswerGuard()
        yield from self._merger.text("answer", _ANSWER_OPENING if self._retries == 1 else "")
        self._begin_stretch((*ids, *self._prompts.encode(_ANSWER_OPENING)))

    def _stretch_ended(self, finish: Literal["stop", "length"]) -> Generator[Event, None, FinishReason | None]:
        """The decoder has nothing more; the reason if that ends the turn."""
        phase = self._phase
        is_out_of_time = finish == "length" and self._is_short_of_time
        if is_out_of_time:
            self._time_left = None
        if is_out_of_time and (phase == "answer" or self._request.is_uncut):
            # The device says itself when there is no more.
            self._begin_stretch((*self._sent, *self._written), self._detokenizer)
            return None
        yield from self._show(self._splitter.finish())
        if not self._is_cut_by_us:
            return (yield from self._end_uncut(finish))
        if phase == "thinking":
            cut = Cut(
                "unclosed", "The model ended its turn inside the thinking, so it was asked for its answer.", "stop"
            )
            if finish == "length":
                text = _KEPT_FOR_ANSWER if is_out_of_time else "The thinking used up its tokens, so it was ended."
                cut = Cut("budget", text, "thinking_cut")
            yield from self._force_answer(cut)
            return None
        if self._guard is not None:
            yield from self._show_answer(self._guard.finish())
        if not self._has_answer and not self._has_calls:
            if finish == "stop" and self._retries < _MOST_RETRIES:
                yield from self._ask_again((*self._sent, *self._written))
                return None
            yield from self._merger.flush()
            yield Notice("no_answer", "The model wrote no answer, although it was asked for one. Try again.")
        if finish == "length":
            yield from self._merger.flush()
            yield Notice("length", f"The answer reached the limit of {self._room.total:,} new tokens. Press Continue.")
            return "length"
        return self._cut_reason or "stop"

    def _end_uncut(self, finish: Literal["stop", "length"]) -> Generator[Event, None, FinishReason]:
        yield from self._merger.flush()
        if finish == "length":
            yield Notice("length", f"The limit of {self._room.total:,} new tokens was reached.")
        elif not self._request.is_uncut and not self._has_answer and not self._has_calls:
            yield Notice("no_answer", "The model wrote no answer. Try again.")
        return finish

    # ------------------------------------------------------------------ ends

    def _reduced_notices(self) -> Iterator[Event]:
        asked = self._request.sampling
        if isinstance(self._engine.decoder, LentDecoder):
            yield Notice("gpu_call", self._engine.decoder.outlook(self._prompt_tokens))
        if asked.seed is not None and not self._engine.decoder.honours_seed:
            yield Notice("reduced", "This engine decodes several requests together and cannot honour a seed.")
        if asked.max_new_tokens is not None and asked.max_new_tokens > self._room.total:
            yield Notice(
                "reduced",
                f"{asked.max_new_tokens:,} new tokens were asked for, but the context of "
                f"{self._engine.context_tokens:,} has room for {self._room.total:,}.",
            )
        # A named budget is a wish; the notice at its end says what was left of it.
        wanted = None if self._request.budget in BUDGET_TOKENS else self._limits.tokens
        if wanted is not None and not self._request.is_thinking_closed and wanted > self._room.thinking:
            yield Notice(
                "reduced",
                f"The thinking budget is {wanted:,} tokens, but only {self._room.thinking:,} leave room for an answer.",
            )

    def _finish(self, reason: FinishReason, why: Notice | None = None) -> Iterator[Event]:
        if self._stream is not None:
            self._stream.cancel()
        if reason in ("stopped", "time_limit", "allowance", "loop"):
            yield from self._show(self._splitter.finish())
        if self._guard is not None:
            yield from self._show_answer(self._guard.finish())
        yield from self._merger.flush()
        if why is not None:
            yield why
        elif reason == "stopped":
            yield Notice("stopped", "Stopped. Press Continue to take it further.")
        elif reason == "time_limit":
            yield Notice("time_limit", "The run reached its time limit. Press Continue to take it further.")
        elif reason == "loop" and self._answer_has_looped:
            where = "answer" if self._has_answer else "thinking"
            yield Notice("loop", f"The {where} went in circles, so it was ended.")
        yield self._finished(reason)

    def _finished(self, reason: FinishReason) -> Finished:
        now = time.monotonic()
        began = self._first_token_at if self._first_token_at is not None else now
        thinking_tokens = self._merger.counts["thinking"]
        thinking_until = self._answer_at if self._answer_at is not None else now
        held = self._held_seconds
        return Finished(
            reason,
            prompt_tokens=self._prompt_tokens,
            thinking_tokens=thinking_tokens,
            answer_tokens=self._merger.counts["answer"],
            seconds=now - self._started_at - sum(held.values()),
            thinking_seconds=thinking_until - began - held["thinking"] if thinking_tokens else 0.0,
            answer_seconds=now - self._answer_at - held["answer"] if self._answer_at is not None else 0.0,
        )
