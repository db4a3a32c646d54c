"""Requests for a GPU that is lent by the second in, their tokens out: call after call, until the time is used up.

A thought that outlives a call goes on in the next one, from the ids that are written. Keys and values are lost between
two calls, and reading is cheap. Nothing of that shows in the tokens: greedy ones are those of a single long call, and
those of a seed too, because the state of the random numbers goes from call to call (both but for the last bits of a
logit, which differ between a token that was read and one that was written).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any

from model.device_line import Job, ScoringJob, TokenChunk
from model.engine import TokenStream
from model.errors import EngineError
from model.events import Sampling
from model.gpu_time import Call, GpuTime
from model.single import OnDevice, ScoreGenerator, SingleDecoder, TokenGenerator
from model.zero_gpu import refusal_of, visitor

# Requests that hold a GPU at once, each with a worker of its own; the host's own line is behind them.
_SLOTS = 4
# A request for more tokens than there is time for is begun anew; not for a few tokens, which the pace is not sure of.
_TOLERANCE = 1.1


class LentDecoder(SingleDecoder):
    """A `Decoder` on ZeroGPU: each request is one call of the GPU after the other.

    Args:
        model: A transformers model, placed as ZeroGPU asks before the app is up.
        run_on_device: `spaces.GPU(duration=asked_seconds)`.
        gpu: What is known of its time.
        slots: Requests at once; 1 where the calls run in this process.
    """

    def __init__(self, model: Any, run_on_device: OnDevice, gpu: GpuTime, slots: int = _SLOTS) -> None:
        self._gpu = gpu
        self.slots = slots
        super().__init__(model, run_on_device)

    def start_expecting(
        self,
        prompt_ids: Sequence[int],
        sampling: Sampling,
        max_new_tokens: int,
        stop_ids: Sequence[int],
        expected_tokens: int,
    ) -> TokenStream:
        """`start`, with the tokens that will probably be written: a call asks for no more time than those need."""
        return self._start(prompt_ids, sampling, max_new_tokens, stop_ids, expected_tokens)

    def outlook(self, prompt_tokens: int) -> str:
        """What whoever asks now can expect, in a sentence."""
        return self._gpu.outlook(visitor(), prompt_tokens)

    def _runner(self) -> Callable[[Job], Iterator[TokenChunk]]:
        key, generate, score, gpu = self._model_key, self._generate, self._score, self._gpu

        def run(job: Job) -> Iterator[TokenChunk]:
            if isinstance(job, ScoringJob):
                return _Calls(gpu, len(job.prompt_ids)).scored(key, score, job)
            return _Calls(gpu, len(job.prompt_ids)).written(key, generate, job)

        return run


class _Calls:
    """The calls of one request."""

    def __init__(self, gpu: GpuTime, prompt_tokens: int) -> None:
        self._gpu = gpu
        self._visitor = visitor()
        self._prompt_tokens = prompt_tokens
        # Calls in a row that brought nothing.
        self._empty = 0

    def written(self, key: str, generate: TokenGenerator, job: Job) -> Iterator[TokenChunk]:
        """The request's tokens.

        Raises:
            OutOfGpuTime: If nothing is left of the visitor's seconds.
            EngineError: If the host gives no GPU, or the worker ended.
        """
        ids, random_state = list(job.prompt_ids), None
        is_first = True
        while True:
            new_tokens = job.max_new_tokens - (len(ids) - len(job.prompt_ids))
            if (short := self._short(len(ids), new_tokens)) is not None:
                yield short
                return
            before = len(ids)
            expected = new_tokens if job.expected_tokens is None else min(new_tokens, job.expected_tokens)
            call = self._plan(before, expected - (before - len(job.prompt_ids)), random_state)
            arguments = (key, ids[:], job.sampling, new_tokens, job.stop_ids, job.sampling.seed, call)
            watch = _Watch(self._gpu, self._visitor, before)
            try:
                with closing(_generator(generate(*arguments))) as chunks:
                    for chunk in chunks:
                        watch.see(chunk)
                        ids += chunk.ids
                        random_state = chunk.random_state or random_state
                        if chunk.finish == "call_over":
                            break
                        # Only the first call's tells what the prompt had in the cache.
                        yield chunk if is_first else chunk._replace(cached_tokens=-1)
                        if chunk.finish is not None:
                            return
                        is_first = is_first and chunk.cached_tokens < 0
            except Exception as error:  # noqa: BLE001 - the host's package and the worker raise what they like
                self._refused(error, call, has_written=len(ids) > before)
                continue
            finally:
                watch.end()
            self._count(len(ids) > before)

    def scored(self, key: str, score: ScoreGenerator, job: ScoringJob) -> Iterator[TokenChunk]:
        """Fill the job's parts; the chunks are signs of life, and the last one says that it is done."""
        first, furthest = job.first, 0
        while first < len(job.prompt_ids):
            before = first
            call = self._plan(len(job.prompt_ids), 0, None)
            watch = _Watch(self._gpu, self._visitor, 0)
            try:
                with closing(_generator(score(key, job.prompt_ids, first, call))) as pieces:
                    for read_tokens, part in pieces:
                        watch.see(None)
                        job.parts.append(part)
                        first += len(part.logprobs)
                        furthest = max(furthest, read_tokens)
                        if job.on_progress is not None:
                            job.on_progress(furthest)
                        yield TokenChunk([], [], -1, None)
            except Exception as error:  # noqa: BLE001 - the host's package and the worker raise what they like
                self._refused(error, call, has_written=first > before)
                continue
            finally:
                watch.end()
            self._count(first > before)
        yield TokenChunk([], [], -1, "stop")

    def _short(self, prompt_tokens: int, new_tokens: int) -> TokenChunk | None:
        """The chunk that says that there is not time for so many tokens, where that is known.

        Raises:
            OutOfGpuTime: If there is time for none.
        """
        self._gpu.check(self._visitor, prompt_tokens)
        left = self._gpu.tokens_left(self._visitor, prompt_tokens)
        if left is None or new_tokens <= left * _TOLERANCE:
            return None
        return TokenChunk([], [], -1, "short", tokens_left=left)

    def _plan(self, prompt_tokens: int, new_tokens: int, random_state: bytes | None) -> Call:
        # After a call that brought nothing, the longest that there is.
        wanted = max(new_tokens, 0) if not self._empty else 1_000_000
        return self._gpu.plan(self._visitor, prompt_tokens, wanted, random_state)

    def _count(self, has_written: bool) -> None:
        self._empty = 0 if has_written else self._empty + 1
        if self._empty > 1:
            raise EngineError(
                f"A call of the GPU lasts {self._gpu.call_seconds:.0f} s here, and the {self._prompt_tokens:,} tokens "
                "of this chat take longer to read. Start a new chat, or raise WORKINGS_CALL_SECONDS."
            )

    def _refused(self, error: Exception, call: Call, has_written: bool) -> None:
        """Learn from what the host said; return if another call is worth a try, else raise what the user reads."""
        refusal = refusal_of(error)
        if refusal is None:
            raise error
        if refusal.kind == "quota" and not has_written and self._empty <= 1:
            self._empty += 1
            self._gpu.told(self._visitor, refusal.left_seconds, refusal.resets_in)
            return
        if refusal.kind == "too_long" and self._gpu.too_long(refusal.requested_seconds or call.asked_seconds):
            return
        if refusal.kind in ("quota", "too_long"):
            raise self._gpu.over(self._visitor, self._prompt_tokens) from error
        raise refusal.error() from error


