"""The container image: what goes into it, and the app in a root file system like its, as its user, with its sandbox."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml
from gradio_client import Client

from tests.conftest import free_port, tail_of

ROOT = Path(__file__).resolve().parent.parent
UID = 1000


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions with their arguments, comments left out and lines joined."""
    lines = [line for line in (ROOT / "Dockerfile").read_text("utf-8").splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in joined.splitlines() if line)]


def arguments(name: str) -> list[str]:
    return [rest for instruction, rest in instructions() if instruction == name]


def variables() -> dict[str, str]:
    return dict(pair.split("=", 1) for line in arguments("ENV") for pair in shlex.split(line))


def command(name: str) -> list[str]:
    """The words of CMD or of the health check."""
    text = arguments(name)[0]
    words: list[str] = json.loads(text[text.index("[") :])
    return [sys.executable if word == "python" else word for word in words]


def is_ignored(path: str) -> bool:
    """Whether `.dockerignore` keeps a file out of the image."""
    patterns = (ROOT / ".dockerignore").read_text("utf-8").split()
    parents = [path, *(str(parent) for parent in Path(path).parents if str(parent) != ".")]
    return any(
        fnmatch(part, pattern) or (pattern.startswith("**/") and fnmatch(Path(part).name, pattern[3:]))
        for pattern in patterns
        for part in parents
    )


def tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a checkout of git")
    return [path for path in listed.stdout.splitlines() if (ROOT / path).is_file()]


def test_every_file_that_the_image_copies_is_there_and_not_ignored():
    sources = [word for line in arguments("COPY") for word in shlex.split(line)[:-1] if not word.startswith("--")]
    assert sources
    assert [name for name in sources if not (ROOT / name).exists() or is_ignored(name)] == []


def test_image_holds_the_app_and_none_of_what_it_does_not_need():
    copied = [path for path in tracked() if not is_ignored(path)]
    assert {"app.py", "README.md", "LICENSE", "requirements.txt"} <= set(copied)
    for folder in ("model", "verify", "agent", "evals", "train", "ui"):
        assert [path for path in copied if path.startswith(f"{folder}/")]
    assert [path for path in copied if re.match(r"tests/|build/|\.git/|data/|\.venv", path)] == []
    assert [path for path in copied if re.search(r"\.(env|pem|key|safetensors|gguf)$", path)] in (
        [],
        [path for path in copied if path.startswith("model/adapters/") and path.endswith(".safetensors")],
    )


@pytest.mark.parametrize("path", [".env", "model/__pycache__/x.pyc", "tests/conftest.py", ".git/config", "prod.env"])
def test_secrets_caches_and_tests_stay_out(path: str):
    assert is_ignored(path)


def test_image_runs_as_a_user_of_its_own_with_a_number_that_a_space_has():
    assert arguments("USER") == ["workings"]
    assert "--uid 1000 workings" in arguments("RUN")[0]
    # Whatever needs root stands before it.
    names = [name for name, _ in instructions()]
    assert max(i for i, name in enumerate(names) if name in ("RUN", "COPY")) < names.index("USER")


def test_versions_of_the_image_are_pinned_and_nothing_is_piped_into_a_shell():
    assert [re.fullmatch(r"python:3\.\d+-slim-\w+", image) is not None for image in arguments("FROM")] == [True]
    for run in arguments("RUN"):
        assert not re.search(r"curl|wget|\| *(sh|bash)|ADD ", run)
    installs = [part for run in arguments("RUN") for part in run.split("&&") if "pip install" in part]
    assert len(installs) == 3
    assert all("--no-cache-dir" in part for part in installs)
    assert "--constraint constraints.txt" in installs[1] and "--require-hashes" in installs[2]


def test_image_and_compose_file_hold_no_secrets():
    for name in ("Dockerfile", "compose.yaml"):
        text = (ROOT / name).read_text("utf-8")
        assert not re.search(
            r"hf_[A-Za-z0-9]{20}|(TOKEN|KEY|SECRET|PASSWORD)[\"']?\s*[:=]\s*[\"']?[A-Za-z0-9]{8}", text
        )
    assert not any(re.search("TOKEN|KEY|SECRET|PASSWORD", name) for name in variables())


def test_python_of_the_image_is_that_of_the_space():
    block = yaml.safe_load((ROOT / "README.md").read_text("utf-8").split("---")[1])
    assert arguments("FROM")[0].startswith(f"python:{block['python_version']}-")


def test_data_goes_into_the_volume():
    (volume,) = arguments("VOLUME")
    assert variables()["WORKINGS_DATA"].startswith(f"{volume}/") and variables()["HF_HOME"].startswith(f"{volume}/")


