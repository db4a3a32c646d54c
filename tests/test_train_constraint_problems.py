"""Requests with rules: the n-th is always the same, splits share nothing, and an answer can follow all its rules."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from train.constraint_kinds import KINDS, fits
from train.constraint_problems import LEVELS, constraint_problem
from train.problems import Constraints, Problem
from train.traces import is_held_out
from verify.instructions import InstructionJudge, missing_packages

BODY = "There are many small and good reasons to look at this in some detail."
OTHER = "One more note on it is that all of us can learn from the others here."
TEXTS = {
    "de": "Das ist ein ruhiger Tag und wir gehen heute mit unseren Nachbarn durch den Wald",
    "es": "Este es un buen consejo para todos los que quieren aprender algo nuevo en la ciudad",
    "fr": "Voici une petite histoire que nous aimons raconter aux enfants dans la maison",
    "it": "Questa è una bella storia che raccontiamo spesso ai bambini nella nostra casa",
    "pt": "Esta é uma história bonita que gostamos de contar às crianças da nossa família",
}


def rules_of(problem: Problem) -> dict[str, Any]:
    assert isinstance(problem.gold, Constraints)
    return dict(zip(problem.gold.instructions, problem.gold.kwargs, strict=True))


def words_wanted(rules: dict[str, Any]) -> str:
    """A sentence or two with what is counted in them."""
    wanted = list(rules.get("keywords:existence", {}).get("keywords", ()))
    if (given := rules.get("keywords:frequency")) and given["relation"] == "at least":
        wanted += [given["keyword"]] * given["frequency"]
    if given := rules.get("keywords:letter_frequency"):
        wanted += [given["letter"]] * (given["let_frequency"] if given["let_relation"] == "at least" else 0)
    if given := rules.get("detectable_content:number_placeholders"):
        wanted += ["[name]"] * given["num_placeholders"]
    if given := rules.get("detectable_format:number_highlighted_sections"):
        wanted += ["*so it is*"] * given["num_highlights"]
    return " ".join(wanted)


def laid_out(rules: dict[str, Any], body: str, other: str) -> str:
    """The body in the layout that is asked for."""
    if given := rules.get("length_constraints:number_paragraphs"):
        return "\n***\n".join([body, *[other] * (given["num_paragraphs"] - 1)])
    if given := rules.get("length_constraints:nth_paragraph_first_word"):
        return "\n\n".join([body, *[f"{given['first_word']} {other}"] * (given["num_paragraphs"] - 1)])
    if given := rules.get("detectable_format:number_bullet_lists"):
        return "\n".join([body, *["* One point."] * given["num_bullets"]])
    if given := rules.get("detectable_format:multiple_sections"):
        return "\n".join(
            f"{given['section_spliter']} {n + 1}\n{body if n == 0 else other}" for n in range(given["num_sections"])
        )
    if "combination:two_responses" in rules:
        return f"{body}\n******\n{other} {body}"
    return body


def good_answer(problem: Problem) -> str:
    """An answer that follows every rule."""
    rules = rules_of(problem)
    text = BODY.replace("good", "").replace("small", "").replace("many", "")
    other = OTHER
    if given := rules.get("language:response_language"):
        text = other = TEXTS[given["language"]]
    body = f"{text} {words_wanted(rules)}".strip()
    if (given := rules.get("length_constraints:number_words")) and given["relation"] == "at least":
        body += f". {other}" * (1 + given["num_words"] // 10)
    if any(name.startswith("change_case:") for name in rules):
        body = f"{body}\n{other} {text}"  # langdetect takes a few words in capitals for any language
    answer = laid_out(rules, body, other)
    if "detectable_format:title" in rules:
        answer = f"<<{text[:12]}>>\n{answer}"
    if "detectable_format:constrained_response" in rules:
        answer += "\nMy answer is yes."
    if given := rules.get("combination:repeat_prompt"):
        answer = f"{given['prompt_to_repeat']}\n{answer}"
    if given := rules.get("startend:end_checker"):
        answer += f"\n{given['end_phrase']}"
    if given := rules.get("detectable_content:postscript"):
        answer += f"\n{given['postscript_marker']} More of it soon."
    if "change_case:english_capital" in rules:
        answer = answer.upper()
    if "change_case:english_lowercase" in rules:
        answer = answer.lower()
    if "startend:quotation" in rules:
        answer = f'"{answer}"'
    return json.dumps({"text": answer}) if "detectable_format:json_format" in rules else answer


@pytest.fixture(scope="module")
def judge() -> Iterator[InstructionJudge]:
    if missing_packages():
        pytest.skip("IFEval's checks are optional: requirements-evals.txt")
    with InstructionJudge() as made:
        yield made


def told(judge: InstructionJudge, problem: Problem, answer: str) -> tuple[str, str]:
    assert isinstance(problem.gold, Constraints)
    found = judge.judge(problem.question, answer, problem.gold.instructions, problem.gold.kwargs)
    return found.outcome, found.reason


def only(kind_id: str) -> Problem:
    return next(p for p in (constraint_problem(n, "train", 0) for n in range(2000)) if kind_id in rules_of(p))


@pytest.mark.parametrize("kind_id", [kind.id for kind in KINDS])
def test_each_rule_alone_can_be_followed_and_the_check_knows_it(judge, kind_id):
    problem = only(kind_id)
    assert told(judge, problem, good_answer(problem)) == ("correct", "every instruction is followed"), problem


def test_all_rules_of_a_problem_can_be_followed_together(judge):
    problems = [constraint_problem(n, "train", 2) for n in range(250)]
    odd = [
        (p.question, good_answer(p), said) for p in problems if (said := told(judge, p, good_answer(p)))[0] != "correct"
    ]
    assert not odd, f"{len(odd)} of {len(problems)}, such as {odd[0]}"


def test_an_answer_that_heeds_no_rule_is_wrong(judge):
    problems = [constraint_problem(n, "train", 2) for n in range(60)]
    outcomes = [told(judge, problem, "I, for one, cannot say, Sir, what it is.")[0] for problem in problems]
    assert outcomes.count("wrong") >= 57 and "undecided" not in outcomes


def test_the_nth_problem_is_the_same_in_every_process():
    program = "from train.constraint_problems import constraint_problem as c\nprint([c(n, 'train') for n in range(40)])"
    command = [sys.executable, "-c", program]
    for hash_seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": hash_seed}
        child = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=True)
        assert child.stdout.strip() == str([constraint_problem(n, "train") for n in range(40)])


def test_splits_share_no_key_and_hold_what_they_say():
    trained = {constraint_problem(n, "train").key for n in range(400)}
    held_out = {constraint_problem(n, "held_out").key for n in range(400)}
    assert not trained & held_out
    assert all(map(is_held_out, held_out)) and not any(map(is_held_out, trained))
    assert len(trained) > 350 and len(held_out) > 350


@pytest.mark.parametrize("level", range(LEVELS))
def test_a_level_has_one_rule_more_than_the_one_before(level):
    problems = [constraint_problem(n, "train", level) for n in range(200)]
    counts = [len(rules_of(problem)) for problem in problems]
    assert max(counts) == level + 1 and counts.count(level + 1) > 190
    assert {problem.level for problem in problems} == {level}


def test_every_kind_is_asked_and_none_needs_data_of_nltk():
    asked = {name for n in range(600) for name in rules_of(constraint_problem(n, "train"))}
    assert asked == {kind.id for kind in KINDS}
    assert not asked & {"length_constraints:number_sentences", "change_case:capital_word_frequency"}


def test_a_prompt_says_its_arguments():
    for n in range(300):
        problem = constraint_problem(n, "train")
        for name, given in rules_of(problem).items():
            for value in given.values():
                for part in value if isinstance(value, list) else [value]:
                    assert str(part) in problem.question or name == "language:response_language", problem.question


def test_a_rule_about_yes_and_no_is_put_to_such_a_question_only():
    problem = only("detectable_format:constrained_response")
    assert problem.question.split("?")[0].split()[0] in ("Is", "Can", "Do", "Does", "Should")


def test_fits_is_the_same_from_both_sides_and_refuses_a_kind_beside_itself():
    for kind in KINDS:
        assert not fits(kind, [kind])
        assert all(fits(kind, [other]) == fits(other, [kind]) for other in KINDS)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("change_case:english_capital", "change_case:english_lowercase"),
        ("detectable_format:json_format", "detectable_format:title"),
        ("startend:end_checker", "startend:quotation"),
        ("language:response_language", "keywords:existence"),
        ("combination:repeat_prompt", "punctuation:no_comma"),
    ],
)
def test_rules_that_contradict_each_other_do_not_fit(one, other):
    by_id = {kind.id: kind for kind in KINDS}
    assert not fits(by_id[one], [by_id[other]])
