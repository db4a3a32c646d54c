"""A benchmark in, the rows of its data out: from its shipped sample, a folder, or the Hub.

A row is one JSON object of the data set, with its own columns; `Benchmark.problems_of` makes problems of them.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

from evals.benchmarks.benchmark import Benchmark, HubData
from evals.benchmarks.row_files import read_lines, read_rows
from model.errors import BadInput

SAMPLES = Path(__file__).parent.parent / "data" / "benchmarks"
# The Hub is asked once, so long, before a sample is taken instead.
_SECONDS_TO_REACH = 10.0
# Releases of huggingface_hub speak HTTP with different packages (httpx, httpx2); that one's error is the first base.
_NOT_REACHED: tuple[type[Exception], ...] = (HfHubHTTPError.__bases__[0], OfflineModeIsEnabled, OSError)
_NOT_FETCHED: tuple[type[Exception], ...] = (*_NOT_REACHED, ValueError)
_NO_NETWORK = "Give a folder of its data (--data FOLDER)"

# Rows, and their digest.
Read = tuple[Sequence[Mapping[str, Any]], str]


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows, and what a result says about where they come from.

    Args:
        rows: Long texts of `Benchmark.left_in_file` are still in their file (`evals.benchmarks.row_files`).
        origin: The data set with its configuration, split and revision, or the file's name.
        sha256: Of the whole rows as JSON with sorted keys, one a line: the same for the same rows, wherever they lay.
        note: Why this is not the whole benchmark; empty if it is.
    """

    rows: tuple[Mapping[str, Any], ...]
    source: Literal["sample", "hub", "folder", "made"]
    origin: str
    sha256: str
    note: str = ""

    def told(self) -> dict[str, Any]:
        """For the head of a result."""
        told = {"source": self.source, "origin": self.origin, "sha256": self.sha256, "rows": len(self.rows)}
        return told | ({"note": self.note} if self.note else {})


def rows_of(benchmark: Benchmark, source: str = "auto") -> Rows:
    """The rows of a benchmark.

    Args:
        source: "sample", "hub", a folder that holds `benchmark.file`, or "auto": made or shipped whole, else from the
            Hub, else, where that cannot be reached, the sample.

    Raises:
        BadInput: If they are not there; the sentence says what to do.
    """
    if benchmark.rows_made is not None:
        if source != "auto":
            raise BadInput(f"{benchmark.title} reads no data: its problems are made on this machine. Leave --data out.")
        made = benchmark.rows_made()
        origin = str(made[0].get("made_by", benchmark.source))
        return Rows(tuple(made), "made", origin, digest(made))
    if source == "hub":
        return _from_hub(benchmark)
    if source == "sample":
        return _from_sample(benchmark)
    if source != "auto":
        return _from_folder(benchmark, Path(source).expanduser())
    if benchmark.hub is None or benchmark.is_sample_whole:
        return _from_sample(benchmark)
    if benchmark.sample is None:
        return _from_hub(benchmark)
    try:
        return _from_hub(benchmark)
    except BadInput as error:
        return _from_sample(benchmark, f"{error} ")


