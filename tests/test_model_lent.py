"""Calls of a lent GPU, one after the other: no seam in the text, the quota's end in a sentence, scores in pieces."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from model import single
from model.catalog import EMBEDDED
from model.chat import ChatEngine
from model.device_line import TokenChunk
from model.engine import Collected, Decoder, Request, Steering, collect
from model.errors import EngineError
from model.events import Event, Finished, Message, Notice, PromptRead, Sampling
from model.gpu_time import Call, GpuTime, Pace
from model.lent import LentDecoder
from model.loading import LoadedModel, load_model, release
from model.prompt import ChatPrompts
from model.single import SingleDecoder
from model.zero_gpu import run_on_device
from tests.tiny_model import GREEDY, LONG, PROMPT, read_all, run

STORY = "Write a very long story about a ship, with many chapters."


class Error(Exception):
    """As Gradio's error for the page, which is what the host's package raises."""

    def __init__(self, title: str, message: str) -> None:
        super().__init__(message)
        self.title, self.message = title, message


class Steady(Pace):
    """A pace that is never measured, of 20 tokens a second."""

    def __init__(self) -> None:
        super().__init__(10**9)
        self.new_per_second, self.read_per_second, self.start_seconds = 20.0, 1e9, 0.0

    def wrote(self, tokens: int, seconds: float) -> None: ...
    def read(self, tokens: int, seconds: float) -> None: ...
    def started(self, seconds: float) -> None: ...


class Host:
    """A host on whose clock a token takes 1/20 s, and a call ends when its time is over."""

    def __init__(self, left_seconds: float | None = None, call_seconds: float = 60.0) -> None:
        self.seconds = 0.0
        self.left_seconds = left_seconds
        self.calls: list[Call] = []
        self.refused: list[Call] = []
        self.error: Error | None = None
        self.gpu = GpuTime(Steady(), call_seconds, clock=lambda: self.seconds)

    def lend(self, generate: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        def lent(*arguments: Any) -> Iterator[Any]:
            call: Call = arguments[-1]
            if self.error is not None:
                raise self.error
            if self.left_seconds is not None and call.asked_seconds > self.left_seconds:
                self.refused.append(call)
                raise Error(
                    "ZeroGPU quota exceeded",
                    f"You have exceeded your free ZeroGPU quota ({call.asked_seconds}s requested vs. "
                    f"{self.left_seconds:.0f}s left). Try again in 3:12:01. ",
                )
            self.calls.append(call)
            began = self.seconds
            given = call._replace(work_seconds=1e9)
            try:
                for chunk in generate(*arguments[:-1], given):
                    if isinstance(chunk, TokenChunk) and chunk.ids and self.seconds - began >= call.work_seconds:
                        # The worker's own end: this token was never drawn.
                        yield TokenChunk([], [], -1, "call_over")
                        return
                    self.seconds += len(chunk.ids) / 20 if isinstance(chunk, TokenChunk) else 0
                    yield chunk
            finally:
                if self.left_seconds is not None:
                    self.left_seconds -= self.seconds - began

        return lent


class Ticks:
    """A worker's clock: a twentieth of a second for each token."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        self.seconds += 1 / 20
        return self.seconds


