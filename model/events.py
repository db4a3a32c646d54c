"""Every event that a run can hold: frozen values, one class per meaning, with a JSON round trip.

A run is an append-only list of these. The engine writes them, the store keeps them, and the page, the endpoints and
the benchmarks read them. `Event` is a closed union: `match` over it and end with `assert_never`.
"""

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, TypeAdapter

from model.code_events import Program, Task, TestReport
from model.tool_events import ApprovalAsked, Equipped, ToolCall, ToolResult

FinishReason = Literal["stop", "length", "thinking_cut", "loop", "stopped", "time_limit", "allowance", "error"]
Role = Literal["system", "user", "assistant", "tool"]
# The last three answer the question whether a tool call may run.
Action = Literal[
    "stop",
    "answer_now",
    "think_longer",
    "continue",
    "pause",
    "resume",
    "hint",
    "budget",
    "allow",
    "allow_always",
    "refuse",
]
# How a run came out of another: nothing kept; another question; the thinking kept and answered anew; the thinking
# changed by hand; the thinking kept up to some place.
Way = Literal["regenerated", "new_question", "new_answer", "edited_thinking", "forked"]
NoticeKind = Literal[
    "started",  # the run has its id; carries no bad news
    "budget",  # the thinking reached its budget and was ended
    "answer_now",  # the user ended the thinking
    "loop",  # the thinking (or the answer) went in circles and was ended
    "thought_again",  # the answer went back to thinking after a forced cut and was held to answering
    "unclosed",  # the model ended its turn inside the thinking and was asked for its answer
    "length",  # the token limit was reached
    "time_limit",  # the run's time limit was reached
    "allowance",  # the user's tokens for this hour were used up; there are more later
    "stopped",  # the user stopped the run
    "hint_left_out",  # a hint came when the thinking was over
    "no_answer",  # the model wrote no answer even when it was asked for one
    "reduced",  # a setting was lowered to fit the context, or cannot be honoured by this engine
    "gpu_call",  # what to expect of a call of a lent GPU; carries no bad news
    "gpu_time",  # nothing is left of the visitor's seconds on a lent GPU
    "engine",  # the engine failed, restarted or was exchanged
    "store",  # the disk takes nothing, so the run is kept in memory; or it does again
    "interrupted",  # the app was ended in mid-run; the events up to then were kept
    "step_limit",  # so often, so long or so much was written with tools; the next step is the last and has none
    "repeated_call",  # the same call with the same arguments was not run again
    "reminded",  # the model had spoken of a call that it did not write, and was told so
    "decided",  # the vote over several runs of one problem could not change any more, so this one was stopped
]
Outcome = Literal["correct", "wrong", "undecided"]
EvidenceKind = Literal["vote", "substitution", "evaluation", "program", "disagreement"]
Strength = Literal["none", "weak", "fair", "strong"]


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are drawn. `None` means the model family's preset, never greedy unless asked for."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    max_new_tokens: int | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat. `thinking` is kept beside an assistant's answer; the family decides if a prompt shows it."""

    role: Role
    content: str
    thinking: str = ""
    tool_calls: tuple[ToolCall, ...] = ()


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that was sent with a question, as the text that was read out of it."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Asked:
    """First event of every run: what was asked, of which model, with which settings."""

    question: str
    history: tuple[Message, ...] = ()
    system: str = ""
    model: str = ""
    precision: str = ""
    budget: str | int = "medium"
    sampling: Sampling = field(default_factory=Sampling)
    attachments: tuple[Attachment, ...] = ()
    type: Literal["asked"] = "asked"


@dataclass(frozen=True, slots=True)
class PromptRead:
    """The model has read the prompt: the first token has come.

    `cached_tokens` of the prompt came out of the prefix cache; -1 where the engine cannot tell.
    """

    prompt_tokens: int
    cached_tokens: int
    seconds: float
    type: Literal["prompt_read"] = "prompt_read"


@dataclass(frozen=True, slots=True)
class ThinkingDelta:
    """New text of the thinking.

    `logprobs` are those of the sampling distribution (after temperature, top-k and top-p), one a token; empty where
    the engine has none. `forced` text was written by us (an early-stop text), not drawn by the model; text `by_user`
    is a hint or an edit.
    """

    text: str
    n_tokens: int
    logprobs: tuple[float, ...] = ()
    forced: bool = False
    by_user: bool = False
    type: Literal["thinking"] = "thinking"


@dataclass(frozen=True, slots=True)
class AnswerDelta:
    """New text of the answer; fields as in `ThinkingDelta`."""

    text: str
    n_tokens: int
    logprobs: tuple[float, ...] = ()
    type: Literal["answer"] = "answer"


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence for the user about the run; `kind` for programs."""

    kind: NoticeKind
    text: str
    type: Literal["notice"] = "notice"


