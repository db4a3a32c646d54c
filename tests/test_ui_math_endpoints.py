"""What a script gets of solving and checking problems, from the real app over a scripted engine."""

import contextlib
import itertools
import json
from typing import Any

import pytest
from gradio_client.exceptions import AppError as ClientError

from tests.conftest import StartApp
from tests.script_client import client_of, is_soon, whole

# Gradio's client leaves sockets to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

# A script writes some of its turns a number of times only: each try asks another of these.
HALVES = [f"half of {number}" for number in range(1, 6)]
halves = itertools.cycle(HALVES)
TURNS = [
    {
        "match": "Python program",
        "thinking": "A loop.",
        "answer": "```python\nprint(sum(1 for n in range(9) if n % 2))\n```",
    },
    {"match": "long", "thinking": "Thought {n} of the long one.\n\n", "answer": "It is \\boxed{1}.", "repeat": 4000},
    *(
        {"match": half, "thinking": "So.", "answer": f"\\boxed{{{answer}}}", "times": times}
        for half in HALVES
        for answer, times in (("0.5", 2), ("\\frac12", 1), ("3", 0))
    ),
    {"match": "", "thinking": "Two and two make four.", "answer": "\\boxed{4}"},
]


class Server:
    def __init__(self, url: str) -> None:
        self.client = client_of(url)

    def solve(self, problem: str = "2+2?", **given: Any) -> list[dict[str, Any]]:
        return whole(self.client.submit(problem, **given, api_name="/solve_math"))

    def n_live(self) -> int:
        return int(self.client.predict(api_name="/models")["loaded"]["live_requests"])


@pytest.fixture(scope="module")
def server(start_shared_app: StartApp, tmp_path_factory: pytest.TempPathFactory) -> Server:
    script = tmp_path_factory.mktemp("script") / "script.json"
    script.write_text(json.dumps({"tokens_per_second": 1000, "turns": TURNS}), encoding="utf-8")
    server = Server(start_shared_app("--scripted", str(script)).url)
    server.n_live()  # the first look at the device takes long, and what is asked about may end meanwhile
    return server


def test_solve_math_ends_with_the_verdict_and_the_text_of_the_answer(server: Server):
    deltas = server.solve(gold="4")
    final = deltas[-1]
    assert (final["type"], final["checked"], final["final_answer"]) == ("final", "correct", "4")
    assert (final["problem"], final["gold"], final["finish_reason"]) == ("2+2?", "4", "stop")
    assert final["verdict"]["outcome"] == "correct" and final["verdict"]["reason"]
    for name in ("thinking", "answer"):
        assert "".join(delta["text"] for delta in deltas if delta["type"] == name) == final[name]
    assert {delta["chain"] for delta in deltas if delta["type"] in ("thinking", "answer")} == {1}


def test_solve_math_without_a_gold_has_no_verdict(server: Server):
    final = server.solve("How many legs has a cat?")[-1]
    assert (final["checked"], final["verdict"], final["evidence"]) == ("not checked", None, [])


def test_solve_math_shows_the_check_program_with_its_output_and_what_it_says(server: Server):
    deltas = server.solve("How many legs has a cat?", k=2, first_to_finish=2, check_program=True)
    final = deltas[-1]
    (evidence,) = [each for each in final["evidence"] if each["kind"] == "program"]
    assert (final["checked"], final["verdict"]) == ("evidence", None)
    assert (evidence["strength"], evidence["is_for"], evidence["output"]) == ("fair", True, "4\n")
    assert evidence["program"].startswith("print(sum(") and evidence["run_id"] == final["check_run"]
    assert [chain["chain"] for chain in final["chains"]] == [1, 2] and final["vote"]["words"].startswith("2 of 2")
    written = "".join(delta["text"] for delta in deltas if delta["type"] == "answer" and delta["chain"] == 0)
    assert evidence["program"] in written


