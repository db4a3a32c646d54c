"""A result of a benchmark, as far as it is, in; what the Benchmarks tab shows of it out. No gradio."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import tzinfo
from typing import Any

from evals.benchmarks.benchmark import Benchmark, Problem
from evals.durations import duration_text
from evals.result_file import Judged, Result, Sample
from evals.run_state import LiveText, Running, State
from ui.day_groups import date_of
from ui.sentences import joined, shortened
from ui.solve_values import LABELS

Value = dict[str, Any]
WAITING = "."
_LETTERS = {"correct": "c", "wrong": "w", "undecided": "u"}
_ANSWER_CHARACTERS = 60
_REASON_CHARACTERS = 200
_TITLE_CHARACTERS = 120
_GOLD_CHARACTERS = 1_500
# What a page is given at once of a text that grows: more than any model writes in a second.
_MOST_NEW_CHARACTERS = 200_000
_NOT_SEEN = "Another process works on this result: what it writes is seen here when a sample is done."
_ENDS = {
    "length": "token limit",
    "thinking_cut": "thinking cut",
    "loop": "went in circles",
    "time_limit": "time limit",
}
_PHASES = {
    "running": "Running",
    "stopping": "Stopping",
    "stopped": "Stopped. Resume goes on from here.",
    "done": "Done",
    "failed": "Failed",
}


def form_value(benchmarks: Iterable[Benchmark], is_hosted: bool) -> list[Value]:
    """What the form offers: benchmarks with what is known of them, and where their data can come from."""
    return [
        {
            "name": each.name,
            "title": each.title,
            "about": each.about,
            "source": each.source,
            "licence": each.licence,
            "judged_by": each.judged_by,
            "samples": each.samples,
            "sources": _sources(each, is_hosted),
        }
        for each in benchmarks
    ]


def _sources(benchmark: Benchmark, is_hosted: bool) -> list[tuple[str, str]]:
    if benchmark.hub is None:
        return [("auto", "Comes with the app")]
    sources = [("sample", "Sample of the app")] if benchmark.sample else []
    sources.append(("hub", "Hugging Face Hub"))
    return sources if is_hosted or not benchmark.file else [*sources, ("folder", "A folder")]


def title_of(head: Mapping[str, Any]) -> str:
    """A result's benchmark, as people call it."""
    return str(head.get("title") or head["benchmark"])


def about_text(head: Mapping[str, Any]) -> str:
    """What was asked of whom.

    >>> about_text({"model": "m", "precision": "bf16", "profile": "quick", "budget": "low", "problems": [1, 2]})
    'm · bf16 · quick, budget low · 2 problems'
    """
    budget = f"quick, budget {head.get('budget') or 'medium'}"
    n, samples = len(head["problems"]), int(head.get("samples", 1))
    asked = "1 problem" if n == 1 else f"{n:,} problems"
    precision = str(head.get("precision", ""))
    return joined(
        [
            str(head["model"]),
            "" if precision == "none" else precision,
            "published protocol" if head["profile"] == "published" else budget,
            asked if samples == 1 else f"{asked}, {samples} samples each",
        ]
    )


def data_text(head: Mapping[str, Any]) -> str:
    """Where the problems came from, if they are not the whole benchmark.

    >>> data_text({"data": {"note": "The shipped sample."}, "problems": [1]})
    'The shipped sample.'
    >>> data_text({"data": {"problems": 30}, "problems": [1]})
    '1 of 30 problems, chosen by chance.'
    """
    data = head.get("data") or {}
    n, whole = len(head["problems"]), int(data.get("problems") or 0)
    chosen = f"{n:,} of {whole:,} problems, chosen by chance." if n < whole else ""
    return " ".join(part for part in (str(data.get("note", "")), chosen) if part)


def letters_of(result: Result, problem: str) -> str:
    """A letter for each sample of a problem, as assets/benchmark_list.js reads them; none is being written here."""
    return "".join(_letter(result, (problem, number)) for number in range(result.n_samples))


