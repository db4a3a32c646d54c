"""Events of a run that uses tools: which it has, a call, the question whether it may run, what came back."""

from dataclasses import dataclass
from typing import Literal

# `free` runs at once, `ask` waits for the user's word, `off` is not offered to the model.
Policy = Literal["free", "ask", "off"]
ToolOutcome = Literal["ok", "failed", "refused"]


@dataclass(frozen=True, slots=True)
class OfferedTool:
    """A tool that the model was told of."""

    name: str
    policy: Policy = "free"


@dataclass(frozen=True, slots=True)
class Equipped:
    """Second event of a run that has tools; its limits hold for the whole run.

    Args:
        tools: Those that the model is told of, in their order.
        max_steps: So many times at most the model writes; the last time without tools.
        max_seconds: By the clock, waiting for a user's word not counted; 0 for no limit but the run's own.
        max_tokens: Of thinking and answers together; 0 for none.
        keeps_thinking: Whether the prompt keeps the thinking of earlier steps of this turn.
        scratch: Name of the folder that holds the run's files; a follow-up has the same.
        uploads: Names of the files that came with the question.
        n_left_out: So many more tools were allowed, and kept back because the model does best with few.
    """

    tools: tuple[OfferedTool, ...] = ()
    max_steps: int = 12
    max_seconds: float = 0.0
    max_tokens: int = 0
    keeps_thinking: bool = False
    scratch: str = ""
    uploads: tuple[str, ...] = ()
    n_left_out: int = 0
    type: Literal["equipped"] = "equipped"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model asks for a tool. `arguments` is the JSON object as text, exactly as the model wrote it."""

    call_id: str
    name: str
    arguments: str
    type: Literal["tool_call"] = "tool_call"


@dataclass(frozen=True, slots=True)
class ApprovalAsked:
    """The call waits until the user allows or refuses it, `seconds` at most: then it counts as refused."""

    call_id: str
    seconds: float
    type: Literal["approval_asked"] = "approval_asked"


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool gave back for the call `call_id`.

    Args:
        text: What the model is told.
        seconds: How long the call took, the waiting for a user's word not counted.
        images: PNG pictures in base64, for people; the model is only told that there are some.
        files: Names of the files in the run's scratch folder that the call wrote.
        is_untrusted: Whether the text comes from outside, where anybody may have written it.
    """

    call_id: str
    text: str
    outcome: ToolOutcome = "ok"
    seconds: float = 0.0
    images: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    is_untrusted: bool = False
    type: Literal["tool_result"] = "tool_result"

    @property
    def is_error(self) -> bool:
        """Whether the call did not do what it should."""
        return self.outcome != "ok"
