"""Token ids and a sampling in, tokens out as they come: many requests at once, by llama.cpp's server in a child.

The server batches what is open and keeps keys and values of prompts that begin alike. Requests beyond its slots wait
here, so that a cancel of one of them has nothing to undo. A server that dies tells its readers, and the next request
gets a new one.
"""

import threading
import weakref
from collections.abc import Callable, Sequence

from model.engine import TokenStream
from model.errors import EngineError
from model.events import Sampling
from model.llamacpp_child import LlamaChild
from model.llamacpp_line import Job, Line
from model.llamacpp_scores import forced_scores
from model.scoring import Scores
from model.token_inbox import CLOSED, check_prompt
from model.token_pieces import TokenPieces

_ASK_SECONDS = 10.0


class LlamaCppDecoder:
    """A `Decoder` over llama.cpp's server.

    Args:
        child: The server, which has been started with as many slots.
        context_tokens: Longest prompt plus new tokens of one request.
        cache_tokens: Tokens, of all requests together, that the server holds keys and values of.
        slots: Requests decoded at once; further ones wait.
        pieces: The bytes of the model's tokens.
    """

    # How many requests are decoded together, and how much of a prompt was known, changes the rounding.
    honours_seed = False

    def __init__(
        self,
        child: LlamaChild,
        *,
        context_tokens: int,
        cache_tokens: int,
        slots: int,
        pieces: TokenPieces,
    ) -> None:
        self._child = child
        self._room_tokens = min(context_tokens, cache_tokens)
        self._slots = slots
        self._pieces = pieces
        self._line = Line(child, slots, cache_tokens, pieces)
        # One reading at a time: each takes a slot of the server beside those of the line.
        self._scoring = threading.Lock()
        self._end = weakref.finalize(self, self._line.close)  # also when the interpreter exits

    @property
    def slots(self) -> int:
        """How many requests it decodes at once."""
        return self._slots

    @property
    def room_tokens(self) -> int:
        """Longest prompt plus new tokens."""
        return self._room_tokens

    @property
    def server_process_id(self) -> int:
        """Of the process that decodes; 0 while there is none."""
        return self._child.process_id

    def busy_slots(self) -> int:
        """How many requests the server itself says that it works on.

        Raises:
            EngineError: If the decoder was closed.
            OSError: If the server does not answer.
        """
        return sum(bool(slot.get("is_processing")) for slot in self._child.get("/slots", _ASK_SECONDS))

    def start(
        self, prompt_ids: Sequence[int], sampling: Sampling, max_new_tokens: int, stop_ids: Sequence[int]
    ) -> TokenStream:
        """Queue a request; its new tokens are held to what `room_tokens` leaves beside the prompt.

        llama.cpp ends at the model's own end-of-turn tokens too, whether they are among `stop_ids` or not.

        Raises:
            BadInput: If the prompt is empty or is not of this model's vocabulary.
            PromptTooLong: If the prompt leaves no room for a new token.
            EngineError: If the decoder was closed.
        """
        if not self._end.alive:
            raise EngineError(CLOSED)
        check_prompt(prompt_ids, len(self._pieces), self._room_tokens)
        new_tokens = min(max_new_tokens, self._room_tokens - len(prompt_ids))
        job = Job(self._line, prompt_ids, sampling, new_tokens, stop_ids)
        if new_tokens <= 0:
            job.inbox.push((), (), "length")
        else:
            self._line.add(job)
        return job.inbox

    def score(self, ids: Sequence[int], first: int, on_progress: Callable[[int], None] | None = None) -> Scores:
        """What the model thinks of the tokens from number `first` on; see `model.engine.Decoder`.

        Raises:
            BadInput: If the ids are none or are not of this model's vocabulary.
            PromptTooLong: If they are more than the context holds.
            EngineError: If the decoder was closed, or the server fails.
        """
        check_prompt(ids, len(self._pieces), self._room_tokens + 1)
        with self._scoring:
            try:
                return forced_scores(self._child, ids, first, self._pieces, on_progress)
            except (OSError, ValueError, KeyError) as error:
                if not self._end.alive:
                    raise EngineError(CLOSED) from error
                why = self._child.death() or f"its server hung up ({type(error).__name__})"
                raise EngineError(f"llama.cpp ended while it read the text again: {why}. Try again.") from error

    def live_requests(self) -> int:
        """Requests that hold or wait for the device."""
        return self._line.live()

    def close(self) -> None:
        """Free the device; open streams raise `EngineError`."""
        self._end()
