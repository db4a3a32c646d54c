"""A training run's folder in, one page of it out: HTML that needs neither network nor script, or the same as PDF.

`python -m train.report RUN` writes `report.html` into the run's folder, finished or not; RUN is a folder, or the name
of a run in the data folder. `--pdf` prints the page with the Chromium that is installed.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from model.errors import AppError, BadInput
from model.settings import settings_from_environment
from train.curves import STYLE as CURVE_STYLE
from train.public_names import public_plan
from train.report_parts import curves, head, held_out_table, plan_table, text_of
from train.report_samples import samples_part
from train.run_facts import Facts, command, facts_of, made_with
from train.run_files import runs_folder

PAGE, PAPER = "report.html", "report.pdf"
_CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PRINT_TIMEOUT_SECONDS = 180

_STYLE = """
:root{color-scheme:light dark;--back:#fff;--ink:#1c1c1e;--soft:#5b5b61;--line:#d9d9de;--card:#f5f5f7;
--c0:#0b63c4;--c1:#b4490a;--c2:#0a7d55;--c3:#8a3fb0;--c4:#a8115e;--c5:#6b6000;
--right:#0a7d55;--wrong:#b3261e;--open:#5b5b61}
@media (prefers-color-scheme:dark){:root{--back:#131316;--ink:#ececf0;--soft:#a6a6ae;--line:#3a3a41;--card:#1d1d21;
--c0:#6db1ff;--c1:#ff9d5c;--c2:#4fd0a0;--c3:#d39bf2;--c4:#ff86b8;--c5:#d9cb52;
--right:#4fd0a0;--wrong:#ff8a80;--open:#a6a6ae}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:66rem;padding:1rem clamp(.8rem,3vw,2rem) 4rem;background:var(--back);color:var(--ink);
font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.7rem;margin:.5rem 0}h2{font-size:1.2rem;margin:2.2rem 0 .6rem}
h3{font-size:.85rem;margin:.8rem 0 .2rem;color:var(--soft)}
.standing{font-weight:600}.note{color:var(--soft);font-size:.9rem}
.wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:.3rem 1rem .3rem 0;border-bottom:1px solid var(--line);vertical-align:top;font-weight:400}
thead th,tbody th{color:var(--soft)}.plan th{white-space:nowrap}
.curves{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(19rem,100%),1fr));gap:1.6rem 2rem}
pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:.2rem 0;font:.85rem/1.45 ui-monospace,monospace}
.sample{background:var(--card);border-left:4px solid var(--open);border-radius:4px;padding:.7rem 1rem;margin:.9rem 0}
.sample.correct{border-color:var(--right)}.sample.wrong{border-color:var(--wrong)}
.facts{margin:.1rem 0;font-size:.9rem}summary{cursor:pointer;font-size:.85rem;color:var(--soft);margin:.6rem 0 .2rem}
.sample details pre{color:var(--soft)}
@media print{body{max-width:none;padding:0}figure,.sample p{break-inside:avoid}h2,h3{break-after:avoid}}
"""


def page(facts: Facts, *, for_paper: bool = False) -> str:
    """The whole page; for paper every thinking is unfolded. Where folders lie is left out: a page is sent around."""
    facts = replace(facts, plan=public_plan(facts.plan))
    parts = [
        head(facts),
        held_out_table(facts),
        curves(facts),
        plan_table(facts),
        f"<h2>Do it again</h2><pre>{text_of(command(facts.plan))}</pre>",
        samples_part(facts.samples, opens=for_paper),
        f"<footer class='note'><p>{text_of(_footer(facts))}</p></footer>",
    ]
    # The policy is a second wall behind the escaping: texts of a model could start nothing, whatever they held.
    return (
        "<!DOCTYPE html>\n<html lang='en'><head><meta charset='utf-8'>"
        "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        "<meta name='viewport' content='width=device-width,initial-scale=1'>"
        f"<title>{text_of(facts.state.name)}: training</title><style>{_STYLE}{CURVE_STYLE}</style></head>"
        f"<body>{''.join(parts)}</body></html>\n"
    )


def _footer(facts: Facts) -> str:
    versions = made_with(facts)
    return "Written by Workings (python -m train.report)." + (f" Trained with {versions}." if versions else "")


def write_report(run: Path, out: Path | None = None) -> Path:
    """Write the page of a run, its own folder's `report.html` unless told otherwise, and say where it is.

    Raises:
        BadInput: If the folder holds no run.
    """
    file = out or run / PAGE
    text = page(facts_of(run))
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.new")
    draft.write_text(text, "utf-8")
    draft.replace(file)
    return file


def print_report(run: Path, out: Path | None = None) -> Path:
    """The same as PDF, printed by Chromium.

    Raises:
        BadInput: If the folder holds no run, there is no Chromium, or it could not print.
    """
    file = (out or run / PAPER).absolute()
    program = find_chromium()
    text = page(facts_of(run), for_paper=True)
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="workings-report-") as folder:
        source, printed = Path(folder) / PAGE, Path(folder) / PAPER
        source.write_text(text, "utf-8")
        _print(program, source, printed)
        shutil.move(printed, file)
    return file


def _print(program: str, source: Path, printed: Path) -> None:
    # Chromium's own walls do not stand for root; the page has no script that they would hold.
    walls = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    flags = ["--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking", *walls]
    told = [f"--user-data-dir={source.parent / 'profile'}", "--no-pdf-header-footer", f"--print-to-pdf={printed}"]
    try:
        result = subprocess.run(
            [program, *flags, *told, source.as_uri()],
            capture_output=True, text=True, errors="replace", timeout=_PRINT_TIMEOUT_SECONDS, check=False,
        )  # fmt: skip
        failure = result.stderr.strip()[-300:]
    except (OSError, subprocess.TimeoutExpired) as error:
        failure = str(error)
    if not printed.is_file():
        raise BadInput(f"{program} printed no PDF: {failure}. Write the page without --pdf and print it in a browser.")


def find_chromium() -> str:
    """The Chromium that is installed: `WORKINGS_CHROMIUM`, or a program on the PATH.

    Raises:
        BadInput: If there is none.
    """
    chosen = os.environ.get("WORKINGS_CHROMIUM", "")
    found = [shutil.which(name) for name in ((chosen,) if chosen else _CHROMIUM_NAMES)]
    for path in found:
        if path:
            return path
    named = f"WORKINGS_CHROMIUM names {chosen!r}, which is no program" if chosen else "there is no Chromium or Chrome"
    raise BadInput(f"A PDF is printed by Chromium, and {named}. Install one, or write the page without --pdf.")


def run_folder(named: str, data_folder: Path) -> Path:
    """The folder of a run that is named by its folder, or by its name in the data folder."""
    folder = Path(named).expanduser()
    return folder if folder.is_dir() else runs_folder(data_folder) / named


def main() -> int:
    """Read the command line, write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", help="folder of a run, or its name in the data folder")
    parser.add_argument("--out", type=Path, help=f"file to write; {PAGE} or {PAPER} in the run's folder when left out")
    parser.add_argument("--pdf", action="store_true", help="print it with the Chromium that is installed")
    given = parser.parse_args()
    try:
        run = run_folder(given.run, settings_from_environment().data_folder)
        print(print_report(run, given.out) if given.pdf else write_report(run, given.out))
    except AppError as error:
        raise SystemExit(str(error)) from error
    return 0


if __name__ == "__main__":
    sys.exit(main())
