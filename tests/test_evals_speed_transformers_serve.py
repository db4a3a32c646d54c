import inspect
import json
import sys
import time
from pathlib import Path

import pytest
from transformers import AutoTokenizer, GenerationConfig
from transformers.cli.serve import Serve

from evals.speed import transformers_serve
from evals.speed.arrivals import ask_at_once
from evals.speed.openai_server import Address, OpenAiServer
from evals.speed.transformers_serve import (
    Served,
    missing_packages,
    serve_command,
    transformers_serving,
    write_served_folder,
)
from model.errors import EngineError
from tests.tiny_folder import write_tiny_folder

TEMPLATE = "{% for message in messages %}{{ message.content }}{% endfor %}!"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return write_tiny_folder(tmp_path_factory.mktemp("serve") / "tiny")


def instead(monkeypatch, program):
    """Have this program run in place of the server, whatever is installed."""
    monkeypatch.setattr(transformers_serve, "missing_packages", list)
    monkeypatch.setattr(transformers_serve, "serve_command", lambda *args: [sys.executable, "-c", program])


@pytest.mark.parametrize("precision", ["bf16", "nf4", "int8", "fp32"])
def test_command_uses_options_that_transformers_serve_has(precision):
    command = serve_command(Path("folder"), Served(Path("folder"), "", precision, cache_tokens=1000), 8000)
    known = inspect.signature(Serve.__init__).parameters
    options = [word.removeprefix("--").replace("-", "_") for word in command if word.startswith("--")]
    assert {"continuous_batching", "cb_num_blocks"} <= set(options)
    assert [option for option in options if option not in known] == []


def test_command_goes_through_our_wrapper_when_the_weights_are_random():
    own, random = (
        serve_command(Path("folder"), Served(Path("folder"), "", "bf16", is_random), 8000)
        for is_random in (False, True)
    )
    assert own[own.index("serve") :] == random[random.index("serve") :]
    assert random[1:4] == ["-m", "evals.speed.random_weights", "transformers"]


def test_served_folder_has_the_same_weights_our_template_and_no_end_of_a_turn(tiny, tmp_path):
    before = sorted(path.name for path in tiny.iterdir())
    folder = write_served_folder(tmp_path / "served", Served(tiny, TEMPLATE, "bf16"))
    assert (folder / "model.safetensors").samefile(tiny / "model.safetensors")
    assert AutoTokenizer.from_pretrained(folder).chat_template == TEMPLATE
    sampling = GenerationConfig.from_pretrained(folder)
    assert (sampling.eos_token_id, sampling.temperature, sampling.top_k) == (-1, 0.6, 40)
    assert sorted(path.name for path in tiny.iterdir()) == before
    assert json.loads((tiny / "generation_config.json").read_text())["eos_token_id"] == 258


@pytest.mark.skipif(bool(missing_packages()), reason="transformers serve needs transformers[serving]")
def test_transformers_serves_a_folder_to_those_who_ask_at_once(tiny):
    with transformers_serving(Served(tiny, TEMPLATE, "bf16", cache_tokens=4096)) as (address, model):
        server = OpenAiServer(Address("serve", address, model), len)
        cell = ask_at_once(server, ["What is it?", "And that?"], 20, 10)
    assert (cell.batch, cell.new_tokens, cell.counted) == (2, 40, "tokens")


def test_missing_package_is_named_with_what_to_install(monkeypatch):
    monkeypatch.setattr(transformers_serve, "missing_packages", lambda: ["openai"])
    with pytest.raises(EngineError, match=r"needs openai.*transformers\[serving\]"):
        with transformers_serving(Served(Path("folder"), "", "bf16")):
            raise AssertionError("it must not start")


def test_server_that_ends_at_once_is_told_with_what_it_said(monkeypatch, tmp_path):
    instead(monkeypatch, "import sys; sys.exit('the port is taken')")
    with pytest.raises(EngineError, match="exit status 1.*the port is taken"):
        with transformers_serving(Served(tmp_path, "", "bf16")):
            raise AssertionError("it must not start")


def test_server_that_does_not_want_to_end_is_killed_with_its_children_on_ctrl_c(monkeypatch, tmp_path):
    told = tmp_path / "children"
    instead(
        monkeypatch,
        "import os, signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"open({str(told)!r} + '.part', 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        f"os.replace({str(told)!r} + '.part', {str(told)!r})\n"
        "time.sleep(600)",
    )
    monkeypatch.setattr(transformers_serve, "_END_SECONDS", 0.2)
    (tmp_path / "folder").mkdir()

    def interrupted(*_):
        deadline = time.monotonic() + 30
        while not told.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        raise KeyboardInterrupt

    monkeypatch.setattr(transformers_serve, "_wait_until_healthy", interrupted)
    with pytest.raises(KeyboardInterrupt), transformers_serving(Served(tmp_path / "folder", "", "bf16")):
        raise AssertionError("it must not start")
    server, child = (int(pid) for pid in told.read_text().split())
    assert not is_running(server)
    deadline = time.monotonic() + 30
    while is_running(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_running(child)


def is_running(pid):
    """A killed child whose parent is gone may lie about until somebody reaps it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
