"""A text's token ids in, what the model thinks of each of them out, by having llama.cpp's server write just that text.

A grammar leaves it no other choice, and beside each token the server names the probabilities that it had before any
choice was taken away. The entropy is that of the likeliest tokens, which nearly always hold nearly all of the
probability; what they leave is counted as spread evenly over as many tokens again (see `_entropy_bits`).
"""

from collections.abc import Callable, Sequence
from math import exp, log2
from typing import Any

from model.errors import EngineError
from model.llamacpp_child import LlamaChild
from model.scoring import SCORED_ALTERNATIVES, Scores
from model.token_pieces import TokenPieces

# Tokens written by one request: between two of them others get their turn, and progress is told.
_PIECE_TOKENS = 64
# Tokens whose probabilities are asked for: as text they are 90 kB for each token that is scored.
_LIKELIEST = 1024


def forced_scores(
    child: LlamaChild,
    ids: Sequence[int],
    first: int,
    pieces: TokenPieces,
    on_progress: Callable[[int], None] | None = None,
) -> Scores:
    """The scores of the tokens from number `first` on.

    Args:
        pieces: The bytes of the model's tokens.

    Raises:
        EngineError: If the server refuses.
        OSError: If it dies.
    """
    parts: list[Scores] = []
    place = first
    while place < len(ids):
        run = _whole_run(ids[place : place + _PIECE_TOKENS], pieces)
        rows = _written_rows(child, ids[:place], run, len(pieces)) if run else []
        parts += [_scores(row, len(pieces)) for row in rows]
        if not run:
            parts.append(_looked_up(child, ids[:place], ids[place], pieces))
        place += len(rows) or 1
        if on_progress is not None:
            on_progress(place)
    return Scores.joined(parts)


def _whole_run(ids: Sequence[int], pieces: TokenPieces) -> Sequence[int]:
    """The tokens up to the first one that a grammar cannot ask for.

    Those are parts of a character, of which the server also names no probability, and control tokens.
    """
    return ids[: next((number for number, token_id in enumerate(ids) if not pieces.is_text(token_id)), len(ids))]


def _written_rows(
    child: LlamaChild, before: Sequence[int], run: Sequence[int], vocabulary: int
) -> list[dict[str, Any]]:
    """What the server says of each token that it was made to write; fewer when one of them ends a turn."""
    answer = _answer(child, before, run, min(_LIKELIEST, vocabulary))
    rows, written = list(answer["completion_probabilities"]), list(answer["tokens"])
    if not written or written != list(run[: len(written)]) or len(rows) != len(written):
        raise EngineError(
            "llama.cpp wrote another text than the one that it was to read, so there are no probabilities of it."
        )
    return rows


def _looked_up(child: LlamaChild, before: Sequence[int], token_id: int, pieces: TokenPieces) -> Scores:
    """The score of such a token, looked up beside another one that is written in its place."""
    other = pieces.id_of(b"a")
    vocabulary = len(pieces)
    for likeliest in (min(_LIKELIEST, vocabulary), vocabulary):
        (row,) = _answer(child, before, [other], likeliest)["completion_probabilities"]
        found = next((one for one in row["top_logprobs"] if one["id"] == token_id), None)
        if found is not None:
            return _scores(row | {"logprob": found["logprob"]}, vocabulary)
    raise EngineError(
        f"llama.cpp names no probability of token {token_id}, so there are no probabilities of this text."
    )


def _answer(child: LlamaChild, before: Sequence[int], run: Sequence[int], likeliest: int) -> dict[str, Any]:
    answer = child.post("/completion", _body(before, run, likeliest), None)
    if "error" in answer:
        raise EngineError(f"llama.cpp does not read this text again: {answer['error'].get('message', '')}")
    return dict(answer)


def _body(before: Sequence[int], run: Sequence[int], likeliest: int) -> dict[str, Any]:
    return {
        "prompt": list(before),
        "n_predict": len(run),
        "grammar": "root ::= " + " ".join(f"<[{token_id}]>" for token_id in run),
        "n_probs": likeliest,
        "post_sampling_probs": False,
        "temperature": 1.0,
        "samplers": ["temperature"],
        "return_tokens": True,
        "stream": False,
        "cache_prompt": True,
        "response_fields": ["tokens", "completion_probabilities"],
    }


def _scores(row: dict[str, Any], vocabulary: int) -> Scores:
    """The scores of one token, from what the server says of it."""
    likeliest = [(int(one["id"]), min(0.0, float(one["logprob"]))) for one in row["top_logprobs"]]
    return Scores(
        (min(0.0, float(row["logprob"])),),
        (_entropy_bits([logprob for _, logprob in likeliest], vocabulary),),
        (tuple(likeliest[:SCORED_ALTERNATIVES]),),
    )


def _entropy_bits(logprobs: Sequence[float], vocabulary: int) -> float:
    """Entropy of a distribution of which the likeliest tokens are known.

    The rest counts as spread over as many tokens as are known, or as there are: the true value lies between that of
    one single token more and that of all of them.

    >>> from math import log
    >>> round(_entropy_bits([log(0.5), log(0.25), log(0.25)], 3), 6)
    1.5
    >>> round(_entropy_bits([log(0.5), log(0.25)], 4), 6)
    1.75
    """
    probabilities = [exp(logprob) for logprob in logprobs]
    bits = -sum(probability * logprob for probability, logprob in zip(probabilities, logprobs, strict=True))
    bits *= log2(exp(1))
    rest, others = max(0.0, 1.0 - sum(probabilities)), min(len(logprobs), vocabulary - len(logprobs))
    return bits + (rest * log2(others / rest) if rest > 1e-9 and others > 0 else 0.0)