def test_solve_math_of_several_chains_says_what_each_said_and_who_won(server: Server):
    deltas = server.solve(f"What is {next(halves)}?", gold="1/2", k=4, first_to_finish=4)
    final = deltas[-1]
    assert final["checked"] == "correct" and final["final_answer"] in ("0.5", r"\frac12")
    assert [len(each["chains"]) for each in final["classes"]] == [3, 1]
    assert final["vote"]["words"].startswith("3 of 4 samples say ")
    assert [chain["chain"] for chain in final["chains"]] == [1, 2, 3, 4]
    assert sorted(chain["checked"] for chain in final["chains"]) == ["correct"] * 3 + ["wrong"]
    ended = [delta for delta in deltas if delta["type"] == "chain"]
    assert sorted(delta["chain"] for delta in ended) == [1, 2, 3, 4]
    for chain in final["chains"]:
        texts = [d["text"] for d in deltas if d["type"] == "answer" and d["chain"] == chain["chain"]]
        assert chain["final_answer"] in "".join(texts)


def test_solve_math_stops_its_chains_when_its_caller_goes(server: Server):
    job = server.client.submit("A long one", k=3, budget="high", api_name="/solve_math")
    assert is_soon(lambda: server.n_live() == 3)
    with contextlib.suppress(Exception):
        next(iter(job))
    job.cancel()
    assert is_soon(lambda: not server.n_live())


def test_check_against_another_reference_judges_the_stored_answers(server: Server):
    final = server.solve()[-1]
    checked = server.client.predict(final["run_id"], "5", api_name="/check_against")
    assert (checked["checked"], checked["gold"]) == ("wrong", "5")
    assert server.client.predict(final["run_id"], "four", api_name="/check_against")["checked"] in ("correct", "wrong")
    with pytest.raises(ClientError, match="no run 'nowhere'"):
        server.client.predict("nowhere", "5", api_name="/check_against")


def test_attach_to_a_solved_run_tells_what_was_found_out(server: Server):
    run_id = server.solve(gold="4")[-1]["run_id"]
    deltas = whole(server.client.submit(run_id, api_name="/attach"))
    assert [delta["outcome"] for delta in deltas if delta["type"] == "verdict"] == ["correct"]
    assert deltas[-1]["checked"] == "correct"


def test_solve_math_batch_gives_a_row_for_each_problem_and_counts_them(server: Server):
    problems = [
        {"problem": "2+2?", "gold": "4", "id": "a"},
        {"question": "2+2", "answer": "5"},
        {"problem": "How many?"},
    ]
    deltas = whole(server.client.submit(problems, api_name="/solve_math_batch"))
    rows = [delta for delta in deltas if delta["type"] == "row"]
    assert sorted(row["index"] for row in rows) == [0, 1, 2]
    final = deltas[-1]
    assert [(row["id"], row["state"], row["checked"]) for row in final["rows"]] == [
        ("a", "done", "correct"),
        ("2", "done", "wrong"),
        ("3", "done", "not checked"),
    ]
    assert {name: n for name, n in final["counts"].items() if n} == {
        "total": 3,
        "done": 3,
        "correct": 1,
        "wrong": 1,
        "not checked": 1,
    }
    kept = whole(server.client.submit(final["rows"][1]["run_id"], api_name="/attach"))[-1]
    assert (kept["checked"], kept["verdict"]["gold"]) == ("wrong", "5")


@pytest.mark.parametrize(
    ("endpoint", "arguments", "says"),
    [
        ("/solve_math", {"problem": ""}, "message is empty"),
        ("/solve_math", {"problem": "2+2?", "k": 17}, "whole number from 1 to 16"),
        ("/solve_math", {"problem": "2+2?", "gold": 5}, "gold is a number"),
        ("/solve_math", {"problem": "2+2?", "gold": "4", "check_program": True}, "Give one of the two"),
        ("/solve_math", {"problem": "2+2?", "check_program": "yes"}, "give true or false"),
        ("/solve_math", {"problem": "2+2?", "k": 3, "sampling": {"temperature": 0}}, "greedily"),
        ("/solve_math", {"problem": "2+2?", "k": 16, "first_to_finish": 17}, "whole number from 1 to 16"),
        ("/solve_math", {"problem": "2+2?", "model": "qwq-32b"}, "not loaded"),
        ("/solve_math_batch", {"problems": []}, "holds no problem"),
        ("/solve_math_batch", {"problems": [{"gold": "4"}]}, "row 1: there is no problem"),
        ("/solve_math_batch", {"problems": "2+2?"}, "give a list"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(server: Server, endpoint: str, arguments: dict[str, Any], says: str):
    job = server.client.submit(**arguments, api_name=endpoint)
    with pytest.raises(ClientError, match=says):
        whole(job)
    assert not server.n_live()
