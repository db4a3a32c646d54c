"""The exception tree: everything that a user can cause is an `AppError` with a sentence to show.

    AppError
    ├── BadInput               an argument is out of range, of the wrong type, or empty
    │   └── PromptTooLong      the chat does not fit the model's context
    ├── ModelError
    │   ├── UnknownModel       not in the catalog, not a hub id, not a folder
    │   ├── ModelNotReady      nothing is loaded yet, or the load is still going on
    │   ├── ModelLoadFailed    weights missing, broken or too large for the device
    │   │   └── ServerAway     the server that runs the model does not answer now
    │   └── UnsafeModel        the folder would run code of its own
    ├── EngineError            the engine died in mid-run, or cannot do what was asked
    │   └── OutOfGpuTime       on a GPU that is lent by the second, nothing is left of the visitor's seconds
    ├── LimitReached           a user, or all of them, have had as much as there is for now
    │   └── TooManyRuns        every slot and every place in the queue is taken
    ├── RunError
    │   ├── RunNotFound        no run has this id
    │   ├── RunBusy            the run is still going on, so it cannot be continued or deleted
    │   └── BadImport          the file is not an export of ours
    ├── NotAllowed             nobody is logged in, or it is for an admin to do
    └── SandboxRefused         this machine cannot isolate programs, so none is run

A message says what was found, the limit with its unit, and what to do.
"""


class AppError(Exception):
    """An error with a sentence that the user can act on."""


class BadInput(AppError):
    """An argument is out of range, of the wrong type, or empty."""


class PromptTooLong(BadInput):
    """The chat leaves no room for an answer in the model's context.

    Attributes:
        prompt_tokens: Length of the chat.
    """

    def __init__(self, text: str, prompt_tokens: int) -> None:
        super().__init__(text)
        self.prompt_tokens = prompt_tokens


class ModelError(AppError):
    """Something is wrong with the model that was asked for."""


class UnknownModel(ModelError):
    """Neither in the catalog, nor a hub id, nor a folder."""


class ModelNotReady(ModelError):
    """No model is loaded yet, or its load is still going on."""


class ModelLoadFailed(ModelError):
    """Weights are missing, broken or too large for the device."""


class ServerAway(ModelLoadFailed):
    """The server that runs the model does not answer now; it may later."""


class UnsafeModel(ModelError):
    """The model's folder would run code of its own."""


class EngineError(AppError):
    """The engine died in mid-run, or cannot do what was asked of it."""


class OutOfGpuTime(EngineError):
    """Nothing is left of the visitor's seconds on a GPU that is lent (ZeroGPU)."""


class LimitReached(AppError):
    """A user, or all of them together, have had as much as there is for now.

    Attributes:
        limit: The name of the setting that is the limit.
        seconds: When there is more; 0 where nobody can tell, as for runs that have to end first.
    """

    def __init__(self, text: str, limit: str = "max_runs", seconds: float = 0.0) -> None:
        super().__init__(text)
        self.limit = limit
        self.seconds = seconds


class TooManyRuns(LimitReached):
    """Every slot and every place in the queue is taken."""


class RunError(AppError):
    """Something is wrong with the run that was asked for."""


class RunNotFound(RunError):
    """No run has this id."""


class RunBusy(RunError):
    """The run is still going on."""


class BadImport(RunError):
    """The file is not an export of ours."""


class NotAllowed(AppError):
    """Nobody is logged in, or only an admin may do this."""


class SandboxRefused(AppError):
    """This machine cannot isolate programs, so none is run."""
