import pytest

from evals.speed.arrivals import ask_at_once
from evals.speed.openai_server import OpenAiServer, found_at
from model.errors import BadInput, EngineError
from tests.openai_servers import PIECES, USAGE, serving


def server(name, url, more=None):
    """Its text is read as one token a letter."""
    return OpenAiServer(found_at(name, url, more), len)


def test_server_is_asked_as_the_protocol_says():
    with serving([*PIECES, "[DONE]"]) as (address, asked):
        server("x", address + "/", {"ignore_eos": True}).ask("What is 6 x 7?", 99)
    [(path, body)] = asked
    assert path == "/v1/chat/completions"
    assert body["model"] == "the-model"
    assert body["messages"] == [{"role": "user", "content": "What is 6 x 7?"}]
    assert (body["stream"], body["max_tokens"], body["ignore_eos"]) == (True, 99, True)
    assert body["stream_options"] == {"include_usage": True}


def test_tokens_are_those_that_the_server_tells_at_the_end():
    with serving([*PIECES, USAGE, "[DONE]"]) as (address, _):
        heard = server("x", address).ask("?", 99)
    # Three pieces of text: the role and the empty chunk are none.
    assert [n_tokens for _, n_tokens in heard.arrivals] == [4.0, 4.0, 4.0]
    assert (heard.tokens, heard.prompt_tokens, heard.counted) == (12, 21, "tokens")
    times = [at for at, _ in heard.arrivals]
    assert heard.asked_at <= times[0] <= times[1] <= times[2]


def test_text_is_read_again_by_our_tokenizer_when_the_server_tells_no_tokens():
    with serving(PIECES) as (address, _):
        heard = server("x", address).ask("?", 99)
    assert (heard.tokens, heard.counted) == (pytest.approx(len("Let me42.")), "read again")


def test_many_are_asked_at_once():
    with serving([*PIECES, USAGE], callers=8) as (address, asked):
        cell = ask_at_once(server("x", address), [f"Question {number}" for number in range(8)], 99, 5)
    assert (cell.batch, cell.new_tokens, cell.skipped) == (8, 96, "")
    assert len({body["messages"][0]["content"] for _, body in asked}) == 8


def test_server_that_refuses_is_told_with_its_words():
    with (
        serving(['{"detail": "no such model"}'], status=422) as (address, _),
        pytest.raises(EngineError, match="llama answered 422.*no such model"),
    ):
        server("llama", address).ask("?", 9)


def test_server_that_fails_in_the_middle_is_told():
    with (
        serving([*PIECES, {"error": "out of memory"}]) as (address, _),
        pytest.raises(EngineError, match="out of memory"),
    ):
        server("x", address).ask("?", 9)


def test_address_where_nothing_listens_is_refused_with_what_to_do():
    with serving(PIECES) as (address, _):
        pass
    with pytest.raises(BadInput, match="ends in /v1"):
        found_at("x", address)


def test_server_without_a_model_is_refused():
    with serving(PIECES, models=()) as (address, _), pytest.raises(BadInput, match="names no model"):
        server("x", address)
