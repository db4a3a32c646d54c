"""A model's name in, one pass/fail line for each thing that a model must do here, and a JSON record of it, out.

`python -m evals.first_light --model qwq-32b` is the check to run the day real weights are in reach. It loads the model
as the app does and speaks to it as the app does, so whatever passes here works on the page. A step that depends on the
model's wits (the right sum, a tool call) is marked so: it says how capable the model is, not whether the app works, and
the exit status leaves it out.
"""

import argparse
import json
import math
import platform
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from model.engine import Budget, Collected, Engine, Request, Steering, collect
from model.errors import AppError
from model.events import AnswerDelta, Message, PromptRead, Sampling, ThinkingDelta
from model.host import ModelHost
from model.settings import Settings, settings_from_environment

RESULTS = Path(__file__).parent / "results"
QUESTION = "What is 17 + 25? Please reason step by step, and put your final answer within \\boxed{}."
LONG_QUESTION = "Explain in detail why there are infinitely many prime numbers, and try several proofs."
TOOL: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "get_temperature",
        "description": "Get the current temperature in a city, in degrees Celsius.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "description": "The name of the city."}},
            "required": ["city"],
        },
    },
}


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the report."""

    name: str
    passed: bool
    text: str
    seconds: float
    is_about_wits: bool = False


@dataclass
class Check:
    """Runs the steps one after the other and keeps what they said and measured."""

    engine: Engine
    max_new_tokens: int
    steps: list[Step] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)

    def step(self, name: str, run: Callable[[], tuple[bool, str]], *, is_about_wits: bool = False) -> None:
        """Run one step; an `AppError` is a failure with its own words."""
        began = time.monotonic()
        try:
            passed, text = run()
        except AppError as error:
            passed, text = False, f"{type(error).__name__}: {error}"
        self.add(Step(name, passed, text, round(time.monotonic() - began, 1), is_about_wits))

    def add(self, step: Step) -> None:
        """Keep a step and print its line."""
        self.steps.append(step)
        mark = "pass" if step.passed else "FAIL"
        wits = " (about the model's wits)" if step.is_about_wits else ""
        print(f"{mark}  {step.name}{wits}: {step.text} [{step.seconds} s]", flush=True)

    def ask(self, question: str, budget: Budget, steering: Steering | None = None, **more: Any) -> Collected:
        """One turn with the model's own preset."""
        sampling = Sampling(max_new_tokens=self.max_new_tokens, seed=1)
        request = Request((Message("user", question),), sampling, budget, **more)
        return collect(self.engine.stream(request, steering or Steering()))


def thinks_and_answers(check: Check) -> tuple[bool, str]:
    """A plain question gets a thinking and an answer, and ends by itself; speed and prefill are noted."""
    began = time.monotonic()
    first_token = 0.0
    events = []
    sampling = Sampling(max_new_tokens=check.max_new_tokens, seed=1)
    for event in check.engine.stream(Request((Message("user", QUESTION),), sampling, "medium"), Steering()):
        if isinstance(event, PromptRead | ThinkingDelta | AnswerDelta) and not first_token:
            first_token = time.monotonic() - began
        events.append(event)
    turn = collect(events)
    finished = turn.finished
    if finished is None:
        return False, "the stream ended without a Finished event"
    new_tokens = finished.thinking_tokens + finished.answer_tokens
    check.figures["first_token_seconds"] = round(first_token, 3)
    check.figures["tokens_per_second"] = round(new_tokens / max(finished.seconds - first_token, 1e-9), 2)
    passed = bool(turn.thinking.strip() and turn.answer.strip())
    return passed, (
        f"{finished.thinking_tokens} thinking and {finished.answer_tokens} answer tokens, ended by {finished.reason}, "
        f"{check.figures['tokens_per_second']} tokens per second"
    )


def knows_the_sum(check: Check) -> tuple[bool, str]:
    """17 + 25 is 42, in a box."""
    turn = check.ask(QUESTION, "medium")
    return "\\boxed{42}" in turn.answer, f"the answer ends in {turn.answer.strip()[-60:]!r}"


def keeps_the_budget(check: Check) -> tuple[bool, str]:
    """64 thinking tokens (and at most 96 more, to a paragraph's end), then an answer all the same."""
    turn = check.ask(LONG_QUESTION, 64)
    thinking = turn.finished.thinking_tokens if turn.finished else 0
    return 0 < thinking <= 64 + 96 + 64 and bool(turn.answer.strip()), f"{thinking} thinking tokens, then an answer"


