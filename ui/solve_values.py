"""A problem with its chains in, what the Math tab shows of it out: final answer, verdict, chains. No gradio."""

import re
from collections.abc import Sequence
from typing import Any

from model.checked import Checked
from model.events import Evidence
from model.host import HostStatus
from model.waiting_line import Place
from ui.panes import Panes
from ui.sentences import shortened, status_value
from verify.check_program import LIMITS_IN_WORDS
from verify.solve import Chain, Solve

LABELS: dict[str, str] = {
    "correct": "Correct",
    "wrong": "Wrong",
    "undecided": "Undecided",
    "evidence": "Evidence, not a proof",
    "not checked": "Not checked",
}
_KINDS = {
    "vote": "Vote",
    "substitution": "Put into the equation",
    "evaluation": "Worked out",
    "program": "Check program",
    "disagreement": "Programs that disagree",
}
_NOT_CHECKED = "No known answer was given, and nothing else could be put to the test. Give the known answer below."
_REASONS = {
    "stop": "",
    "length": "token limit",
    "thinking_cut": "thinking cut",
    "loop": "went in circles",
    "stopped": "stopped",
    "time_limit": "time limit",
    "allowance": "tokens used up",
    "error": "failed",
}
# What only LaTeX has: an answer with any of it is set as maths, others as the text that they are.
_LATEX = re.compile(r"[\\^_{}]|\A\s*[-+]?[\d.,/ ]+\Z")
_SHOWN_CHARACTERS = 300


def final_answer_markdown(answer: str) -> str:
    r"""The final answer for the Markdown pane; empty where there is none.

    >>> final_answer_markdown(r"\frac{1}{2}"), final_answer_markdown("five *cats*")
    ('\\[\\displaystyle \\frac{1}{2}\\]', 'five \\*cats\\*')
    """
    text = answer.strip()
    if not text:
        return ""
    if _LATEX.search(text) and r"\]" not in text and "\n\n" not in text:
        return f"\\[\\displaystyle {text}\\]"
    return re.sub(r"([\\`*_{}\[\]<>#|~$!-])", r"\\\1", shortened(text, _SHOWN_CHARACTERS))


def verdict_value(checked: Checked) -> dict[str, Any]:
    """What `ui.parts.verdict_card` shows of an answer."""
    verdict = checked.verdict
    is_bare = verdict is None and not checked.evidence
    facts = []
    if verdict is not None:
        facts = [
            ("The known answer, as compared", verdict.gold_form or verdict.gold),
            ("The answer, as compared", verdict.candidate_form or verdict.extracted or "none"),
            ("Compared in", f"{verdict.seconds:.3f} s"),
        ]
    is_against = verdict is None and any(not each.is_for for each in checked.evidence)
    return {
        "standing": "against" if is_against else checked.standing,
        "label": "Evidence against it" if is_against else LABELS[checked.standing],
        "reason": verdict.reason if verdict else (_NOT_CHECKED if is_bare else ""),
        "facts": [[name, shortened(value, _SHOWN_CHARACTERS)] for name, value in facts],
        "evidence": [_evidence(each) for each in checked.evidence],
    }


def _evidence(each: Evidence) -> list[Any]:
    limits = f"Run in isolation, with {LIMITS_IN_WORDS}." if each.program else ""
    return [_KINDS[each.kind], each.strength, each.words, each.is_for, each.program, each.output, limits]


def chains_value(solve: Solve, shown_run: str) -> dict[str, Any]:
    """What `ui.parts.chain_table` shows; nothing for a single chain without a check program."""
    if len(solve.chains) < 2 and solve.checker is None:
        return {"rows": [], "words": ""}
    letters = {answer: chr(ord("A") + at % 26) for at, (answer, _) in enumerate(solve.classes)}
    winner = solve.classes[0][0] if solve.classes else ""
    rows = [
        [
            chain.run_id,
            chain.number,
            shortened(chain.answer, 80),
            letters.get(chain.answer_class, ""),
            chain.thinking_tokens + chain.answer_tokens,
            round(chain.seconds, 1),
            _state(chain),
            chain.checked.verdict.outcome if chain.checked.verdict and chain.answer else "",
            chain.run_id == shown_run,
            bool(winner) and chain.answer_class == winner,
        ]
        for chain in (*solve.chains, *([solve.checker] if solve.checker else []))
    ]
    return {"rows": rows, "words": _tally(solve) if len(solve.chains) > 1 else ""}


