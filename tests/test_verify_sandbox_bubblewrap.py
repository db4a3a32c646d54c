"""What bubblewrap is asked for. Where it is installed, the battery runs inside of it."""

from pathlib import Path

from verify.sandbox.bubblewrap import command

ROOT = Path(__file__).resolve().parent.parent


def test_command_shows_python_and_the_sandbox_read_only_and_nothing_else() -> None:
    words = command("bwrap", ["python", "-c", "pass"], {"TZ": "UTC"})
    bound = [words[at + 1] for at, word in enumerate(words) if word.endswith("bind")]
    assert {word for word in words if word.endswith("bind")} == {"--ro-bind"}
    own = [path for path in bound if Path(path).is_relative_to(ROOT) and not path.startswith("/usr/")]
    assert own == [str(ROOT / "verify" / "sandbox"), str(ROOT / "verify" / "__init__.py")]
    assert not any(ROOT.is_relative_to(path) or path in ("/", "/proc", "/etc", str(Path.home())) for path in bound)
    assert {"--unshare-all", "--clearenv", "--cap-drop"} <= set(words)
    assert words[-3:] == ["python", "-c", "pass"]
