"""The load test itself, small: pages and scripts read the real app with a scripted engine, and nothing is lost."""

from pathlib import Path

import pytest

from evals.load import __main__ as load
from model.scripted import Turn


def test_a_few_pages_and_scripts_lose_nothing_and_see_no_other_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "TURN", Turn("Step {n} of {question}.\n\n", "The answer to {question}.", repeat=3))
    measured = load.measure_scripted(minutes=0.35, readers=4, rate=10.0)
    for transport in ("page", "script"):
        figures = measured["by_transport"][transport]
        assert figures["first_faults"] == []
        assert figures["lost_events"] == 0
        assert figures["runs_read_to_the_end"] >= 1
        assert figures["delay_seconds"]["worst"] is not None
    assert measured["server"]["rss_mib_most"] > 50


def test_the_module_says_how_it_is_called(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        load.main(["--help"])
    assert "--minutes" in capsys.readouterr().out
    assert Path(load.__file__).parent.name == "load"
