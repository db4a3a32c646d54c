"""GGUF files of a few bytes, written as the format asks for: for tests that need no weights."""

import struct
from pathlib import Path

_U32, _STRING, _ARRAY, _I32 = 4, 8, 9, 5

Value = int | str | list[str] | list[int]


def _text(text: str) -> bytes:
    written = text.encode()
    return struct.pack("<Q", len(written)) + written


def _value(value: Value) -> bytes:
    if isinstance(value, str):
        return struct.pack("<I", _STRING) + _text(value)
    if isinstance(value, int):
        return struct.pack("<II", _U32, value)
    texts = [one for one in value if isinstance(one, str)]
    if texts:
        return struct.pack("<IIQ", _ARRAY, _STRING, len(texts)) + b"".join(_text(one) for one in texts)
    return struct.pack("<IIQ", _ARRAY, _I32, len(value)) + struct.pack(f"<{len(value)}i", *value)


def head_bytes(values: dict[str, Value], version: int = 3) -> bytes:
    """A file without weights."""
    entries = b"".join(_text(name) + _value(value) for name, value in values.items())
    return b"GGUF" + struct.pack("<IQQ", version, 0, len(values)) + entries


def write_head(path: Path, **changed: Value) -> Path:
    """The head of a small llama; names with a double underscore for each dot."""
    values: dict[str, Value] = {
        "general.architecture": "llama",
        "general.name": "A Model",
        "general.file_type": 15,
        "llama.context_length": 4096,
        "llama.embedding_length": 64,
        "llama.feed_forward_length": 128,
        "llama.block_count": 2,
        "llama.attention.head_count": 4,
        "llama.attention.head_count_kv": 2,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.tokens": ["a", "b", "c"],
    }
    values |= {name.replace("__", "."): value for name, value in changed.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(head_bytes(values))
    return path
