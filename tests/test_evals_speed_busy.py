import os
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from evals.speed.busy import Busy, OurProcesses, busy_watched, process_at

WORK = "import sys, time\nwhile time.process_time() < 0.5: pass\nprint('done', flush=True)\nsys.stdin.read()"


@pytest.mark.parametrize(
    ("others", "is_quiet"),
    [
        pytest.param([0.01] * 20, True, id="nobody else"),
        pytest.param([0.0] * 19 + [0.9], True, id="one burst"),
        pytest.param([0.0] * 16 + [0.3] * 2, False, id="bursts that the mean hides"),
        pytest.param([0.06] * 20, False, id="a little all the time"),
        pytest.param([], False, id="nothing was seen"),
    ],
)
def test_machine_is_quiet_when_others_took_little_of_it(others, is_quiet):
    assert Busy(2, (), others).is_quiet == is_quiet


def test_what_our_children_used_is_ours_when_they_are_gone_too():
    ours = OurProcesses([])
    with subprocess.Popen([sys.executable, "-c", WORK], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"done\n"
        own = time.process_time()
        together = ours.seconds()
        child.communicate()
    assert together >= own + 0.45
    assert ours.seconds() >= together


def test_others_are_seen_while_a_stretch_of_work_goes_on(monkeypatch):
    used = iter(range(0, 10**9, 1000))
    monkeypatch.setattr("evals.speed.busy._LOOK_SECONDS", 0.01)
    monkeypatch.setattr("evals.speed.busy._used_seconds", lambda cores: float(next(used)))
    with busy_watched() as busy:
        deadline = time.monotonic() + 30
        while not busy.others and time.monotonic() < deadline:
            time.sleep(0.01)
    assert busy.others_share > 1
    assert not busy.as_json()["is_quiet"]


def test_server_of_this_machine_is_found_by_its_address():
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        assert process_at(f"http://127.0.0.1:{server.server_port}/v1") == os.getpid()
    assert process_at("https://example.org/v1") is None
