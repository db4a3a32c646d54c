"""Characters that take several tokens: which tokens wrote them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.token_pieces import TokenPieces, _byte_of_letter

LETTER_OF_BYTE = {byte: letter for letter, byte in _byte_of_letter().items()}


def byte_level(*pieces: bytes) -> TokenPieces:
    """Every byte, then these."""
    tokens = [LETTER_OF_BYTE[byte] for byte in range(256)]
    tokens += ["".join(LETTER_OF_BYTE[byte] for byte in piece) for piece in pieces]
    return TokenPieces(tokens, [1] * len(tokens), is_byte_level=True)


@given(st.text(min_size=1, max_size=3))
def test_bytes_one_by_one_are_found_again(text: str) -> None:
    written = text.encode("utf-8", "surrogatepass")
    assert byte_level().before(written, written[-1], len(written) - 1) == tuple(written[:-1])


def test_the_longest_token_comes_first_and_the_count_holds() -> None:
    pieces = byte_level(b" \xf0\x9f", b"\x99\x82")
    face = " 🙂".encode()
    assert pieces.before(face, 0x82, 2) == (256, 0x99)
    assert pieces.before(face, 257, 1) == (256,)
    assert pieces.before(face, 257, 3) == (0x20, 0xF0, 0x9F)


def test_tokens_that_cannot_have_written_it_are_none() -> None:
    assert byte_level().before("é".encode(), 0x41, 1) is None
    assert byte_level().before("é".encode(), 0xA9, 2) is None


@pytest.mark.parametrize(("token", "kind", "written"), [("<0xF0>", 6, b"\xf0"), ("▁the", 1, b" the"), ("<s>", 3, b"")])
def test_sentencepiece_tokens_are_read_in_their_own_way(token: str, kind: int, written: bytes) -> None:
    pieces = TokenPieces([token, "a"], [kind, 1], is_byte_level=False)
    assert pieces.before(written + b"a", 1, 1 if written else 0) == ((0,) if written else ())


def test_parts_of_a_character_and_control_tokens_are_no_text() -> None:
    pieces = TokenPieces(["ð", "a", "<|im_end|>"], [1, 1, 3], is_byte_level=True)
    assert [pieces.is_text(token_id) for token_id in range(3)] == [False, True, False]
