"""A script of thinking and answers in, an engine that "writes" it at a given speed out: tests of the page, no weights.

It is a decoder over a vocabulary of text pieces, so budget, splitting, loops and steering are the real ones. It proves
nothing about a model.
"""

import json
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path

from model.catalog import find_model
from model.chat import ChatEngine
from model.engine import Detokenizer, Prompt, Request, Tokens
from model.errors import BadInput, EngineError
from model.events import Message, Sampling
from model.scoring import Scores

_PIECES = re.compile(r"</?[a-z_]+>|\s?[^\s<]{1,6}|\s|<")
_OPEN, _CLOSE = "<think>\n", "\n</think>\n\n"
_QUESTION, _RESULT = "\x1e", "\x1d"
_STOP_ID = 0
# How often a stream looks for a slot, or for the next piece; and how seldom at most.
_LOOK_SECONDS, _LONGEST_LOOK_SECONDS = 0.01, 0.1


@dataclass(frozen=True, slots=True)
class Turn:
    """What is written when the question matches `match` (a regular expression); `{question}` is put in.

    `thinking` is repeated `repeat` times, numbered by `{n}`. `is_closed` False ends the turn inside the thinking. With
    `times`, only so many requests get it, and the turns after it are for the others: runs of one question can differ.
    `result` is a regular expression too, for turns after tool calls: it is found in what came back since the question;
    `system` is one that is found in the system text.
    """

    thinking: str
    answer: str
    match: str = ""
    repeat: int = 1
    is_closed: bool = True
    times: int = 0
    result: str = ""
    system: str = ""

    def text(self, question: str) -> str:
        """The whole turn as the model would write it after `<think>`."""
        thinking = "".join(self.thinking.replace("{n}", str(n + 1)) for n in range(self.repeat))
        whole = thinking + (_CLOSE + self.answer if self.is_closed else "")
        return whole.replace("{question}", question)


class _Vocabulary:
    """Text pieces and their ids, grown as they are met."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids: dict[str, int] = {"": _STOP_ID}
        self._texts: list[str] = [""]

    def encode(self, text: str) -> tuple[int, ...]:
        with self._lock:
            return tuple(self._id(piece) for piece in _PIECES.findall(text))

    def _id(self, piece: str) -> int:
        if piece not in self._ids:
            self._ids[piece] = len(self._texts)
            self._texts.append(piece)
        return self._ids[piece]

    def feed(self, token_id: int) -> str:
        return self._texts[token_id]

    def decode(self, ids: Sequence[int]) -> str:
        return "".join(self._texts[i] for i in ids)

    def __len__(self) -> int:
        return len(self._texts)


class ScriptedPrompts:
    """`PromptBuilder` over the vocabulary of pieces."""

    def __init__(self, vocabulary: _Vocabulary) -> None:
        self._vocabulary = vocabulary

    @property
    def stop_ids(self) -> tuple[int, ...]:
        """The one piece that ends a turn."""
        return (_STOP_ID,)

    def build(self, request: Request) -> Prompt:
        """Every turn on a line of its own, then question and results again between marks that the decoder looks for."""
        turns = "".join(f"{m.role}: {_written(m)}\n" for m in request.messages)
        asked = max((number for number, m in enumerate(request.messages) if m.role == "user"), default=0)
        question = request.messages[asked].content if request.messages else ""
        results = "\n".join(m.content for m in request.messages[asked:] if m.role == "tool")
        system = "\n".join(m.content for m in request.messages if m.role == "system")
        matched = f"{question}{_RESULT}{results}{_RESULT}{system}" if results or system else question
        text = f"{turns}{_QUESTION}{matched}{_QUESTION}{_OPEN}{request.thinking_so_far}"
        if request.is_thinking_closed:
            is_forced = request.is_thinking_cut and bool(request.thinking_so_far)
            text += self.close_thinking(is_forced) + request.answer_so_far
        return Prompt(self._vocabulary.encode(text), text)

    def close_thinking(self, is_forced: bool) -> str:
        """An early-stop text of the script's own."""
        return ("\n\nI have to answer now." if is_forced else "") + _CLOSE

    def encode(self, text: str) -> tuple[int, ...]:
        """Ids of a text."""
        return self._vocabulary.encode(text)

    def detokenizer(self) -> Detokenizer:
        """Ids to text, one piece each."""
        return self._vocabulary


