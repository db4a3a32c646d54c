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


def draw_plots(result: Result, path: Path) -> list[Path]:
    """Write `<path>-batch.svg` and `<path>-length.svg`; one that would have a single point in each line is left out.

    Args:
        path: Of the result, without its suffix.
    """
    drawn = []
    over = {"batch": ("batch", "prompt_tokens"), "length": ("prompt_tokens", "batch")}
    for name, (along, line) in over.items():
        lines = lines_of(result, along, line)
        if max((len(points) for points in lines.values()), default=0) > 1:
            drawn.append(path.with_name(f"{path.name}-{name}.svg"))
            _draw(result, along, lines, drawn[-1])
    return drawn


def lines_of(result: Result, along: str, line: str) -> dict[str, list[tuple[int, float]]]:
    """Every line's points, tokens per second while all write: our engine by `line`, others all by name and `line`."""
    lines: dict[str, list[tuple[int, float]]] = {}
    for cell in result["cells"]:
        rate = cell["decode_tokens_per_second"] or cell["tokens_per_second"]
        if rate is not None:
            unit = "tokens of prompt" if line == "prompt_tokens" else "at once"
            lines.setdefault(f"{cell['contender']}, {cell[line]:,} {unit}", []).append((cell[along], rate))
    return {name: sorted(points) for name, points in lines.items()}


def _draw(result: Result, along: str, lines: Mapping[str, list[tuple[int, float]]], path: Path) -> None:
    with rc_context(_STABLE):
        figure = Figure(figsize=(8, 5.5), layout="constrained", facecolor="white")
        axes = figure.add_subplot()
        ours = str(result["engine_name"])
        for number, (name, points) in enumerate(sorted(lines.items(), key=lambda line: not line[0].startswith(ours))):
            is_ours = name.startswith(ours)
            marker = _MARKERS[number % len(_MARKERS)]
            axes.plot(*zip(*points, strict=True), marker=marker, linestyle="-" if is_ours else "--", label=name)
        axes.set_xscale("log", base=2)
        axes.set_xticks(sorted({x for points in lines.values() for x, _ in points}))
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_ylim(bottom=0)
        axes.set_xlabel("requests at once" if along == "batch" else "tokens of each prompt")
        axes.set_ylabel("tokens per second, all together")
        axes.set_title(_title(result), fontsize=11)
        axes.grid(alpha=0.3)
        figure.legend(fontsize=9, loc="outside lower center", ncols=1 if len(lines) < 5 else 2)
        figure.savefig(path, format="svg", metadata={"Date": None})


def _title(result: Result) -> str:
    noise = "" if result["machine"]["is_quiet"] else "; the machine was not quiet"
    return f"{result['model']} in {result['precision']}, {result['device']}{noise}"
