"""What a script gets of runs with tools, from the real app over a scripted engine and real tools."""

import base64
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


def call(name: str, /, **arguments: Any) -> str:
    return f"<tool_call>\n{json.dumps({'name': name, 'arguments': arguments})}\n</tool_call>"


TURNS = [
    {"match": "endless", "thinking": "Thought {n} of the long one.\n\n", "repeat": 20_000, "answer": "Never."},
    {"match": "product", "result": "391", "thinking": "It is there.", "answer": "It is 391."},
    {
        "match": "product",
        "thinking": f"Not {call('python', code='1')} yet.",
        "answer": f"I compute it.\n{call('python', code='print(17 * 23)')}{call('no_such_tool')}",
    },
    {"match": "sold", "result": "written", "thinking": "Done.", "answer": "27 were sold; see total.txt."},
    {
        "match": "sold",
        "result": "June",
        "thinking": "12 + 15.",
        "answer": call("write_file", name="total.txt", text="27"),
    },
    {"match": "sold", "thinking": "I look.", "answer": call("read_file", name="sales.csv")},
    {"match": "again", "result": "27", "thinking": "So.", "answer": "Still 27."},
    {"match": "again", "thinking": "The file.", "answer": call("read_file", name="total.txt")},
    {"match": "wait", "result": "efused", "thinking": "Well.", "answer": "I was not allowed to."},
    {"match": "wait", "result": "42", "thinking": "Good.", "answer": "It is 42."},
    {"match": "wait", "thinking": "I ask.", "answer": call("python", code="print(6 * 7)")},
    {"match": "", "thinking": "Nothing to do.", "answer": "Hello."},
]


class Server:
    def __init__(self, url: str) -> None:
        self.client = client_of(url)

    def ask(self, message: str, **given: Any) -> list[dict[str, Any]]:
        return whole(self.client.submit(message, **given, api_name="/agent"))

    def decide(self, *given: Any) -> dict[str, Any]:
        return dict(self.client.predict(*given, api_name="/decide_call"))

    def files(self, *given: Any) -> dict[str, Any]:
        return dict(self.client.predict(*given, api_name="/run_files"))

    def n_live(self) -> int:
        return int(self.client.predict(api_name="/models")["loaded"]["live_requests"])


@pytest.fixture(scope="module")
def server(start_shared_app: StartApp, tmp_path_factory: pytest.TempPathFactory) -> Server:
    script = tmp_path_factory.mktemp("script") / "script.json"
    script.write_text(json.dumps({"tokens_per_second": 2000, "turns": TURNS}), encoding="utf-8")
    server = Server(start_shared_app("--scripted", str(script)).url)
    server.n_live()  # the first look at the device takes long, and what is asked about may end meanwhile
    return server


def test_agent_streams_every_step_and_ends_with_answer_calls_and_counts(server: Server):
    deltas = server.ask("What is the product of 17 and 23?", tools=["python", "read_file"])
    final = deltas[-1]
    assert (final["type"], final["answer"], final["finish_reason"]) == ("final", "It is 391.", "stop")
    assert final["counts"] == {"steps": 2, "calls": 2, "ok": 1, "failed": 1, "refused": 0, "without_result": 0}
    first, second = final["calls"]
    assert (first["name"], first["arguments"], first["outcome"]) == ("python", {"code": "print(17 * 23)"}, "ok")
    assert "391" in first["result"] and first["step"] == 1 and first["approval"] == ""
    assert second["outcome"] == "failed" and "read_file" in second["result"]
    assert [tool["name"] for tool in final["tools"]] == ["python", "read_file"]
    kinds = [
        (each["step"], each["type"]) for each in deltas[:-1] if each["type"] not in ("notice", "thinking", "answer")
    ]
    assert kinds == [(1, "tool_call")] * 2 + [(1, "tool_result")] * 2
    told = next(each for each in deltas if each["type"] == "tool_call")
    assert told["arguments"] == {"code": "print(17 * 23)"} and told["call_id"] == first["call_id"]
    for step in final["steps"]:
        for kind in ("thinking", "answer"):
            written = [each["text"] for each in deltas if each["type"] == kind and each["step"] == step["step"]]
            assert "".join(written) == step[kind]
    assert "<tool_call>" in final["steps"][0]["thinking"] and "I compute it." in final["steps"][0]["answer"]


