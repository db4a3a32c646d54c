"""A GGUF file in, what its head says out: sizes, names, tokenizer, and whether all of the file is there.

Read by hand: the gguf package looks at each string of the vocabulary for itself, which takes it seconds.

Source:
    ggml-org/ggml, docs/gguf.md.
"""

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from model.catalog import ModelShape
from model.errors import ModelLoadFailed

_MAGIC = b"GGUF"
_STRING, _ARRAY = 8, 9
_NUMBERS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
_SPLIT_NAME = re.compile(r"(.*)-(\d{5})-of-(\d{5})\.gguf", re.DOTALL)
# More entries than this in a head are a broken file's.
_MOST_ENTRIES = 100_000_000
# Names of `general.file_type`; others are shown as the number.
_FILE_TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S", 12: "Q3_K_M",
    13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS",
    21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S",
    29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class GgufFile:
    """The head of a model.

    Attributes:
        path: The file; of a split model its first part.
        values: Every entry of the head, by its name.
        file_bytes: Of all parts.
    """

    path: Path
    values: Mapping[str, Any]
    file_bytes: int

    @property
    def architecture(self) -> str:
        """As llama.cpp calls it, such as "llama" or "qwen2"."""
        return str(self.values.get("general.architecture", ""))

    @property
    def precision(self) -> str:
        """What most of the weights are held in, such as "Q4_K_M"."""
        kind = self.values.get("general.file_type")
        return _FILE_TYPES.get(kind, f"GGUF type {kind}") if isinstance(kind, int) else "GGUF"

    @property
    def context_tokens(self) -> int:
        """The longest context that the model was made for; 0 when the file does not say."""
        return int(self._of_model("context_length") or 0)

    @property
    def template(self) -> str:
        """The chat template; empty without one."""
        return str(self.values.get("tokenizer.chat_template", ""))

    @property
    def vocabulary(self) -> int:
        """How many tokens there are."""
        return len(self.values.get("tokenizer.ggml.tokens", ()))

    @property
    def heads(self) -> int:
        """Query heads of a layer; of the one that has most, where they differ."""
        return _most(self._of_model("attention.head_count") or 0)

    @property
    def kv_heads(self) -> int:
        """Key/value heads of a layer, as `heads`."""
        return _most(self._of_model("attention.head_count_kv") or self.heads)

    @property
    def shape(self) -> ModelShape | None:
        """What memory depends on; None when it is not that of a Llama-like decoder."""
        try:
            hidden = int(self._of_model("embedding_length"))
            return ModelShape.of_transformer(
                layers=int(self._of_model("block_count")),
                hidden=hidden,
                intermediate=_most(self._of_model("feed_forward_length")),
                heads=self.heads,
                kv_heads=self.kv_heads,
                head_dim=int(self._of_model("attention.key_length") or hidden // self.heads),
                vocabulary=self.vocabulary,
                is_tied=False,
            )
        except (TypeError, ValueError, ZeroDivisionError):
            return None

    def _of_model(self, name: str) -> Any:
        return self.values.get(f"{self.architecture}.{name}")


def _most(value: Any) -> int:
    """A number that some models have one of for each layer."""
    return max(int(one) for one in value) if isinstance(value, list) else int(value)


def read_gguf(path: Path) -> GgufFile:
    """The head of a GGUF file.

    Raises:
        ModelLoadFailed: If the file, or one of its parts, is missing, or is no GGUF file, or ends in its head.
    """
    parts = _parts(path)
    try:
        with path.open("rb") as file:
            values = _values(file, path)
        return GgufFile(path, values, sum(part.stat().st_size for part in parts))
    except OSError as error:
        raise ModelLoadFailed(
            f"The file {str(path)!r} cannot be read ({error.strerror or error}). Check its name and who may read it."
        ) from error
    except (struct.error, ValueError, KeyError, OverflowError, MemoryError, RecursionError) as error:
        raise ModelLoadFailed(
            f"The file {str(path)!r} is cut off or broken in its head ({error}). Fetch it again."
        ) from error


def _parts(path: Path) -> list[Path]:
    """All files of a model that may be split.

    Raises:
        ModelLoadFailed: If one is missing, or this is not the first one.
    """
    split = _SPLIT_NAME.fullmatch(path.name)
    if not split:
        return [path]
    count = int(split[3])
    parts = [path.with_name(f"{split[1]}-{number:05}-of-{split[3]}.gguf") for number in range(1, count + 1)]
    missing = [part.name for part in parts if not part.is_file()]
    if missing:
        raise ModelLoadFailed(
            f"The model in {path.name!r} is split into {count} files and {len(missing)} are missing in "
            f"{str(path.parent)!r}, {missing[0]} first. Fetch the rest into the same folder."
        )
    if int(split[2]) != 1:
        raise ModelLoadFailed(f"{path.name!r} is part {int(split[2])} of {count}. Give the first one: {parts[0].name}.")
    return parts


def _values(file: IO[bytes], path: Path) -> dict[str, Any]:
    if file.read(4) != _MAGIC:
        raise ModelLoadFailed(f"The file {str(path)!r} is no GGUF file: it does not begin with the word GGUF.")
    version, _tensors, count = struct.unpack("<IQQ", _read(file, 20))
    if version not in (2, 3):
        raise ModelLoadFailed(f"The file {str(path)!r} is of GGUF version {version}; versions 2 and 3 are read.")
    if count > _MOST_ENTRIES:
        raise ValueError(f"it claims {count:,} entries")
    return {_text(file): _value(file, *struct.unpack("<I", _read(file, 4))) for _ in range(count)}


def _value(file: IO[bytes], kind: int) -> Any:
    if kind == _STRING:
        return _text(file)
    if kind != _ARRAY:
        return struct.unpack(_NUMBERS[kind], _read(file, struct.calcsize(_NUMBERS[kind])))[0]
    item, count = struct.unpack("<IQ", _read(file, 12))
    if count > _MOST_ENTRIES:
        raise ValueError(f"it claims a list of {count:,}")
    if item == _STRING or item == _ARRAY:
        return [_value(file, item) for _ in range(count)]
    letter = _NUMBERS[item][1]
    size = struct.calcsize(f"<{letter}")
    return list(struct.unpack(f"<{count}{letter}", _read(file, size * count)))


def _text(file: IO[bytes]) -> str:
    (length,) = struct.unpack("<Q", _read(file, 8))
    return _read(file, length).decode("utf-8", "replace")


def _read(file: IO[bytes], count: int) -> bytes:
    if count > _MOST_ENTRIES * 8:
        raise ValueError(f"it claims a piece of {count:,} bytes")
    found = file.read(count)
    if len(found) != count:
        raise ValueError("it ends too early")
    return found
