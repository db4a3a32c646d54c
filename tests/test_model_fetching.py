"""A start beside a hub that is slow, down or larger than the disk: the page is there, and says how it stands."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from gradio_client import Client

from tests.conftest import StartApp
from tests.slow_hub import SlowHub, slow_hub
from tests.tiny_folder import write_tiny_folder

ROOT = Path(__file__).resolve().parent.parent
MORE_BYTES = 32_000_000


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_tiny_folder(tmp_path_factory.mktemp("tiny"))
    # The hub's client tells of every ten megabytes.
    (folder / "more.safetensors").write_bytes(bytes(MORE_BYTES))
    return folder


@pytest.fixture
def hub(tiny: Path) -> Iterator[SlowHub]:
    with slow_hub(tiny) as made:
        yield made


def space_variables(hub: SlowHub, home: Path) -> dict[str, str]:
    """What a Space starts with that loads the hub's model."""
    home.mkdir(exist_ok=True)
    return {
        "SPACE_ID": "somebody/workings",
        "HOME": str(home),
        "HF_HOME": str(home / "huggingface"),
        "HF_ENDPOINT": hub.url,
        "HF_HUB_OFFLINE": "",
        "HF_HUB_DISABLE_XET": "1",
        "WORKINGS_MODEL": hub.model,
        "OMP_NUM_THREADS": "1",
    }


def status(client: Client) -> dict[str, Any]:
    found: dict[str, Any] = client.predict(api_name="/models")["status"]
    return found


def until(is_so: Callable[[], Any], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_page_is_up_while_the_weights_come_and_says_how_many_have(hub: SlowHub, start_app: StartApp, tmp_path: Path):
    hub.bytes_per_second = 4_000_000
    app = start_app(environment=space_variables(hub, tmp_path / "home"))
    client = Client(app.url, verbose=False)
    assert status(client)["state"] == "loading"

    def has_come_in_part() -> bool:
        now = status(client)
        assert now["state"] == "loading", now
        return now["unit"] == "bytes" and 0 < now["done"] < now["total"] and now["total"] > MORE_BYTES

    until(has_come_in_part)
    hub.bytes_per_second = 0
    until(lambda: status(client)["state"] == "ready")
    assert (tmp_path / "home" / "huggingface" / "hub").is_dir()


def test_hub_that_is_down_is_said_and_the_load_can_be_tried_again(hub: SlowHub, start_app: StartApp, tmp_path: Path):
    hub.is_down = True
    app = start_app(environment=space_variables(hub, tmp_path / "home"))
    client = Client(app.url, verbose=False)
    until(lambda: status(client)["state"] == "failed")
    assert "Hugging Face Hub" in status(client)["text"]
    answer = client.predict("Hello", api_name="/chat")
    assert answer["finish_reason"] == "error" and "Hugging Face Hub" in str(answer["notices"])
    hub.is_down = False
    press_load_it_again(client)
    until(lambda: status(client)["state"] == "ready")


def press_load_it_again(client: Client) -> None:
    """The page's button, as a page presses it."""
    buttons = [each["id"] for each in client.config["components"] if each["props"].get("elem_id") == "model-retry"]
    handlers = [each for each in client.config["dependencies"] if [buttons[0], "click"] in map(list, each["targets"])]
    body = json.dumps({"data": [], "fn_index": handlers[0]["id"], "session_hash": "a"}).encode()
    asked = urllib.request.Request(f"{client.src}gradio_api/run/predict", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(asked, timeout=60) as answer:
        assert answer.status == 200


FETCH = """
import ctypes, os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
disk = Path(sys.argv[2])
libc = ctypes.CDLL(None, use_errno=True)
if libc.unshare(0x20000) or libc.mount(b"none", b"/", None, ctypes.c_ulong(16384 | (1 << 18)), None) or libc.mount(
    b"none", str(disk).encode(), b"tmpfs", ctypes.c_ulong(0), b"size=100k"
):
    sys.exit(77)
from model.catalog import find_model
from model.errors import ModelLoadFailed
from model.fetching import fetch
try:
    fetch(find_model("somebody/tiny"), "hub", disk, lambda *told: None)
except ModelLoadFailed as error:
    print(error)
"""


def test_disk_that_fills_up_is_said_in_a_sentence(hub: SlowHub, tmp_path: Path):
    if sys.platform != "linux" or os.getuid() != 0:
        pytest.skip("a small disk can only be made by root, on Linux")
    variables = os.environ | space_variables(hub, tmp_path / "home") | {"HF_HOME": str(tmp_path / "disk")}
    (tmp_path / "disk").mkdir()
    asked = [sys.executable, "-c", FETCH, str(ROOT), str(tmp_path / "disk")]
    ran = subprocess.run(asked, env=variables, capture_output=True, text=True, timeout=120)
    if ran.returncode == 77:
        pytest.skip("no mounts here")
    assert "The disk filled up while somebody/tiny was being fetched." in ran.stdout, ran.stdout + ran.stderr
    assert "set HF_HOME to a larger disk" in ran.stdout
