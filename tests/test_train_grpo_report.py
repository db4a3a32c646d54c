"""A finished run has its page, and is finished without it, too."""

from pathlib import Path

from tests.reported_run import write_run
from train.grpo import write_page


def test_finished_run_has_its_page(tmp_path: Path) -> None:
    write_page(write_run(tmp_path / "stage-1"))
    assert "stage-1" in (tmp_path / "stage-1" / "report.html").read_text("utf-8")


def test_page_that_cannot_be_written_is_told_and_fails_nothing(tmp_path: Path, capsys) -> None:
    run = write_run(tmp_path / "run")
    (run / "report.html").mkdir()
    write_page(run)
    assert "page was not written" in capsys.readouterr().err
    (run / "state.json").write_text("{", "utf-8")
    write_page(run)
    assert "state.json" in capsys.readouterr().err
