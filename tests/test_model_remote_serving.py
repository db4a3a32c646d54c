"""A server in place of a model, as the host sees it."""

import time

import pytest

import model.host
from model.errors import BadInput, ModelLoadFailed
from model.host import ModelHost
from model.settings import Settings
from tests.remote_servers import Manner, remote_server


def settings_for(folder, url, **more):
    return Settings(data_folder=folder, server_url=url, **more)


def wait_for(host, state, seconds=30.0):
    deadline = time.monotonic() + seconds
    while host.status().state != state:
        assert time.monotonic() < deadline, host.status()
        time.sleep(0.02)
    return host.status()


def test_a_named_server_is_what_runs_the_model(data_folder):
    with remote_server(Manner(prefill="flagged")) as served:
        host = ModelHost(settings_for(data_folder, served.url))
        host.load_default()
        status = wait_for(host, "ready")
        assert (status.model, status.precision) == ("made-up-qwq", "remote")
        assert f"at {served.url}, with 2,048 tokens" in status.text
        assert "unfinished message" in status.note
        assert (host.fit_table(), host.served_models(), host.device_text()) == ([], ["made-up-qwq"], f"at {served.url}")
        host.close()


def test_a_server_that_starts_after_the_app_is_found(data_folder, monkeypatch):
    monkeypatch.setattr(model.host, "_AWAY_SECONDS", 0.2)
    with remote_server() as gone:
        port = int(gone.url.rpartition(":")[2].partition("/")[0])
    host = ModelHost(settings_for(data_folder, f"http://127.0.0.1:{port}/v1"))
    host.load_default()
    status = wait_for(host, "failed")
    assert "cannot be reached" in status.text and "asked again every 0.2 s" in status.text
    with remote_server(port=port):
        wait_for(host, "ready")
        host.close()


def test_a_model_that_the_server_has_not_is_not_asked_for_again(data_folder, monkeypatch):
    monkeypatch.setattr(model.host, "_AWAY_SECONDS", 0.05)
    with remote_server() as served:
        host = ModelHost(settings_for(data_folder, served.url, model="another"))
        host.load_default()
        assert "has no model 'another'" in wait_for(host, "failed").text
        n_asked = len(served.asked)
        time.sleep(0.4)
        assert len(served.asked) == n_asked and host.status().state == "failed"
        host.close()


def test_another_model_of_the_server_can_be_loaded_beside_the_one_that_serves(data_folder):
    models = ({"id": "first", "max_model_len": 2048}, {"id": "second", "max_model_len": 1024})
    with remote_server(Manner(models=models)) as served:
        host = ModelHost(settings_for(data_folder, served.url))
        host.load_default()
        wait_for(host, "ready")
        host.load("second")
        wait_for(host, "ready")
        assert host.engine().model == "second"
        with pytest.raises(BadInput, match="No model was named"):
            host.load(" ")
        host.close()


@pytest.mark.parametrize("url", ["", "nonsense"])
def test_a_server_that_is_none_is_said_at_once(data_folder, url):
    host = ModelHost(settings_for(data_folder, url, engine="remote"))
    host.load_default()
    wait_for(host, "failed")
    with pytest.raises(ModelLoadFailed, match="server"):
        host.engine()
    host.close()
