"""Requests to servers and providers, and what their faults become."""

import threading
import time

import pytest
from huggingface_hub.inference import _providers

from model.engine import Request, Steering, collect
from model.events import Message
from model.remote import remote_engine
from model.remote_address import Address, read_address
from model.remote_probe import probe
from model.remote_wire import BrokeOff, Call, Refused, Wire
from tests.remote_servers import Fault, Manner, remote_server

ASKED = {"messages": [{"role": "user", "content": "How many?"}], "max_tokens": 100}


def read(wire, call=Call(ASKED)):  # noqa: B008 - frozen
    return wire.read_whole("made-up-qwq", call)


def test_a_provider_is_asked_through_its_own_host_with_the_users_key(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)  # whatever the shell says
    with remote_server(Manner(prefill="always")) as served:
        helper = _providers.PROVIDERS["groq"]["conversational"]
        monkeypatch.setattr(helper, "base_url", served.url.removesuffix("/v1"))
        monkeypatch.setattr(helper, "_prepare_route", lambda *_: "/v1/chat/completions")
        monkeypatch.setattr(helper, "_prepare_mapping_info", mapped)
        wire = Wire(Address(provider="groq"), lambda: "gsk-of-mine")
        try:
            engine = remote_engine(wire, probe(wire, "made-up-qwq", lambda _: None))
            events = engine.stream(Request((Message("user", "How many?"),), budget=5), Steering())
            assert collect(events).answer == "The answer is 42."
            assert {{key.lower(): one[key] for key in one}["authorization"] for one in served.headers} == {
                "Bearer gsk-of-mine"
            }
        finally:
            wire.close()


def mapped(model):
    from huggingface_hub.hf_api import InferenceProviderMapping

    return InferenceProviderMapping(
        provider="groq", hf_model_id=model, providerId=model, status="live", task="conversational"
    )


def test_no_saved_token_of_the_hub_goes_to_a_server_of_ones_own(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    with remote_server() as served:
        wire = Wire(read_address(served.url), lambda: "")
        try:
            read(wire)
            wire.ask("GET", "/models")
        finally:
            wire.close()
        assert "hf_secret" not in str(served.headers) and served.headers


def test_offline_mode_of_the_hub_does_not_stop_a_server_of_ones_own(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.is_offline_mode", lambda: True)
    with remote_server() as served:
        wire = Wire(read_address(served.url), lambda: "")
        try:
            assert read(wire)
        finally:
            wire.close()


@pytest.mark.parametrize(
    ("status", "body", "kind", "said"),
    [
        (500, '{"detail": "boom"}', BrokeOff, "boom"),
        (502, "<html>bad gateway</html>", BrokeOff, "bad gateway"),
        (404, '{"error": {"message": "no such model"}}', Refused, "no such model"),
        (400, '{"error": "bad field"}', Refused, "bad field"),
    ],
)
def test_what_a_server_said_is_in_the_sentence(status, body, kind, said):
    with remote_server() as served:
        served.faults.append(Fault("status", status=status, body=body))
        wire = Wire(read_address(served.url), lambda: "")
        try:
            with pytest.raises(kind, match=said):
                read(wire)
        finally:
            wire.close()


def test_a_server_that_does_not_answer_is_given_up_in_time():
    with remote_server() as served:
        served.faults.append(Fault("stall", after=0))
        wire = Wire(read_address(served.url), lambda: "", first_seconds=0.4)
        began = time.monotonic()
        try:
            with pytest.raises(BrokeOff, match="sent nothing"):
                read(wire)
        finally:
            wire.close()
        assert time.monotonic() - began < 5


def test_streams_of_hundreds_need_one_thread():
    with remote_server(Manner(seconds_a_token=0.01)) as served:
        wire = Wire(read_address(served.url), lambda: "")

        async def one():
            return [chunk async for chunk in wire.stream("made-up-qwq", Call(ASKED), "")]

        try:
            reads = [wire.run(one()) for _ in range(100)]
            ours = [thread.name for thread in threading.enumerate() if thread.name == "remote-line"]
            assert ours == ["remote-line"]
            assert all(len(each.result(timeout=60)) == 45 for each in reads)
        finally:
            wire.close()
