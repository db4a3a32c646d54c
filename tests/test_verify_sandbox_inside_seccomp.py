"""The filter of system calls, run instruction by instruction."""

import errno
import struct

import pytest

from verify.sandbox.inside.seccomp import ALLOWED, CONDITIONAL, NO_ACCESS, NOT_THERE, instructions, refusal
from verify.sandbox.inside.syscalls import MACHINES, numbers

ALLOW, KILL = 0x7FFF_0000, 0x8000_0000
ARCHITECTURES = {"x86_64": 0xC000_003E, "aarch64": 0xC000_00B7}


def answer(machine: str, call: int, *arguments: int, architecture: int | None = None) -> int:
    """What the filter says, as the kernel works it out."""
    program = instructions(machine)
    whole = [*arguments, *[0] * (6 - len(arguments))]
    called = struct.pack("<IIQ6Q", call, architecture or ARCHITECTURES[machine], 0, *whole)
    held = at = 0
    while True:
        code, if_true, if_false, constant = program[at]
        at += 1
        match code:
            case 0x20:
                (held,) = struct.unpack_from("<I", called, constant)
            case 0x54:
                held &= constant
            case 0x05:
                at += constant
            case 0x15:
                at += if_true if held == constant else if_false
            case 0x35:
                at += if_true if held >= constant else if_false
            case 0x06:
                return constant
            case _:
                raise AssertionError(hex(code))


@pytest.mark.parametrize("machine", MACHINES)
def test_filter_refuses_every_call_that_is_not_named(machine: str) -> None:
    known = numbers(machine)
    named = {known[name] for name in [*ALLOWED, *NO_ACCESS, *NOT_THERE] if name in known}
    named |= {known[row[0]] for row in CONDITIONAL}
    assert {answer(machine, call) for call in range(1000) if call not in named} == {refusal(errno.EPERM)}


@pytest.mark.parametrize("machine", MACHINES)
def test_filter_answers_each_group_in_its_own_way(machine: str) -> None:
    known = numbers(machine)
    for names, wanted in (
        (ALLOWED, ALLOW),
        (NO_ACCESS, refusal(errno.EACCES)),
        (NOT_THERE, refusal(errno.ENOSYS)),
    ):
        assert {answer(machine, known[name]) for name in names if name in known} == {wanted}


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(
    ("name", "arguments", "is_allowed"),
    [
        pytest.param("clone", [0x3D0F00], True, id="thread"),
        pytest.param("clone", [17], False, id="fork"),
        pytest.param("clone", [0x3D0F00 | 0x1000_0000], False, id="thread in a user namespace"),
        pytest.param("prlimit64", [0, 7, 0, 1], True, id="own limits read"),
        pytest.param("prlimit64", [0, 7, 1 << 40, 0], False, id="own limits written"),
        pytest.param("prlimit64", [1234, 7, 0, 1], False, id="another's limits read"),
        pytest.param("fcntl", [0, 3], True, id="F_GETFL"),
        pytest.param("fcntl", [0, 8], False, id="F_SETOWN"),
        pytest.param("fcntl", [0, 10], False, id="F_SETSIG"),
        pytest.param("ioctl", [0, 0x5412], False, id="TIOCSTI"),
        pytest.param("prctl", [22, 0], False, id="PR_SET_SECCOMP"),
        pytest.param("socketpair", [1, 0x80001], True, id="stream pair, close on exec"),
        pytest.param("socketpair", [1, 2], False, id="datagram pair"),
        pytest.param("socketpair", [2, 1], False, id="internet pair"),
        pytest.param("sendto", [3, 1, 1, 0, 0], True, id="send"),
        pytest.param("sendto", [3, 1, 1, 0, 1 << 40], False, id="send to an address"),
    ],
)
def test_filter_looks_at_arguments(machine: str, name: str, arguments: list[int], is_allowed: bool) -> None:
    assert (answer(machine, numbers(machine)[name], *arguments) == ALLOW) is is_allowed


@pytest.mark.parametrize("machine", MACHINES)
def test_filter_kills_who_comes_by_another_door(machine: str) -> None:
    assert answer(machine, 0, architecture=0x4000_0003) == KILL
    if machine == "x86_64":
        assert answer(machine, 0x4000_0000) == KILL


def test_no_call_has_two_numbers_or_two_names() -> None:
    for machine in MACHINES:
        known = numbers(machine)
        assert len(set(known.values())) == len(known) > 100
