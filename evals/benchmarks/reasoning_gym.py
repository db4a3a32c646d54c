r"""A fixed set of reasoning-gym's tasks and seeds in, a hundred problems made on this machine out; no network needed.

Asked with the box that the other benchmarks ask for, judged by reasoning-gym's own scorers (`verify.gym_tasks`).

Source:
    reasoning-gym, Apache-2.0, github.com/open-thought/reasoning-gym.
"""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from evals.benchmarks.benchmark import Benchmark, Judgement, Judges, Problem, Written
from evals.benchmarks.boxed_answers import (
    asked,
    column,
    is_same_answer,
    last_box,
    question_of,
    text_id,
    title_of,
)
from verify.gym_answers import MAX_ANSWER_CHARACTERS, gym_score, plain_text
from verify.gym_tasks import gym_release, gym_task

# The set. Changing anything here makes another benchmark, so it gets another name then.
SET = "set 1"
SEED = 20_250
PROBLEMS_EACH = 4
# Tasks whose answer stands on one line, and whose scorer compares: some others evaluate what the model wrote as a
# program (countdown, polynomial_multiplication), or work out powers of any size (coin_flip). None depends on the order
# of a set, as isomorphic_strings does: a run that is resumed asks the same problems.
TASKS = (
    "chain_sum", "basic_arithmetic", "products", "decimal_chain_sum", "gcd", "lcm", "prime_factorization",
    "fraction_simplification", "leg_counting", "calendar_arithmetic", "base_conversion", "simple_equations",
    "simple_geometry", "number_sequence", "count_bits", "letter_counting", "spell_backward", "caesar_cipher", "aiw",
    "family_relationships", "knights_knaves", "syllogism", "course_schedule", "maze", "color_cube_rotation",
)  # fmt: skip


def rows_made() -> list[dict[str, Any]]:
    """The set's rows: the first problem of each task, then the second of each, and so on.

    Raises:
        BadInput: If reasoning-gym is not installed.
    """
    made_by = f"reasoning-gym {gym_release()}, {SET}, seed {SEED}"
    return [
        {"task": task, "index": index, "question": item["question"], "answer": item["answer"], "made_by": made_by}
        for index in range(PROBLEMS_EACH)
        for task in TASKS
        for item in (_data_set(task)[index],)
    ]


@functools.lru_cache(len(TASKS))
def _data_set(task: str) -> Any:
    return gym_task(task, size=PROBLEMS_EACH, seed=SEED)


def problems_of(rows: Sequence[Mapping[str, Any]]) -> list[Problem]:
    """Rows of `task`, `index`, `question` and `answer`; an id holds the question's digest, as releases may differ."""
    problems = []
    for number, row in enumerate(rows, 1):
        task, question = column(row, "task", number), column(row, "question", number)
        gold = {"task": task, "index": int(column(row, "index", number)), "answer": column(row, "answer", number)}
        problems.append(Problem(text_id(task, question), asked(question), gold, f"{task}: {title_of(question)}"))
    return problems


def judge(judges: Judges, problem: Problem, written: Written) -> Judgement:
    """The score that reasoning-gym gives the final answer: 1 is correct, anything less is wrong."""
    box = last_box(written.answer)
    found = box[box.index("{") + 1 : -1] if box else ""
    if not box and not written.is_strict:
        found = judges.math.extract(written.answer, question_of(problem))
    answer = plain_text(found)
    if not answer:
        return Judgement("undecided", "no final answer was found", details={"boxed": bool(box)})
    if len(answer) > MAX_ANSWER_CHARACTERS:
        reason = f"an answer of {len(answer):,} characters is none here; {MAX_ANSWER_CHARACTERS:,} are read"
        return Judgement("wrong", reason, answer[:MAX_ANSWER_CHARACTERS], {"boxed": bool(box)})
    gold = problem.gold
    data = _data_set(gold["task"])
    answer, score = gym_score(data, data[gold["index"]], answer)
    details = {"boxed": bool(box), "score": round(score, 4)}
    if score == 1.0:
        return Judgement("correct", "reasoning-gym's scorer takes it", answer, details)
    return Judgement("wrong", f"the reference is {gold['answer']}", answer, details)


REASONING_GYM = Benchmark(
    name="reasoning_gym",
    title="reasoning-gym",
    about=f"{len(TASKS) * PROBLEMS_EACH} problems of {len(TASKS)} kinds, made here from fixed seeds ({SET}).",
    source="github.com/open-thought/reasoning-gym",
    licence="Apache-2.0",
    judged_by="reasoning-gym's own scorer of each task; only its full score counts.",
    problems_of=problems_of,
    judge=judge,
    samples=4,
    same=is_same_answer,
    rows_made=rows_made,
)
