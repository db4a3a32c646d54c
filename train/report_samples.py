"""Scored completions in, a dozen of them as HTML out: first and last steps, right, wrong, undecided."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from train.report_parts import text_of
from train.run_facts import is_number

# Longer texts are cut in the middle, so that the page stays one that a phone opens.
_MOST_CHARACTERS = 6000
_EACH = 3
_OUTCOMES = {
    "correct": "right",
    "wrong": "wrong",
    "undecided": "undecided: neither reward nor penalty",
    "open": "scored by the reward model",
}

Sample = Mapping[str, Any]


def samples_part(samples: Sequence[Sample], *, opens: bool = False) -> str:
    """The samples of a page.

    Args:
        opens: Whether each thinking is unfolded, as for paper.
    """
    chosen = choose(samples)
    if not chosen:
        return ""
    cards = "".join(_card(sample, opens) for sample in chosen)
    return (
        f"<h2>{len(chosen)} of {len(samples):,} completions</h2>"
        "<p class='note'>Of the first steps, of the last, and late ones that were right, wrong and undecided.</p>"
        f"{cards}"
    )


def choose(samples: Sequence[Sample], each: int = _EACH) -> list[Sample]:
    """So many of the first steps, of the last, and the latest of each outcome that are none of these; in order."""
    places = range(len(samples))
    taken = {*places[:each], *_spread(samples, each)}
    for outcome in ("correct", "wrong", "undecided", "open"):
        latest = (
            place for place in reversed(places) if samples[place].get("outcome") == outcome and place not in taken
        )
        taken.update(place for _, place in zip(range(2), latest, strict=False))
    return [samples[place] for place in sorted(taken)]


def _spread(samples: Sequence[Sample], each: int) -> Iterator[int]:
    """Places of the last completions, each of another question where there are as many."""
    asked: set[str] = set()
    for place in range(len(samples) - 1, -1, -1):
        question = str(samples[place].get("question"))
        if question not in asked:
            asked.add(question)
            yield place
        if len(asked) == each:
            return


def _card(sample: Sample, opens: bool) -> str:
    outcome = str(sample.get("outcome", ""))
    reason = f": {text_of(sample['reason'])}" if sample.get("reason") else ""
    return (
        f"<article class='sample {outcome if outcome in _OUTCOMES else ''}'>"
        f"<p class='facts'><b>{text_of(_OUTCOMES.get(outcome, outcome))}</b>{reason}</p>"
        f"<p class='facts'>{text_of(_figures(sample))}</p>"
        f"<h3>Question</h3><pre>{_cut(sample.get('question'))}</pre>"
        f"<details{' open' if opens else ''}><summary>Thinking</summary><pre>{_cut(sample.get('thinking'))}</pre>"
        "</details>"
        f"<h3>Answer</h3><pre>{_cut(sample.get('answer')) or '<i>none</i>'}</pre></article>"
    )


def _figures(sample: Sample) -> str:
    """What a completion was given, on one line."""
    parts = sample.get("parts")
    words = [f"step {sample.get('step', '?')}", str(sample.get("source", ""))]
    reward = sample.get("reward")
    words.append(f"reward {reward:g}" if is_number(reward) else "no reward")
    if isinstance(parts, Mapping):
        words += [f"{name} {value:g}" for name, value in parts.items() if is_number(value)]
    if is_number(sample.get("advantage")):
        words.append(f"advantage {sample['advantage']:+.2f}")
    if is_number(sample.get("tokens")):
        words.append(f"{sample['tokens']:,} tokens" + (", cut at the limit" if sample.get("truncated") else ""))
    return " · ".join(word for word in words if word)


def _cut(text: Any) -> str:
    """A text escaped, its middle left out when it is long."""
    whole = str(text or "")
    left_out = len(whole) - _MOST_CHARACTERS
    if left_out <= 0:
        return text_of(whole)
    half = _MOST_CHARACTERS // 2
    return f"{text_of(whole[:half])}\n<i>… {left_out:,} characters left out …</i>\n{text_of(whole[-half:])}"
