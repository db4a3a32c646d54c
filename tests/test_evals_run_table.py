"""The table of a result: what it says of heads as they are, and as they were."""

from pathlib import Path
from typing import Any

import pytest

from evals.result_file import Result
from evals.run_table import table_of

# As the first release of the runner wrote it.
FIRST: dict[str, Any] = {
    "type": "head",
    "version": 1,
    "benchmark": "gsm8k",
    "title": "GSM8K",
    "profile": "quick",
    "samples": 1,
    "sampling": {"temperature": 0.6, "top_p": None},
    "budget": "low",
    "seed": 7,
    "model": "m",
    "precision": "bf16",
    "adapter": "",
    "device": "",
    "data": {"source": "sample", "sha256": "0"},
    "problems": ["a"],
}


@pytest.mark.parametrize(
    ("said", "words"),
    [
        pytest.param({}, "temperature 0.6, seed 7\n", id="an older file, which does not say"),
        pytest.param({"honours_seed": True}, "temperature 0.6, seed 7\n", id="honoured"),
        pytest.param({"honours_seed": False}, "seed 7, which this engine cannot honour\n", id="not honoured"),
    ],
)
def test_table_names_the_seed_and_says_where_it_was_not_honoured(said: dict[str, Any], words: str):
    table = table_of(Result(Path("r.jsonl"), FIRST | said))
    assert words in table and table.startswith("GSM8K                 1 problems x 1, quick: budget low")
