"""What a run was carried out with: what is installed, the app's own version from its folder, no torch for it."""

import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

from train.versions import installed_versions, own_version

ROOT = Path(__file__).resolve().parent.parent


def test_versions_are_those_that_are_installed() -> None:
    found = installed_versions()
    assert found["workings"] == tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert found["python"] == ".".join(map(str, sys.version_info[:3]))
    assert found["torch"] == metadata.version("torch") and found["peft"] == metadata.version("peft")


def test_library_that_is_not_installed_is_left_out(monkeypatch) -> None:
    def version(package: str) -> str:
        if package != "torch":
            raise metadata.PackageNotFoundError(package)
        return "2.9.0"

    monkeypatch.setattr(metadata, "version", version)
    assert set(installed_versions()) == {"workings", "python", "torch"}


def test_folder_without_a_project_file_has_no_version_of_its_own(tmp_path: Path) -> None:
    assert own_version(tmp_path / "pyproject.toml") == ""


def test_asking_for_versions_brings_no_torch_in() -> None:
    program = "import sys; from train.run_files import RunFolder; from train.versions import installed_versions as v; v(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT).returncode == 0
