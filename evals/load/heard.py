"""What a reader was given, and when: one JSON line for each run, as `evals.load.checked` compares it with the store."""

import json
import time
from dataclasses import asdict, dataclass, field


@dataclass(slots=True)
class Heard:
    """One run as its reader had it.

    Args:
        transport: "page", "script" or "caller".
        grown: Kind of text, its characters so far and the Unix time, each time that more of it had come.
        trouble: What went wrong with the reading; empty when nothing did.
        began: Unix time of the question.
        cut: Whether the reader stopped before the end.
    """

    transport: str
    question: str
    run_id: str = ""
    texts: dict[str, str] = field(default_factory=lambda: {"thinking": "", "answer": ""})
    grown: list[tuple[str, int, float]] = field(default_factory=list)
    trouble: str = ""
    began: float = field(default_factory=time.time)
    cut: bool = False

    def more(self, kind: str, text: str) -> None:
        """New text at the end."""
        if text:
            self.whole(kind, self.texts[kind] + text)

    def whole(self, kind: str, text: str) -> None:
        """All of a text as it stands now."""
        if text != self.texts[kind]:
            self.texts[kind] = text
            self.grown.append((kind, len(text), time.time()))

    def line(self) -> str:
        return json.dumps(asdict(self))


def heard_of(line: str) -> Heard:
    """What `Heard.line` wrote."""
    return Heard(**json.loads(line))