def answers_without_thinking(check: Check) -> tuple[bool, str]:
    """Budget *off*: no thinking is shown, an answer is."""
    turn = check.ask(QUESTION, "off")
    thinking = turn.finished.thinking_tokens if turn.finished else 0
    return thinking == 0 and bool(turn.answer.strip()), f"{thinking} thinking tokens, then an answer"


def answers_now(check: Check) -> tuple[bool, str]:
    """*Answer now* in mid-thinking leads to an answer."""
    steering = Steering()
    seen = 0
    events = []
    sampling = Sampling(max_new_tokens=check.max_new_tokens, seed=1)
    asked_at = answered_at = 0.0
    for event in check.engine.stream(Request((Message("user", LONG_QUESTION),), sampling, "high"), steering):
        events.append(event)
        if isinstance(event, ThinkingDelta):
            seen += event.n_tokens
            if seen >= 8 and not asked_at:
                steering.answer_now()
                asked_at = time.monotonic()
        if isinstance(event, AnswerDelta) and not answered_at:
            answered_at = time.monotonic()
    check.figures["answer_now_seconds"] = round(answered_at - asked_at, 3) if asked_at and answered_at else math.nan
    return bool(collect(events).answer.strip()), f"first answer text {check.figures['answer_now_seconds']} s after it"


def stops(check: Check) -> tuple[bool, str]:
    """*Stop* frees the device within half a second and one decode step."""
    steering = Steering()
    stopped_at = 0.0
    sampling = Sampling(max_new_tokens=check.max_new_tokens, seed=1)
    for event in check.engine.stream(Request((Message("user", LONG_QUESTION),), sampling, "high"), steering):
        if isinstance(event, ThinkingDelta | AnswerDelta) and not stopped_at:
            stopped_at = time.monotonic()
            steering.stop()
    ended = time.monotonic()
    while check.engine.live_requests() and time.monotonic() - ended < 10:
        time.sleep(0.01)
    took = round(time.monotonic() - stopped_at, 3)
    check.figures["stop_seconds"] = took
    step_seconds = 1 / max(check.figures.get("tokens_per_second", 1.0), 0.1)
    return check.engine.live_requests() == 0 and took <= 0.5 + step_seconds, f"no live request {took} s after it"


def calls_a_tool(check: Check) -> tuple[bool, str]:
    """One tool call, well formed, outside the thinking."""
    turn = check.ask("How warm is it in Oslo right now? Use the tool.", "medium", tools=(TOOL,))
    if not turn.tool_calls:
        return False, f"no call; the answer begins {turn.answer.strip()[:60]!r}"
    call = turn.tool_calls[0]
    try:
        arguments = json.loads(call.arguments)
    except ValueError:
        return False, f"the arguments are no JSON: {call.arguments!r}"
    is_right = call.name == "get_temperature" and "oslo" in str(arguments.get("city", "")).lower()
    return is_right, f"{call.name}({call.arguments})"


def uses_a_tools_result(check: Check) -> tuple[bool, str]:
    """A call and its result in the history can be rendered, and lead to an answer."""
    from model.tool_events import ToolCall

    call = ToolCall("call-1", "get_temperature", '{"city": "Oslo"}')
    messages = (
        Message("user", "How warm is it in Oslo right now? Use the tool."),
        Message("assistant", "", "I should look it up.", (call,)),
        Message("tool", "11 degrees Celsius"),
    )
    sampling = Sampling(max_new_tokens=check.max_new_tokens, seed=1)
    turn = collect(check.engine.stream(Request(messages, sampling, 256, (TOOL,)), Steering()))
    return bool(turn.answer.strip() or turn.tool_calls), f"the answer begins {turn.answer.strip()[:60]!r}"