def _written(message: Message) -> str:
    """A message with its calls."""
    return " ".join([message.content, *(f"{call.name} {call.arguments}" for call in message.tool_calls)])


def _made_up(token_id: int, number: int) -> float:
    """A probability for a token at a place, the same each time; most are near 1."""
    return max(0.004, 1 - ((token_id * 7919 + number * 104_729) % 1000 / 1000) ** 4)


class _ScriptedStream:
    """Pieces that fall due as time passes."""

    def __init__(self, decoder: "ScriptedDecoder", ids: Sequence[int], max_new_tokens: int) -> None:
        self._decoder = decoder
        self._is_whole = len(ids) <= max_new_tokens
        self._ids = tuple(ids[:max_new_tokens])
        self._given = 0
        self._began_at: float | None = None
        self._cancelled = threading.Event()
        self._is_done = False

    @property
    def cached_tokens(self) -> int:
        """Unknown: a script has no cache."""
        return -1

    @property
    def prompt_tokens(self) -> int:
        """Known before."""
        return -1

    def read(self, timeout_seconds: float) -> Tokens | None:
        """The pieces that have fallen due; see `model.engine.TokenStream`."""
        deadline = time.monotonic() + timeout_seconds
        while not self._is_done and not self._cancelled.is_set():
            self._decoder.check_open()
            due = self._due()
            if due > self._given or (due == len(self._ids) and self._began_at is not None):
                return self._take(due)
            left_seconds = deadline - time.monotonic()
            if left_seconds <= 0:
                return None
            # Hundreds of streams that looked all the time would take the processor from whoever reads them.
            self._cancelled.wait(min(left_seconds, self._seconds_to_next()))
        return None

    def _seconds_to_next(self) -> float:
        if self._began_at is None:
            return _LOOK_SECONDS
        due_at = self._began_at + self._decoder.prompt_seconds + (self._given + 1) / self._decoder.tokens_per_second
        return min(max(due_at - time.monotonic(), _LOOK_SECONDS), _LONGEST_LOOK_SECONDS)

    def _due(self) -> int:
        if self._began_at is None:
            if not self._decoder.may_begin(self):
                return 0
            self._began_at = time.monotonic()
        seconds = time.monotonic() - self._began_at - self._decoder.prompt_seconds
        return min(len(self._ids), max(0, int(seconds * self._decoder.tokens_per_second)))

    def _take(self, due: int) -> Tokens:
        ids, self._given = self._ids[self._given : due], due
        is_over = due == len(self._ids)
        if is_over:
            self._is_done = True
            self._decoder.end(self)
        first = due - len(ids)
        logprobs = tuple(log(_made_up(token_id, first + at)) for at, token_id in enumerate(ids))
        return Tokens(ids, logprobs, ("stop" if self._is_whole else "length") if is_over else None)

    def cancel(self) -> None:
        """Give the slot back."""
        self._cancelled.set()
        self._decoder.end(self)


