"""The packed body of a page, in pieces, in; its bytes out, never more of them than the limit: what bombs run into."""

import zlib
from collections.abc import Callable, Iterable
from typing import Any

import brotli

from agent.web.failures import WebFailed

# What a page may be packed by; it is told so when it is asked for.
ACCEPTED = "gzip, deflate, br"
_STEP_BYTES = 1 << 16


def unpacked(pieces: Iterable[bytes], encoding: str, max_bytes: int) -> tuple[bytes, bool]:
    """A body as it was before it was packed, and whether it was cut at the limit.

    Raises:
        WebFailed: If it is packed in another way, twice, or not as it says.

    >>> unpacked([b"plain"], "", 3)
    (b'pla', True)
    """
    feed = _feeds().get(encoding.strip().lower())
    if feed is None:
        raise WebFailed(f"The page is packed in a way that was not asked for; {ACCEPTED} can be read.")
    whole = bytearray()
    unpack = feed()
    try:
        for piece in pieces:
            for part in unpack(piece):
                whole += part
                if len(whole) > max_bytes:
                    return bytes(whole[:max_bytes]), True
    except (zlib.error, brotli.error) as error:
        raise WebFailed("The page is not packed as it says, and cannot be read.") from error
    return bytes(whole), False


Unpack = Callable[[bytes], Iterable[bytes]]


def _feeds() -> dict[str, Callable[[], Unpack]]:
    """For each encoding, what makes a function from packed pieces to unpacked ones, each of them small."""
    return {
        "": lambda: lambda piece: (piece,),
        "identity": lambda: lambda piece: (piece,),
        "gzip": lambda: _Inflating(16 + zlib.MAX_WBITS),
        "x-gzip": lambda: _Inflating(16 + zlib.MAX_WBITS),
        "deflate": lambda: _Inflating(zlib.MAX_WBITS),
        "br": lambda: _unbrotli(brotli.Decompressor()),
    }


class _Inflating:
    """Gzip, of one member or several, and deflate, with its header or, as some servers send it, without."""

    def __init__(self, window_bits: int) -> None:
        self._window_bits = window_bits
        self._inflate = zlib.decompressobj(window_bits)
        self._has_begun = False

    def __call__(self, piece: bytes) -> Iterable[bytes]:
        while piece:
            if self._inflate.eof:
                # Behind a member there may be another one, or padding.
                piece = piece.lstrip(b"\x00")
                if not piece or self._window_bits == zlib.MAX_WBITS:
                    return
                self._inflate = zlib.decompressobj(self._window_bits)
            yield self._begun(piece) if not self._has_begun else self._inflate.decompress(piece, _STEP_BYTES)
            self._has_begun = True
            piece = self._inflate.unconsumed_tail or self._inflate.unused_data

    def _begun(self, piece: bytes) -> bytes:
        try:
            return self._inflate.decompress(piece, _STEP_BYTES)
        except zlib.error:
            if self._window_bits != zlib.MAX_WBITS:
                raise
            self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
            return self._inflate.decompress(piece, _STEP_BYTES)


def _unbrotli(decompressor: Any) -> Unpack:
    def unpack(piece: bytes) -> Iterable[bytes]:
        yield decompressor.process(piece, output_buffer_limit=_STEP_BYTES)
        while not decompressor.can_accept_more_data():
            yield decompressor.process(b"", output_buffer_limit=_STEP_BYTES)

    return unpack
