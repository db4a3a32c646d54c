"""Nothing in, whether a process of the same user can read the environment of one that is protected, and of one not, out.

`python tests/sandbox_hidden.py` prints it as one JSON object.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_HELD = """
import sys, time
from verify.sandbox.isolation import protect_this_process
if sys.argv[1] == "protected":
    protect_this_process()
print(flush=True)
time.sleep(60)
"""
_READS = "import sys\ntry: open(f'/proc/{sys.argv[1]}/environ', 'rb').read()\nexcept PermissionError: sys.exit(3)"


def is_readable(state: str) -> bool:
    environment = {"PATH": "/usr/bin:/bin", "SECRET": "sk-hidden", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-B", "-c", _HELD, state]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"\n"
        code = subprocess.run([sys.executable, "-c", _READS, str(process.pid)]).returncode
        process.kill()
    assert code in (0, 3)
    return code == 0


def main() -> None:
    told = {"uid": os.getuid()} | {state: is_readable(state) for state in ("protected", "unprotected")}
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