class ScriptedDecoder:
    """`Decoder` that goes on with the script from wherever the prompt has got to."""

    def __init__(
        self,
        turns: Sequence[Turn],
        vocabulary: _Vocabulary,
        tokens_per_second: float,
        prompt_seconds: float,
        slots: int,
    ) -> None:
        self.tokens_per_second = tokens_per_second
        self.prompt_seconds = prompt_seconds
        self.slots = slots
        self.honours_seed = True
        self._turns = turns
        self._n_written = [0] * len(turns)
        self._vocabulary = vocabulary
        self._lock = threading.Lock()
        self._streams: list[_ScriptedStream] = []
        self._is_closed = False

    def start(
        self, prompt_ids: Sequence[int], sampling: Sampling, max_new_tokens: int, stop_ids: Sequence[int]
    ) -> _ScriptedStream:
        """Queue what follows the prompt; see `model.engine.Decoder`."""
        self.check_open()
        text = self._continuation(self._vocabulary.decode(prompt_ids))
        stream = _ScriptedStream(self, self._vocabulary.encode(text), max_new_tokens)
        with self._lock:
            self._streams.append(stream)
        return stream

    def _continuation(self, prompt: str) -> str:
        matched, _, written = prompt.rpartition(_QUESTION)
        question, results, system = (*matched.rpartition(_QUESTION)[2].split(_RESULT), "", "")[:3]
        written = written.removeprefix(_OPEN)
        turn = self._turn_for(question, results, system)
        if turn is None:
            raise EngineError(f"The script has no turn that matches {question!r}.")
        whole = turn.text(question)
        if "</think>" not in written:
            return whole[len(written) :]
        answer = whole.partition(_CLOSE)[2] if turn.is_closed else turn.answer.replace("{question}", question)
        answer_so_far = written.partition(_CLOSE)[2]
        return answer.removeprefix(answer_so_far)

    def _turn_for(self, question: str, results: str, system: str) -> Turn | None:
        with self._lock:
            for number, turn in enumerate(self._turns):
                is_left = not turn.times or self._n_written[number] < turn.times
                pairs = (turn.match, question), (turn.result, results), (turn.system, system)
                if is_left and all(re.search(pattern, text, re.DOTALL) for pattern, text in pairs):
                    self._n_written[number] += 1
                    return turn
        return None

    def score(self, ids: Sequence[int], first: int, on_progress: Callable[[int], None] | None = None) -> Scores:
        """Made-up scores, the same each time: they are for tests of the page only."""
        self.check_open()
        known = len(self._vocabulary)
        chosen = [_made_up(token_id, number) for number, token_id in enumerate(ids)][first:]
        if on_progress is not None:
            on_progress(len(ids))
        return Scores(
            tuple(log(probability) for probability in chosen),
            tuple(8 * (1 - probability) for probability in chosen),
            tuple(
                tuple(((token_id + step) % known, log((1.0 - probability) / 2**step + 1e-6)) for step in (1, 2, 3))
                for token_id, probability in zip(ids[first:], chosen, strict=True)
            ),
        )

    def may_begin(self, stream: _ScriptedStream) -> bool:
        """Whether the stream is among the first `slots`."""
        with self._lock:
            return stream in self._streams[: self.slots]

    def end(self, stream: _ScriptedStream) -> None:
        """The stream needs its slot no more."""
        with self._lock:
            if stream in self._streams:
                self._streams.remove(stream)

    def check_open(self) -> None:
        """Raises EngineError once the decoder is closed."""
        if self._is_closed:
            raise EngineError("The engine was closed in mid-run. Load a model, then press Continue.")

    def live_requests(self) -> int:
        """Streams that hold or wait for a slot."""
        with self._lock:
            return len(self._streams)

    def close(self) -> None:
        """End every stream with an error."""
        self._is_closed = True
        with self._lock:
            self._streams.clear()


class ScriptedEngine(ChatEngine):
    """An engine that writes the first turn whose `match` is found in the question."""

    def __init__(
        self,
        turns: Sequence[Turn],
        *,
        tokens_per_second: float = 200.0,
        prompt_seconds: float = 0.0,
        slots: int = 16,
        context_tokens: int = 131_072,
    ) -> None:
        vocabulary = _Vocabulary()
        super().__init__(
            ScriptedDecoder(turns, vocabulary, tokens_per_second, prompt_seconds, slots),
            ScriptedPrompts(vocabulary),
            model="scripted",
            precision="none",
            context_tokens=context_tokens,
            family=find_model("qwq-32b").family,
        )


def load_script(path: Path) -> ScriptedEngine:
    """An engine from a JSON file: `{"tokens_per_second": 200, "prompt_seconds": 0.1, "turns": [{"thinking": ...}]}`.

    Raises:
        BadInput: If the file is missing, is not JSON, or a turn has an unknown field.
    """
    try:
        script = json.loads(path.read_text(encoding="utf-8"))
        turns = [Turn(**turn) for turn in script.pop("turns")]
        return ScriptedEngine(turns, **script)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadInput(f"The script {str(path)!r} cannot be read: {error}.") from error
