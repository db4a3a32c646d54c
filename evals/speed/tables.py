"""A result, as it stands in its JSON, in; Markdown tables out: for the terminal, and for README."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from evals.speed.ratios import MEASURES

GIB = 2**30
MEMORY_WORDS = {
    "weights": "memory: weights",
    "at_rest": "memory at rest, loaded",
    "load_peak": "memory, peak of the load",
    "with_cache": "memory with the cache of keys and values",
    "peak": "memory, peak of all of our engine's work",
}
Result = Mapping[str, Any]
Row = list[str]


def whole_report(result: Result) -> str:
    """All that was measured."""
    title = f"{result['model']} in {result['precision']} on {result['device']}, {result['measured_at']}"
    said = "\n".join(f"- {sentence}" for sentence in sentences(result))
    parts = [title, machine_sentence(result), engine_table(result), side_table(result), said]
    return "\n\n".join(part for part in parts if part)


def readme_section(result: Result, path: str, plots: Sequence[str]) -> str:
    """What README shows of a result.

    Args:
        path: Of its JSON, from README.
        plots: Those of its drawings.
    """
    title = f"{result['model']} in {result['precision']} on {result['device']}, {str(result['measured_at'])[:10]}."
    images = "\n".join(f"![Tokens per second over {_drawn_over(name)}]({name})" for name in plots)
    parts = [
        f"{title} {machine_sentence(result)}",
        engine_table(result),
        side_table(result),
        " ".join(sentences(result)),
        images,
        f"All of it: [{path.rsplit('/', 1)[-1]}]({path}).",
    ]
    return "\n\n".join(part for part in parts if part)


def _drawn_over(plot: str) -> str:
    return {"batch": "requests at once", "length": "the prompt's length"}[plot.removesuffix(".svg").rsplit("-", 1)[1]]


def machine_sentence(result: Result) -> str:
    """Whether the machine was ours alone."""
    machine = result["machine"]
    load = (
        f", load average {machine['load_average_before'][0]:g} at the start" if machine["load_average_before"] else ""
    )
    took = f"others took {machine['others_share']:.0%} of its {machine['cores']} cores on average{load}"
    if machine["is_quiet"]:
        return f"The machine was quiet ({took})."
    return f"**The machine was not quiet** ({took}): its speeds are too low, and only ratios say something."


def engine_table(result: Result) -> str:
    """All of our engine's figures, a line each: with the least and the most of its rounds, and its limit or what it was
    left out for.
    """
    rows = [["load", f"{result['load_seconds']:.1f} s", "", ""]]
    memory = result["memory"]
    rows += [[words, f"{memory[name] / GIB:.2f} GiB", "", ""] for name, words in MEMORY_WORDS.items() if name in memory]
    cells = sorted(_cells_of_ours(result), key=lambda cell: (cell["prompt_tokens"], cell["batch"]))
    rows += [_first_row(cell) for cell in cells if cell["batch"] == 1]
    rows += [_rate_row(cell) for cell in cells]
    rows += [_ratio_row(figure) for figure in result["figures"]]
    if given := result["delivered"]:
        rows.append(_delivered_row(given))
    rows += [
        [part.replace("_", " "), "–", "", why]
        for part, why in _why_missing(result).items()
        if part in {*MEASURES, "delivered"}
    ]
    return markdown(["what", "median", "least to most", "limit, or why it is left out"], rows, "lrrl")


def _first_row(cell: Result) -> Row:
    what = f"first token, prompt of {cell['prompt_tokens']:,}"
    if cell["skipped"]:
        return [what, "–", "", cell["skipped"]]
    return [what, _seconds(cell["first_token_seconds"]), _span(cell["first_least"], cell["first_most"]), ""]


def _rate_row(cell: Result) -> Row:
    what = f"{cell['batch']} at once, prompt{'s' if cell['batch'] > 1 else ''} of {cell['prompt_tokens']:,}"
    if cell["skipped"]:
        return [what, "–", "", cell["skipped"]]
    return [what, f"{_number(_rate(cell))} tokens/s", _span(cell["least"], cell["most"]), ""]


def _ratio_row(figure: Result) -> Row:
    limit = f"{'≤' if figure['is_upper_limit'] else '≥'} {figure['limit']:g}: {_OUTCOMES[figure['outcome']]}"
    what = f"{figure['part'].replace('_', ' ')}: {figure['other']}, over {figure['base']}"
    values = f"{_number(figure['other_value'])} over {_number(figure['base_value'])} {figure['unit']}"
    return [what, f"{figure['ratio']:.3g} ({values})", _span(figure["ratio_least"], figure["ratio_most"]), limit]


_OUTCOMES = {"held": "held", "missed": "MISSED", "undecided": "missed, on a machine that was not quiet"}


def _delivered_row(given: Result) -> Row:
    figure = f"{given['share']:.3g} ({_number(given['client'])} over {_number(given['engine'])} tokens/s)"
    in_run = f"{given['share_of_same_run']:.3g} of what the engine measured in the very same runs"
    what = "delivered to a gradio_client, over the engine alone"
    return [what, figure, _span(given["share_least"], given["share_most"]), in_run]


def side_table(result: Result) -> str:
    """All contenders on the same lines."""
    others = {cell["contender"] for cell in result["cells"]} - {result["engine_name"]}
    if not others:
        return ""
    shapes = sorted({(c["prompt_tokens"], c["batch"]) for c in result["cells"] if c["contender"] in others})
    rows = [
        [
            f"{cell['batch']} × {cell['prompt_tokens']:,}",
            cell["contender"],
            _number(cell["tokens_per_second"]),
            _number(cell["decode_tokens_per_second"]),
            _span(cell["least"], cell["most"]),
            _seconds(cell["first_token_seconds"]),
            _seconds(cell["last_first_token_seconds"]),
            str(cell["new_tokens"]) + (" (read again)" if cell["counted"] == "read again" else ""),
        ]
        for length, batch in shapes
        for cell in result["cells"]
        if (cell["prompt_tokens"], cell["batch"]) == (length, batch) and not cell["skipped"]
    ]
    head = ["at once × prompt", "who", "tokens/s in all", "while all write", "least to most", "first token",
            "the last one's", "tokens"]  # fmt: skip
    return markdown(head, rows, "llrrrrrr")


def sentences(result: Result) -> list[str]:
    """What stands in no table: the note, and what of the others was left out or not measured."""
    said = [result["asked"]["note"]] if result["asked"]["note"] else []
    left_out = [cell for cell in result["cells"] if cell["skipped"] and cell["contender"] != result["engine_name"]]
    if left_out:
        lines = (f"{c['contender']}, {c['batch']} × {c['prompt_tokens']:,} ({c['skipped']})" for c in left_out)
        said.append(f"Left out: {'; '.join(lines)}.")
    if any(cell["counted"] == "read again" for cell in result["cells"]):
        said.append("Tokens marked *read again* were counted by our tokenizer, as the server did not say.")
    in_table = {*MEASURES, "delivered"}
    missing = {part: why for part, why in _why_missing(result).items() if part not in in_table}
    return said + [f"Not measured, {part}: {why}" for part, why in missing.items()]


def _why_missing(result: Result) -> dict[str, str]:
    """Only first lines: the rest is what a program said at its end."""
    return {part: f"{why} ".splitlines()[0].strip()[:200] for part, why in result["not_measured"].items()}


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]], sides: str) -> str:
    """A table; `sides` has an l or an r for each column.

    >>> print(markdown(["a", "b"], [["x", "1"]], "lr"))
    | a | b |
    | --- | ---: |
    | x | 1 |
    """
    rule = ["---:" if side == "r" else "---" for side in sides]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, rule, *rows))


def _cells_of_ours(result: Result) -> list[Result]:
    return [cell for cell in result["cells"] if cell["contender"] == result["engine_name"]]


def _rate(cell: Result) -> float | None:
    rate: float | None = cell["decode_tokens_per_second"] or cell["tokens_per_second"]
    return rate


def _span(least: float | None, most: float | None) -> str:
    """Nothing where there was one round only.

    >>> _span(9.5, 10.25), _span(3.0, 3.0)
    ('9.5 to 10.2', '')
    """
    return "" if least is None or most is None or least == most else f"{_number(least)} to {_number(most)}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}" if value < 1000 else f"{value:,.0f}"


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g} s"