def test_compose_file_builds_the_image_with_its_port_and_volume_and_no_rights():
    services = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]
    assert set(services) == {"workings", "cuda"}
    (port,), (volume,) = arguments("EXPOSE"), arguments("VOLUME")
    for service in services.values():
        assert service["ports"] == [f"127.0.0.1:{port}:{port}"]
        assert service["volumes"] == [f"workings-data:{volume}"]
        assert service["cap_drop"] == ["ALL"] and service["security_opt"] == ["no-new-privileges:true"]
    assert services["cuda"]["build"]["args"]["TORCH"].startswith("cu")
    devices = services["cuda"]["deploy"]["resources"]["reservations"]["devices"]
    assert devices[0]["driver"] == "nvidia" and "gpu" in devices[0]["capabilities"]


class Container:
    """The app in a root file system of its own."""

    def __init__(self, folder: Path, *words: str, forbids: str, environment: dict[str, str]) -> None:
        self.port = free_port()
        self.log = folder / "log"
        (folder / "root").mkdir()
        image(folder / "app")
        given = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/home/workings", "LANG": "C.UTF-8"}
        given |= environment | {"GRADIO_SERVER_PORT": str(self.port), "OMP_NUM_THREADS": "1"}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(ROOT / "tests" / "plain_root.py"), str(folder / "root"), str(folder / "app")]
                + [*forbids, json.dumps(given), *command("CMD"), *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + 120
        while True:
            if self.process.poll() is not None:
                self._has_ended()
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/config", timeout=30):
                    return
            except OSError:
                assert time.monotonic() < deadline, tail_of(self.log)
                time.sleep(0.1)

    def _has_ended(self) -> None:
        said = tail_of(self.log)
        if re.search(r"OSError: .*(unshare|mount|pivot_root)", said):
            pytest.skip(f"no mounts here: {said.splitlines()[-1]}")
        pytest.fail(f"the app ended:\n{said}")

    def client(self) -> Client:
        return Client(f"http://127.0.0.1:{self.port}", verbose=False)

    def level(self) -> str:
        """What the log says of the sandbox."""
        deadline = time.monotonic() + 60
        while not (said := re.search(r"Programs of the model (.*)", tail_of(self.log))):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        return said[1]

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def image(folder: Path) -> None:
    """The files that `COPY . .` would put into the image, readable for everybody."""
    for path in tracked():
        if not is_ignored(path):
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / path, target)
            target.chmod(0o644)


@pytest.fixture
def container(tmp_path: Path) -> Iterator[Any]:
    if sys.platform != "linux" or os.getuid() != 0:
        pytest.skip("a root file system of its own can only be made by root, on Linux")
    started: list[Container] = []

    def start(*words: str, forbids: str = "10", environment: dict[str, str] | None = None) -> Container:
        folder = tmp_path / str(len(started))
        folder.mkdir()
        started.append(Container(folder, *words, forbids=forbids, environment=environment or variables()))
        return started[-1]

    yield start
    for each in started:
        each.kill()


WORKS = "def double(n): return 2 * n", "assert double(2) == 4"


@pytest.mark.model
def test_app_in_a_plain_root_without_user_namespaces_answers_and_runs_programs(container: Any):
    app = container()
    asked = app.client().submit("What is 17*23?", sampling={"temperature": 0.0}, api_name="/chat")
    checked = app.client().predict(*WORKS, api_name="/run_tests")
    assert (checked["status"], checked["passed"]) == ("ok", 1), checked
    # What is said at the start is what programs get; without user namespaces that is never the strongest level.
    assert app.level().startswith(f"run isolated: {checked['level']} ")
    assert checked["level"] in ("filter", "seccomp-only")
    assert "391" in asked.result(timeout=120)["answer"]
    assert subprocess.run(health(app.port), timeout=60).returncode == 0


def test_space_with_an_empty_home_serves_its_page(container: Any):
    app = container(environment={"SPACE_ID": "a/b", "SYSTEM": "spaces", "GRADIO_SERVER_NAME": "0.0.0.0"})
    assert app.client().predict(api_name="/models")["models"]


def test_sandbox_that_cannot_hold_is_said_and_no_program_is_run(container: Any):
    app = container(forbids="11", environment=variables() | {"WORKINGS_MODEL": "smollm2-135m"})
    assert app.level().startswith("are not run here.")
    checked = app.client().predict(*WORKS, api_name="/run_tests")
    assert checked["status"] == "refused" and "cannot isolate programs" in checked["message"], checked
    tools = {tool["name"]: tool["policy"] for tool in app.client().predict(api_name="/tools")["tools"]}
    assert (tools["python"], tools["run_tests"], tools["calculate"]) == ("off", "off", "free")


def health(port: int) -> list[str]:
    return [word.replace(":7860/", f":{port}/") for word in command("HEALTHCHECK")]