def _letter(result: Result, key: tuple[str, int]) -> str:
    sample, judged = result.samples.get(key), result.judgements.get(key)
    if sample is None:
        return WAITING
    if sample.error:
        return "e"
    return _LETTERS.get(judged.outcome, "u") if judged else "j"


def row_value(result: Result, at: int, problem: str) -> list[Any]:
    """A problem's row: its place, the letters, the answer given most often, thinking and answer tokens of a sample.

    Programs and calls have no final answer; what was wrong or right with them stands in its place, and behind the
    tokens, whether it does.
    """
    keys = [(problem, number) for number in range(result.n_samples)]
    samples = [result.samples[key] for key in keys if key in result.samples]
    tokens = sum(each.thinking_tokens + each.answer_tokens for each in samples)
    answers = Counter(_answer(result, key) for key in keys if key in result.judgements)
    answer, is_reason = next((text for text, _ in answers.most_common() if text[0]), ("", False))
    return [at, letters_of(result, problem), answer, round(tokens / len(samples)) if samples else 0, is_reason]


def _answer(result: Result, key: tuple[str, int]) -> tuple[str, bool]:
    """The answer, or else the reason, and whether it is that."""
    judged = result.judgements[key]
    first = result.judgements.get((key[0], judged.class_of), judged)
    if first.answer or first.outcome == "undecided":
        return shortened(first.answer, _ANSWER_CHARACTERS), False
    return shortened(as_sentence(first.reason), _REASON_CHARACTERS), True


def problems_value(head: Mapping[str, Any]) -> list[list[str]]:
    """Id and title of each problem."""
    titles = head.get("titles") or []
    return [
        [id_, shortened(str(titles[at]) if at < len(titles) else "", _TITLE_CHARACTERS)]
        for at, id_ in enumerate(head["problems"])
    ]


def standing_value(state: State, seconds: float, samples: int = 1) -> Value:
    """How far it is, in words.

    Args:
        seconds: How long was worked on it so far.
        samples: So many of each problem.
    """
    is_going = state.phase in ("running", "stopping")
    detail = [f"{state.done:,} of {state.total:,} {'samples ' if samples > 1 else ''}done"]
    if is_going and state.seconds_left is not None:
        detail.append(f"about {duration_text(state.seconds_left)} left")
    if is_going and state.running:
        detail.append(f"{len(state.running)} being written")
    if not is_going and seconds:
        detail.append(duration_text(seconds))
    text = "Running in another process" if state.is_elsewhere else _PHASES[state.phase]
    return {
        "text": f"{text}: {state.note}" if state.note else text,
        "detail": " · ".join(detail),
        "tone": "busy" if is_going else "error" if state.phase == "failed" else "",
        "done": state.done,
        "total": state.total,
        "is_going": is_going,
        "may_stop": is_going and not state.is_elsewhere,
        "may_resume": state.phase in ("stopped", "failed"),
    }


def running_value(running: Sequence[Running], places: Mapping[str, int]) -> list[list[int]]:
    """Samples that are being written: place of the problem, number of the sample, tokens so far."""
    return [[places[each.problem], each.number, each.tokens] for each in running if each.problem in places]


def worked_seconds(result: Result) -> float:
    """How long the sessions of a result took that have ended."""
    return sum(float(each["ended"]) - float(each["began"]) for each in result.sessions if "ended" in each)


def listed_value(name: str, result: Result, share: float | None, phase: str, at: float, zone: tzinfo | None) -> Value:
    """A result in the list of all.

    Args:
        share: Its score from 0 to 1; None where nothing is judged.
        at: When it was begun, in Unix seconds.
    """
    n, whole = len(result.judgements), len(result.problems) * result.n_samples
    states = {"running": "Running", "stopping": "Stopping", "done": ""}
    return {
        "name": name,
        "title": title_of(result.head),
        "about": joined([date_of(at, zone), about_text(result.head)]),
        "share": share,
        "state": states.get(phase, f"{n:,} of {whole:,} done"),
        "is_going": phase in ("running", "stopping"),
    }


