"""A user's name in, a signed cookie out, and back: sessions that outlive a restart and end with the password.

A token holds the name and is signed with the app's key and the user's password hash; nothing of it is kept here but
those that were logged out. Visitors without a name get one of their own in the same way.
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
import threading
import time
from pathlib import Path

from model.errors import RunError

SESSION_SECONDS = 14 * 24 * 3600
VISITOR_SECONDS = 365 * 24 * 3600
_KEY_BYTES = 32


def app_key(folder: Path) -> bytes:
    """The key of a data folder, made when it is first asked for; nobody else may read the file.

    Raises:
        RunError: If the file cannot be read or written.
    """
    path = folder / "access.key"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            pass
        else:
            with os.fdopen(descriptor, "wb") as file:
                file.write(secrets.token_bytes(_KEY_BYTES))
        deadline = time.monotonic() + 2  # another app may have made it just now
        while len(key := path.read_bytes()) != _KEY_BYTES:
            if time.monotonic() > deadline:
                raise RunError(
                    f"The file {str(path)!r} is no key of Workings. Delete it; everybody logs in again then."
                )
            time.sleep(0.01)
    except OSError as error:
        raise RunError(
            f"The key of logins {str(path)!r} cannot be used: {error.strerror}. Set WORKINGS_DATA to another folder."
        ) from error
    return key


class Sessions:
    """Signs and reads tokens, and remembers those that have ended; any thread may ask."""

    def __init__(self, folder: Path) -> None:
        """Read the key and what has ended.

        Raises:
            RunError: If the folder cannot be used.
        """
        self._key = app_key(folder)
        # Two apps on one host share its cookies, whatever their ports.
        self.suffix = hashlib.sha256(self._key + b"name").hexdigest()[:8]
        self._lock = threading.Lock()
        self._file = folder / "access.ended"
        self._ended = self._read_ended()

    def token(self, name: str, bound_to: str = "", seconds: float = SESSION_SECONDS) -> str:
        """A new token of this name.

        Args:
            bound_to: What must be the same still when it is read, such as a password hash.
        """
        body = json.dumps([name, int(time.time() + seconds), secrets.token_urlsafe(12)], ensure_ascii=False)
        written = base64.urlsafe_b64encode(body.encode()).decode().rstrip("=")
        return f"{written}.{self._signature(written, bound_to)}"

    def name_of(self, token: str) -> str:
        """The name that a token claims; "" where it is none. Not checked yet: see `is_valid`."""
        return str(self._body(token)[0])

    def is_valid(self, token: str, bound_to: str = "") -> bool:
        """Whether we have signed the token, it has not expired, and nobody has logged out with it."""
        written, _, signature = token.partition(".")
        _, ends_at, number = self._body(token)
        is_ours = hmac.compare_digest(signature.encode(), self._signature(written, bound_to).encode())
        return is_ours and time.time() < ends_at and number not in self._ended

    def end(self, token: str) -> None:
        """Let a token count no more, also after a restart."""
        _, ends_at, number = self._body(token)
        if not number:
            return
        with self._lock:
            self._ended[number] = ends_at
            with self._file.open("a", encoding="utf-8") as file:
                file.write(f"{number} {int(ends_at)}\n")

    def _signature(self, written: str, bound_to: str) -> str:
        return hmac.new(self._key, f"{written}\0{bound_to}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()

    def _body(self, token: str) -> tuple[str, float, str]:
        written = token.partition(".")[0]
        try:
            name, ends_at, number = json.loads(base64.urlsafe_b64decode(written + "=" * (-len(written) % 4)))
            return str(name), float(ends_at), str(number)
        except (ValueError, TypeError, RecursionError):
            return "", 0.0, ""

    def _read_ended(self) -> dict[str, float]:
        found: dict[str, float] = {}
        if self._file.exists():
            for line in self._file.read_text("utf-8").splitlines():
                number, _, ends_at = line.partition(" ")
                if ends_at.isdigit() and int(ends_at) > time.time():
                    found[number] = float(ends_at)
            self._file.write_text("".join(f"{number} {int(ends_at)}\n" for number, ends_at in found.items()), "utf-8")
        return found
