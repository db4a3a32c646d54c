"""A run of outcome-reward training in, the model card of its adapter out: nothing that is not in the run's own files.

It is the adapter's `README.md`. Where folders lay on the machine that trained is left out.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from model.catalog import CATALOG, EMBEDDED
from train.card import BASE_MODEL
from train.public_names import public_model, public_plan
from train.report_parts import in_percent, plan_value
from train.rewards import Weights
from train.run_facts import (
    Facts,
    began,
    command,
    duration,
    facts_of,
    held_out,
    made_with,
    series,
    standing,
)

_LICENCES = {"Apache-2.0": "apache-2.0", "MIT": "mit"}
# What a mean at a run's beginning and end is taken over, in steps.
_END_STEPS = 10

_CARD = """---
{front}
---

# {name}

A LoRA adapter{rank} on {base}, trained by {method}: the model answers problems, verifiers judge its answers, and what
was judged right becomes likelier. It began from {began}.

## Held-out problems

{held_out}

## How it was made

{plan}

{facts}

```
{command}
```

`python -m train.report` of the run's folder makes a page with all curves and samples of what the model wrote.
"""


def write_run_card(run: Path, target: Path) -> Path:
    """Write the card of a run's adapter into the adapter's folder, and take this machine's paths out of its config.

    Args:
        target: The folder with the adapter.

    Raises:
        BadInput: If `run` holds no run.
    """
    facts = facts_of(run)
    target.mkdir(parents=True, exist_ok=True)
    config_file = target / "adapter_config.json"
    if config_file.is_file():
        config = json.loads(config_file.read_text("utf-8"))
        config["base_model_name_or_path"] = base_model(facts)
        config_file.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", "utf-8")
    file = target / "README.md"
    file.write_text(run_card(facts), "utf-8")
    return file


def run_card(facts: Facts) -> str:
    """The card as text."""
    plan = public_plan(facts.plan)
    rank = plan.get("rank")
    return _CARD.format(
        front="\n".join(f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in _front(facts).items()),
        name=facts.state.name,
        rank=f" of rank {rank}" if rank and not began(facts) else "",
        base=base_model(facts),
        method=facts.method,
        began=began(facts) or "fresh matrices",
        held_out=_held_out_table(facts),
        facts="\n".join(f"- {line}" for line in _facts(facts)),
        plan=plan_in_words(plan),
        command=command(plan),
    )


def base_model(facts: Facts) -> str:
    """The hub id of the model that the adapter belongs to, or its folder's name."""
    name = facts.state.model
    return BASE_MODEL if name in ("embedded", EMBEDDED) else public_model(name)


def _front(facts: Facts) -> dict[str, Any]:
    base = base_model(facts)
    spec = next((spec for spec in CATALOG.values() if base in (spec.hub_id, spec.name)), None)
    licence = "Apache-2.0" if base == BASE_MODEL else spec.licence if spec else ""
    front: dict[str, Any] = {"base_model": base, "library_name": "peft"}
    if known := _LICENCES.get(licence):
        front["license"] = known
    return front | {"tags": ["lora", "trl", facts.state.kind, "reasoning"]}


def _held_out_table(facts: Facts) -> str:
    rows = held_out(facts.log)
    if not rows:
        return "None were asked."
    lines = [
        "Never trained on: every tenth problem, by what it asks, is kept out. Brackets: 95% intervals (Wilson), where "
        "the number of problems is known.\n",
        "| source | first | last |",
        "|---|---|---|",
    ]
    for row in rows:
        first, last = (f"{in_percent(rate)}, step {rate.step:,}" for rate in (row.first, row.last))
        lines.append(f"| {row.source.replace('|', chr(92) + '|')} | {first} | {last} |")
    return "\n".join(lines)


def plan_in_words(plan: Mapping[str, Any]) -> str:
    """What was asked for, in sentences; what a plan does not say is left out.

    >>> plan_in_words({"sources": {"own:sum": 1, "gsm8k": 3}, "steps": 20, "seed": 1, "beta": 0.0})
    'Problems: own:sum 25%, gsm8k 75%. 20 steps, KL weight 0, seed 1.'
    """
    sources = plan.get("sources") or {}
    whole = sum(sources.values()) or 1
    sentences: list[list[tuple[str, Any]]] = [
        [("problems: {}", ", ".join(f"{name} {share / whole:.0%}" for name, share in sources.items()))],
        [
            ("{} problems a step", plan.get("prompts")),
            ("groups of {} completions", plan.get("group")),
            ("of which the {} whose rewards lie farthest apart are learned from", plan.get("learned") or None),
        ],
        [("at most {} tokens a completion", plan.get("max_new_tokens")), ("temperature {}", plan.get("temperature"))],
        [
            ("{} steps", plan.get("steps")),
            ("learning rate {}", plan.get("learning_rate")),
            ("KL weight {}", plan.get("beta")),
            ("seed {}", plan.get("seed")),
        ],
        [("weights of the reward's parts: {}", _weights(plan))],
        [("open answers are scored by {}", plan.get("reward_model"))],
    ]
    said = []
    for clauses in sentences:
        text = ", ".join(words.format(plan_value(value)) for words, value in clauses if value not in (None, ""))
        said += [f"{text[0].upper()}{text[1:]}."] if text else []
    return " ".join(said)


def _weights(plan: Mapping[str, Any]) -> str:
    """The parts that count, those by default too."""
    if not isinstance(plan.get("weights"), Mapping):
        return ""
    weights = Weights(**plan["weights"])
    return ", ".join(f"{part} {weights.of(part):g}" for part in weights.used)


def _facts(facts: Facts) -> list[str]:
    """What came of it, a line for each."""
    state, log = facts.state, facts.log
    lines = [standing(facts)]
    tokens = series(log, "tokens")
    counted = f"{tokens[-1][1]:,.0f} tokens, " if tokens else ""
    lines.append(f"{counted}{duration(state.seconds)}{f' on {state.device}' if state.device else ''}.")
    ends = {
        "reward": "Mean reward of a completion",
        "correct": "Share of judged completions that were right",
        "length": "Tokens of a completion",
    }
    for name, words in ends.items():
        if found := _ends(log, name):
            over = f" (means of {found[2]} steps)" if found[2] > 1 else ""
            lines.append(f"{words}: {found[0]:.3g} at first, {found[1]:.3g} at last{over}.")
    shares = {
        "undecided": "completions left undecided, which teach nothing",
        "truncated": "completions cut at the limit",
        "flat_groups": "groups alike in reward, which teach nothing",
    }
    means = [f"{_mean(log, name):.1%} {words}" for name, words in shares.items() if series(log, name)]
    lines += [f"Over the run: {'; '.join(means)}."] if means else []
    return [*lines, *([f"Trained with {versions}."] if (versions := made_with(facts)) else [])]


def _ends(log: Sequence[Mapping[str, Any]], name: str) -> tuple[float, float, int] | None:
    """Means over the first and the last steps, and how many these are."""
    values = [value for _, value in series(log, name)]
    count = min(_END_STEPS, len(values) // 2)
    return (sum(values[:count]) / count, sum(values[-count:]) / count, count) if count else None


def _mean(log: Sequence[Mapping[str, Any]], name: str) -> float:
    values = [value for _, value in series(log, name)]
    return sum(values) / len(values)
