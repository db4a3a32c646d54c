"""A result, as it stands in its JSON, in; drawings out: tokens per second over batch, and over the prompt's length."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import ScalarFormatter

# The same drawing of the same figures is the same file.
_STABLE = {"svg.hashsalt": "workings", "svg.fonttype": "none", "font.size": 11}
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
        figure = Figure(figsize=(8, 6), layout="constrained")
        axes = figure.add_subplot()
        for name, points in lines.items():
            is_ours = name.startswith(str(result["engine_name"]))
            axes.plot(*zip(*points, strict=True), marker="o", linestyle="-" if is_ours else "--", label=name)
        axes.set_xscale("log", base=2)
        axes.set_xticks(sorted({x for points in lines.values() for x, _ in points}))
        axes.xaxis.set_major_formatter(ScalarFormatter())
        axes.set_ylim(bottom=0)
        axes.set_xlabel("requests at once" if along == "batch" else "tokens of each prompt")
        axes.set_ylabel("tokens per second, all together")
        axes.set_title(f"{result['model']} in {result['precision']}, {result['device']}", fontsize=11)
        axes.grid(alpha=0.3)
        figure.legend(fontsize=8, loc="outside lower center", ncols=2)
        figure.savefig(path, format="svg", metadata={"Date": None})
