"""Fifty problems in, what the app said of each answer out, to be read by hand: are its verdicts right?

`python -m evals.verdicts` starts the app as users do, with the model that it takes by itself, and solves the problems
of data/verdict_problems.jsonl: with a known answer (the first ten as one batch), without one, and by vote. Each line of
the result has the problem, the model's own answer, the verdict with its reason and the evidence; `by_hand` is for the
reader (agree, or what is wrong with it), and is kept when it is run again and the verdict has stayed the same.
"""

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from gradio_client import Client

from evals.running_app import running_app

PROBLEMS = Path(__file__).parent / "data" / "verdict_problems.jsonl"
RESULTS = Path(__file__).parent / "results"
_BATCHED = 10
_SEED = 11
# What a verdict is read by; when all of it is as it was, so is what the reader said of it.
_READ = ("problem", "gold", "k", "answer", "final_answer", "checked", "reason", "evidence")


def solved(client: Client, problem: dict[str, Any]) -> dict[str, Any]:
    """One problem through `/solve_math`."""
    given = {"gold": problem["gold"] or None, "k": problem["k"], "sampling": {"seed": _SEED}}
    final = list(client.submit(problem["problem"], api_name="/solve_math", **given))[-1]
    return problem | told(final) | {"classes": [[each["answer"], len(each["chains"])] for each in final["classes"]]}


def batched(client: Client, problems: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Several through `/solve_math_batch`; the texts from their runs."""
    job = client.submit(problems, sampling={"seed": _SEED}, api_name="/solve_math_batch")
    rows = list(job)[-1]["rows"]
    finals = [list(client.submit(row["run_id"], api_name="/attach"))[-1] for row in rows]
    return [problem | told(final) | {"mode": "batch"} for problem, final in zip(problems, finals, strict=True)]


def told(final: dict[str, Any]) -> dict[str, Any]:
    """What is read by hand of a final object."""
    return {
        "answer": final["answer"],
        "final_answer": final["final_answer"],
        "checked": final["checked"],
        "reason": final["verdict"]["reason"] if final["verdict"] else "",
        "evidence": [each["words"] for each in final["evidence"]],
    }


def read_before(path: Path) -> dict[str, str]:
    """What the reader said of each verdict that may come again."""
    if not path.exists():
        return {}
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return {_key(row): row.get("by_hand", "") for row in rows}


def _key(row: dict[str, Any]) -> str:
    return json.dumps([row[name] for name in _READ])


def main() -> int:
    """Solve, write, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="another than the one that the app takes by itself")
    given = parser.parse_args()
    problems = [json.loads(line) for line in PROBLEMS.read_text("utf-8").splitlines()]
    arguments = ["--model", given.model] if given.model else []
    with running_app(*arguments) as app:
        client = Client(app.address, verbose=False)
        path = RESULTS / f"verdicts-{app.models()['loaded']['model']}.jsonl"
        known = read_before(path)
        rows = batched(client, problems[:_BATCHED])
        for problem in problems[_BATCHED:]:
            rows.append(solved(client, problem))
            sys.stderr.write(f"{len(rows)} of {len(problems)}\n")
    rows = [row | {"by_hand": known.get(_key(row), "")} for row in rows]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    counts = Counter(row["checked"] for row in rows)
    sys.stdout.write(f"{path}: {dict(counts)}\n")
    sys.stdout.write(f"read by hand: {dict(Counter(row['by_hand'] or 'not yet' for row in rows))}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
