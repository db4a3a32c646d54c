"""The embedded model's GGUF file under llama.cpp's server, and ways to load it: for the tests of that engine."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path

import pytest

from model.embedded import prepare_gguf
from model.events import Sampling
from model.gguf_file import read_gguf
from model.gguf_tokenizer import tokenizer_of
from model.llamacpp import LlamaCppDecoder
from model.llamacpp_child import LlamaChild, ServerOptions
from model.token_pieces import TokenPieces
from tests.tiny_model import read_all

needs_llamacpp = pytest.mark.skipif(
    importlib.util.find_spec("xllamacpp") is None,
    reason="xllamacpp is not installed: pip install -r requirements-cpu.txt",
)
GREEDY = Sampling(temperature=0.0, top_p=0.95, top_k=40)
PRESET = Sampling(temperature=0.6, top_p=0.95, top_k=40)


def gguf_path(data_folder: Path) -> Path:
    """The file as its makers wrote it."""
    return prepare_gguf(data_folder, lambda *_: None, lambda: False)


def options(path: Path, **changed: object) -> ServerOptions:
    """What a small server is started with."""
    made = {
        "model": str(path), "adapters": (), "slots": 4, "cache_tokens": 4 * 2048, "threads": 1, "step_tokens": 256,
        "http_threads": 16, "kept_prompts_mib": 256, "gpu_layers": -1,
    }  # fmt: skip
    return ServerOptions(**(made | changed))  # type: ignore[arg-type]


class Text:
    """The embedded model's tokenizer, and its tokens' bytes."""

    def __init__(self, path: Path) -> None:
        head = read_gguf(path)
        self.tokenizer = tokenizer_of(head)
        values = head.values
        self.pieces = TokenPieces(
            values["tokenizer.ggml.tokens"], values["tokenizer.ggml.token_type"], is_byte_level=True
        )

    def ids(self, text: str) -> list[int]:
        """As the model reads it."""
        return list(self.tokenizer.encode(text, add_special_tokens=False))

    def text(self, ids: Sequence[int]) -> str:
        """What the tokens write."""
        return str(self.tokenizer.decode(ids))


def started(path: Path, *, uses_socket: bool = True, **changed: object) -> tuple[LlamaCppDecoder, LlamaChild]:
    """A decoder over a server that runs."""
    child = LlamaChild(options(path, **changed), uses_socket=uses_socket)
    child.start()
    made = options(path, **changed)
    decoder = LlamaCppDecoder(
        child, context_tokens=2048, cache_tokens=made.cache_tokens, slots=made.slots, pieces=Text(path).pieces
    )
    return decoder, child


def run(
    decoder: LlamaCppDecoder, ids: Sequence[int], sampling: Sampling = GREEDY, new: int = 20, stop: tuple[int, ...] = ()
):
    return read_all(decoder.start(ids, sampling, new, stop))