@dataclass(frozen=True, slots=True)
class Steered:
    """What the user did to the run.

    `tokens` is the amount added by *think longer*, else 0. `text` is the hint, the new budget, or the id of the tool
    call that was allowed or refused; else empty.

    *continue* takes the run on from where it was cut; *think_longer* on a run that has ended reopens its thinking, so
    the answer written so far no longer stands (the events keep it).
    """

    action: Action
    tokens: int = 0
    text: str = ""
    type: Literal["steered"] = "steered"


@dataclass(frozen=True, slots=True)
class Queued:
    """The run waits for its turn at the model, or does so no more.

    A run that others waited for gives way between two tokens and goes on where it was: its text is the same.

    Args:
        is_over: Its turn has come.
        before: Runs that wait and were to be let in earlier, when the wait began.
        seconds: The wait to expect (0 while it cannot be told); once it is over, the wait that it was.
    """

    is_over: bool = False
    before: int = 0
    seconds: float = 0.0
    type: Literal["queued"] = "queued"


@dataclass(frozen=True, slots=True)
class Branched:
    """Second event of a run that came out of another one. What it keeps of the thinking follows, with 0 tokens."""

    from_run: str
    way: Way
    type: Literal["branched"] = "branched"


@dataclass(frozen=True, slots=True)
class Problem:
    """Second event of a run that solves a problem: number `chain` of `n_chains` runs of the same question.

    Args:
        first_run: The run that is chain 1; its id stands for all of them.
        instruction: What was added to the problem to make the question.
        gold: The known answer, if there is one.
        chain: From 1; 0 for a run with another purpose than to answer, which has no vote.
        first_to_finish: The vote is over when so many chains have ended; None waits for all.
        purpose: `answer`, or `check_program` for a run that writes a program from the statement and sees no answer.
    """

    first_run: str
    instruction: str = ""
    gold: str = ""
    chain: int = 1
    n_chains: int = 1
    first_to_finish: int | None = None
    purpose: Literal["answer", "check_program"] = "answer"
    type: Literal["problem"] = "problem"


@dataclass(frozen=True, slots=True)
class FinalAnswer:
    """What was found as the final answer in the answer of a run that has ended; empty if there is none.

    `answer_class` is the first spelling of the same answer among the runs of its problem.
    """

    text: str
    answer_class: str = ""
    type: Literal["final_answer"] = "final_answer"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`undecided` is not `wrong`: the check timed out, or one of the two could not be read.

    Args:
        reason: For people.
        extracted: The final answer as it was found; empty if there was none.
        gold_form: The reference as it was compared.
        candidate_form: The answer as it was compared.
        seconds: How long the check took, waiting for a free child process included.
        gold: The reference as it was given.
    """

    outcome: Outcome
    reason: str
    extracted: str = ""
    gold_form: str = ""
    candidate_form: str = ""
    seconds: float = 0.0
    gold: str = ""
    type: Literal["verdict"] = "verdict"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that speaks for an answer, or against it. Never a verdict.

    Args:
        words: What was seen, for people.
        is_for: Whether it speaks for the answer.
        program: The program that was run, where it is one that was.
        output: What that printed.
        run_id: The run that wrote it.
    """

    kind: EvidenceKind
    strength: Strength
    words: str
    is_for: bool = True
    program: str = ""
    output: str = ""
    run_id: str = ""
    type: Literal["evidence"] = "evidence"


@dataclass(frozen=True, slots=True)
class Finished:
    """Last event of a stream; only what was found out about its answer follows, or another stream.

    Token counts and seconds are those of this stream, not of what it continues.
    """

    reason: FinishReason
    prompt_tokens: int = 0
    thinking_tokens: int = 0
    answer_tokens: int = 0
    seconds: float = 0.0
    thinking_seconds: float = 0.0
    answer_seconds: float = 0.0
    type: Literal["finished"] = "finished"


Event = (
    Asked
    | Branched
    | Problem
    | Equipped
    | PromptRead
    | ThinkingDelta
    | AnswerDelta
    | ToolCall
    | ApprovalAsked
    | ToolResult
    | Notice
    | Steered
    | Queued
    | Finished
    | FinalAnswer
    | Verdict
    | Evidence
    | Task
    | Program
    | TestReport
)
EVENT_CLASSES: tuple[type[Any], ...] = get_args(Event)

_ONE: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="type")])


def to_json(event: Event) -> str:
    """One line of JSON; `from_json` gives the equal event back."""
    return _ONE.dump_json(event).decode()


def from_json(line: str | bytes) -> Event:
    """The event that `to_json` wrote.

    Raises:
        pydantic.ValidationError: If `line` is not one of our events.

    >>> from_json(to_json(Notice("budget", "The thinking reached its budget.")))
    Notice(kind='budget', text='The thinking reached its budget.', type='notice')
    """
    return _ONE.validate_json(line)