def live_value(live: LiveText | None, began: float, known: tuple[int, int]) -> Value:
    """What is new of a sample that is being written; nothing but {} of one that is not.

    Args:
        began: Of the try that the page knows: of another one it is told all.
        known: So many characters of thinking and answer.
    """
    if live is None:
        return {}
    thinking, answer = known if live.began == began else (0, 0)
    new = live.thinking[thinking : thinking + _MOST_NEW_CHARACTERS]
    has_all = thinking + len(new) == len(live.thinking)
    new_answer = live.answer[answer : answer + _MOST_NEW_CHARACTERS] if has_all else ""
    return {
        "began": live.began,
        "is_new": live.began != began,
        "thinking": new,
        "answer": new_answer,
        "known": [thinking + len(new), answer + len(new_answer)],
        "figures": f"{live.tokens:,} tokens so far",
    }


def opened_value(sample: Sample | None, judged: Judged | None, is_elsewhere: bool = False) -> Value:
    """One sample of a problem: what was written and judged.

    Args:
        sample: None while it is not written.
        is_elsewhere: Another process works on the result.
    """
    value: Value = {"thinking": "", "answer": "", "no_thinking": "", "no_answer": "", "compared": []}
    value["is_written"] = sample is not None
    if sample is None:
        return value | {"label": "Not done", "reason": _NOT_SEEN if is_elsewhere else "It is not written yet."}
    answer = "\n\n".join([sample.answer, *(f"{name}({arguments})" for name, arguments in sample.calls)]).strip()
    label, standing = ("Failed", "failed") if sample.error else ("Being judged", "going")
    if judged and not sample.error:
        label, standing = LABELS[judged.outcome], judged.outcome
    return value | {
        "label": label,
        "standing": standing,
        "reason": _reason(sample, judged),
        "compared": [["Final answer", judged.answer]] if judged and judged.answer else [],
        "figures": _sample_figures(sample),
        "thinking": sample.thinking,
        "answer": answer,
        "no_thinking": "" if sample.thinking else "There was no thinking.",
        "no_answer": "" if answer or sample.error else "The thinking never ended, so there is no answer.",
    }


def as_sentence(reason: str) -> str:
    """A judge's reason as it is shown.

    >>> as_sentence("3 is not 4"), as_sentence("the answer has no box"), as_sentence("")
    ('3 is not 4.', 'The answer has no box.', '')
    """
    return f"{reason[:1].upper()}{reason[1:]}".rstrip(".") + "." if reason else ""


def _reason(sample: Sample, judged: Judged | None) -> str:
    reason = as_sentence(sample.error or (judged.reason if judged else ""))
    if judged and judged.qwq_outcome and judged.qwq_outcome != judged.outcome:
        reason += f" Under QwQ's own rule: {judged.qwq_outcome}."
    return reason.strip()


def asked_value(problem: Problem | None) -> Value:
    """What was asked, and the reference; nothing where the data cannot be read any more."""
    if problem is None:
        return {"question": "", "compared": []}
    gold = problem.reference or problem.gold
    gold = gold if isinstance(gold, str) else json.dumps(gold, ensure_ascii=False)
    gold = gold if len(gold) <= _GOLD_CHARACTERS else f"{gold[:_GOLD_CHARACTERS]} …"
    return {
        "question": "\n\n".join(message.content for message in problem.messages),
        "compared": [["Reference", gold]],
    }


def _sample_figures(sample: Sample) -> str:
    return joined(
        [
            f"{sample.thinking_tokens:,} tokens of thinking",
            f"{sample.answer_tokens:,} of answer",
            duration_text(sample.seconds) if sample.seconds else "",
            _ENDS.get(sample.finish_reason, ""),
        ]
    )
