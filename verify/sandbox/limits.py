"""What a program may use."""

import math
from dataclasses import dataclass

from model.errors import BadInput

# The interpreter and its libraries take this much before a program begins: private, and of address space.
_OWN_MIB = (0, 64)
MIN_MEMORY_MIB = 64


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one program.

    Attributes:
        cpu_seconds: CPU time of a program, and of each piece of it where functions are called (loading it, each call).
        memory_mib: Private memory, and with 64 MiB more all of its address space.
        wall_seconds: Time by the clock for the same pieces; 0 takes three times the CPU time and a second, so that a
            busy machine fails nobody and a program that sleeps comes to an end.
        output_bytes: On standard output, and again on standard error.

    Raises:
        BadInput: If one is out of range.
    """

    cpu_seconds: float = 2.0
    memory_mib: int = 512
    wall_seconds: float = 0.0
    output_bytes: int = 1 << 20

    def __post_init__(self) -> None:
        if not 0 < self.cpu_seconds <= 3600 or not 0 <= self.wall_seconds <= 3600:
            raise BadInput("A time limit is above 0 and at most 3,600 seconds.")
        if not MIN_MEMORY_MIB <= self.memory_mib <= 1 << 20:
            raise BadInput(f"The memory is {self.memory_mib:,} MiB; give it {MIN_MEMORY_MIB} to {1 << 20:,} MiB.")

    @property
    def piece_wall_seconds(self) -> float:
        """Wall time for one piece."""
        return self.wall_seconds or 3 * self.cpu_seconds + 1

    def all_cpu_seconds(self, n_calls: int) -> float:
        """CPU time for all pieces together."""
        return self.cpu_seconds * (3 if n_calls else 1)

    def resources(self, n_calls: int, own_mib: tuple[int, int] = _OWN_MIB) -> dict[str, int]:
        """The kernel's limits by name, in bytes and seconds. CPU is a second wall behind the fork server's own.

        Args:
            own_mib: What the process takes before a program begins: private memory, and address space.
        """
        nothing = dict.fromkeys(("FSIZE", "CORE", "MEMLOCK", "MSGQUEUE"), 0)
        return nothing | {
            "CPU": math.ceil(self.all_cpu_seconds(n_calls)) + 2,
            "DATA": (self.memory_mib + own_mib[0]) << 20,
            "AS": (self.memory_mib + own_mib[1]) << 20,
            "STACK": 64 << 20,
            "NOFILE": 64,
        }
