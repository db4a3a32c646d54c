"""Where requests go, and with which key."""

import pytest

from model.acting import NOBODY, Actor
from model.errors import BadInput
from model.remote_address import Address, asking_with, key_for, read_address, visitor_token, warns_of
from ui.access_identity import hub_token

ALL_KEYS = {"WORKINGS_SERVER_KEY": "own", "HF_TOKEN": "hf_secret"}


@pytest.mark.parametrize(
    ("named", "url"),
    [
        ("http://localhost:8000/v1", "http://localhost:8000/v1"),
        ("http://localhost:8000/v1/", "http://localhost:8000/v1"),
        ("localhost:8000", "http://localhost:8000/v1"),
        ("10.0.0.7:30000/v1", "http://10.0.0.7:30000/v1"),
        ("https://dashscope.aliyuncs.com/compatible-mode/v1", "https://dashscope.aliyuncs.com/compatible-mode/v1"),
        ("https://host/v1/chat/completions", "https://host/v1"),
    ],
)
def test_an_address_is_read_as_people_write_it(named, url):
    assert read_address(named).url == url


@pytest.mark.parametrize(
    "named", ["", "nonsense", "ftp://host/v1", "http://", "http://host:99999/v1", "http://u:p@h/v1"]
)
def test_what_is_no_address_is_refused(named):
    with pytest.raises(BadInput, match="OpenAI-compatible"):
        read_address(named)


def test_a_password_in_an_address_is_not_repeated():
    with pytest.raises(BadInput) as caught:
        read_address("http://user:secret@host/v1?key=secret")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "keys", "key"),
    [
        (Address(url="http://localhost:8000/v1"), ALL_KEYS, "own"),
        (Address(url="http://localhost:8000/v1"), {"HF_TOKEN": "hf_secret"}, ""),
        (Address(url="https://evil.example/v1"), {"HF_TOKEN": "hf_secret"}, ""),
        (Address(url="https://huggingface.co.evil.example/v1"), {"HF_TOKEN": "hf_secret"}, ""),
        (Address(url="https://x.endpoints.huggingface.cloud/v1"), {"HF_TOKEN": "hf_secret"}, "hf_secret"),
        (Address(provider="groq"), {"HF_TOKEN": "hf_secret"}, "hf_secret"),
        (Address(provider="groq"), ALL_KEYS, "own"),
    ],
)
def test_each_key_goes_only_where_it_belongs(address, keys, key):
    assert key_for(address, keys) == key


def test_a_signed_in_visitors_token_is_found_and_nobody_elses():
    scope = {"session": {"oauth_info": {"access_token": "hf_anna", "userinfo": {"preferred_username": "anna"}}}}
    assert hub_token(scope, Actor("hf:anna")) == "hf_anna"
    assert [hub_token(scope, actor) for actor in (None, NOBODY, Actor("user:anna"), Actor("visitor:1"))] == [""] * 4
    assert hub_token({}, Actor("hf:anna")) == ""


def test_a_visitors_token_is_given_to_what_is_done_inside_alone():
    with asking_with("hf_anna"):
        assert key_for(Address(provider="groq"), {}) == "hf_anna"
    assert key_for(Address(provider="groq"), {}) == ""


def test_a_visitors_own_login_comes_before_the_token_of_the_host():
    token = visitor_token.set("hf_visitor")
    try:
        assert key_for(Address(provider="groq"), {"HF_TOKEN": "hf_host"}) == "hf_visitor"
        assert key_for(Address(url="http://localhost:1/v1"), {}) == ""
    finally:
        visitor_token.reset(token)


@pytest.mark.parametrize(
    ("url", "key", "warns"),
    [
        ("http://8.8.8.8:8000/v1", "k", True),
        ("http://api.example.com/v1", "k", True),
        ("http://api.example.com/v1", "", False),
        ("https://api.example.com/v1", "k", False),
        ("http://127.0.0.1:8000/v1", "k", False),
        ("http://gpu-box:8000/v1", "k", False),
    ],
)
def test_a_key_that_would_travel_in_the_open_is_warned_of(url, key, warns):
    assert bool(warns_of(Address(url=url), key)) is warns
