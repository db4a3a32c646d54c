"""Chunks of servers' streams to pieces of a turn."""

import json

import pytest

from model.remote_reading import Reading


def chunk(delta, **more):
    return {"choices": [{"index": 0, "delta": delta}], **more}


def read(chunks, splits=False):
    reading = Reading(splits)
    return reading, [(piece.part, piece.text) for each in chunks for piece in reading.read(each)[0]]


@pytest.mark.parametrize("name", ["reasoning", "reasoning_content"])
def test_thinking_is_known_by_its_field_and_what_follows_is_the_answer(name):
    _, pieces = read([chunk({"role": "assistant", "content": None}), chunk({name: "so"}), chunk({"content": "4"})])
    assert pieces == [("thinking", "so"), ("answer", "4")]


def test_content_of_a_server_that_does_not_split_is_raw():
    assert read([chunk({"content": "<think>"})])[1] == [("raw", "<think>")]


def test_content_as_a_list_of_parts_is_its_text():
    assert read([chunk({"content": [{"type": "text", "text": "4"}]})])[1] == [("raw", "4")]


@pytest.mark.parametrize(
    "bad", [{}, {"choices": []}, {"choices": [None]}, {"choices": [{}]}, {"choices": [{"delta": None}]}]
)
def test_chunks_without_text_are_passed_over(bad):
    assert read([bad])[1] == []


def test_a_chunk_of_several_tokens_counts_as_many():
    reading = Reading(False)
    pieces, _ = reading.read(chunk({"content": "a b c"}, usage={"completion_tokens": 3, "prompt_tokens": 7}))
    assert [piece.text for piece in pieces] == ["", "", "a b c"]
    assert reading.prompt_tokens == 7


def test_logprobs_belong_to_their_tokens():
    told = {"content": [{"token": "a", "logprob": -0.5}, {"token": "b", "logprob": -1.5}]}
    pieces, logprobs = Reading(False).read({"choices": [{"delta": {"content": "ab"}, "logprobs": told}]})
    assert len(pieces) == 2 and logprobs == [-0.5, -1.5]


def test_the_older_form_of_logprobs_is_read_too():
    reading = Reading(False, is_chat=False)
    pieces, logprobs = reading.read({"choices": [{"text": "a", "logprobs": {"token_logprobs": [-0.25]}}]})
    assert [piece.text for piece in pieces] == ["a"] and logprobs == [-0.25]


def test_calls_that_come_in_pieces_are_put_together():
    def call(**fields):
        return chunk({"tool_calls": [fields]})

    reading, _ = read(
        [
            call(index=0, id="a", function={"name": "add", "arguments": '{"x":'}),
            call(index=1, id="b", function={"name": "sub", "arguments": {"y": 2}}),
            call(index=0, function={"arguments": " 1}"}),
        ]
    )
    calls = [json.loads(piece.text) for piece in reading.rest()]
    assert calls == [
        {"id": "a", "name": "add", "arguments": '{"x": 1}'},
        {"id": "b", "name": "sub", "arguments": '{"y": 2}'},
    ]


@pytest.mark.parametrize(
    ("reason", "finish", "filtered"),
    [
        ("stop", "stop", False),
        ("tool_calls", "stop", False),
        ("length", "length", False),
        ("content_filter", "stop", True),
    ],
)
def test_why_a_turn_ended_is_told_in_our_words(reason, finish, filtered):
    reading = Reading(False)
    reading.read({"choices": [{"delta": {}, "finish_reason": reason}]})
    assert (reading.finish, reading.filtered) == (finish, filtered)
