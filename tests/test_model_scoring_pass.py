"""The scores of both decoders against a plain forward in float32, and what a pass does to requests beside it."""

import contextlib
import threading

import pytest
import torch

from model.batched import BatchedDecoder
from model.errors import BadInput, EngineError
from model.scoring import SCORED_ALTERNATIVES
from model.scoring_pass import ScoringPass
from model.single import SingleDecoder
from tests.test_model_single import fork_warning, run_in_fork
from tests.tiny_model import GREEDY, LONG, PRESET, PROMPT, read_all, run, tiny_model

KINDS = ["batched", "single"]


@contextlib.contextmanager
def decoder_of(kind, model, **arguments):
    decoder = BatchedDecoder(model, 4096, slots=4) if kind == "batched" else SingleDecoder(model, **arguments)
    try:
        yield decoder
    finally:
        decoder.close()


def teacher_forced(model, ids, first):
    """Log-softmax over one forward of the whole text: (tokens from `first` on, vocabulary)."""
    with torch.no_grad():
        return torch.log_softmax(model(input_ids=torch.tensor([ids])).logits[0, first - 1 : -1].float(), -1)


def check(scores, model, ids, first):
    rows = teacher_forced(model, ids, first)
    expected = rows.gather(1, torch.tensor(ids[first:])[:, None])[:, 0]
    assert torch.allclose(torch.tensor(scores.logprobs), expected, atol=2e-3)
    entropies = -(rows.exp() * rows).sum(-1) / torch.log(torch.tensor(2.0))
    assert torch.allclose(torch.tensor(scores.entropies_bits), entropies, atol=2e-3)
    best = torch.topk(rows, SCORED_ALTERNATIVES)
    assert [[token for token, _ in row] for row in scores.alternatives] == best.indices.tolist()
    assert torch.allclose(
        torch.tensor([[value for _, value in row] for row in scores.alternatives]), best.values, atol=2e-3
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("tokens", "first"),
    [(100, 1), (100, 99), (300, 256), (300, 257), (257, 200), (1000, 600), (2, 1)],
)
def test_scores_are_what_teacher_forcing_gives_over_any_number_of_pieces(kind, tokens, first, model):
    ids = LONG[:tokens]
    with decoder_of(kind, model) as decoder:
        check(decoder.score(ids, first), model, ids, first)


def test_score_of_a_written_token_is_its_probability_at_temperature_one_not_that_of_the_sampling(model):
    with decoder_of("batched", model) as decoder:
        ids, logprobs, _ = run(decoder, sampling=GREEDY, new=30)
        scores = decoder.score([*PROMPT, *ids], len(PROMPT))
    assert set(logprobs) == {0.0}
    assert len(scores.logprobs) == 30 and min(scores.logprobs) < -0.01
    assert all(
        row[0] == (token, pytest.approx(logprob))
        for token, logprob, row in zip(ids, scores.logprobs, scores.alternatives, strict=True)
    )


def test_scores_are_right_where_batching_has_taken_the_models_attention_for_its_own():
    other = tiny_model()
    other.set_attn_implementation("eager")
    with decoder_of("batched", other) as decoder:
        assert other.config._attn_implementation == "paged|eager"
        scores = decoder.score(LONG[:300], 10)
        assert other.config._attn_implementation == "paged|eager"
        run(decoder, new=3)
    check(scores, other, LONG[:300], 10)


@pytest.mark.parametrize("kind", KINDS)
def test_a_pass_beside_live_requests_changes_none_of_their_tokens(kind, model, forward):
    prompts = [[number + 1, *PROMPT] for number in range(3)]
    with decoder_of(kind, model) as decoder:
        alone = [run(decoder, prompt, new=150) for prompt in prompts]
        forward.sleep_seconds = 0.005
        streams = [decoder.start(prompt, GREEDY, 150, ()) for prompt in prompts]
        scores = decoder.score(LONG[:1500], 700)
        # Batched ones go on beside it; a single one has its turn before the scores have theirs.
        assert decoder.live_requests() == (3 if kind == "batched" else 0)
        assert [read_all(stream) for stream in streams] == alone
    check(scores, model, LONG[:1500], 700)


def test_others_are_decoded_between_the_pieces_of_a_pass(model, forward):
    with decoder_of("batched", model) as decoder:
        stream = decoder.start(PROMPT, PRESET, 4000, ())
        stream.read(10.0)
        forward.sleep_seconds = 0.02
        written = []

        def count(read_tokens):
            tokens = stream.read(0.0)
            written.append(len(tokens.ids) if tokens else 0)

        decoder.score(LONG[:2000], 1, count)
        stream.cancel()
    assert len(written) == 8 and sum(number > 0 for number in written) >= 6


@pytest.mark.parametrize("kind", KINDS)
def test_progress_is_told_after_each_piece(kind, model):
    told: list[int] = []
    with decoder_of(kind, model) as decoder:
        decoder.score(LONG[:600], 1, told.append)
    assert told == [256, 512, 599]


@pytest.mark.parametrize("kind", KINDS)
def test_ids_that_the_model_does_not_know_are_refused(kind, model):
    with decoder_of(kind, model) as decoder, pytest.raises(BadInput):
        decoder.score([1, 300], 1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_pass_in_a_decoder_that_is_closed_ends_with_a_sentence(kind, model, forward):
    forward.sleep_seconds = 0.2
    with decoder_of(kind, model) as decoder:
        threading.Timer(0.3, decoder.close).start()
        with pytest.raises(EngineError, match="unloaded"):
            decoder.score(LONG, 1)
        assert forward.steps < 12  # not all its pieces
        with pytest.raises(EngineError):
            decoder.score(PROMPT, 1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("error", "sentence"),
    [(RuntimeError("the cable was pulled"), "the cable"), (torch.OutOfMemoryError("CUDA out of memory."), "no memory")],
    ids=["broken", "memory"],
)
def test_a_failing_model_is_told_and_the_next_pass_works(kind, error, sentence, model, forward):
    with decoder_of(kind, model) as decoder:
        forward.error = error
        with pytest.raises(EngineError, match=sentence):
            decoder.score(PROMPT, 1)
        forward.error = None
        check(decoder.score(PROMPT, 50), model, PROMPT, 50)
        assert run(decoder, new=3)[2] == "length"


@fork_warning
def test_a_forked_device_gives_the_same_scores(model):
    with decoder_of("single", model, run_on_device=run_in_fork) as decoder:
        check(decoder.score(LONG[:600], 300), model, LONG[:600], 300)


def test_a_pass_holds_the_logits_of_one_piece_only(model):
    # 3,000 rows over a vocabulary of 300 are never there at once: each piece of 256 is reduced before the next.
    rows = []
    hook = model.lm_head.register_forward_hook(lambda module, args, output: rows.append(output.shape[1]))
    try:
        reading = ScoringPass(model, LONG, 1000)
        while not reading.is_over:
            reading.step()
    finally:
        hook.remove()
    assert max(rows) == 256 and sum(rows) == 2000 + rows.count(1)
