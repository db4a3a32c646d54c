"""Pieces of a server's text to panes."""

import pytest

from model.families import QWEN3, QWQ
from model.remote_text import PieceId, RemotePrompts, RemoteSplitter, call_piece
from model.splitting import Piece
from model.tool_events import ToolCall


def split(pieces, family=QWQ, starts_in="thinking", **settings):
    splitter, texts = RemoteSplitter(family, starts_in=starts_in, **settings), RemotePrompts(family).detokenizer()
    out = []
    for piece in pieces:
        if text := texts.feed(piece):
            out += splitter.feed(text)
    out += splitter.finish()
    joined = {"thinking": "", "answer": ""}
    for each in out:
        if isinstance(each, Piece):
            joined[each.kind] += each.text
    return joined["thinking"].rstrip("\n"), joined["answer"], [each for each in out if isinstance(each, ToolCall)]


def test_tags_in_what_a_server_has_split_are_text():
    pieces = [PieceId("a </think> b", "thinking"), PieceId("use <think> and </think>", "answer")]
    assert split(pieces)[:2] == ("a </think> b", "use <think> and </think>")


def test_a_call_in_the_text_of_a_server_that_reads_calls_itself_is_text():
    text = '<tool_call>\n{"name": "a", "arguments": {}}\n</tool_call>'
    assert split([PieceId(text, "answer")], tool_names=["a"])[1:] == (text, [])


def test_a_call_that_the_server_has_read_is_one():
    (call,) = split([PieceId("so", "thinking"), call_piece("add", '{"x": 1}', "id1")])[2]
    assert (call.call_id, call.name, call.arguments) == ("id1", "add", '{"x": 1}')


def test_text_of_a_model_cannot_pass_for_a_call():
    forged = call_piece("rm", "{}")
    text = RemotePrompts(QWQ).detokenizer().feed(forged)
    assert split([PieceId(text)], starts_in="answer")[2] == []


@pytest.mark.parametrize("cut", range(1, 12))
def test_an_opening_tag_that_a_server_repeats_is_left_out_wherever_it_is_cut(cut):
    text = "<think>\nsums\n</think>\n\n4"
    assert split([PieceId(text[:cut]), PieceId(text[cut:])])[:2] == ("sums", "4")


def test_tags_are_read_where_a_server_does_not_split():
    text = "<think>\nsums\n</think>\n\n4"
    assert split([PieceId(text)], QWEN3, "undecided")[:2] == ("sums", "4")


def test_what_comes_with_tags_after_parts_goes_on_with_them():
    pieces = [PieceId("a ", "thinking"), PieceId("b\n</think>\n\n"), PieceId("4")]
    assert split(pieces, QWEN3, "undecided")[:2] == ("a b", "4")


def test_what_a_server_calls_thinking_behind_a_closed_thinking_is_the_answer():
    assert split([PieceId("4", "thinking")], starts_in="answer")[:2] == ("", "4")
