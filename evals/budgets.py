"""100 prompts and budgets of 0, 64 and 512 thinking tokens in, how each turn ended out.

`python -m evals.budgets` runs the embedded model. Every turn must end with a non-empty answer or a notice that says
why there is none; the exit status is 1 if one does not.
"""

import argparse
import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from evals.prompts import varied_prompts
from model.catalog import EMBEDDED
from model.engine import Collected, Engine, Request, Steering, collect
from model.events import Message, Sampling
from model.host import ModelHost
from model.settings import settings_from_environment

BUDGETS = (0, 64, 512)
RESULTS = Path(__file__).parent / "results"


def run_one(engine: Engine, prompt: str, budget: int, answer_tokens: int) -> Collected:
    """One turn with `answer_tokens` left for the answer after the longest thinking that the budget allows."""
    room = int((budget + 96 + answer_tokens) / 0.75) + 1
    sampling = Sampling(max_new_tokens=room)
    return collect(engine.stream(Request((Message("user", prompt),), sampling, budget), Steering()))


def ended_well(turn: Collected) -> bool:
    """A non-empty answer, or a notice that says why there is none."""
    return bool(turn.answer.strip()) or any(n.kind == "no_answer" for n in turn.notices)


def main() -> int:
    """Run, print a table, write the result; 1 if a turn ended without an answer and without a word."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default=EMBEDDED)
    parser.add_argument("--prompts", type=int, default=100)
    parser.add_argument("--answer-tokens", type=int, default=96)
    parser.add_argument("--at-once", type=int, default=8)
    arguments = parser.parse_args()
    host = ModelHost(settings_from_environment())
    host.load(arguments.model)
    engine = host.engine(wait_seconds=600)
    prompts = varied_prompts()[: arguments.prompts]
    rows, failures = [], []
    with ThreadPoolExecutor(arguments.at_once) as pool:
        for budget in BUDGETS:
            began = time.monotonic()
            turns = list(pool.map(lambda p, b=budget: run_one(engine, p, b, arguments.answer_tokens), prompts))
            bad = [p for p, turn in zip(prompts, turns, strict=True) if not ended_well(turn)]
            failures += [(budget, p) for p in bad]
            finished = [turn.finished for turn in turns if turn.finished is not None]
            rows.append(
                {
                    "budget": budget,
                    "turns": len(turns),
                    "with_answer": sum(bool(turn.answer.strip()) for turn in turns),
                    "without_answer_or_notice": len(bad),
                    "finish_reasons": dict(Counter(f.reason for f in finished)),
                    "notices": dict(Counter(n.kind for turn in turns for n in turn.notices)),
                    "most_thinking_tokens": max(f.thinking_tokens for f in finished),
                    "seconds": round(time.monotonic() - began, 1),
                }
            )
            print(json.dumps(rows[-1]))
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"budgets-{arguments.model.replace('/', '_')}.json").write_text(json.dumps(rows, indent=1) + "\n")
    for budget, prompt in failures:
        print(f"no answer and no word at budget {budget}: {prompt!r}")
    host.close()
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
