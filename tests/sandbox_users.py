"""A script of the sandbox's tests in, what it printed when an ordinary user ran it out."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
ORDINARY_UID = 1000


def told_by_a_user(script: str, *arguments: str) -> dict[str, Any]:
    """The JSON object that `tests/<script>` prints; skips the test where these tests run as an ordinary user already."""
    if os.getuid() != 0:
        pytest.skip("these tests already run as an ordinary user")
    with tempfile.TemporaryDirectory() as folder:
        _copy(Path(folder))
        ran = subprocess.run(
            [_python_for(ORDINARY_UID), "-B", str(Path(folder) / "tests" / script), *arguments],
            user=ORDINARY_UID,
            group=ORDINARY_UID,
            extra_groups=[],
            cwd="/",
            env={"PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            timeout=120,
        )
    assert ran.returncode == 0, ran.stderr
    told: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    assert told["uid"] == ORDINARY_UID
    return told


def _copy(folder: Path) -> None:
    """The sandbox where any user may read it."""
    os.chmod(folder, 0o755)
    for name in ("verify/sandbox", "verify/__init__.py", "model/__init__.py", "model/errors.py"):
        target = folder / name
        target.parent.mkdir(exist_ok=True)
        shutil.copytree(ROOT / name, target) if (ROOT / name).is_dir() else shutil.copy(ROOT / name, target)
    (folder / "tests").mkdir()
    for file in (ROOT / "tests").glob("sandbox_*.py"):
        shutil.copy(file, folder / "tests")


def _python_for(uid: int) -> str:
    """An interpreter that a user may run; root's own may lie in root's home."""
    for python in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        asked = [python, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
        try:
            ran = subprocess.run(asked, user=uid, group=uid, extra_groups=[], cwd="/", capture_output=True)
        except OSError:
            continue
        if ran.returncode == 0:
            return python
    pytest.skip(f"no Python 3.11 that user {uid} may run")
