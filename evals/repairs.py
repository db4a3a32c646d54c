"""Tasks in, real repair loops out: how many rounds, what passes, and whether what each round was said to be is true.

`python -m evals.repairs` starts the app with the embedded model and sends it the tasks of data/repair_tasks.jsonl, some
written by hand and some of the kinds that it was trained on (train.held_out, seed 77: problems that no training saw),
through `/solve_code`. Then it runs every program again, outside of the loop: in a sandbox of its own, with another
comparison (the program prints what it returns, and this process reads it).
"""

import argparse
import ast
import json
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from gradio_client import Client

from evals.running_app import running_app
from verify.sandbox.sandbox import Sandbox

TASKS = Path(__file__).parent / "data" / "repair_tasks.jsonl"
RESULTS = Path(__file__).parent / "results"
_N_ROUNDS = 3
_SAMPLING = {"temperature": 0.6, "max_new_tokens": 400, "seed": 1}
_THINKING_TOKENS = 256
_AT_ONCE = 3
# Before each value, so that what a program prints itself is not taken for one.
_MARK = "\x02value\x03"


def tasks() -> list[dict[str, Any]]:
    """Those written by hand, and in turn with them those of the kinds that the model was trained on."""
    return [json.loads(line) for line in TASKS.read_text("utf-8").splitlines()]


def repaired(client: Client, task: dict[str, Any]) -> dict[str, Any]:
    """One task through `/solve_code`."""
    job = client.submit(
        task["statement"],
        "\n".join(task["tests"]),
        "\n".join(task["hidden"]) or None,
        rounds=_N_ROUNDS,
        budget=_THINKING_TOKENS,
        sampling=_SAMPLING,
        entry_point=task["name"],
        api_name="/solve_code",
    )
    list(job)
    final = job.result()
    kept = ("standing", "words", "program", "best")
    return task | {name: final[name] for name in kept} | {"rounds": [_round(each) for each in final["rounds"]]}


def _round(each: dict[str, Any]) -> dict[str, Any]:
    counts = {report["tests_from"]: [report["passed"], report["total"]] for report in each["reports"]}
    kept = ("round", "run_id", "finish_reason", "program", "words", "thinking_tokens", "answer_tokens", "seconds")
    return {name: each[name] for name in kept} | counts


def passed_outside(program: str, asserts: list[str]) -> int:
    """How many asserts hold, by running the program in a sandbox of its own and reading what it prints."""
    with Sandbox() as sandbox:
        return sum(_holds(sandbox, program, each) for each in asserts)


def _holds(sandbox: Sandbox, program: str, statement: str) -> bool:
    (asserted,) = ast.parse(statement).body
    assert isinstance(asserted, ast.Assert) and isinstance(asserted.test, ast.Compare), statement
    call, (expected,) = ast.unparse(asserted.test.left), asserted.test.comparators
    report = sandbox.run(f"{program}\n\nprint({_MARK!r} + repr({call}))\n")
    if report.status != "ok" or _MARK not in report.stdout:
        return False
    try:
        got = ast.literal_eval(report.stdout.rpartition(_MARK)[2].strip())
    except (SyntaxError, ValueError):
        return False
    return bool(got == ast.literal_eval(expected))


def checked(row: dict[str, Any]) -> dict[str, Any]:
    """The row with what its programs do outside of the loop, and whether each round was said to be what it is."""
    rounds = []
    for each in row["rounds"]:
        outside = {
            kind: [passed_outside(each["program"], row[name]), len(row[name])]
            for kind, name in (("given", "tests"), ("hidden", "hidden"))
            if each["program"].strip() and row[name]
        }
        said = {kind: each[kind] for kind in ("given", "hidden") if kind in each}
        rounds.append(each | {"outside": outside, "is_true": outside == said})
    passes = all(
        passed_outside(row["program"], row[name]) == len(row[name]) for name in ("tests", "hidden") if row["program"]
    )
    is_true = (row["standing"] == "passes") == (passes and bool(row["program"]))
    return row | {"rounds": rounds, "is_standing_true": is_true}


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Counts over all rows."""
    rounds = [each for row in rows for each in row["rounds"]]
    repairs = [row for row in rows if len(row["rounds"]) > 1]
    return {
        "tasks": len(rows),
        "standings": dict(Counter(row["standing"] for row in rows)),
        "passed the given tests at once": sum(_passes_given(row["rounds"][0]) for row in rows),
        "repair runs": len(repairs),
        "repaired": sum(_passes_given(row["rounds"][-1]) for row in repairs),
        "rounds by number": dict(Counter(each["round"] for each in rounds)),
        "rounds that passed, by number": dict(Counter(each["round"] for each in rounds if _passes_given(each))),
        "rounds without a program": sum(not each["program"].strip() for each in rounds),
        "repairs that changed nothing": sum(
            later["program"].strip() == earlier["program"].strip()
            for row in rows
            for earlier, later in zip(row["rounds"], row["rounds"][1:], strict=False)
        ),
        "rounds whose reports are true": f"{sum(each['is_true'] for each in rounds)} of {len(rounds)}",
        "standings that are true": f"{sum(row['is_standing_true'] for row in rows)} of {len(rows)}",
        "tokens": sum(each["thinking_tokens"] + each["answer_tokens"] for each in rounds),
        "seconds": round(sum(each["seconds"] for each in rounds)),
    }


def _passes_given(each: dict[str, Any]) -> bool:
    return "given" in each and each["given"][0] == each["given"][1]


def main(arguments: list[str]) -> None:
    """Run the tasks until so many have gone into repair, and write what came of them."""
    parser = argparse.ArgumentParser(prog="python -m evals.repairs", description="Measure the repair loop.")
    parser.add_argument("--repairs", type=int, default=30, help="stop when so many runs had a second round")
    parser.add_argument("--out", type=Path, default=RESULTS / "repairs-smollm2-135m.jsonl")
    given = parser.parse_args(arguments)
    rows: list[dict[str, Any]] = []
    with running_app("--model", "smollm2-135m") as app, ThreadPoolExecutor(_AT_ONCE) as pool:
        client = Client(app.address, verbose=False)
        asked = tasks()
        for at in range(0, len(asked), _AT_ONCE):
            rows += pool.map(lambda task: repaired(client, task), asked[at : at + _AT_ONCE])
            for row in rows[at:]:
                print(row["name"], [each["words"] for each in row["rounds"]], file=sys.stderr, flush=True)
            if sum(len(row["rounds"]) > 1 for row in rows) >= given.repairs:
                break
    rows = [checked(row) for row in rows]
    told = summary(rows)
    given.out.write_text("".join(json.dumps(row) + "\n" for row in [{"summary": told}, *rows]), "utf-8")
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main(sys.argv[1:])
