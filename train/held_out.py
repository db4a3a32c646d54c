"""An adapter in, its pass rates on problems that no training saw out.

`python -m train.held_out` asks the shipped adapter 500 problems, greedily and with temperature 0.6, and prints each
claim with its interval; `--adapter none` asks the untouched model the same.
"""

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

from model.embedded import SHIPPED_ADAPTER, prepare_embedded
from model.errors import SandboxRefused
from model.families import SMOLLM2, UNTOUCHED_SMOLLM2, Family
from model.settings import settings_from_environment
from train.judging import RunAsserts, boxed, is_right, split_answer
from train.mixes import CLAIMS, SHARES
from train.precision import autocast_for, training_dtype
from train.rows import prompt_text
from train.traces import Trace, Value, content_of, mixture
from verify.math_check import wilson
from verify.sandbox.asserts import call_of
from verify.sandbox.sandbox import Sandbox

MOST_NEW_TOKENS = 320
_BATCH = 64


@dataclass(frozen=True, slots=True)
class Reply:
    """A problem and what the model wrote for it, thinking first."""

    trace: Trace
    text: str
    is_ended: bool


def held_out_problems(count: int, seed: int, tasks: Sequence[str] = ()) -> list[Trace]:
    """So many problems of the claimed tasks that are never trained on; each content only once.

    Each claim gets its part by the shares of its tasks; `tasks` narrows them.
    """
    claimed = tasks or [task for claim in CLAIMS.values() for task in claim]
    chosen: dict[str, Trace] = {}
    for trace in mixture({task: SHARES[task] for task in claimed}, "held_out", seed):
        chosen.setdefault(content_of(trace.key), trace)
        if len(chosen) == count:
            break
    return list(chosen.values())


def ask_all(
    model: Any,
    tokenizer: Any,
    problems: Sequence[Trace],
    *,
    temperature: float = 0.0,
    family: Family = SMOLLM2,
    after_batch: Callable[[list[Reply]], None] = lambda _: None,
) -> list[Reply]:
    """Every problem once, in batches of prompts of about the same length.

    Args:
        temperature: 0 is greedy; else with QwQ's top-p 0.95 and top-k 40.
        family: Whose template the prompts have; the untouched model's shows it three examples of thinking.
        after_batch: Handed all replies so far after each batch, so that a run that is killed leaves what it had.
    """
    texts = [prompt_text(tokenizer, trace.messages, trace.tools, family) for trace in problems]
    order = sorted(range(len(problems)), key=lambda at: len(texts[at]))
    replies: dict[int, Reply] = {}
    was_training = model.training
    model.eval()
    for start in range(0, len(order), _BATCH):
        numbers = order[start : start + _BATCH]
        written = _generate(model, tokenizer, [texts[at] for at in numbers], temperature)
        for at, (text, is_ended) in zip(numbers, written, strict=True):
            replies[at] = Reply(problems[at], text, is_ended)
        after_batch(list(replies.values()))
    model.train(was_training)
    return [replies[at] for at in range(len(problems))]


@torch.no_grad()
def _generate(model: Any, tokenizer: Any, prompts: list[str], temperature: float) -> Iterator[tuple[str, bool]]:
    """Completions of a batch, and whether each came to its end."""
    tokenizer.padding_side = "left"
    batch = tokenizer(prompts, return_tensors="pt", padding=True, add_special_tokens=False).to(model.device)
    end = tokenizer.convert_tokens_to_ids("<|im_end|>")
    drawn: dict[str, Any] = {"do_sample": False}
    if temperature > 0:
        drawn = {"do_sample": True, "temperature": temperature, "top_p": 0.95, "top_k": 40}
    with autocast_for(model):
        ids = model.generate(
            **batch, max_new_tokens=MOST_NEW_TOKENS, eos_token_id=end, pad_token_id=tokenizer.pad_token_id, **drawn
        )
    completions = []
    for row in ids[:, batch["input_ids"].shape[1] :].tolist():
        is_ended = end in row
        kept = row[: row.index(end)] if is_ended else row
        completions.append((tokenizer.decode(kept, skip_special_tokens=True), is_ended))
    return iter(completions)


CLOSED, BOXED = "thinking closed", "answer boxed"


def tally(replies: Sequence[Reply], run_asserts: RunAsserts | None) -> dict[str, list[bool]]:
    """Right or not, by task; and for `CLOSED` and `BOXED`, which replies are so."""
    passed: dict[str, list[bool]] = defaultdict(list)
    for reply in replies:
        right = is_right(reply.trace.gold, reply.text, run_asserts)
        if right is not None:
            passed[reply.trace.task].append(right)
        answer = split_answer(reply.text)[1]
        passed[CLOSED].append(answer is not None and reply.is_ended)
        if isinstance(reply.trace.gold, Value):
            passed[BOXED].append(boxed(answer or "") is not None)
    return passed


