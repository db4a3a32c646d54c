"""A password in, a salted hash as one line out; and whether a password is that of a hash: by scrypt, in equal time."""

import hashlib
import hmac
import secrets
import threading
from dataclasses import dataclass

from model.errors import BadInput

FEWEST_CHARACTERS, MOST_CHARACTERS = 8, 1_000
# What OWASP's Password Storage Cheat Sheet gives for scrypt with 32 MiB: N = 2**15, r = 8, p = 3.
_N, _R, _P = 2**15, 8, 3
_SALT_BYTES, _KEY_BYTES = 16, 32
# Bounds of what a file may ask for: a hash of ours takes 32 MiB, and none may take the machine's memory.
_MOST_BYTES = 256 * 2**20
# Each takes memory and a core for some tenths of a second, so a flood of logins waits in line.
_at_once = threading.BoundedSemaphore(2)


@dataclass(frozen=True, slots=True)
class PasswordHash:
    """A hash with the parameters that made it."""

    n: int
    r: int
    p: int
    salt: bytes
    key: bytes

    def __str__(self) -> str:
        """The line for a file."""
        return f"scrypt:{self.n}:{self.r}:{self.p}:{self.salt.hex()}:{self.key.hex()}"

    def is_of(self, password: str) -> bool:
        """Whether this is the hash of the password. Takes as long for a wrong one as for the right one."""
        return hmac.compare_digest(_key(password, self.n, self.r, self.p, self.salt), self.key)


def hash_of(password: str) -> PasswordHash:
    """A new hash of a password.

    Raises:
        BadInput: If it is too short or too long.
    """
    check_password(password)
    salt = secrets.token_bytes(_SALT_BYTES)
    return PasswordHash(_N, _R, _P, salt, _key(password, _N, _R, _P, salt))


def check_password(password: str) -> None:
    """Refuse a password that is none.

    Raises:
        BadInput: If it is too short or too long.
    """
    if not FEWEST_CHARACTERS <= len(password) <= MOST_CHARACTERS:
        raise BadInput(
            f"The password has {len(password):,} characters; it must have {FEWEST_CHARACTERS} to {MOST_CHARACTERS:,}."
        )


def read_hash(line: str) -> PasswordHash:
    """A hash from its line.

    Raises:
        ValueError: If it is none of ours, or would take too much memory.
    """
    kind, *numbers, salt, key = line.split(":")
    n, r, p = (int(number) for number in numbers)
    is_power = n > 1 and n & (n - 1) == 0
    if kind != "scrypt" or not is_power or r < 1 or not 1 <= p <= 16 or 128 * r * n > _MOST_BYTES:
        raise ValueError("no scrypt hash that this version takes")
    made = PasswordHash(n, r, p, bytes.fromhex(salt), bytes.fromhex(key))
    if len(made.key) != _KEY_BYTES or len(made.salt) < _SALT_BYTES:
        raise ValueError("the salt or the hash is too short")
    return made


# Compared with where there is no such user, so that the time does not tell which names there are. No password fits.
NO_ONES = PasswordHash(_N, _R, _P, bytes(_SALT_BYTES), bytes(_KEY_BYTES))


def _key(password: str, n: int, r: int, p: int, salt: bytes) -> bytes:
    given = password[: MOST_CHARACTERS + 1].encode("utf-8", "surrogatepass")
    with _at_once:
        return hashlib.scrypt(given, salt=salt, n=n, r=r, p=p, dklen=_KEY_BYTES, maxmem=2 * _MOST_BYTES)
