"""Python that nobody trusts in, what it printed, returned and raised out: run by a locked child of a fork server.

Promised, on Linux, at every level (`verify.sandbox.levels`), and tested in `tests/test_verify_sandbox_*.py`:

- No network: no socket of any kind.
- No reading of secrets, of the app, of other processes, of the user's files: no open, no /proc, an empty environment.
- No file at all: input comes in, values and output go out. What a notebook calls files is memory of its process.
- Limits on CPU time, wall time, memory, descriptors and output. No second process; threads within the memory.
- Nothing survives: a program cannot fork, and it dies with the fork server, which dies with the app. Only the process
  of a notebook is kept from cell to cell, until it is closed, idle for too long, or too old.
- The same program gives the same result: hash seed, `random`'s state, time zone and locale are fixed, the lock is the
  same for root and for users.
- Verdicts cannot be forged: a program hands out values, the comparing is done by the parent, or by a process that runs
  the tests and nothing of the program, and the values that are compared with are never in the program's process. Tests
  that share a process with the program (`run_together`) are the exception, and are called forgeable.

Not promised:

- Bugs of the kernel behind the ninety system calls that are left, and side channels of the processor. For hostile
  tenants use a virtual machine.
- A bound on all programs together: it is the number of programs at once times the memory of each.
- That hidden inputs stay hidden: a program can print the arguments that it is called with.
- That `status` is the truth about a program that lies about itself. It can claim to have come to its end. What a test
  says comes from its values alone.
- Anything outside of Linux on x86_64 and aarch64: it refuses there.

This file imports nothing: the fork server reads it, and must not load the app.
"""
