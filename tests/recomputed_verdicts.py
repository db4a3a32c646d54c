"""The samples of a result in, whether each is right out: in a few plain lines that share nothing with the judges.

Only the sandbox is the app's own, since the programs are a model's; of it no more is used than whether one ended well.
"""

import contextlib
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from verify.sandbox.limits import Limits
from verify.sandbox.sandbox import Sandbox

DATA = Path(__file__).resolve().parent.parent / "evals" / "data" / "benchmarks"
Key = tuple[str, int]
IsRight = Callable[[str, str], bool]
_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")


def recomputed_verdicts(path: Path) -> dict[Key, bool]:
    """Of each sample of a result, whether it is right."""
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    samples = {(line["problem"], line["number"]): line for line in lines if line["type"] == "sample"}
    with JUDGED[lines[0]["benchmark"]]() as is_right:
        return {key: is_right(key[0], sample["answer"]) for key, sample in samples.items()}


def boxed(answer: str) -> str | None:
    """What stands in the last box."""
    begin = answer.rfind("\\boxed{")
    if begin < 0:
        return None
    depth, held = 1, ""
    for letter in answer[begin + 7 :]:
        depth += (letter == "{") - (letter == "}")
        if not depth:
            return held
        held += letter
    return None


def digest(question: str) -> str:
    return hashlib.sha256("".join(question.split()).encode()).hexdigest()[:10]


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / name).read_text("utf-8").splitlines()]


@contextlib.contextmanager
def gsm8k() -> Iterator[IsRight]:
    """The number in the box, or the last one there is, against the one behind the data set's mark."""
    golds = {f"gsm8k-{digest(row['question'])}": row["answer"].split("####")[-1] for row in rows("gsm8k.jsonl")}

    def is_right(problem: str, answer: str) -> bool:
        box = boxed(answer)
        numbers = _NUMBER.findall(answer if box is None else box)
        return bool(numbers) and number(numbers[-1]) == number(golds[problem].strip())

    yield is_right


def number(text: str) -> Decimal | None:
    try:
        return Decimal(text.replace(",", ""))
    except InvalidOperation:
        return None


@contextlib.contextmanager
def humaneval() -> Iterator[IsRight]:
    """The blocks behind the prompt's own text, and the tests behind them, as one script."""
    by_name = {row["task_id"]: row for row in rows("humaneval.jsonl")}

    def is_right(problem: str, answer: str) -> bool:
        row = by_name[problem]
        blocks = re.findall(r"```(?:python)?\n(.*?)```", answer + "\n```", re.DOTALL) or [answer]
        tests = f"{row['test']}\ncheck({row['entry_point']})\n"
        given = row["prompt"]
        made = [source for block in blocks for source in (f"{given}\n    pass\n\n{block}", f"{given}{block}")]
        limits = Limits(10.0, 1024, wall_seconds=60.0)
        return any(sandbox.run(f"{source}\n\n{tests}", limits=limits).status == "ok" for source in made)

    with Sandbox() as sandbox:
        yield is_right


@contextlib.contextmanager
def reasoning_gym() -> Iterator[IsRight]:
    """The package's own score of what stands in the box, or of the answer's last words."""
    import reasoning_gym as gym

    def is_right(problem: str, answer: str) -> bool:
        task, _, name = problem.rpartition("-")
        data = gym.create_dataset(task, size=4, seed=20_250)
        item = next(item for item in data if digest(item["question"]) == name)
        box = boxed(answer)
        said = answer.rstrip(" .\n") if box is None else box
        said = re.sub(r"\\text\{([^{}]*)\}", r"\1", said).replace("\\times", "×").replace("\\cdot", "×").strip("$ ")
        if box is None:  # as many words from the end as the reference has
            said = " ".join(said.split()[-len(str(item["answer"]).split()) :])
        said = said.strip('"')
        try:
            return float(data.score_answer(" ".join(said.split()), item)) == 1.0
        except (ValueError, ArithmeticError, TypeError, LookupError, AttributeError):
            return False

    yield is_right


JUDGED: dict[str, Callable[[], contextlib.AbstractContextManager[IsRight]]] = {
    "gsm8k": gsm8k,
    "humaneval": humaneval,
    "reasoning_gym": reasoning_gym,
}
