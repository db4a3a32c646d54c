"""The facts of a training run in, the parts of its page as HTML out: held-out table, curves, plan. All text escaped."""

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from train.curves import Points, draw
from train.public_names import public_model
from train.run_facts import (
    HELD_OUT,
    Facts,
    Rate,
    began,
    duration,
    held_out,
    held_out_names,
    names_in,
    series,
    standing,
)

# What is drawn: title, names in the log (a name that ends in / stands for all that begin so), whether they are shares.
_CURVES: tuple[tuple[str, tuple[str, ...], bool], ...] = (
    ("Reward of a completion, mean, with its parts", ("reward", "reward/"), False),
    ("Held-out pass rate", (HELD_OUT,), True),
    ("Completions judged correct, left undecided, cut", ("correct", "undecided", "truncated"), True),
    ("Groups that teach nothing: all alike", ("flat_groups",), True),
    ("Length of a completion, tokens", ("length",), False),
    ("KL to where it began", ("kl",), False),
    ("Entropy of a token, nats", ("entropy",), False),
    ("Loss", ("loss",), False),
    ("Norm of the gradient", ("grad_norm",), False),
    ("Learning rate", ("learning_rate",), False),
    ("Seconds of a step, and of its writing", ("step_seconds", "rollout_seconds"), False),
)
_WORDS = {
    "reward": "all",
    "held_out/pass": "all",
    "step_seconds": "step",
    "rollout_seconds": "writing",
    "flat_groups": "alike",
}
# What shows nothing and may break a page: control characters, and halves of characters.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def text_of(value: Any) -> str:
    """Any text, from a model too, as text of a page and nothing else.

    >>> text_of("<script>alert(1)</script> & 'x'")
    '&lt;script&gt;alert(1)&lt;/script&gt; &amp; &#x27;x&#x27;'
    """
    return escape(_CONTROL.sub("\ufffd", str(value).replace("\r\n", "\n")), quote=True)


def head(facts: Facts) -> str:
    """What was trained from what, on which device, when, how long, and how it stands."""
    state = facts.state
    start = text_of(began(facts) or "a fresh adapter")
    device = f", on {text_of(state.device)}" if state.device else ""
    tokens = series(facts.log, "tokens")
    counted = f", {tokens[-1][1]:,.0f} tokens" if tokens else ""
    return (
        f"<h1>{text_of(state.name)}</h1>"
        f"<p><b>{text_of(public_model(state.model))}</b>, trained by {facts.method} from {start}{device}. "
        f"Begun {text_of(moment(state.started_at))}, last written {text_of(moment(state.updated_at))}; "
        f"{duration(state.seconds)} of work{counted}.</p>"
        f"<p class='standing'>{text_of(standing(facts))}</p>"
    )


def moment(written: str) -> str:
    """A moment of a run's files as a person reads it.

    >>> moment("2026-11-29T10:25:39+00:00"), moment("when")
    ('2026-11-29 10:25 UTC', 'when')
    """
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)[\d:.]*(?:Z|\+00:00)", written)
    return f"{found[1]} {found[2]} UTC" if found else written


def held_out_table(facts: Facts) -> str:
    """Pass rates before and after, by source; empty when none was asked for."""
    rows = held_out(facts.log)
    if not rows:
        return ""
    body = "".join(
        f"<tr><th scope='row'>{text_of(row.source)}</th><td>{in_percent(row.first)}</td><td>{in_percent(row.last)}</td>"
        f"<td>{100 * (row.last.share - row.first.share):+.1f}</td></tr>"
        for row in rows
    )
    return (
        "<h2>Held-out problems, before and after</h2><div class='wide'><table><thead><tr><th scope='col'>source</th>"
        f"<th scope='col'>step {rows[0].first.step:,}</th><th scope='col'>step {rows[0].last.step:,}</th>"
        f"<th scope='col'>points</th></tr></thead><tbody>{body}</tbody></table></div>"
        "<p class='note'>None of them is trained on. Brackets: 95% intervals (Wilson), where the run says how many "
        "problems a rate is of.</p>"
    )


def in_percent(rate: Rate) -> str:
    """A rate in percent, with its interval where the number of problems is known.

    >>> in_percent(Rate(9, 0.8, 100)), in_percent(Rate(9, 0.8))
    ('80.0% of 100 (71 to 87%)', '80.0%')
    """
    if (interval := rate.interval) is None:
        return f"{rate.share:.1%}"
    return f"{rate.share:.1%} of {rate.problems:,} ({100 * interval[0]:.0f} to {100 * interval[1]:.0f}%)"


def curves(facts: Facts) -> str:
    """Every curve that the log has points for."""
    drawn = [draw(title, _lines(facts.log, names), is_share=is_share) for title, names, is_share in _CURVES]
    figures = "".join(drawn)
    return f"<h2>Curves, over the steps</h2><div class='curves'>{figures}</div>" if figures else ""


def _lines(log: Sequence[Mapping[str, Any]], names: Sequence[str]) -> dict[str, Points]:
    lines: dict[str, Points] = {}
    for name in names:
        for found in held_out_names(log) if name == HELD_OUT else names_in(log, name) if name[-1] == "/" else [name]:
            if points := series(log, found):
                lines[_WORDS.get(found, found.removeprefix(name) or found.replace("_", " "))] = points
    return lines


def plan_table(facts: Facts) -> str:
    """The plan, a row for each of its fields."""
    rows = "".join(
        f"<tr><th scope='row'>{text_of(name.replace('_', ' '))}</th><td>{text_of(plan_value(value))}</td></tr>"
        for name, value in facts.plan.items()
        if name != "kind"
    )
    return f"<h2>Plan</h2><div class='wide'><table class='plan'><tbody>{rows}</tbody></table></div>"


def plan_value(value: Any) -> str:
    """A plan's value in words.

    >>> plan_value({"gym:gcd": 0.5, "gsm8k": 0.5}), plan_value([1, 2]), plan_value(1e-05), plan_value(True)
    ('gym:gcd 0.5, gsm8k 0.5', '1, 2', '1e-05', 'yes')
    """
    match value:
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:g}"
        case dict():
            return ", ".join(f"{name} {plan_value(inner)}" for name, inner in value.items()) or "none"
        case list():
            return ", ".join(plan_value(inner) for inner in value) or "none"
        case None | "":
            return "none"
        case _:
            return str(value)
