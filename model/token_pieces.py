"""Bytes that a few tokens wrote together in, which tokens those were out.

llama.cpp hands tokens on only once they end in whole characters: of a character that takes three of them it names the
last one, and how many there were before it. Their bytes say which: nearly always only one choice of tokens has them.
"""

from collections.abc import Sequence
from functools import cache

_CONTROL, _USER_DEFINED, _BYTE = 3, 4, 6


@cache
def _byte_of_letter() -> dict[str, int]:
    """Letters that byte-level vocabularies write bytes as.

    Source:
        openai/gpt-2, src/encoder.py, bytes_to_unicode.

    >>> _byte_of_letter()["Ġ"], _byte_of_letter()["a"]
    (32, 97)
    """
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {chr(256 + number): byte for number, byte in enumerate(others)}


class TokenPieces:
    """The bytes of every token.

    Args:
        tokens: The vocabulary, as a GGUF file has it.
        kinds: Of each token; control tokens write nothing.
        is_byte_level: Whether tokens are written in the letters of GPT-2; else in SentencePiece's way.
    """

    def __init__(self, tokens: Sequence[str], kinds: Sequence[int], *, is_byte_level: bool) -> None:
        self._bytes: list[bytes] = []
        self._ids: dict[bytes, int] = {}
        for token_id, token in enumerate(tokens):
            kind = kinds[token_id] if token_id < len(kinds) else 1
            piece = b"" if kind == _CONTROL else _piece(token, kind, is_byte_level)
            self._bytes.append(piece)
            if piece:
                self._ids.setdefault(piece, token_id)

    def __len__(self) -> int:
        return len(self._bytes)

    def is_text(self, token_id: int) -> bool:
        """Whether a token writes whole characters, and any."""
        try:
            return bool(self._bytes[token_id].decode())
        except UnicodeDecodeError:
            return False

    def id_of(self, written: bytes) -> int:
        """The token that writes just that.

        Raises:
            KeyError: If there is none.
        """
        return self._ids[written]

    def before(self, written: bytes, last_id: int, count: int) -> tuple[int, ...] | None:
        """The `count` tokens that stood before `last_id` and wrote `written` with it; None where none can have.

        >>> pieces = TokenPieces(["ð", "Ł", "Ļ", "Ĥ", "ðŁ"], [1] * 5, is_byte_level=True)
        >>> pieces.before("🙂".encode(), 3, 2), pieces.before("🙂".encode(), 3, 3), pieces.before(b"no", 3, 1)
        ((4, 2), (0, 1, 2), None)
        """
        last = self._bytes[last_id] if last_id < len(self._bytes) else b""
        if not written.endswith(last):
            return None
        return self._cut(written[: len(written) - len(last)], count)

    def _cut(self, written: bytes, count: int) -> tuple[int, ...] | None:
        """The text as so many tokens; the longest ones first, as merging makes them."""
        if count == 0:
            return () if not written else None
        for length in range(len(written) - count + 1, 0, -1):
            token_id = self._ids.get(written[:length])
            rest = None if token_id is None else self._cut(written[length:], count - 1)
            if token_id is not None and rest is not None:
                return (token_id, *rest)
        return None


def _piece(token: str, kind: int, is_byte_level: bool) -> bytes:
    if kind == _BYTE:  # <0x0A>
        return bytes([int(token[3:5], 16)])
    if kind == _USER_DEFINED:
        return token.encode()
    if not is_byte_level:
        return token.replace("\u2581", " ").encode()
    letters = _byte_of_letter()
    known = [letters.get(letter) for letter in token]
    return token.encode() if None in known else bytes(byte for byte in known if byte is not None)
