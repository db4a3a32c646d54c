"""The child process that compares answers: JSON Lines with a gold and an output in, one with its verdict out for each.

Whatever an answer makes of it (endless powers, gigabytes), only this process suffers: its parent kills it
(`verify.math_answer`). It holds its memory down itself where the system can (not on macOS and Windows).
"""

import gc
import json
import os
import sys
from dataclasses import asdict
from typing import Any, TextIO

MEMORY_BYTES = 1 << 30


def limit_memory() -> None:
    """At most a gigabyte of address space."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, ValueError, OSError):
        return


def judged(asked: dict[str, Any]) -> dict[str, Any]:
    """The verdict on one `{"gold", "output", "policy"}`."""
    from verify.comparison import compare
    from verify.extraction import final_answer
    from verify.rules import Policy

    told: dict[str, Any] = {"outcome": "undecided", "extracted": "", "gold_form": "", "candidate_form": ""}
    try:
        found = final_answer(asked["output"])
        if found is None:
            told["reason"] = "no final answer was found"
        else:
            told["extracted"] = found.text
            told |= asdict(compare(asked["gold"], found.text, Policy(**asked.get("policy") or {})))
    except MemoryError:
        told["reason"] = "it takes too much memory to be worked out"
    except RecursionError:
        told["reason"] = "it is nested too deeply"
    return told


def serve(lines: TextIO, out: TextIO) -> None:
    """Answer line by line until the parent closes the pipe."""
    for line in lines:
        try:
            told = judged(json.loads(line))
        except Exception as error:  # noqa: BLE001  One line must not end the process: its parent is told instead.
            told = {"outcome": "undecided", "reason": f"it could not be compared ({type(error).__name__})"}
        out.write(json.dumps(told) + "\n")
        out.flush()


def main() -> None:
    """Warm up, say so, serve."""
    limit_memory()
    # What a library prints must not stand between the verdicts.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    judged({"gold": r"\{1, x\}", "output": r"\boxed{\{x, 1\}}"})
    judged({"gold": r"\int_0^1 x\,dx", "output": r"\boxed{\frac12}"})
    gc.collect()
    gc.freeze()
    out.write("ready\n")
    out.flush()
    serve(sys.stdin, out)


if __name__ == "__main__":
    main()
