"""Labelled steps of real thinkings in, the kinds that people gave them out; and the document says what the table says."""

import json
import re
from pathlib import Path

import pytest

from model.outline_rules import RULES, Rule, kind_of, rule_of

ROOT = Path(__file__).resolve().parent.parent
TEXTS = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "tests/data/thinking").glob("*.txt")}
LABELS = json.loads((ROOT / "tests/data/thinking/labels.json").read_text(encoding="utf-8"))


def labelled_step(label: dict[str, str]) -> str:
    if "text" in label:
        return label["text"]
    steps = re.split(r"\n[ \t]*\n\s*", TEXTS[label["file"].removesuffix(".txt")].strip())
    return next(step for step in steps if step.startswith(label["starts"]))


def agreement(*sets: str) -> float:
    labels = [label for label in LABELS if label["set"] in sets]
    return sum(kind_of(labelled_step(label)) == label["kind"] for label in labels) / len(labels)


def test_rules_agree_with_85_percent_of_the_labels_they_were_made_with() -> None:
    assert sum(label["set"] == "stored" for label in LABELS) >= 60
    assert agreement("stored") >= 0.85
    assert agreement("stored", "later") >= 0.85


def test_rules_agree_with_70_percent_of_labels_of_a_thinking_they_never_saw() -> None:
    assert agreement("held_out") >= 0.70


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.example)
def test_rules_each_decide_their_own_example(rule: Rule) -> None:
    assert rule_of(rule.example) == rule


def rule_rows() -> list[str]:
    return [
        f"| {i} | {rule.kind} | {rule.language} | {'opening' if rule.opening else 'anywhere'} | {rule.example} |"
        for i, rule in enumerate(RULES, 1)
    ]


def test_rules_are_printed_in_the_document_as_they_are() -> None:
    document = (ROOT / "docs/outline.md").read_text(encoding="utf-8")
    table = [line for line in document.splitlines() if re.match(r"\| \d+ \|", line)]
    assert table == rule_rows()
    patterns = document.split("```text\n")[1].split("```")[0].splitlines()
    assert patterns == [f"{i}. {rule.pattern}" for i, rule in enumerate(RULES, 1)]


@pytest.mark.parametrize("which", ["stored", "later", "held_out"])
def test_agreement_in_the_document_is_what_is_measured(which: str) -> None:
    document = (ROOT / "docs/outline.md").read_text(encoding="utf-8")
    n_labels = sum(label["set"] == which for label in LABELS)
    assert f"(set `{which}`) | {n_labels} | {agreement(which):.0%} |" in document
