"""A machine in, a Chromium for the browser tests out: found, installed by apt, fetched by Playwright, or a loud reason.

`find_chromium` is what the tests ask. Run as a program it also installs: Debian's package where apt and root (or a
password-free sudo) are there, else the build that `playwright install chromium` downloads.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence

from playwright.sync_api import sync_playwright

# Names that distributions and Google give the program. Ubuntu's `chromium-browser` may be a stub that only starts a
# snap, so each candidate has to start before it counts.
PROGRAM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
START_TIMEOUT_SECONDS = 60
INSTALL_TIMEOUT_SECONDS = 900


def starts(program: str) -> bool:
    """Whether `program --version` runs and names a version."""
    if os.name == "nt":  # there it would open a window
        return shutil.which(program) is not None
    try:
        result = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=START_TIMEOUT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return result.returncode == 0 and any(character.isdigit() for character in result.stdout)


def playwright_chromium() -> str:
    """Where Playwright would have put its own Chromium, installed or not."""
    with sync_playwright() as playwright:
        return str(playwright.chromium.executable_path)


def find_chromium(names: Sequence[str] = PROGRAM_NAMES) -> str | None:
    """Path of a Chromium that starts: `WORKINGS_CHROMIUM`, a program on the PATH, or Playwright's own; else None."""
    chosen = os.environ.get("WORKINGS_CHROMIUM", "")
    if chosen:
        return chosen if starts(chosen) else None
    for name in names:
        path = shutil.which(name)
        if path and starts(path):
            return path
    own = playwright_chromium()
    return own if starts(own) else None


def root_prefix() -> list[str] | None:
    """What to put before a command that needs root: nothing as root, `sudo -n` where it asks no password, else None."""
    if not hasattr(os, "geteuid"):
        return None
    if os.geteuid() == 0:
        return []
    if (
        shutil.which("sudo")
        and subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0
    ):
        return ["sudo", "-n"]
    return None


def try_command(command: Sequence[str]) -> str:
    """Run `command` with its output shown; "" when it went well, else one line that says how it failed."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    print("+", " ".join(command), flush=True)
    try:
        code = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, timeout=INSTALL_TIMEOUT_SECONDS, check=False
        ).returncode
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"`{' '.join(command)}` failed: {error}"
    return "" if code == 0 else f"`{' '.join(command)}` ended with exit code {code}"


def install_by_apt() -> str:
    """Install Debian's Chromium and a font; "" when that went well, else why not."""
    if not shutil.which("apt-get"):
        return "there is no apt-get"
    prefix = root_prefix()
    if prefix is None:
        return "apt-get needs root, and `sudo -n` asks for a password"
    return try_command([*prefix, "apt-get", "update"]) or try_command(
        [*prefix, "apt-get", "install", "-y", "--no-install-recommends", "chromium", "fonts-liberation"]
    )


def main() -> int:
    """Exit code 0 when a Chromium is there at the end, else 1 with every reason printed."""
    reasons = []
    found = find_chromium()
    chosen = os.environ.get("WORKINGS_CHROMIUM", "")
    if chosen and not found:
        print(f"No Chromium for the browser tests, which will be SKIPPED: WORKINGS_CHROMIUM names {chosen!r}.")
        print("That does not start. Name another, or unset the variable, and run `make test` again.")
        return 1
    if not found:
        reasons.append(install_by_apt() or "apt-get installed a chromium that does not start")
        found = find_chromium()
    if not found:
        reason = try_command([sys.executable, "-m", "playwright", "install", "chromium"])
        reasons.append(reason or "Playwright's Chromium does not start")
        found = find_chromium()
    if found:
        print(f"Chromium for the browser tests: {found}")
        return 0
    print("No Chromium for the browser tests: " + "; ".join(reasons) + ".")
    print(
        "They will be SKIPPED. Install Chromium or Chrome, or name one in WORKINGS_CHROMIUM, and run `make test` again."
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