def serves_four_at_once(check: Check) -> tuple[bool, str]:
    """Four questions together: every one gets its own answer; the total speed is noted."""
    turns: dict[int, Collected] = {}
    began = time.monotonic()

    def ask(number: int) -> None:
        sampling = Sampling(max_new_tokens=256, seed=number)
        request = Request((Message("user", f"Write the number {number}."),), sampling, 64)
        turns[number] = collect(check.engine.stream(request, Steering()))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - began
    tokens = sum(t.finished.thinking_tokens + t.finished.answer_tokens for t in turns.values() if t.finished)
    check.figures["four_at_once_tokens_per_second"] = round(tokens / seconds, 2)
    answered = sum(bool(turn.answer.strip()) for turn in turns.values())
    return (
        answered == 4,
        f"{answered} of 4 answered, {check.figures['four_at_once_tokens_per_second']} tokens per second",
    )


STEPS: tuple[tuple[str, Callable[[Check], tuple[bool, str]], bool], ...] = (
    ("thinks and answers", thinks_and_answers, False),
    ("knows that 17 + 25 is 42", knows_the_sum, True),
    ("keeps a budget of 64 tokens", keeps_the_budget, False),
    ("answers without thinking", answers_without_thinking, False),
    ("answers now", answers_now, False),
    ("stops", stops, False),
    ("calls a tool", calls_a_tool, True),
    ("goes on after a tool's result", uses_a_tools_result, False),
    ("serves four at once", serves_four_at_once, False),
)


def memory_figures() -> dict[str, float]:
    """GiB used now and at most, of the device and of this process."""
    import torch

    figures: dict[str, float] = {}
    if torch.cuda.is_available():
        figures["device_gib"] = torch.cuda.memory_allocated(0) / 2**30
        figures["device_peak_gib"] = torch.cuda.max_memory_reserved(0) / 2**30
    if sys.platform != "win32":
        import resource

        unit = 1 if sys.platform == "darwin" else 1024
        figures["process_peak_gib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30
    return {name: round(value, 2) for name, value in figures.items()}


def load(settings: Settings, model: str, precision: str) -> tuple[ModelHost, Step]:
    """Load through the host, showing its progress once a second."""
    host = ModelHost(settings)
    began = time.monotonic()
    host.load(model, precision)
    last = ""
    while (status := host.status()).state == "loading":
        share = f" {100 * status.done / status.total:.0f}%" if status.total else ""
        if (line := f"      {status.text}{share}") != last:
            print(last := line, flush=True)
        time.sleep(1)
    seconds = round(time.monotonic() - began, 1)
    return host, Step("loads", status.state == "ready", f"{status.text} {status.note}".strip(), seconds)


def write_record(check: Check, model: str, load_seconds: float) -> Path:
    """The JSON record of a check; its name has the model, the precision and the time."""
    from model.device import device_name

    now = datetime.now(UTC)
    record = {
        "model": model,
        "precision": check.engine.precision,
        "context_tokens": check.engine.context_tokens,
        "device": device_name(),
        "when": now.isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("torch", "transformers", "bitsandbytes")},
        "load_seconds": load_seconds,
        "figures": check.figures | memory_figures(),
        "steps": [asdict(step) for step in check.steps],
    }
    RESULTS.mkdir(exist_ok=True)
    short = Path(model).name
    file = RESULTS / f"first_light-{short}-{check.engine.precision}-{now:%Y%m%d-%H%M%S}.json"
    file.write_text(json.dumps(record, indent=2) + "\n", "utf-8")
    return file


def main(arguments: list[str] | None = None) -> int:
    """Run every step; 1 if one failed that is not about the model's wits."""
    parser = argparse.ArgumentParser(prog="python -m evals.first_light", description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="qwq-32b")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--max-new-tokens", type=int, default=2048, help="for each turn; the model's preset is longer")
    given = parser.parse_args(arguments)
    try:
        host, loaded = load(settings_from_environment(), given.model, given.precision)
        engine = host.engine()
    except AppError as error:
        print(f"FAIL  loads: {error}")
        return 1
    check = Check(engine, given.max_new_tokens)
    check.add(loaded)
    for name, run, is_about_wits in STEPS:
        check.step(name, lambda run=run: run(check), is_about_wits=is_about_wits)  # type: ignore[misc]
    file = write_record(check, given.model, loaded.seconds)
    host.close()
    failed = [step.name for step in check.steps if not step.passed and not step.is_about_wits]
    for name, value in (check.figures | memory_figures()).items():
        print(f"      {name}: {value}")
    print(f"{'FAIL: ' + ', '.join(failed) if failed else 'Everything works.'} Written to {file}.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