def by_claim(passed: Mapping[str, list[bool]]) -> dict[str, list[bool]]:
    """A tally with the tasks of each claim together; what nothing was asked of is left out."""
    claims = {claim: [right for task in tasks for right in passed.get(task, [])] for claim, tasks in CLAIMS.items()}
    claims |= {name: passed.get(name, []) for name in (CLOSED, BOXED)}
    return {name: rights for name, rights in claims.items() if rights}


def pass_rates(replies: Sequence[Reply]) -> dict[str, float]:
    """The share of right replies by claim, and of those that closed their thinking ("closed") or boxed an answer."""
    names = {CLOSED: "closed", BOXED: "boxed"}
    return {names.get(name, name): sum(rights) / len(rights) for name, rights in by_claim(tally(replies, None)).items()}


def sandbox_runner(sandbox: Sandbox) -> RunAsserts:
    """Asks a sandbox whether code fulfils asserts; their values never reach the code."""

    def run(code: str, asserts: tuple[str, ...]) -> bool:
        calls = [call for statement in asserts if (call := call_of(statement))]
        if len(calls) < len(asserts):
            raise ValueError(f"These asserts cannot be split into a call and its value: {asserts}")
        return sandbox.run_calls(code, calls).passed == len(calls)

    return run


def sandbox_or_none() -> Sandbox | None:
    """A sandbox; without one, said on standard error, Python functions are not judged."""
    try:
        return Sandbox()
    except SandboxRefused as refusal:
        sys.stderr.write(f"Python functions are not judged: {refusal}\n")
        return None


def load(adapter: str, base: Path) -> tuple[Any, Any]:
    """The base model with the adapter merged into it (none with "none"), and its tokenizer."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = AutoModelForCausalLM.from_pretrained(base, dtype=training_dtype(device), attn_implementation="sdpa")
    if adapter != "none":
        model = PeftModel.from_pretrained(model, adapter).merge_and_unload()
    return model.to(device), AutoTokenizer.from_pretrained(base)


def table(replies: Sequence[Reply], run_asserts: RunAsserts | None) -> list[dict[str, Any]]:
    """One row for each claim, for closed thinkings, boxed answers, then each task; shares with 95% intervals."""
    passed = tally(replies, run_asserts)
    tasks = {f"  {task}": rights for task, rights in sorted(passed.items()) if task not in (CLOSED, BOXED)}
    rows = []
    for name, rights in (by_claim(passed) | tasks).items():
        low, high = wilson(sum(rights), len(rights))
        rows.append(
            {
                "claim": name,
                "asked": len(rights),
                "passed": sum(rights),
                "share": round(sum(rights) / len(rights), 4),
                "low": round(low, 4),
                "high": round(high, 4),
            }
        )
    return rows


def _write(out: Path, facts: Mapping[str, Any], replies: Sequence[Reply], run_asserts: RunAsserts | None) -> None:
    """The facts of a run, its table and every reply, as JSON."""
    told = [
        {
            "key": reply.trace.key,
            "prompt": reply.trace.messages[-1]["content"],
            "text": reply.text,
            "right": is_right(reply.trace.gold, reply.text, None),
        }
        for reply in replies
    ]
    written = {**facts, "rows": table(replies, run_asserts), "replies": told}
    out.write_text(json.dumps(written, indent=1, ensure_ascii=False) + "\n", "utf-8")


def main() -> int:
    """Ask, judge, print the table, write the result with every reply."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--adapter", default=str(SHIPPED_ADAPTER), help="folder of an adapter, or none")
    parser.add_argument("--base", type=Path, help="folder of another model's weights")
    parser.add_argument("--problems", type=int, default=500)
    parser.add_argument("--tasks", nargs="+", default=[], help="only these")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--temperature", type=float, default=0.0, help="0 is greedy")
    parser.add_argument("--out", type=Path, help="JSON file for the table and every reply")
    given = parser.parse_args()
    base = given.base or prepare_embedded(settings_from_environment().data_folder, lambda *_: None)
    model, tokenizer = load(given.adapter, base)
    torch.manual_seed(given.seed)
    problems = held_out_problems(given.problems, given.seed, given.tasks)
    family = UNTOUCHED_SMOLLM2 if given.adapter == "none" else SMOLLM2
    sandbox = sandbox_or_none()
    run_asserts = sandbox_runner(sandbox) if sandbox else None
    began = time.monotonic()

    def report(replies: list[Reply]) -> None:
        seconds = time.monotonic() - began
        sys.stderr.write(f"{len(replies)} of {len(problems)} problems answered, {seconds:.0f} s\n")
        if given.out:
            facts = {"adapter": given.adapter, "temperature": given.temperature, "seed": given.seed}
            facts |= {"problems": len(problems), "seconds": round(seconds, 1)}
            _write(given.out, facts, replies, run_asserts)

    replies = ask_all(model, tokenizer, problems, temperature=given.temperature, family=family, after_batch=report)
    for row in table(replies, run_asserts):
        interval = f"{row['low']:.1%} to {row['high']:.1%}"
        sys.stdout.write(f"{row['claim']:28} {row['passed']:4}/{row['asked']:<4} {row['share']:6.1%}  {interval}\n")
    if sandbox:
        sandbox.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
