"""The page of a training run, in whatever state the run is: whole, self-contained, harmless whatever a model wrote."""

import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from model.errors import BadInput
from tests.reported_run import LOG, sample, write_run
from train.report import find_chromium, main, print_report, run_folder, write_report

EVIL = "<script>alert('x')</script><img src=https://example.com/x onerror=alert(1)></pre>\x00\ud800"
DEAD_PID = 2**22 + 1  # beyond what Linux gives


class Read(HTMLParser):
    """A page's tags and the text that a reader sees; style sheets are left out."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag not in ("meta", "path", "line", "circle", "polyline", "img", "br"):
            self.open.append(tag)
        self.addresses += [value for name, value in attributes if name in ("src", "href", "onerror", "onload")]

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data


def read(run: Path) -> Read:
    return Read(write_report(run).read_text("utf-8"))


def test_page_says_what_was_trained_from_what_where_and_how_long(tmp_path):
    text = read(write_run(tmp_path / "stage-1")).text
    for words in (
        "stage-1",
        "smollm2-135m",
        "outcome rewards (GRPO)",
        "sft-half/adapter",
        "CPU, 2 cores",
        "1 h 30 min",
        "30,000 tokens",
    ):
        assert words in text
    assert "2026-11-29 10:00 UTC" in text
    assert "Ended after 30 of 30 steps." in text


def test_page_is_well_formed_and_asks_nothing_of_the_network(tmp_path):
    page = read(write_run(tmp_path / "run"))
    assert page.open == []
    assert page.addresses == []
    assert {"script", "link", "img", "iframe", "object"}.isdisjoint(page.tags)


def test_text_of_a_model_stays_text_wherever_it_stands(tmp_path):
    fields = ("question", "thinking", "answer", "reason", "source", "outcome", "step", "key")
    samples = [sample(1, "correct") | {field: EVIL} for field in fields]
    run = write_run(
        tmp_path / "run", samples=samples, model=EVIL, device=EVIL, reason=EVIL, start=EVIL, started_at=EVIL
    )
    page = read(run)
    assert page.open == []
    assert page.addresses == []
    assert "script" not in page.tags
    assert page.text.count("<script>alert('x')</script>") >= len(fields) - 1  # a key is not shown


def test_log_and_plan_cannot_bring_tags_either(tmp_path):
    log = [*LOG, {"step": 31, "seconds": 1.0, f"held_out/{EVIL[:60]}": 0.5, f"reward/{EVIL[:60]}": 0.5}]
    page = read(write_run(tmp_path / "run", log=log, plan={"kind": "grpo", EVIL[:50]: EVIL}))
    assert page.open == []
    assert "script" not in page.tags


def test_held_out_rates_stand_before_and_after_with_all_sources_first(tmp_path):
    text = read(write_run(tmp_path / "run")).text
    assert (
        text.index("all50.0% of 64 (38 to 62%)75.0% of 60 (63 to 84%)+25.0")
        < text.index("gsm8k25.0% of 32 (13 to 42%)50.0% of 30 (33 to 67%)+25.0")
        < text.index("own:sum75.0% of 32 (58 to 87%)100.0% of 30 (89 to 100%)+25.0")
    )
    assert "asked" not in text


def test_page_tells_no_folder_of_this_machine(tmp_path):
    plan = {
        "kind": "grpo",
        "model": "/home/someone/models/tiny",
        "start": "/home/someone/training/sft-1/adapter",
        "sources": {"file:/home/someone/mine.jsonl": 1.0},
    }
    text = read(write_run(tmp_path / "run", plan=plan, model="/home/someone/models/tiny")).text
    assert "home" not in text and "someone" not in text
    assert "sft-1/adapter" in text and "file:mine.jsonl" in text


def test_versions_on_the_page_are_those_that_trained(tmp_path):
    text = read(write_run(tmp_path / "run", versions={"workings": "0.0.1", "torch": "1.2.3"})).text
    assert "Trained with workings 0.0.1, torch 1.2.3." in text
    assert "Trained with" not in read(write_run(tmp_path / "older")).text


def test_every_measured_name_has_a_line_in_a_drawing(tmp_path):
    page = read(write_run(tmp_path / "run"))
    # all, outcome, format; three held-out; three judged; flat groups, length, kl, entropy, loss
    assert page.tags.count("polyline") == 3 + 3 + 3 + 5


def test_page_of_a_run_without_a_step_is_a_page(tmp_path):
    page = read(write_run(tmp_path / "run", log=[], samples=[], step=0, status="failed", reason="No memory was left."))
    assert "Failed after 0 of 30 steps. No memory was left." in page.text
    assert "polyline" not in page.tags


def test_killed_run_is_called_interrupted(tmp_path):
    text = read(write_run(tmp_path / "run", status="going on", step=12, pid=DEAD_PID)).text
    assert "Interrupted after 12 of 30 steps" in text


def test_page_of_a_living_run_says_that_it_goes_on(tmp_path):
    assert "Going on: 12 of 30" in read(write_run(tmp_path / "run", status="going on", step=12, pid=os.getpid())).text


def test_run_is_found_by_its_folder_or_by_its_name_in_the_data_folder(tmp_path):
    run = write_run(tmp_path / "data" / "training" / "mine")
    assert run_folder(str(run), tmp_path) == run
    assert run_folder("mine", tmp_path / "data") == run


def test_command_line_writes_where_it_is_told(tmp_path, monkeypatch, capsys):
    run = write_run(tmp_path / "run")
    out = tmp_path / "pages" / "mine.html"
    monkeypatch.setattr(sys, "argv", ["report", str(run), "--out", str(out)])
    assert main() == 0
    assert capsys.readouterr().out.strip() == str(out)
    assert "stage" in out.read_text("utf-8") or "run" in out.read_text("utf-8")
    assert [path.name for path in out.parent.iterdir()] == ["mine.html"]


def test_folder_that_holds_no_run_is_refused_in_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["report", str(tmp_path)])
    with pytest.raises(SystemExit, match="There is no training run in"):
        main()


def test_pdf_without_a_chromium_is_refused_with_what_to_do(tmp_path, monkeypatch):
    run = write_run(tmp_path / "run")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("WORKINGS_CHROMIUM", raising=False)
    with pytest.raises(BadInput, match="Install one, or write the page without --pdf"):
        print_report(run)
    monkeypatch.setenv("WORKINGS_CHROMIUM", "no-such-program")
    with pytest.raises(BadInput, match="'no-such-program', which is no program"):
        print_report(run)
    assert not (run / "report.pdf").exists()


def test_program_that_prints_nothing_is_told_and_not_taken_for_a_pdf(tmp_path, monkeypatch):
    program = tmp_path / "chromium"
    program.write_text("#!/bin/sh\necho no display >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("WORKINGS_CHROMIUM", str(program))
    with pytest.raises(BadInput, match="printed no PDF: no display"):
        print_report(write_run(tmp_path / "run"))


@pytest.mark.browser
def test_pdf_is_printed_with_the_thinking_unfolded(tmp_path):
    pypdf = pytest.importorskip("pypdf")
    run = write_run(tmp_path / "run", samples=[sample(7, "correct", thinking="the hidden thought")])
    assert find_chromium()
    document = pypdf.PdfReader(print_report(run))
    text = " ".join(page.extract_text() for page in document.pages)
    assert "Held-out problems" in text
    assert "the hidden thought" in text


def test_page_of_a_supervised_run_has_its_losses_and_the_command_with_its_options(tmp_path):
    log = [
        {"step": 10, "seconds": 3.0, "loss": 2.0, "learning_rate": 1e-3},
        {"step": 10, "seconds": 9.0, "held_out/arithmetic": 0.25},
        {"step": 20, "seconds": 20.0, "loss": 1.0, "held_out/arithmetic": 0.75},
    ]
    plan = {"kind": "sft", "tokens": 2000, "rank": 8, "start": ""}
    page = read(write_run(tmp_path / "run", kind="sft", log=log, plan=plan, samples=[], start=""))
    assert "trained by supervised fine-tuning from a fresh adapter" in page.text
    assert "python -m train.sft --tokens 2000 --rank 8" in page.text
    assert "arithmetic25.0%75.0%+50.0" in page.text
    assert page.tags.count("polyline") == 3


def test_report_and_card_need_no_torch():
    told = (
        "import sys, train.report, train.run_card; print({'torch', 'transformers', 'trl', 'peft'} & set(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"