def test_agent_s_files_are_uploaded_written_listed_and_there_for_the_follow_up(server: Server):
    files = [{"name": "sales.csv", "text": "May,12\nJune,15"}, {"name": "a.bin", "base64": "gIE="}]
    final = server.ask("How many were sold?", tools=["read_file", "write_file"], files=files)[-1]
    assert final["answer"].startswith("27 were sold") and final["counts"]["steps"] == 3
    sizes = {"a.bin": 2, "sales.csv": 14, "total.txt": 2}
    assert {file["name"]: file["bytes"] for file in final["files"]} == sizes
    assert final["calls"][1]["files"] == ["total.txt"]
    run_id = final["run_id"]
    assert server.files(run_id)["files"] == final["files"]
    assert server.files(run_id, "total.txt") == {"run_id": run_id, "name": "total.txt", "bytes": 2, "text": "27"}
    assert base64.b64decode(server.files(run_id, "a.bin")["base64"]) == b"\x80\x81"
    with pytest.raises(ClientError, match="There is no file 'b.txt'. There are: a.bin"):
        server.files(run_id, "b.txt")
    later = server.ask("And again?", tools=["read_file"], run_id=run_id)[-1]
    assert later["answer"] == "Still 27." and later["run_id"] != run_id and len(later["files"]) == 3


@pytest.mark.parametrize(
    ("decision", "answer", "counts"),
    [
        ("allow", "It is 42.", (1, 0)),
        ("allow_always", "It is 42.", (1, 0)),
        ("refuse", "I was not allowed to.", (0, 1)),
    ],
)
def test_decide_call_answers_a_call_that_waits(server: Server, decision: str, answer: str, counts: tuple[int, int]):
    job = server.client.submit("wait", policy={"python": "ask"}, api_name="/agent")
    for delta in job:
        if delta["type"] == "approval_asked":
            assert (delta["name"], delta["arguments"]) == ("python", {"code": "print(6 * 7)"}) and delta["seconds"] > 0
            asked = (delta["run_id"], delta["call_id"])
            assert server.decide(*asked, decision)["done"]
    final = job.result(timeout=120)
    assert final["answer"] == answer and (final["counts"]["ok"], final["counts"]["refused"]) == counts
    assert final["calls"][0]["approval"] == ("refused" if decision == "refuse" else "allowed")
    told = server.decide(*asked, decision)
    assert not told["done"] and told["text"] == "This call waits no more."


def test_decide_call_says_what_is_wrong(server: Server):
    with pytest.raises(ClientError, match="decision is a string, 'yes'; give one of allow"):
        server.decide("run", "call", "yes")
    with pytest.raises(ClientError, match="no run 'never'"):
        server.decide("never", "call", "allow")


def test_agent_stops_when_its_caller_goes(server: Server):
    job = server.client.submit("endless", budget=100_000, api_name="/agent")
    assert is_soon(lambda: server.n_live() == 1)
    job.cancel()
    assert is_soon(lambda: not server.n_live())


def test_agent_stops_while_a_call_waits_and_stop_ends_the_waiting(server: Server):
    job = server.client.submit("wait", policy={"python": "ask"}, api_name="/agent")
    asked = next(delta for delta in job if delta["type"] == "approval_asked")
    assert server.client.predict(asked["run_id"], api_name="/stop")["done"]
    final = job.result(timeout=120)
    assert final["finish_reason"] == "stopped" and final["counts"]["ok"] == 0
    assert final["calls"][0]["name"] == "python"


