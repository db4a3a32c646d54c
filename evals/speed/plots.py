"""A result, as it stands in its JSON, in; drawings out: tokens per second over batch, and over the prompt's length."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator, StrMethodFormatter

# The same drawing of the same figures is the same file.
_STABLE = {"svg.hashsalt": "workings", "svg.fonttype": "none", "font.size": 12}
# Lines that lie on each other are told apart without their colours, too.
_MARKERS = "osD^vPX*"
Result = Mapping[str, Any]
Lines = dict[tuple[str, int], list[tuple[int, float]]]  # contender and the line's value to points


def draw_plots(result: Result, path: Path) -> list[Path]:
    """Write `<path>-batch.svg` and `<path>-length.svg`; one that would have no line is left out.

    Args:
        path: Of the result, without its suffix.
    """
    drawn = []
    over = {"batch": ("batch", "prompt_tokens"), "length": ("prompt_tokens", "batch")}
    for name, (along, line) in over.items():
        if lines := lines_of(result, along, line):
            drawn.append(path.with_name(f"{path.name}-{name}.svg"))
            _draw(result, along, lines, drawn[-1])
    return drawn


def lines_of(result: Result, along: str, line: str) -> Lines:
    """Every contender's points, tokens per second while all write, for each of its `line`s that has more than one."""
    lines: Lines = {}
    for cell in result["cells"]:
        rate = cell["decode_tokens_per_second"] or cell["tokens_per_second"]
        if rate is not None:
            lines.setdefault((cell["contender"], cell[line]), []).append((cell[along], rate))
    return {name: sorted(points) for name, points in lines.items() if len(points) > 1}


def _draw(result: Result, along: str, lines: Lines, path: Path) -> None:
    with rc_context(_STABLE):
        figure = Figure(figsize=(8, 4.3 + 0.2 * len(lines)), layout="constrained", facecolor="white")
        axes = figure.add_subplot()
        ours = str(result["engine_name"])
        values = {value for _, value in lines}
        ordered = sorted(lines.items(), key=lambda line: line[0][0] != ours)
        for number, ((name, value), points) in enumerate(ordered):
            label = name if len(values) == 1 else f"{name}, {_of(along, value)}"
            marker, linestyle = _MARKERS[number % len(_MARKERS)], "-" if name == ours else "--"
            axes.plot(*zip(*points, strict=True), label=label, marker=marker, linestyle=linestyle)
        axes.set_xscale("log", base=2)
        axes.set_xticks(sorted({x for points in lines.values() for x, _ in points}))
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_ylim(bottom=0)
        same = f"; {_of(along, *values)}" if len(values) == 1 else ""
        axes.set_xlabel(("requests at once" if along == "batch" else "tokens of each prompt") + same)
        axes.set_ylabel("tokens per second, all together")
        axes.set_title(_title(result), fontsize=11)
        axes.grid(alpha=0.3)
        figure.legend(fontsize=9, loc="outside lower center")
        figure.savefig(path, format="svg", metadata={"Date": None})


def _of(along: str, value: int) -> str:
    return f"prompts of {value:,} tokens" if along == "batch" else f"{value:,} at once"


def _title(result: Result) -> str:
    noise = "" if result["machine"]["is_quiet"] else "; the machine was not quiet"
    return f"{result['model']} in {result['precision']}, {result['device']}{noise}"
