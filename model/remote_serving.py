"""Settings that name a server in, a `Serving` whose engine asks it out."""

from collections.abc import Callable
from dataclasses import dataclass

from model.chat import ChatEngine
from model.errors import AppError, BadInput
from model.load_progress import LoadProgress
from model.remote import remote_engine
from model.remote_address import Address, key_for, read_address, warns_of
from model.remote_probe import probe, served_models
from model.remote_wire import Wire
from model.settings import Settings

_STEPS = 4


@dataclass(frozen=True, slots=True)
class RemoteServing:
    """An engine over a server; nothing of it takes memory here."""

    engine: ChatEngine
    address: Address
    notes: tuple[str, ...]
    wire: Wire
    weight_bytes: int = 0

    def device_text(self) -> str:
        """Where it runs."""
        return f"at {self.address.shown}"

    def models(self) -> list[str]:
        """What the server can be asked for, as it says now; nothing where it does not answer."""
        try:
            return served_models(self.wire)
        except AppError:
            return []

    def close(self) -> str:
        """End what is being streamed."""
        self.engine.close()
        return ""


def remote_serving(
    settings: Settings, model: str, context_tokens: int, on_progress: Callable[[LoadProgress], None]
) -> RemoteServing:
    """Ask the server what it is, and put an engine on it.

    Args:
        model: As the server calls it; "auto" takes its first.
        context_tokens: The context, where the user says it; else 0.

    Raises:
        BadInput: If no server is named, or its address is none.
        ModelLoadFailed: If it cannot be reached, or has no such model.
    """
    if not settings.server_url:
        raise BadInput("No server is named. Give its address with --server or WORKINGS_SERVER_URL.")
    address = read_address(settings.server_url)
    wire = Wire(address, lambda: key_for(address))
    said = 0

    def say(text: str) -> None:
        nonlocal said
        on_progress(LoadProgress("load", said, _STEPS, "steps", text))
        said = min(said + 1, _STEPS - 1)

    try:
        server = probe(wire, model, say, context_tokens=context_tokens, slots=settings.server_slots)
    except BaseException:
        wire.close()
        raise
    notes = (server.abilities.way, server.abilities.missing(), warns_of(address, wire.key()))
    return RemoteServing(remote_engine(wire, server), address, tuple(note for note in notes if note), wire)