class _Watch:
    """Measures one call."""

    def __init__(self, gpu: GpuTime, visitor: str, prompt_tokens: int) -> None:
        self._gpu = gpu
        self._visitor = visitor
        self._prompt_tokens = prompt_tokens
        self._began_at: float | None = None
        self._spent = 0.0
        self._read_at: float | None = None
        self._last_at = 0.0
        self._tokens = 0

    def see(self, chunk: TokenChunk | None) -> None:
        """Something has come from the worker."""
        now = self._gpu.now()
        if self._began_at is None:
            self._began_at = now
            if chunk is not None and chunk.spent_seconds:
                self._spent = chunk.spent_seconds
                self._gpu.pace.started(chunk.spent_seconds)
        if chunk is None:
            return
        if chunk.cached_tokens >= 0:
            self._gpu.pace.read(self._prompt_tokens - chunk.cached_tokens, now - self._began_at)
            self._read_at = now
        if chunk.ids:
            self._tokens += len(chunk.ids)
            self._last_at = now

    def end(self) -> None:
        """The call is over."""
        if self._began_at is None:
            return
        if self._read_at is not None:
            self._gpu.pace.wrote(self._tokens, self._last_at - self._read_at)
        self._gpu.used(self._visitor, self._gpu.now() - self._began_at + self._spent)


def _generator(iterator: Iterator[Any]) -> Any:
    """Typed so that it can be closed: what runs on the device is a generator."""
    return iterator