def test_agent_s_limit_of_steps_leads_to_a_last_answer(server: Server):
    final = server.ask("How many were sold?", files=[{"name": "sales.csv", "text": "June,15"}], limits={"steps": 1})[-1]
    assert final["limits"] == {"steps": 1, "seconds": 0.0, "tokens": 0}
    assert final["finish_reason"] == "stop" and not final["calls"]


def test_tools_lists_what_there_is_and_what_is_allowed(server: Server):
    tools = {tool["name"]: tool for tool in server.client.predict(api_name="/tools")["tools"]}
    assert tools["python"]["policy"] == "free" and not tools["python"]["reaches_outside"]
    assert tools["read_file"]["parameters"]["required"] == ["name"] and tools["read_file"]["description"]


def test_attach_to_a_run_with_tools_gives_the_same_deltas_and_final_object(server: Server):
    final = server.ask("What is the product of 17 and 23?", tools=["python"])[-1]
    deltas = whole(server.client.submit(final["run_id"], api_name="/attach"))
    assert deltas[-1] | {"files": final["files"]} == final
    assert sorted({each["step"] for each in deltas if each["type"] == "answer"}) == [1, 2]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"message": " "}, "empty"),
        ({"message": 7}, "message is a number, 7"),
        ({"tools": "python"}, "give a list of names"),
        ({"tools": ["rocket"]}, "There is no tool 'rocket'. The tools are: "),
        ({"policy": ["python"]}, "policy is a list"),
        ({"policy": {"python": "maybe"}}, "policy.python is a string, 'maybe'; give one of free, ask, off"),
        ({"policy": {"rocket": "ask"}}, "There is no tool 'rocket'"),
        ({"tools": ["read_file"], "policy": {"python": "ask"}}, "not among the tools asked for"),
        ({"limits": {"time": 3}}, "any of steps, seconds and tokens"),
        ({"limits": {"steps": 0}}, "limits.steps is a number, 0; give a whole number from 1 to 100"),
        ({"limits": {"seconds": -1}}, "limits.seconds is a number, -1"),
        ({"files": {"name": "a"}}, "files is an object"),
        ({"files": [{"name": "a.txt"}]}, r"files\[0\] is an object"),
        ({"files": [{"name": "../a.txt", "text": ""}]}, "is no name for a file"),
        ({"files": [{"name": "a.txt", "base64": "?"}]}, "is not base64"),
        ({"files": [{"name": "a.txt", "text": ""}, {"name": "a.txt", "text": ""}]}, "as that of another file"),
        ({"keep_thinking": "yes"}, "keep_thinking is a string"),
        ({"budget": "a lot"}, "thinking budget"),
        ({"sampling": {"heat": 1}}, "heat"),
        ({"model": "qwq-32b"}, "not loaded"),
        ({"message": "", "run_id": "no-such-run"}, "empty"),
    ],
)
def test_agent_refuses_with_a_sentence(server: Server, given: dict[str, Any], words: str):
    with pytest.raises(ClientError, match=words):
        server.ask(**({"message": "Hello?"} | given))


def test_run_files_refuses_a_run_without_tools(server: Server):
    final = dict(server.client.predict("Hello?", api_name="/chat"))
    with pytest.raises(ClientError, match="has no tools"):
        server.files(final["run_id"])
    with pytest.raises(ClientError, match="has no tools"):
        server.ask("", run_id=final["run_id"])
    with pytest.raises(ClientError, match="no run 'never'"):
        server.files("never")
    assert server.ask("What is the product?", run_id=final["run_id"], tools=["python"])[-1]["files"] == []


def test_branch_at_a_step_keeps_the_steps_before_it(server: Server) -> None:
    first = server.ask("the product", tools=["python"])[-1]
    job = server.client.submit(first["run_id"], thinking="It is", answers_now=True, step=2, api_name="/branch")
    again = whole(job)[-1]
    assert again["answer"] == "It is 391." and again["run_id"] != first["run_id"]
    assert [step["thinking"] for step in again["steps"]] == [first["steps"][0]["thinking"], "It is"]
    assert [called["call_id"] for called in again["calls"]] == [called["call_id"] for called in first["calls"]]
