"""A result, as it stands in its JSON, in; Markdown tables out: for the terminal, and a short one for README."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

GIB = 2**30
MEMORY_WORDS = {
    "weights": "weights",
    "at_rest": "held once loaded",
    "load_peak": "peak of the load",
    "with_cache": "held with the cache of keys and values",
    "peak": "peak while all batches ran",
}
Result = Mapping[str, Any]


def whole_report(result: Result) -> str:
    """All that was measured."""
    parts = [
        f"{result['model']} in {result['precision']} on {result['device']}, {result['measured_at']}",
        load_table(result),
        engine_table(result),
        ratio_table(result),
        side_table(result),
        "\n".join(f"- {sentence}" for sentence in sentences(result)),
    ]
    return "\n\n".join(part for part in parts if part)


def readme_section(result: Result, path: str, plots: Sequence[str]) -> str:
    """What README shows of a result.

    Args:
        path: Of its JSON, from README.
        plots: Those of its drawings.
    """
    memory = result["memory"]
    title = (
        f"{result['model']} in {result['precision']} on {result['device']}, {str(result['measured_at'])[:10]}: loaded "
        f"in {result['load_seconds']:.1f} s; memory {memory['at_rest'] / GIB:.2f} GiB at rest, "
        f"{memory.get('peak', 0) / GIB:.2f} GiB at its peak with the cache of keys and values."
    )
    links = [f"[{name.removesuffix('.svg').rsplit('-', 1)[1]}]({name})" for name in plots]
    drawn = f" Drawn over {' and '.join(links)}." if links else ""
    parts = [
        title,
        engine_table(result),
        side_table(result),
        ratio_table(result),
        " ".join(sentences(result)),
        f"All of it: [{path.rsplit('/', 1)[-1]}]({path}).{drawn}",
    ]
    return "\n\n".join(part for part in parts if part)


def load_table(result: Result) -> str:
    """Seconds and memory."""
    rows = [["load", f"{result['load_seconds']:.1f} s"]]
    memory = result["memory"]
    rows += [[words, f"{memory[name] / GIB:.2f} GiB"] for name, words in MEMORY_WORDS.items() if name in memory]
    return markdown(["what", "figure"], rows, "lr")


def engine_table(result: Result) -> str:
    """Tokens per second while all write, batch by length; the last column is the first token of one alone."""
    cells = [cell for cell in result["cells"] if cell["contender"] == _engine_name(result)]
    lengths, batches = _sorted(cells, "prompt_tokens"), _sorted(cells, "batch")
    found = {(cell["batch"], cell["prompt_tokens"]): cell for cell in cells}
    rows = [
        [f"{length:,}", *(_rate(found.get((batch, length))) for batch in batches), _first(found.get((1, length)))]
        for length in lengths
    ]
    head = ["tokens/s, prompt of", *(f"{batch} at once" for batch in batches), "first token, alone"]
    return markdown(head, rows, "l" + "r" * (len(batches) + 1)) if rows else ""


def side_table(result: Result) -> str:
    """All contenders on the same lines."""
    others = {cell["contender"] for cell in result["cells"]} - {_engine_name(result)}
    if not others:
        return ""
    shapes = sorted({(c["prompt_tokens"], c["batch"]) for c in result["cells"] if c["contender"] in others})
    rows = [
        [
            f"{cell['batch']} × {cell['prompt_tokens']:,}",
            cell["contender"],
            _number(cell["tokens_per_second"]),
            _number(cell["decode_tokens_per_second"]),
            _seconds(cell["first_token_seconds"]),
            _seconds(cell["last_first_token_seconds"]),
            str(cell["new_tokens"]) + (" pieces" if cell["counted"] == "pieces" else ""),
        ]
        for length, batch in shapes
        for cell in result["cells"]
        if (cell["prompt_tokens"], cell["batch"]) == (length, batch) and not cell["skipped"]
    ]
    head = ["at once × prompt", "who", "tokens/s in all", "while all write", "first token", "the last one's", "tokens"]
    return markdown(head, rows, "llrrrrr")


def ratio_table(result: Result) -> str:
    """The ratios that have limits."""
    rows = [
        [
            f["part"],
            f["base"],
            f"{f['base_value']:.3g}",
            f["other"],
            f"{f['other_value']:.3g}",
            f["unit"],
            f"{f['ratio']:.3g}",
            f"{'≤' if f['is_upper_limit'] else '≥'} {f['limit']:g}",
            "held" if f["is_held"] else "MISSED",
        ]
        for f in result["figures"]
    ]
    head = ["part", "base", "", "against", "", "unit", "ratio", "limit", ""]
    return markdown(head, rows, "llrlrlrrl") if rows else ""


def sentences(result: Result) -> list[str]:
    """What stands in no table: the client's share, how the model came here, and what was not measured."""
    said = [result["asked"]["note"]] if result["asked"]["note"] else []
    if given := result["delivered"]:
        said.append(
            f"A gradio_client gets {given['client']:.1f} tokens per second where the engine alone writes "
            f"{given['engine']:.1f} ({given['share']:.2f} times; {given['share_of_same_run']:.2f} times what the "
            "engine measured in that very run)."
        )
    left_out = [cell for cell in result["cells"] if cell["skipped"]]
    if left_out:
        said.append(
            "Left out: "
            + "; ".join(f"{c['contender']}, {c['batch']} × {c['prompt_tokens']:,} ({c['skipped']})" for c in left_out)
            + "."
        )
    said += [f"Not measured, {part}: {why.splitlines()[0][:200]}" for part, why in result["not_measured"].items()]
    return said


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]], sides: str) -> str:
    """A table; `sides` has an l or an r for each column.

    >>> print(markdown(["a", "b"], [["x", "1"]], "lr"))
    | a | b |
    | --- | ---: |
    | x | 1 |
    """
    rule = ["---:" if side == "r" else "---" for side in sides]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, rule, *rows))


def _engine_name(result: Result) -> str:
    return str(result["engine_name"])


def _sorted(cells: Iterable[Result], field: str) -> list[int]:
    return sorted({int(cell[field]) for cell in cells})


def _rate(cell: Result | None) -> str:
    """A dash where it was left out, nothing where nobody asked for it."""
    if cell is None:
        return ""
    return "–" if cell["skipped"] else _number(cell["decode_tokens_per_second"] or cell["tokens_per_second"])


def _first(cell: Result | None) -> str:
    return "" if cell is None or cell["skipped"] else _seconds(cell["first_token_seconds"])


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}" if value < 1000 else f"{value:,.0f}"


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g} s"