def digest(rows: Iterable[Mapping[str, Any]]) -> str:
    """SHA-256 of rows, whatever the order of their columns."""
    seen = hashlib.sha256()
    for row in rows:
        line = json.dumps(row, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
        seen.update(line.encode("utf-8", "surrogatepass") + b"\n")
    return seen.hexdigest()


def _with_digest(read: Sequence[Mapping[str, Any]]) -> Read:
    return read, digest(read)


def _read_files(paths: Sequence[Path], left: Collection[str]) -> Read:
    """The rows of files without the long texts of some columns, and the digest of the whole rows."""
    kept: list[Mapping[str, Any]] = []

    def whole() -> Iterator[Mapping[str, Any]]:
        for path in paths:
            for line in read_lines(path):
                kept.append(line.without(left))
                yield line.row

    return kept, digest(whole())


def _from_sample(benchmark: Benchmark, reason: str = "") -> Rows:
    if benchmark.sample is None:
        raise BadInput(
            f"{benchmark.title} has no sample here: its licence is not known to allow that. {_NO_NETWORK}, or take it "
            "from the Hub (--data hub)."
        )
    read = benchmark.rows_in(benchmark.sample) if benchmark.rows_in else read_rows(benchmark.sample)
    is_whole = benchmark.hub is None or benchmark.is_sample_whole
    what = f"the {len(read)} problems of the shipped sample, not the whole benchmark"
    about = f"These are {benchmark.sample_about or what}."
    note = "" if is_whole else reason + about
    return Rows(tuple(read), "sample", benchmark.sample.name, digest(read), note)


def _from_folder(benchmark: Benchmark, folder: Path) -> Rows:
    if benchmark.rows_in is not None:
        read, sha256 = _with_digest(benchmark.rows_in(folder))
        return Rows(tuple(read), "folder", folder.name, sha256)
    if not benchmark.file:
        raise BadInput(f"{benchmark.title} reads no folder of data: its problems come with the app.")
    paths = [folder] if folder.is_file() else _files_of(benchmark, folder)
    if not paths:
        what = "has no file" if folder.is_dir() else "is no folder with a file"
        raise BadInput(
            f"{folder} {what} {benchmark.file}. {benchmark.title} is read from that, one JSON object a line."
        )
    read, sha256 = _read_files(paths, benchmark.left_in_file)
    return Rows(tuple(read), "folder", ", ".join(path.name for path in paths), sha256)


def _files_of(benchmark: Benchmark, folder: Path) -> list[Path]:
    """Those that the benchmark's file names, which may be a pattern; else the Hub's own, all of them."""
    fetched = [folder / name for name in benchmark.hub.files] if benchmark.hub else []
    has_fetched = bool(fetched) and all(path.is_file() for path in fetched)
    return sorted(folder.glob(benchmark.file)) or (fetched if has_fetched else [])


# ------------------------------------------------------------------ the Hub


def _from_hub(benchmark: Benchmark) -> Rows:
    """Rows of the Hub, at the revision that it has now; of the cache where it cannot be reached."""
    hub = benchmark.hub
    if hub is None:
        raise BadInput(f"{benchmark.title} is not on the Hub: its problems come with the app.")
    if not hub.files:
        _needs_datasets(benchmark)
    try:
        revision = _revision_now(hub)
    except _NOT_REACHED as error:
        if not _is_cached(hub):  # datasets would try for 20 s and more
            told = str(error).splitlines()[0]
            named = f" that holds {benchmark.file}" if benchmark.file else ""
            raise BadInput(f"{hub.repository} cannot be reached ({told}). {_NO_NETWORK}{named}.") from error
        revision = None
    read, sha256 = _fetched_rows(benchmark, hub) if hub.files else _with_digest(_loaded(hub, revision))
    where = ", ".join(part for part in (hub.config, *(hub.files or (hub.split,))) if part)
    origin = f"{hub.repository} ({where}), revision {revision or 'of the cache'}"
    return Rows(tuple(read), "hub", origin, sha256)


def _needs_datasets(benchmark: Benchmark) -> None:
    try:
        import datasets  # noqa: F401
    except ImportError as error:
        raise BadInput(
            f"{benchmark.title} is read from the Hub with the package datasets, which is not installed: "
            "pip install -r requirements-evals.txt, or give a folder of its data (--data FOLDER)."
        ) from error


def _revision_now(hub: HubData) -> str | None:
    """The commit that the Hub has now; a folder, which `datasets` takes in the place of an id, has none."""
    if Path(hub.repository).is_dir():
        return None
    from huggingface_hub import HfApi

    return HfApi().dataset_info(hub.repository, timeout=_SECONDS_TO_REACH).sha


def _is_cached(hub: HubData) -> bool:
    if hub.files:
        from huggingface_hub import try_to_load_from_cache

        return all(
            isinstance(try_to_load_from_cache(hub.repository, name, repo_type="dataset"), str) for name in hub.files
        )
    import datasets
    from datasets.naming import camelcase_to_snakecase

    owner, _, name = hub.repository.rpartition("/")
    return (Path(datasets.config.HF_DATASETS_CACHE) / f"{owner}___{camelcase_to_snakecase(name)}").is_dir()


def _loaded(hub: HubData, revision: str | None) -> list[Mapping[str, Any]]:
    import datasets

    try:
        return list(datasets.load_dataset(hub.repository, hub.config, split=hub.split, revision=revision))
    except ConnectionError as error:
        raise BadInput(
            f"{hub.repository} cannot be reached: {error}. {_NO_NETWORK}, or try again with a network."
        ) from error
    except (OSError, ValueError, RuntimeError) as error:
        raise BadInput(f"{hub.repository} cannot be loaded: {error}. {_NO_NETWORK}.") from error


def _fetched_rows(benchmark: Benchmark, hub: HubData) -> Read:
    paths = [_fetched(hub, name) for name in hub.files]
    if benchmark.rows_in is not None:
        return _with_digest(benchmark.rows_in(paths[0].parent))
    return _read_files(paths, benchmark.left_in_file)


def _fetched(hub: HubData, name: str) -> Path:
    """A file of the Hub, or of the folder that stands for a data set.

    The branch is asked for, not its commit: what was fetched by its commit is not found again without a network.
    """
    if Path(hub.repository).is_dir():
        return Path(hub.repository) / name
    from huggingface_hub import hf_hub_download

    try:
        return Path(hf_hub_download(hub.repository, name, repo_type="dataset"))
    except _NOT_FETCHED as error:
        told = str(error).splitlines()[0]
        raise BadInput(f"{name} of {hub.repository} cannot be fetched: {told} {_NO_NETWORK}.") from error
