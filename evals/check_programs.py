"""Problems in, how often a check program agreed, disagreed, was missing or failed out, with the model that is there.

`python -m evals.check_programs` starts the app as users do, solves ten problems of data/verdict_problems.jsonl without
their known answers and has a check program written for each. Each line of the result has the answer, whether it is
right (by the known answer, which the app is not told), the program, what it printed and what the app said of it.
"""

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from gradio_client import Client

from evals.running_app import running_app
from verify.math_answer import MathJudge

PROBLEMS = Path(__file__).parent / "data" / "verdict_problems.jsonl"
RESULTS = Path(__file__).parent / "results"
_N_PROBLEMS = 10
_SEED = 11


def kind_of(evidence: dict[str, Any] | None) -> str:
    """What came of a check program, in one word or two."""
    if evidence is None:
        return "no answer to check"
    if not evidence["program"]:
        return "no program"
    if evidence["strength"] != "none":
        return "agreed" if evidence["is_for"] else "disagreed"
    return "only prints" if "only prints" in evidence["words"] else "failed"


def checked(client: Client, judge: MathJudge, problem: dict[str, Any]) -> dict[str, Any]:
    """One problem through `/solve_math`, its known answer kept back."""
    job = client.submit(problem["problem"], sampling={"seed": _SEED}, check_program=True, api_name="/solve_math")
    final = list(job)[-1]
    evidence = next((each for each in final["evidence"] if each["kind"] == "program"), None)
    outcome = judge.judge(problem["gold"], rf"\boxed{{{final['final_answer']}}}").outcome
    told = {name: evidence[name] for name in ("strength", "words", "program", "output")} if evidence else {}
    return {
        "problem": problem["problem"],
        "gold": problem["gold"],
        "answer": final["final_answer"],
        "outcome": outcome,
        "came_of_it": kind_of(evidence),
    } | told


def main() -> int:
    """Solve, check, write, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="another than the one that the app takes by itself")
    given = parser.parse_args()
    problems = [json.loads(line) for line in PROBLEMS.read_text("utf-8").splitlines()]
    problems = [problem for problem in problems if problem["gold"]][:_N_PROBLEMS]
    with running_app(*(["--model", given.model] if given.model else [])) as app, MathJudge(1) as judge:
        client = Client(app.address, verbose=False)
        path = RESULTS / f"check-programs-{app.models()['loaded']['model']}.jsonl"
        rows = [checked(client, judge, problem) for problem in problems]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    counts = Counter((row["came_of_it"], row["outcome"]) for row in rows)
    for (came_of_it, outcome), n in sorted(counts.items()):
        sys.stdout.write(f"{n} x {came_of_it}, answer {outcome}\n")
    sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
