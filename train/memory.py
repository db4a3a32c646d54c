"""A model's shape and a plan of LoRA training in, GiB by part out: whether it fits a card, before it is loaded.

`python -m train.memory --model qwq-32b --precision nf4 --rank 16 --rows 1 --tokens 4096 --slots 8` prints the table. It
is arithmetic over the model's shape and what `train.grpo` and its libraries keep, with the dearer reading wherever
there are two; it is no measurement. `--config qwq-32b` takes all of it from a plan.
"""

import argparse
import sys
from collections.abc import Mapping

from model.catalog import CATALOG, EMBEDDED, ModelShape, find_model
from model.errors import AppError, BadInput
from model.memory import GIB, PRECISIONS
from train.memory_parts import Demand, parts
from train.plans import Plan, read_plan

# Cards by the memory on their box, in GB, and the GiB that a program finds free on the smallest one of that size
# (nvidia-smi of T4, L4, L40S, H100 and H200, less half a GiB for the driver's context).
USABLE_GIB: Mapping[int, float] = {16: 14.5, 24: 22.0, 48: 44.4, 80: 78.9, 141: 139.5}

# What is taken for a prompt's length where a plan says only how long completions may be.
PROMPT_TOKENS = 256


def demand_of(plan: Plan, precision: str, *, has_copy: bool = False, prompt_tokens: int = PROMPT_TOKENS) -> Demand:
    """What a plan asks of the memory.

    Args:
        precision: What the plan's `auto` comes to.
        prompt_tokens: What prompts are taken to have at most.

    >>> demand_of(Plan(model="qwq-32b", precision="nf4", rows=1, max_new_tokens=3840, slots=8, rank=16), "nf4").tokens
    4096
    """
    is_begun = plan.start not in ("", "fresh")
    tokens = prompt_tokens + plan.max_new_tokens
    slots = min(plan.slots, max(plan.completions, plan.held_out))
    return Demand(precision, plan.rank, plan.rows, tokens, slots, bool(plan.beta) and is_begun, has_copy)


def cards_that_fit(total_bytes: int) -> tuple[int, ...]:
    """Sizes of cards, in GB as on the box, that have so much free.

    >>> cards_that_fit(36 * GIB), cards_that_fit(200 * GIB)
    ((48, 80, 141), ())
    """
    return tuple(size for size, usable in USABLE_GIB.items() if total_bytes <= usable * GIB)


def shape_of(model: str) -> ModelShape:
    """The shape of a model of the catalog or of a folder; "embedded" is the app's own.

    Raises:
        UnknownModel: If nothing is called so.
        BadInput: If it is a model of the Hub that the catalog does not have.
    """
    spec = find_model(EMBEDDED if model == "embedded" else model)
    if spec.shape is None:
        raise BadInput(
            f"The shape of {model!r} is not known before it is fetched. Name a model of the catalog "
            f"({', '.join(CATALOG)}), or the folder with its config.json."
        )
    return spec.shape


def table(shape: ModelShape, demand: Demand) -> str:
    """The parts in GiB, their sum, and which cards it fits."""
    found = parts(shape, demand)
    total = sum(found.values())
    width = max(map(len, found))
    lines = [f"{name:<{width}}  {size / GIB:7.2f} GiB" for name, size in found.items() if size]
    lines.append(f"{'all together, reckoned':<{width}}  {total / GIB:7.2f} GiB")
    fitting = cards_that_fit(total)
    lines += [
        f"{f'{size} GB card, {usable:g} GiB of it usable':<{width}}  {'fits' if size in fitting else 'does not fit'}"
        for size, usable in USABLE_GIB.items()
    ]
    return "\n".join(lines)


def main() -> int:
    """Read the command line, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    usual = Demand()
    parser.add_argument("--config", help="a plan of train/configs/ or a TOML file; the other options are then its own")
    parser.add_argument("--model", default="qwq-32b", help="of the catalog, or a folder with a config.json")
    parser.add_argument("--precision", choices=("fp32", *PRECISIONS), default=usual.precision, help="of the weights")
    parser.add_argument("--rank", type=int, default=usual.rank, help="of the LoRA matrices")
    parser.add_argument("--rows", type=int, default=usual.rows, help="completions in one backward pass")
    parser.add_argument("--tokens", type=int, default=usual.tokens, help="of a row: prompt and completion")
    parser.add_argument("--slots", type=int, default=usual.slots, help="completions written at once")
    parser.add_argument("--reference", action="store_true", help="a frozen adapter is kept for the KL term")
    parser.add_argument("--cpu", action="store_true", help="completions are written by a merged copy, as on a CPU")
    given = parser.parse_args()
    demand = Demand(given.precision, given.rank, given.rows, given.tokens, given.slots, given.reference, given.cpu)
    try:
        if given.config:
            plan = read_plan(given.config)
            given.model = plan.model
            demand = demand_of(
                plan, given.precision if plan.precision == "auto" else plan.precision, has_copy=given.cpu
            )
        print(table(shape_of(given.model), demand))
    except AppError as error:
        raise SystemExit(str(error)) from error
    return 0


if __name__ == "__main__":
    sys.exit(main())
