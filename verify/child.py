"""The child process that compares answers: JSON Lines with a question in, one with what came of it out for each.

Whatever an answer makes of it (endless powers, gigabytes), only this process suffers: its parent kills it
(`verify.math_answer`). It holds its memory down itself where the system can (not on macOS and Windows).
"""

import gc
import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

MEMORY_BYTES = 1 << 30


def limit_memory() -> None:
    """At most a gigabyte of address space."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, ValueError, OSError):
        return


def answered(asked: dict[str, Any]) -> dict[str, Any]:
    """What is asked for by its `kind`: judge, extract, compare or test."""
    from verify.comparison import compare
    from verify.extraction import final_answer
    from verify.math_check import substitution
    from verify.rules import Policy
    from verify.working_out import worked_out

    match asked["kind"]:
        case "test":
            given = asked["problem"], asked["answer"]
            evidence = substitution(*given) or worked_out(*given)
            return {"evidence": asdict(evidence) if evidence else None}
        case "compare":
            return asdict(compare(asked["gold"], asked["candidate"], Policy()))
    found = final_answer(asked["output"], asked.get("question", ""))
    if asked["kind"] == "extract":
        return {"extracted": found.text if found else ""}
    if found is None:
        return {"outcome": "undecided", "reason": "no final answer was found"}
    return asdict(compare(asked["gold"], found.text, Policy(**asked["policy"] or {}))) | {"extracted": found.text}


# What stands in place of an answer to each kind of question when there is none.
_NOTHING: dict[str, dict[str, Any]] = {"extract": {"extracted": ""}, "test": {"evidence": None}}


def answered_whatever_comes(asked: dict[str, Any]) -> dict[str, Any]:
    """As `answered`; what one question brings about must not end the process."""
    try:
        return answered(asked)
    except MemoryError:
        reason = "it takes too much memory to be worked out"
    except RecursionError:
        reason = "it is nested too deeply"
    except Exception as error:  # noqa: BLE001  Its parent is told instead.
        reason = f"it could not be compared ({type(error).__name__})"
    return _NOTHING.get(asked["kind"], {"outcome": "undecided", "reason": reason})


def serve(answer: Callable[[dict[str, Any]], dict[str, Any]], warm_up: Callable[[], object]) -> None:
    """Be a child of `verify.child_process`: warm up, say so, answer line by line until the parent closes the pipe.

    Args:
        answer: A question in, its answer out; it raises nothing.
    """
    limit_memory()
    # What a library prints must not stand between the answers.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    warm_up()
    gc.collect()
    gc.freeze()
    out.write("ready\n")
    out.flush()
    for line in sys.stdin:
        out.write(json.dumps(answer(json.loads(line))) + "\n")
        out.flush()


def _warm_up() -> None:
    for gold, output in ((r"\{1, x\}", r"\boxed{\{x, 1\}}"), (r"\int_0^1 x\,dx", r"\boxed{\frac12}")):
        answered({"kind": "judge", "gold": gold, "output": output, "policy": None})


if __name__ == "__main__":
    serve(answered_whatever_comes, _warm_up)
