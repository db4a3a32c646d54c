"""The decoder over llama.cpp's server, on the embedded model's real weights: the contract of test_model_decoders.py."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from model.errors import BadInput, EngineError, PromptTooLong
from model.events import Sampling
from model.llamacpp import LlamaCppDecoder
from tests.llamacpp_models import GREEDY, PRESET, Text, gguf_path, needs_llamacpp, run, started
from tests.tiny_model import read_all, seconds_until_idle

pytestmark = [pytest.mark.model, needs_llamacpp]

HOT = Sampling(temperature=5.0, top_p=1.0, top_k=0)
STORY = "Once upon a time, in a small village by the sea, there lived"
# What comes next is plain, so that rounding, which depends on what is decoded beside it, does not decide.
COUNT = "Count up from 11: 11, 12, 13, 14,"


@pytest.fixture(scope="module")
def path(shared_data_folder: Path) -> Path:
    return gguf_path(shared_data_folder)


@pytest.fixture(scope="module")
def text(path: Path) -> Text:
    return Text(path)


@pytest.fixture(scope="module")
def decoder(path: Path) -> Iterator[LlamaCppDecoder]:
    made, _ = started(path)
    yield made
    made.close()


@pytest.fixture
def own_decoder(path: Path) -> Iterator[LlamaCppDecoder]:
    """One that a test may break."""
    made, _ = started(path)
    yield made
    made.close()


@pytest.fixture(scope="module")
def long(text: Text) -> list[int]:
    ids = text.ids(
        " ".join(f"{number} bottles of {word} stand on the wall." for number, word in enumerate("abcdefgh" * 20))
    )
    return ids[:1500]


def test_stream_gives_every_token_with_its_logprob_and_ends_with_length_at_the_limit(decoder, text):
    ids, logprobs, finish = run(decoder, text.ids(STORY), PRESET, 50)
    assert (len(ids), len(logprobs), finish) == (50, 50, "length")
    assert all(logprob <= 0.0 for logprob in logprobs)
    assert any(logprob < 0.0 for logprob in logprobs)


def test_stream_ends_with_stop_and_drops_the_stop_token(decoder, text):
    ids, _, _ = run(decoder, text.ids(STORY), new=20)
    stop = next(token for i, token in enumerate(ids) if i >= 3 and token not in ids[:i])
    assert run(decoder, text.ids(STORY), new=20, stop=(stop,)) == (
        ids[: ids.index(stop)],
        [0.0] * ids.index(stop),
        "stop",
    )


def test_stream_does_not_stop_at_an_id_that_another_request_stops_at(decoder, text):
    ids, _, _ = run(decoder, text.ids(COUNT), new=20)
    first = decoder.start(text.ids(COUNT), GREEDY, 20, (ids[2],))
    second = decoder.start(text.ids(COUNT), GREEDY, 20, ())
    assert read_all(first)[2] == "stop"
    assert read_all(second) == (ids, [0.0] * 20, "length")


def test_a_turn_ends_with_stop_where_the_model_ends_it_and_its_end_is_no_token_of_it(decoder, text):
    prompt = text.ids("<|im_start|>user\nSay hi.<|im_end|>\n<|im_start|>assistant\n")
    ids, _, finish = run(decoder, prompt, new=200)
    assert finish == "stop"
    assert "<|im_end|>" not in text.text(ids)
    assert text.text(ids).strip()


def test_stream_gives_nothing_more_when_it_has_given_its_finish(decoder, text):
    stream = decoder.start(text.ids(STORY), GREEDY, 3, ())
    read_all(stream)
    assert stream.read(0.05) is None


def test_stream_ends_at_once_when_no_new_token_is_asked_for(decoder, text):
    assert run(decoder, text.ids(STORY), new=0) == ([], [], "length")
    assert decoder.live_requests() == 0


def test_every_token_of_a_character_that_takes_several_comes(decoder, text):
    faces = "😀 😃 🤖 龘 ぁ 🙂 "
    ids, logprobs, _ = run(decoder, text.ids(faces * 4 + "😀 😃 🤖"), new=40)
    assert len(ids) == len(logprobs)
    assert "�" not in text.text(ids)
    assert len(ids) > len(text.text(ids))  # there are such characters among them
    assert len(ids) >= 40 - 3  # those of a last character that is not whole are no text yet


def test_slots_are_free_half_a_second_after_a_cancel_while_decoding(decoder, text):
    def seconds() -> float:
        stream = decoder.start(text.ids(STORY), PRESET, 3000, ())
        assert stream.read(60.0) is not None
        assert (decoder.live_requests(), decoder.busy_slots()) == (1, 1)
        stream.cancel()
        stream.cancel()
        assert stream.read(60.0) is None
        taken = seconds_until_idle(decoder)
        assert decoder.busy_slots() == 0
        return taken

    # A machine that stands still for a moment does not do so in every try.
    assert any(seconds() < 0.5 for _ in range(10))


def test_cancel_while_the_prompt_is_read_ends_it_between_two_pieces(decoder, text):
    words = text.ids(" ".join(f"{number * 7919} {number}" for number in range(900)))[:2000]
    began = time.monotonic()
    run(decoder, words, new=1)
    whole = time.monotonic() - began

    def seconds(number: int) -> float:
        stream = decoder.start([number + 300, *words[:-1]], PRESET, 50, ())
        time.sleep(0.05)
        stream.cancel()
        return seconds_until_idle(decoder)

    assert any(seconds(number) < whole / 2 for number in range(5))
    assert decoder.busy_slots() == 0


def test_cancel_wakes_a_reader_at_once(decoder, long):
    stream = decoder.start([7, *long], PRESET, 100, ())
    threading.Timer(0.05, stream.cancel).start()
    began = time.monotonic()
    while stream.read(60.0) is not None:
        continue
    assert time.monotonic() - began < 50
    seconds_until_idle(decoder)


def test_more_requests_than_slots_wait_and_a_cancel_of_one_that_waits_leaves_the_others_alone(decoder, text):
    count = decoder.slots + 2
    streams = [decoder.start([*text.ids(STORY), 300 + i], GREEDY, 30, ()) for i in range(count)]
    assert decoder.live_requests() == count
    streams[-1].cancel()
    assert decoder.live_requests() == count - 1
    assert all(read_all(stream)[2] == "length" for stream in streams[:-1])
    assert streams[-1].read(0.0) is None
    seconds_until_idle(decoder)


def test_streams_of_requests_that_run_at_once_are_not_mixed_up(decoder, text):
    prompts = [
        text.ids(f"Count up from {start}: {start}, {start + 1}, {start + 2}, {start + 3},")
        for start in (11, 37, 52, 74)
    ]
    alone = [run(decoder, prompt, new=12) for prompt in prompts]
    assert len({tuple(ids) for ids, _, _ in alone}) == 4
    streams = [decoder.start(prompt, GREEDY, 12, ()) for prompt in prompts]
    assert [read_all(stream) for stream in streams] == alone


def test_sampling_of_one_request_does_not_reach_another_that_runs_at_once(decoder, text):
    prompt = text.ids(COUNT)
    expected, _, _ = run(decoder, prompt, new=15)
    for _ in range(3):
        greedy, hot, flat = (decoder.start(prompt, s, 15, ()) for s in (GREEDY, HOT, Sampling(1.0, 1e-6, 0)))
        assert read_all(greedy)[0] == expected
        assert read_all(hot)[0] != expected
        assert read_all(flat)[0] == expected  # a nucleus of nothing is its likeliest token


def test_top_k_holds_draws_to_the_k_likeliest_tokens(decoder, text):
    prompt = text.ids(STORY)
    scores = decoder.score([*prompt, 300], len(prompt))
    likeliest = [token for token, _ in scores.alternatives[0][:3]]
    streams = [decoder.start(prompt, Sampling(5.0, 1.0, 3), 1, ()) for _ in range(40)]
    drawn = {read_all(stream)[0][0] for stream in streams}
    assert drawn <= set(likeliest)
    assert len(drawn) > 1


def test_logprob_is_that_of_the_distribution_after_temperature_top_k_and_top_p(decoder, text):
    from math import exp, log

    prompt = text.ids(STORY)
    raw = decoder.score([*prompt, 300], len(prompt)).alternatives[0][:3]
    total = sum(exp(logprob / 5.0) for _, logprob in raw)
    expected = {token: logprob / 5.0 - log(total) for token, logprob in raw}
    for _ in range(5):
        (token,), (logprob,), _ = run(decoder, prompt, Sampling(5.0, 1.0, 3), 1)
        assert logprob == pytest.approx(expected[token], abs=0.02)


def test_a_run_without_a_seed_differs_from_the_one_before(decoder, text):
    assert run(decoder, text.ids(STORY), HOT, 20)[0] != run(decoder, text.ids(STORY), HOT, 20)[0]


def test_a_follow_up_turn_reads_only_what_is_new(decoder, long):
    stream = decoder.start([11, *long[:1000]], GREEDY, 40, ())
    ids, _, _ = read_all(stream)
    assert stream.cached_tokens < 32
    seconds_until_idle(decoder)
    follow_up = [11, *long[:1000], *ids, 300, 301, 302]
    stream = decoder.start(follow_up, GREEDY, 1, ())
    read_all(stream)
    assert stream.cached_tokens >= len(follow_up) - 5


def test_answer_now_by_cancel_and_resubmit_does_not_read_the_prompt_again(decoder, long):
    stream = decoder.start([12, *long[:1000]], GREEDY, 2000, ())
    written: list[int] = []
    while len(written) < 24:
        tokens = stream.read(10.0)
        written += tokens.ids if tokens is not None else ()
    stream.cancel()
    resumed = decoder.start([12, *long[:1000], *written, 309, 308, 307], GREEDY, 5, ())
    read_all(resumed)
    assert resumed.cached_tokens >= 1000


def test_follow_ups_find_their_beginnings_again_when_more_chats_than_slots_take_turns(decoder, long):
    chats = [[500 + number, *long[:300]] for number in range(decoder.slots + 2)]
    for chat in chats:
        run(decoder, chat, new=2)
    stream = decoder.start([*chats[0], 300, 301], GREEDY, 1, ())
    read_all(stream)
    assert stream.cached_tokens >= 300


def test_a_prompt_that_leaves_no_room_is_refused_and_one_that_just_fits_is_not(decoder, long):
    whole = (long * 3)[: decoder.room_tokens]
    with pytest.raises(PromptTooLong, match="2,048"):
        decoder.start(whole, PRESET, 10, ())
    ids, _, finish = run(decoder, whole[:-3], PRESET, 50)
    assert (len(ids), finish) == (3, "length")


def test_requests_for_the_same_read_their_prompt_once_and_are_drawn_apart(decoder, long):
    prompt = [13, *long[:500]]
    streams = [decoder.start(prompt, HOT, 20, ()) for _ in range(3)]
    written = [read_all(stream) for stream in streams]
    assert len({tuple(ids) for ids, _, _ in written}) == 3
    assert all((len(ids), finish) == (20, "length") for ids, _, finish in written)
    assert sorted(stream.cached_tokens >= 500 for stream in streams) == [False, True, True]


def test_one_of_those_that_share_a_prompt_is_cancelled_alone_and_the_others_go_on_where_they_were(decoder, long):
    prompt = [14, *long[:500]]
    streams = [decoder.start(prompt, PRESET, 200, ()) for _ in range(3)]
    first = [read_some(stream, 5) for stream in streams]
    streams[1].cancel()
    gone = time.monotonic()
    while decoder.busy_slots() + decoder.live_requests() > 4:
        assert time.monotonic() - gone < 60
    rest = [read_all(streams[number]) for number in (0, 2)]
    assert [len(first[number]) + len(rest[place][0]) for place, number in enumerate((0, 2))] == [200, 200]
    assert streams[1].read(0.0) is None
    seconds_until_idle(decoder)
    assert decoder.busy_slots() == 0


def test_one_of_those_that_share_a_prompt_may_stop_at_a_token_of_ours(decoder, text):
    prompt = text.ids("Here are some numbers. " * 12 + COUNT)
    ids, _, _ = run(decoder, prompt, new=20)
    stop = next(token for i, token in enumerate(ids) if i >= 3 and token not in ids[:i])
    streams = [decoder.start(prompt, GREEDY, 20, (stop,)) for _ in range(2)]
    assert [read_all(stream)[2] for stream in streams] == ["stop", "stop"]
    seconds_until_idle(decoder)
    assert decoder.busy_slots() == 0


def read_some(stream, least: int) -> list[int]:
    """At least so many tokens."""
    ids: list[int] = []
    deadline = time.monotonic() + 120
    while len(ids) < least:
        assert time.monotonic() < deadline
        tokens = stream.read(1.0)
        ids += tokens.ids if tokens is not None else ()
    return ids


def test_requests_that_have_no_room_together_are_all_answered_after_each_other(path, text, monkeypatch):
    monkeypatch.setattr("model.llamacpp_line._SOON_TOKENS", 10)  # so that all of them are begun with
    decoder, _ = started(path, cache_tokens=512)
    try:
        prompts = [[400 + number, *text.ids("many little things " * 15)] for number in range(4)]
        streams = [decoder.start(prompt, PRESET, 160, ()) for prompt in prompts]
        assert all(read_all(stream)[2] in ("stop", "length") for stream in streams)
        assert run(decoder, text.ids(COUNT), new=3)[2] == "length"
    finally:
        decoder.close()


def test_close_raises_in_a_reader_that_waits_and_in_those_that_come_later(own_decoder, long):
    streams = [own_decoder.start(long, PRESET, 1000, ()) for _ in range(3)]
    closing = threading.Timer(0.1, own_decoder.close)
    closing.start()
    for stream in streams:
        with pytest.raises(EngineError, match="unloaded"):
            while True:
                stream.read(20.0)
    with pytest.raises(EngineError):
        own_decoder.start(long[:10], PRESET, 10, ())
    seconds_until_idle(own_decoder)
    closing.join()
    assert own_decoder.server_process_id == 0


def test_close_may_be_called_twice_and_before_any_request(own_decoder):
    own_decoder.close()
    own_decoder.close()
    assert own_decoder.live_requests() == 0


def test_a_server_that_dies_is_told_to_every_reader_and_the_next_request_works(own_decoder, text):
    expected = run(own_decoder, text.ids(COUNT))
    streams = [own_decoder.start(text.ids(STORY), PRESET, 3000, ()) for _ in range(2)]
    assert all(stream.read(60.0) is not None for stream in streams)
    dead = own_decoder.server_process_id
    os.kill(dead, signal.SIGKILL)
    began = time.monotonic()
    for stream in streams:
        with pytest.raises(EngineError, match=r"llama\.cpp ended in mid-run: its process was killed"):
            while True:
                stream.read(5.0)
    assert time.monotonic() - began < 5.0
    assert run(own_decoder, text.ids(COUNT)) == expected
    assert own_decoder.server_process_id not in (0, dead)


@pytest.mark.parametrize("prompt", [[], [49_152], [5, -1]], ids=["empty", "unknown id", "negative id"])
def test_start_refuses_a_prompt_that_would_take_the_device_down(decoder, prompt):
    with pytest.raises(BadInput):
        decoder.start(prompt, PRESET, 10, ())
    assert decoder.live_requests() == 0


@pytest.mark.parametrize("moment", ["idle", "running"])
def test_the_interpreter_exits_quietly_with_a_decoder_that_nobody_closed_and_its_server_ends(path, moment):
    script = f"""
import sys
from pathlib import Path
from tests.llamacpp_models import PRESET, started
decoder, child = started(Path({str(path)!r}))
if {moment!r} == "running":
    streams = [decoder.start(range(1, 500), PRESET, 900, ()) for _ in range(2)]
    streams[0].read(10.0)
print(child.process_id)
"""
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        capture_output=True,
        text=True,
        timeout=100,
        cwd=Path(__file__).parent.parent,
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert is_gone(int(result.stdout))


def test_the_server_ends_when_its_app_is_killed(path):
    script = f"""
import sys, time
from pathlib import Path
from tests.llamacpp_models import started
decoder, child = started(Path({str(path)!r}))
print(child.process_id, flush=True)
time.sleep(100)
"""
    app = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent.parent
    )
    assert app.stdout is not None
    server = int(app.stdout.readline())
    app.kill()
    app.wait()
    app.stdout.close()
    assert is_gone(server)


def is_gone(process_id: int) -> bool:
    """Whether a process ends within a few seconds."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False
