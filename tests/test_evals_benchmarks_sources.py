"""Rows of benchmarks: the shipped sample, a folder, and a Hub that speaks its protocol on this machine."""

import json
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import huggingface_hub.constants
import pytest

from evals.benchmarks.benchmark import Benchmark, HubData
from evals.benchmarks.gsm8k import GSM8K
from evals.benchmarks.sources import digest, rows_of
from model.errors import BadInput

ROWS = [{"question": f"What is {n} + 1?", "answer": f"#### {n + 1}"} for n in range(3)]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS)
SHA = "a" * 40
NO_SAMPLE = replace(GSM8K, sample=None)


class Hub(BaseHTTPRequestHandler):
    """As much of the Hub as a data set of one plain file needs."""

    def do_GET(self):
        if self.path == "/api/datasets/someone/sums":
            self.answer(json.dumps({"id": "someone/sums", "sha": SHA, "siblings": []}), "application/json")
        elif self.path == "/datasets/someone/sums/resolve/main/sums.jsonl":
            self.answer(LINES, "text/plain")
        else:
            self.answer("there is none", "text/plain", 404)

    do_HEAD = do_GET  # noqa: N815

    def answer(self, text: str, kind: str, status: int = 200) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", f'"{hash(text) & 0xFFFF:x}"')
        self.send_header("X-Repo-Commit", SHA)
        if status == 404:
            self.send_header("X-Error-Code", "EntryNotFound")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_):
        return


def asks(monkeypatch, endpoint: str, cache: Path) -> None:
    constants = huggingface_hub.constants
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    template = "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", endpoint + template)


@pytest.fixture
def hub(monkeypatch, tmp_path) -> Iterator[None]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    asks(monkeypatch, f"http://127.0.0.1:{server.server_address[1]}", tmp_path / "cache")
    yield
    server.shutdown()
    server.server_close()


@pytest.fixture
def no_hub(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "datasets")
    asks(monkeypatch, "http://127.0.0.1:9", tmp_path / "cache")


def of_files(*names: str) -> Benchmark:
    return replace(GSM8K, hub=HubData("someone/sums", files=names))


def test_rows_of_a_sample_say_that_they_are_not_the_whole():
    rows = rows_of(GSM8K, "sample")
    assert (rows.source, len(rows.rows)) == ("sample", 100)
    assert "100 problems of the shipped sample" in rows.note
    assert rows.told()["sha256"] == digest(rows.rows)


def test_rows_of_a_benchmark_that_ships_whole_need_no_network():
    rows = rows_of(replace(GSM8K, is_sample_whole=True), "auto")
    assert (rows.source, rows.note) == ("sample", "")


def test_rows_of_a_folder_are_those_of_its_file_however_the_columns_stand(tmp_path):
    (tmp_path / "gsm8k_test.jsonl").write_text(LINES + "\n")
    turned = [dict(reversed(row.items())) for row in ROWS]
    rows = rows_of(GSM8K, str(tmp_path))
    assert (rows.source, rows.origin, rows.note) == ("folder", "gsm8k_test.jsonl", "")
    assert list(rows.rows) == ROWS
    assert rows.sha256 == digest(turned) != digest(ROWS[:2])


def test_rows_of_a_file_need_no_name():
    rows = rows_of(GSM8K, str(GSM8K.sample))
    assert (rows.source, len(rows.rows)) == ("folder", 100)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("", "is empty", id="nothing"),
        pytest.param('{"question": "a"}\n[1]\n', "line 2 is no JSON object", id="a list"),
        pytest.param('{"question": "a"}\n{"question"\n', "line 2 is no JSON", id="half a line"),
    ],
)
def test_rows_of_a_broken_file_say_where(tmp_path, text, told):
    (tmp_path / "gsm8k_test.jsonl").write_text(text)
    with pytest.raises(BadInput, match=told):
        rows_of(GSM8K, str(tmp_path))


def test_rows_of_bytes_that_are_no_text_are_refused(tmp_path):
    (tmp_path / "gsm8k_test.jsonl").write_bytes(b'{"question": "\xff"}\n')
    with pytest.raises(BadInput, match="no JSON in UTF-8"):
        rows_of(GSM8K, str(tmp_path))


@pytest.mark.parametrize("source", ["", "nowhere"])
def test_rows_of_a_folder_without_the_file_say_its_name(tmp_path, source):
    with pytest.raises(BadInput, match=r"gsm8k_test\.jsonl"):
        rows_of(GSM8K, str(tmp_path / source))


def test_rows_of_a_benchmark_without_sample_say_what_to_give():
    with pytest.raises(BadInput, match="--data FOLDER"):
        rows_of(NO_SAMPLE, "sample")


def test_rows_of_the_hub_come_from_its_files_at_the_revision_that_it_has(hub):
    rows = rows_of(of_files("sums.jsonl"), "hub")
    assert list(rows.rows) == ROWS
    assert rows.origin == f"someone/sums (sums.jsonl), revision {SHA}"


def test_rows_of_the_hub_are_kept_for_when_it_is_gone(hub, monkeypatch, tmp_path):
    there = rows_of(of_files("sums.jsonl"), "hub")
    asks(monkeypatch, "http://127.0.0.1:9", tmp_path / "cache")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    kept = rows_of(of_files("sums.jsonl"), "hub")
    assert kept.sha256 == there.sha256
    assert kept.origin.endswith("revision of the cache")


def test_rows_of_a_file_that_the_hub_has_not_say_so(hub):
    with pytest.raises(BadInput, match=r"gone\.jsonl of someone/sums cannot be fetched"):
        rows_of(of_files("gone.jsonl"), "hub")


def test_rows_of_a_hub_that_cannot_be_reached_say_what_to_give(no_hub):
    with pytest.raises(BadInput, match=r"openai/gsm8k cannot be reached .*--data FOLDER"):
        rows_of(NO_SAMPLE)


def test_rows_of_a_hub_that_cannot_be_reached_are_the_samples_with_the_reason(no_hub):
    rows = rows_of(GSM8K)
    assert rows.source == "sample"
    assert rows.note.startswith("openai/gsm8k cannot be reached")


def test_rows_of_the_hub_say_which_package_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(BadInput, match=r"requirements-evals\.txt"):
        rows_of(GSM8K, "hub")


@pytest.fixture
def unpacked(tmp_path, monkeypatch) -> Path:
    """A data set as the Hub keeps it: parquet files in a folder, which `datasets` takes in the place of an id."""
    import datasets

    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    folder = tmp_path / "sums"
    folder.mkdir()
    datasets.Dataset.from_list(ROWS).to_parquet(folder / "test-00000-of-00001.parquet")
    return folder


def test_rows_of_the_hub_come_out_of_parquet(unpacked):
    rows = rows_of(replace(GSM8K, hub=HubData(str(unpacked))), "hub")
    assert list(rows.rows) == ROWS
    assert rows.sha256 == digest(ROWS)


def test_rows_of_the_hub_say_that_a_split_is_not_there(unpacked):
    with pytest.raises(BadInput, match="cannot be loaded"):
        rows_of(replace(GSM8K, hub=HubData(str(unpacked), split="train")), "hub")
