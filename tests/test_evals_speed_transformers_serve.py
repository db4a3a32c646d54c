import inspect
import sys
from pathlib import Path

import pytest
from transformers.cli.serve import Serve

from evals.speed import transformers_serve
from evals.speed.transformers_serve import serve_command, transformers_serving
from model.errors import EngineError


@pytest.mark.parametrize("precision", ["bf16", "nf4", "int8", "fp32"])
def test_command_uses_options_that_transformers_serve_has(precision):
    command = serve_command(Path("folder"), precision, 8000, is_random=False)
    known = inspect.signature(Serve.__init__).parameters
    options = [word.removeprefix("--").replace("-", "_") for word in command if word.startswith("--")]
    assert "continuous_batching" in options
    assert [option for option in options if option not in known] == []


def test_command_goes_through_our_wrapper_when_the_weights_are_random():
    own, random = (serve_command(Path("folder"), "bf16", 8000, is_random=is_random) for is_random in (False, True))
    assert own[own.index("serve") :] == random[random.index("serve") :]
    assert random[1:4] == ["-m", "evals.speed.random_weights", "transformers"]


def test_missing_package_is_named_with_what_to_install(monkeypatch):
    monkeypatch.setattr(transformers_serve, "missing_packages", lambda: ["openai"])
    with pytest.raises(EngineError, match=r"needs openai.*transformers\[serving\]"):
        with transformers_serving(Path("folder"), "bf16", is_random=False):
            raise AssertionError("it must not start")


def test_server_that_ends_at_once_is_told_with_what_it_said(monkeypatch, tmp_path):
    monkeypatch.setattr(transformers_serve, "missing_packages", list)
    monkeypatch.setattr(
        transformers_serve,
        "serve_command",
        lambda *args: [sys.executable, "-c", "import sys; sys.exit('the port is taken')"],
    )
    with pytest.raises(EngineError, match="exit status 1.*the port is taken"):
        with transformers_serving(tmp_path, "bf16", is_random=False):
            raise AssertionError("it must not start")
