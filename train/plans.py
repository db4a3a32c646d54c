"""A TOML file in, the plan of a run out: everything that decides its result.

Every key is a field of `Plan`; `[sources]` and `[weights]` are tables. `train/configs/` has plans for several machines.
"""

import dataclasses
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args, get_type_hints

from model.errors import BadInput
from train.rewards import PARTS, Weights

CONFIGS = Path(__file__).parent / "configs"

Rollout = Literal["decoder", "vllm"]
Loss = Literal["dapo", "grpo", "dr_grpo", "bnpo"]
Scale = Literal["group", "batch", "none"]


# What a run may go on with another value of: none of it decides what is learned, but for how long.
CHANGEABLE = ("steps", "rows", "slots", "save_minutes", "server_url")


@dataclass(frozen=True, slots=True)
class Plan:
    """A run of outcome-reward training.

    Attributes:
        model: A name of the catalog, a hub id or a folder; `embedded` is the model that comes with the app.
        start: The adapter to go on from: a folder or a hub id, `shipped` (the app's own) or `fresh`.
        precision: Of the frozen weights: `auto`, `fp32`, `bf16` or `nf4`. `auto` on a CPU is what its processor is
            fast at.
        rank: Of a fresh adapter's matrices on every linear layer; `alpha` is twice as much.
        sources: Where problems come from, and their shares (`train.mixed`).
        weights: Of the parts of a reward (`train.rewards`).
        reward_model: A sequence-classification model with one label, by hub id or folder; for `general`.
        steps: Updates of the weights.
        prompts: Problems a step, each answered `group` times.
        learned: How many of a group are learned from: those whose rewards lie farthest apart; 0 for all.
        rows: Completions that go through the model at once; bounds the memory.
        max_new_tokens: Of a completion.
        temperature: Completions are drawn with it, and nothing is cut off (top-p 1, no top-k).
        beta: Weight of the KL divergence from where the run started; 0 measures none.
        epsilon: How far the ratio of a token's probabilities may move up or down in an update.
        epsilon_high: The same, up.
        loss: How token losses are averaged; TRL's names.
        scale: What advantages are divided by: the standard deviation of a `group`, of the `batch`, or `none`.
        curriculum_window: Completions of a level between two decisions about it; 0 keeps the easiest.
        held_out: Held-out problems asked each time.
        held_out_every: Steps between two times; 0 asks only first and last.
        held_out_temperature: 0 is greedy.
        rollout: `decoder` is the app's own; `vllm` asks a server that was started with `trl vllm-serve`.
        server_url: Of that server.
        slots: Completions that are written at once.
        save_minutes: Between two checkpoints.
    """

    model: str = "embedded"
    start: str = "shipped"
    precision: str = "auto"
    rank: int = 32
    sources: Mapping[str, float] = field(default_factory=lambda: {"own:word_one": 1.0})
    weights: Mapping[str, float] = field(default_factory=dict)
    reward_model: str = ""
    steps: int = 100
    prompts: int = 8
    group: int = 8
    learned: int = 0
    rows: int = 8
    max_new_tokens: int = 160
    temperature: float = 1.0
    learning_rate: float = 1e-5
    warmup_steps: int = 5
    max_grad_norm: float = 1.0
    beta: float = 0.0
    epsilon: float = 0.2
    epsilon_high: float = 0.28
    loss: Loss = "dapo"
    scale: Scale = "group"
    curriculum_window: int = 64
    held_out: int = 64
    held_out_every: int = 20
    held_out_temperature: float = 0.6
    rollout: Rollout = "decoder"
    server_url: str = "http://127.0.0.1:8000"
    slots: int = 16
    save_minutes: float = 5.0
    seed: int = 1

    @property
    def reward(self) -> Weights:
        """The weights of the parts."""
        return Weights(**self.weights)

    @property
    def completions(self) -> int:
        """Completions a step."""
        return self.prompts * self.group

    @property
    def passes(self) -> int:
        """Passes through the model a step, of `rows` completions at most."""
        return -(-self.prompts * (self.learned or self.group) // self.rows)

    def as_json(self) -> dict[str, Any]:
        """All fields."""
        return {**dataclasses.asdict(self), "sources": dict(self.sources), "weights": dict(self.weights)}


def read_plan(name: str) -> Plan:
    """A plan by the name of a file of `train/configs/`, or by its path.

    Raises:
        BadInput: If there is no such file, or it is no plan.
    """
    file = next((path for path in (Path(name), CONFIGS / f"{name}.toml") if path.is_file()), None)
    if file is None:
        known = ", ".join(sorted(path.stem for path in CONFIGS.glob("*.toml")))
        raise BadInput(f"There is no plan {name!r}. Give a TOML file, or one of: {known}.")
    try:
        told = tomllib.loads(file.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{file.name} is no TOML: {error}.") from error
    return plan_of(told, file.name)


def plan_of(told: Mapping[str, Any], where: str = "The plan") -> Plan:
    """A plan of its fields.

    Raises:
        BadInput: If a field is unknown, of another type, or out of its range.
    """
    types = get_type_hints(Plan)
    if unknown := sorted(set(told) - set(types)):
        raise BadInput(f"{where}: {unknown[0]!r} is no setting. There are: {', '.join(types)}.")
    return checked(Plan(**{name: _typed(name, value, types[name], where) for name, value in told.items()}))


def _typed(name: str, value: Any, wanted: Any, where: str) -> Any:
    if choices := get_args(wanted) if wanted in (Rollout, Loss, Scale) else ():
        if value not in choices:
            raise BadInput(f"{where}: {name} is {value!r}. Give one of: {', '.join(choices)}.")
        return value
    if name in ("sources", "weights"):
        if not isinstance(value, Mapping) or not all(_is_number(each) for each in value.values()):
            raise BadInput(f"{where}: {name} is {value!r}. It must be a table of numbers.")
        return {key: float(each) for key, each in value.items()}
    if wanted is float and _is_number(value):
        return float(value)
    if wanted in (int, float) and isinstance(value, str):
        try:
            return wanted(value)
        except ValueError:
            pass
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        raise BadInput(f"{where}: {name} is {value!r}, and must be of the kind {wanted.__name__}.")
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


# The least and the most of each number.
_RANGES: Mapping[str, tuple[float, float]] = {
    "rank": (1, 512),
    "steps": (1, 1_000_000),
    "prompts": (1, 4096),
    "group": (2, 256),
    "learned": (0, 256),
    "rows": (1, 1024),
    "max_new_tokens": (8, 131_072),
    "temperature": (0.05, 2.0),
    "learning_rate": (1e-9, 0.1),
    "warmup_steps": (0, 100_000),
    "max_grad_norm": (0.0, 1000.0),
    "beta": (0.0, 10.0),
    "epsilon": (0.001, 1.0),
    "epsilon_high": (0.001, 10.0),
    "curriculum_window": (0, 1_000_000),
    "held_out": (0, 100_000),
    "held_out_every": (0, 1_000_000),
    "held_out_temperature": (0.0, 2.0),
    "slots": (1, 1024),
    "save_minutes": (0.0, 10_000.0),
}


def checked(plan: Plan) -> Plan:
    """The plan, if it can be carried out.

    Raises:
        BadInput: If not.
    """
    for name, (least, most) in _RANGES.items():
        value = getattr(plan, name)
        if not least <= value <= most:
            raise BadInput(f"{name} is {value:g}. Give {least:g} to {most:g}.")
    if plan.learned > plan.group:
        raise BadInput(f"learned is {plan.learned}, and a group has {plan.group} completions. Give no more than that.")
    if unknown := sorted(set(plan.weights) - set(PARTS) - {"length_free"}):
        raise BadInput(f"There is no part {unknown[0]!r} of a reward. There are: {', '.join(PARTS)}, and length_free.")
    if any(value < 0 for value in plan.weights.values()):
        raise BadInput("A weight of a reward's part is below 0. Give 0 to turn the part off.")
    is_open = any(name.startswith("open:") for name in plan.sources)
    if (is_open or plan.reward.general) and not (plan.reward_model and plan.reward.general):
        raise BadInput("Open prompts, the weight `general` and a reward_model go together: give all of them, or none.")
    if plan.precision not in ("auto", "fp32", "bf16", "nf4"):
        raise BadInput(f"precision is {plan.precision!r}. Give auto, fp32, bf16 or nf4.")
    return plan