def _state(chain: Chain) -> str:
    if chain.is_live:
        return "answering" if chain.answer_tokens else "thinking" if chain.thinking_tokens else "waiting"
    return _REASONS.get(chain.reason, chain.reason)


def _tally(solve: Solve) -> str:
    """How the vote stands: the numbers of chains by answer, most first."""
    going = sum(chain.is_live for chain in solve.chains)
    counts = [str(len(chains)) for _, chains in solve.classes]
    said = f"{' : '.join(counts)} by answer" if len(counts) > 1 else f"{counts[0]} agree" if counts else "No answer yet"
    if not going and not counts:
        said = "No chain gave an answer"
    return f"{said} · {going} of {len(solve.chains)} go on" if going else said


def math_status(
    panes: Panes, solve: Solve, host: HostStatus, waited_seconds: float, place: Place | None
) -> dict[str, Any]:
    """What `ui.parts.math_status` shows: how it goes, the panes' figures, the buttons there are, the address."""
    told = status_value(panes, host, waited_seconds, place=place)
    n_live = sum(chain.is_live for chain in solve.chains)
    text, tone = told["text"], told["tone"]
    if not panes.is_live and n_live:
        text, tone = f"{n_live} of {len(solve.chains)} chains go on", "busy"
    elif not panes.is_live and not solve.is_answered:
        text, tone = "Looking at the answer", "busy"
    elif not n_live and solve.is_answered and solve.is_checking:
        text, tone = _checking(solve), "busy"
    is_live = bool(solve.live_runs)
    shows = {
        "math-solve": not is_live,
        "math-stop": is_live,
        "math-answer-now": panes.phase in ("reading", "thinking") if n_live else is_live and not _is_writing(solve),
        "math-continue": not is_live and panes.is_cut,
        "math-recheck": solve.is_answered,
        "math-ask-program": solve.is_settled and solve.winner and not solve.gold,
        "math-new": not is_live,
    }
    return told | {
        "shows": " ".join(name for name, is_shown in shows.items() if is_shown),
        "text": text,
        "tone": tone,
        "chain": _chain_words(solve, panes.run_id),
    }


def _checking(solve: Solve) -> str:
    is_written = solve.checker is not None and not solve.checker.is_live
    return "The check program is being run" if is_written else "A check program is being written"


def _is_writing(solve: Solve) -> bool:
    """Whether the check program's thinking is over."""
    return solve.checker is not None and solve.checker.answer_tokens > 0


def _chain_words(solve: Solve, shown_run: str) -> str:
    if solve.checker is not None and solve.checker.run_id == shown_run:
        return "Check program"
    number = next((chain.number for chain in solve.chains if chain.run_id == shown_run), 1)
    return f"Chain {number} of {len(solve.chains)}" if len(solve.chains) > 1 else ""


def empty_status(text: str = "", tone: str = "") -> dict[str, Any]:
    """The status while no problem is on the page; `run` None leaves the address alone."""
    return {"run": None, "phase": "empty", "shows": "math-solve math-examples", "text": text, "tone": tone}


def solved_row(solve: Solve) -> list[Any]:
    """One line of the list of what was solved."""
    answer = solve.winner.answer if solve.winner else ""
    label = "Being solved" if solve.is_live else LABELS[solve.standing]
    standing = "going" if solve.is_live else solve.standing
    chains = f"{len(solve.chains)} chains" if len(solve.chains) > 1 else ""
    return [solve.id, shortened(solve.statement, 140), shortened(answer, 60), standing, label, chains, solve.created_at]


def solved_value(solves: Sequence[Solve]) -> dict[str, Any]:
    """What `ui.parts.solved_list` shows."""
    return {"rows": [solved_row(solve) for solve in solves]}