def cut_after(seconds: float, calls: list[Call] | None = None) -> Callable[..., Any]:
    """A host that takes the GPU back so soon: the worker's own end, by its own clock."""
    seen = [] if calls is None else calls

    def lend(generate: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        def lent(*arguments: Any) -> Iterator[Any]:
            seen.append(arguments[-1])
            yield from generate(*arguments[:-1], arguments[-1]._replace(work_seconds=seconds))

        return lent

    return lend


@pytest.fixture(scope="module")
def embedded(shared_data_folder: Path) -> Iterator[LoadedModel]:
    from model.catalog import CATALOG

    # In bf16 a token that was read and one that was written differ enough for a draw to fall otherwise.
    loaded = load_model(
        CATALOG[EMBEDDED],
        precision="fp32",
        adapter="none",
        data_folder=shared_data_folder,
        on_progress=lambda progress: None,
    )
    yield loaded
    release(loaded)


def engine_over(decoder: Decoder, loaded: LoadedModel) -> ChatEngine:
    prompts = ChatPrompts(loaded.tokenizer, loaded.spec.family)
    return ChatEngine(decoder, prompts, model="m", precision="p", context_tokens=8192, family=loaded.spec.family)


def ask(engine: ChatEngine, **fields: Any) -> tuple[list[Event], Collected]:
    events = list(engine.stream(Request((Message("user", STORY),), **fields), Steering()))
    return events, collect(events)


def kinds(whole: Collected) -> list[str]:
    return [notice.kind for notice in whole.notices]


@pytest.fixture
def lent(model: Any) -> Iterator[Callable[..., LentDecoder]]:
    made: list[LentDecoder] = []

    def make(lend: Callable[..., Any], gpu: GpuTime | None = None) -> LentDecoder:
        made.append(LentDecoder(model, lend, gpu or GpuTime(Pace(10**6), 60.0), slots=1))
        return made[-1]

    yield make
    for decoder in made:
        decoder.close()


@pytest.mark.parametrize("sampling", [Sampling(temperature=0.0), Sampling(seed=11)], ids=["greedy", "seeded"])
def test_text_in_many_calls_is_that_of_one_long_call(
    embedded: LoadedModel, sampling: Sampling, monkeypatch: pytest.MonkeyPatch
):
    fields = {"sampling": Sampling(sampling.temperature, seed=sampling.seed, max_new_tokens=90), "budget": 40}
    whole_decoder = SingleDecoder(embedded.model)
    _, whole = ask(engine_over(whole_decoder, embedded), **fields)
    whole_decoder.close()
    calls: list[Call] = []
    monkeypatch.setattr(single, "time", Ticks())
    decoder = LentDecoder(embedded.model, cut_after(1.5, calls), GpuTime(Pace(10**6), 60.0), slots=1)
    events, pieces = ask(engine_over(decoder, embedded), **fields)
    decoder.close()
    assert len(calls) > 2
    assert (pieces.thinking, pieces.answer) == (whole.thinking, whole.answer)
    assert pieces.finished is not None and whole.finished is not None
    assert (pieces.finished.reason, pieces.finished.answer_tokens) == (
        whole.finished.reason,
        whole.finished.answer_tokens,
    )
    assert sum(isinstance(event, PromptRead) for event in events) == 1
    assert [kind for kind in kinds(pieces) if kind != "gpu_call"] == kinds(whole)


def test_run_is_told_beforehand_what_a_call_holds(embedded: LoadedModel):
    host = Host()
    decoder = LentDecoder(embedded.model, host.lend, host.gpu, slots=1)
    events, _ = ask(engine_over(decoder, embedded), sampling=Sampling(max_new_tokens=70))
    decoder.close()
    assert isinstance(events[0], Notice) and events[0].kind == "gpu_call"
    assert events[0].text.startswith("ZeroGPU: about 900 tokens in a call of 60 s.")


def test_quota_that_is_short_leaves_time_for_an_answer(embedded: LoadedModel):
    host = Host(left_seconds=12)
    decoder = LentDecoder(embedded.model, host.lend, host.gpu, slots=1)
    events, whole = ask(engine_over(decoder, embedded), budget="high")
    decoder.close()
    assert [call.asked_seconds for call in host.refused] == [60]
    assert all(call.asked_seconds <= 12 for call in host.calls)
    assert whole.thinking and whole.answer
    ended = next(event for event in events if isinstance(event, Notice) and event.kind == "budget")
    assert ended.text == "The GPU time that is left is kept for the answer, so the thinking was ended."


def test_run_whose_quota_ends_says_so_and_can_be_continued(embedded: LoadedModel):
    host = Host(left_seconds=12)
    decoder = LentDecoder(embedded.model, host.lend, host.gpu, slots=1)
    engine = engine_over(decoder, embedded)
    _, whole = ask(engine, budget="off", sampling=Sampling(temperature=0.0))
    assert whole.finished is not None and whole.finished.reason == "time_limit" and whole.finished.answer_tokens > 60
    said = whole.notices[-1]
    assert said.kind == "gpu_time" and "More comes in 3:12:01." in said.text and "press Continue" in said.text
    host.left_seconds, host.gpu = None, host.gpu
    host.seconds += 3_600  # what was told is old news by then
    _, more = ask(
        engine,
        is_thinking_closed=True,
        answer_so_far=whole.answer,
        sampling=Sampling(temperature=0.0, max_new_tokens=64),
    )
    decoder.close()
    assert more.answer and more.finished is not None and more.finished.reason == "length"


def test_quota_that_is_used_up_asks_for_no_gpu_a_second_time(lent: Callable[..., LentDecoder]):
    host = Host(left_seconds=3)
    decoder = lent(host.lend, host.gpu)
    for _ in range(2):
        with pytest.raises(EngineError, match=r"3 s are left, and a call needs 8 s"):
            run(decoder, new=2_000)
    assert len(host.refused) == 1 and host.calls == []


def test_host_that_gives_only_shorter_calls_is_asked_for_shorter_ones(lent: Callable[..., LentDecoder]):
    host = Host(call_seconds=100)

    def strict(generate: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        inner = host.lend(generate)

        def lent_out(*arguments: Any) -> Iterator[Any]:
            if (asked := arguments[-1].asked_seconds) > 30:
                message = f"The requested GPU duration ({asked}s) is larger than the maximum allowed"
                raise Error("ZeroGPU illegal duration", message)
            yield from inner(*arguments)

        return lent_out

    ids, _, finish = run(lent(strict, host.gpu), new=900)
    assert (len(ids), finish) == (900, "length")
    assert len(host.calls) > 1 and max(call.asked_seconds for call in host.calls) <= 30


@pytest.mark.parametrize(
    ("title", "message", "sentence"),
    [
        ("ZeroGPU worker error", "GPU task aborted", "taken away in mid-run"),
        ("ZeroGPU worker error", "OutOfMemoryError", "ran out of memory"),
        ("ZeroGPU worker error", "ValueError", "The engine failed in mid-run: ValueError"),
        ("ZeroGPU client error", "No GPU was available", "No GPU was free within a minute"),
        ("ZeroGPU client error", "Expired ZeroGPU proxy token", "pass to the GPU has run out"),
        ("ZeroGPU quota exceeded", "Space app has reached its GPU limit. Try", "Open the Space at huggingface.co"),
        (
            "ZeroGPU pending credits exceeded",
            "You have too many ZeroGPU credits allocated to running tasks.",
            "held by",
        ),
        ("ZeroGPU quota exceeded", "You have exceeded your ZeroGPU runs limit. ", "a limit of runs"),
        ("", "No GPU is currently available for you after 60s", "No GPU was free"),
        ("", "You have exceeded your GPU quota (60s requested vs. 2s left). <a href='x'>Sign up</a>", "2 s are left"),
    ],
)
def test_errors_of_the_host_become_sentences(lent: Callable[..., LentDecoder], title: str, message: str, sentence: str):
    host = Host()
    host.error = Error(title, message)
    with pytest.raises(EngineError, match=sentence):
        run(lent(host.lend, host.gpu))


def test_tokens_before_a_worker_died_are_kept(lent: Callable[..., LentDecoder]):
    def dies(generate: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        def lent_out(*arguments: Any) -> Iterator[Any]:
            for chunk in generate(*arguments):
                yield chunk
                if chunk.ids:
                    raise Error("ZeroGPU worker error", "GPU task aborted")

        return lent_out

    stream = lent(dies).start(PROMPT, GREEDY, 20, ())
    ids: list[int] = []
    with pytest.raises(EngineError, match="press Continue"):
        while True:
            ids += tokens.ids if (tokens := stream.read(1.0)) else ()
    assert len(ids) == 1


def test_call_that_reads_no_further_than_its_prompt_twice_says_so(lent: Callable[..., LentDecoder]):
    with pytest.raises(EngineError, match=r"lasts 60 s here, and the 3,000 tokens of this chat take longer to read"):
        read_all(lent(cut_after(0.0)).start(LONG, GREEDY, 20, ()))


def test_scores_in_many_calls_are_those_of_one(lent: Callable[..., LentDecoder], model: Any):
    whole_decoder = SingleDecoder(model)
    whole = whole_decoder.score(LONG[:1500], 1)
    whole_decoder.close()
    calls = 0

    def one_new_piece(generate: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        def lent_out(*arguments: Any) -> Iterator[Any]:
            nonlocal calls
            calls += 1
            for piece in generate(*arguments):
                yield piece
                if piece[1].logprobs:
                    return

        return lent_out

    seen: list[int] = []
    pieces = lent(one_new_piece).score(LONG[:1500], 1, seen.append)
    assert calls == 6
    assert pieces.logprobs == pytest.approx(whole.logprobs, abs=1e-4)
    assert seen == sorted(seen) and seen[-1] == 1499


def test_off_zero_gpu_the_package_leaves_the_decoder_as_it_is(lent: Callable[..., LentDecoder], model: Any):
    pytest.importorskip("spaces")
    plain = SingleDecoder(model)
    expected = run(plain)
    plain.close()
    assert run(lent(run_on_device())) == expected


def test_closed_stream_frees_the_device(lent: Callable[..., LentDecoder], forward: Any):
    forward.sleep_seconds = 0.01
    decoder = lent(cut_after(0.2))
    stream = decoder.start(PROMPT, GREEDY, 2_000, ())
    while not stream.read(1.0):
        pass
    stream.cancel()
    from tests.tiny_model import seconds_until_idle

    assert seconds_until_idle(decoder) < 5
    after = forward.steps
    assert isinstance(read_all(decoder.start(PROMPT, GREEDY, 1, ()))[0], list)
    assert forward.steps <= after + 3


def test_finished_event_ends_the_stream(embedded: LoadedModel):
    host = Host(left_seconds=1)
    decoder = LentDecoder(embedded.model, host.lend, host.gpu, slots=1)
    events, whole = ask(engine_over(decoder, embedded))
    decoder.close()
    assert isinstance(events[-1], Finished) and events[-1].reason == "time_limit"
    assert whole.answer == ""
