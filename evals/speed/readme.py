"""The newest result in, README's table of it out; `python -m evals.speed.readme` writes it there."""

import sys
from pathlib import Path

from evals.speed.record import RESULTS, results_in
from evals.speed.tables import readme_section

README = Path(__file__).resolve().parent.parent.parent / "README.md"
NOTHING_YET = "No result of this form is kept yet; the lines above that name `evals.speed` are of an older one."
BEGIN, END = "<!-- speed: written by python -m evals.speed.readme -->", "<!-- end of speed -->"


def with_newest(readme: str, results: Path = RESULTS) -> str:
    """README's text with the newest result between its two marks.

    Raises:
        ValueError: If the marks are not there.
    """
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    found = results_in(results)
    if not begin or not end:
        raise ValueError("README has no place for the speed table: its two marks are missing.")
    if not found:
        return f"{before}{BEGIN}\n{NOTHING_YET}\n\n{END}{after}"
    path, newest = found[0]
    plots = [plot for name in ("batch", "length") if (plot := path.with_name(f"{path.stem}-{name}.svg")).is_file()]
    section = readme_section(newest, _from_root(path), [_from_root(plot) for plot in plots])
    return f"{before}{BEGIN}\n{section}\n\n{END}{after}"


def _from_root(path: Path) -> str:
    return f"evals/results/{path.name}"


if __name__ == "__main__":
    README.write_text(with_newest(README.read_text("utf-8")), "utf-8")
    sys.exit(0)
