"""What a script gets of programs that are written, run and tested, from the real app over a scripted engine."""

import contextlib
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

RIGHT, WRONG = "def add(a, b):\n    return a + b", "def add(a, b):\n    return a - b"
TESTS = "assert add(1, 2) == 3\nassert add(0, 0) == 0"


def turn(match: str, program: str, **more: Any) -> dict[str, Any]:
    return {"match": match, "thinking": "Step {n}.\n\n", "answer": f"```python\n{program}\n```"} | more


TURNS = [
    turn("endless", RIGHT, thinking="Thought {n} of the long one.\n\n", repeat=20_000),
    turn("^Your program", RIGHT),
    {"match": "Do not write the program", "thinking": "Hm.", "answer": "```python\nassert add(2, 2) == 4\n```"},
    turn("", WRONG),
]


class Server:
    def __init__(self, url: str) -> None:
        self.client = client_of(url)

    def solve(self, task: str = "Add two numbers.", **given: Any) -> list[dict[str, Any]]:
        return whole(self.client.submit(task, **given, api_name="/solve_code"))

    def run(self, *given: Any, **named: Any) -> dict[str, Any]:
        return dict(self.client.predict(*given, **named, api_name="/run_code"))

    def test(self, *given: Any, **named: Any) -> dict[str, Any]:
        return dict(self.client.predict(*given, **named, api_name="/run_tests"))

    def n_live(self) -> int:
        return int(self.client.predict(api_name="/models")["loaded"]["live_requests"])


@pytest.fixture(scope="module")
def server(start_shared_app: StartApp, tmp_path_factory: pytest.TempPathFactory) -> Server:
    script = tmp_path_factory.mktemp("script") / "script.json"
    script.write_text(json.dumps({"tokens_per_second": 1000, "turns": TURNS}), encoding="utf-8")
    server = Server(start_shared_app("--scripted", str(script)).url)
    server.n_live()  # the first look at the device takes long, and what is asked about may end meanwhile
    return server


def test_solve_code_streams_every_round_and_ends_with_the_program_and_its_report(server: Server):
    deltas = server.solve(tests=TESTS, hidden_tests="assert add(4711, 1) == 4712")
    final = deltas[-1]
    assert (final["type"], final["standing"], final["words"]) == (
        "final",
        "passes",
        "passes 2 of 2 given tests; passes 1 of 1 hidden tests",
    )
    assert final["program"].strip() == RIGHT and final["best"]["round"] == 2
    assert [(each["round"], each["words"].split(",")[0]) for each in final["rounds"]] == [
        (1, "passes 1 of 2 given tests"),
        (2, "passes 2 of 2 given tests; passes 1 of 1 hidden tests"),
    ]
    assert (final["report"]["passed"], final["report"]["total"], final["report"]["form"]) == (2, 2, "asserts")
    assert final["hidden_report"]["passed"] == 1 and "4711" not in json.dumps(final["hidden_report"])
    found = [(each["round"], each["type"]) for each in deltas if each["type"] in ("program", "test_report")]
    assert found == [(number, kind) for number in (1, 2) for kind in ("program", "test_report", "test_report")]
    # The program comes first, then each test as it is run, then the report.
    second = [each for each in deltas if each.get("round") == 2 and each["type"] in ("program", "tests", "test_report")]
    kinds = [each["type"] for each in second]
    assert kinds[0] == "program" and kinds[-2:] == ["test_report"] * 2 and set(kinds[1:-2]) == {"tests"}
    cases = [case for each in second if each["type"] == "tests" for case in each["cases"]]
    assert [(case["number"], case["outcome"], case["given"]) for case in cases] == [
        (1, "passed", "add(1, 2)"),
        (2, "passed", "add(0, 0)"),
        (1, "passed", ""),
    ]
    for name in ("thinking", "answer"):
        assert "".join(each["text"] for each in deltas if each["type"] == name and each["round"] == 2) == final[name]
    assert {each["attempt"] for each in deltas if each["type"] in ("thinking", "answer")} == {1}


def test_solve_code_without_tests_is_not_tested_whatever_the_model_s_own_say(server: Server):
    deltas = server.solve(k=2)
    final = deltas[-1]
    assert final["standing"] == "not tested" and final["report"] is None
    assert final["model_report"]["tests_from"] == "model" and final["model_tests"] == "assert add(2, 2) == 4"
    assert [each["kind"] for each in final["evidence"]] == ["disagreement"]
    assert {each["purpose"] for each in deltas if each["type"] == "answer"} == {"solution", "tests"}


def test_solve_code_stops_its_attempts_when_its_caller_goes(server: Server):
    job = server.client.submit("endless", TESTS, k=2, budget=100_000, api_name="/solve_code")
    assert is_soon(lambda: server.n_live() == 2)
    with contextlib.suppress(Exception):
        next(iter(job))
    job.cancel()
    assert is_soon(lambda: not server.n_live())


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"task": " "}, "task is empty"),
        ({"task": 7}, "task is a number, 7"),
        ({"tests": 7}, "tests is a number, 7"),
        ({"tests": "it adds"}, "in no form that is known"),
        ({"form": "prose"}, "form is a string, 'prose'; give one of input_output"),
        ({"k": 9}, "from 1 to 8"),
        ({"rounds": 0}, "from 1 to 8"),
        ({"asks_for_tests": "yes"}, "give true or false"),
        ({"model": "qwq-32b"}, "not loaded"),
    ],
)
def test_solve_code_refuses_with_a_sentence(server: Server, given: dict[str, Any], words: str):
    with pytest.raises(ClientError, match=words):
        server.solve(**({"task": "Add two numbers.", "tests": TESTS} | given))


def test_attach_to_a_round_tells_its_program_and_its_report(server: Server):
    run_id = server.solve(tests=TESTS)[-1]["run_id"]
    deltas = whole(server.client.submit(run_id, api_name="/attach"))
    assert [each["type"] for each in deltas if each["type"] in ("program", "test_report")] == ["program", "test_report"]


def test_run_code_gives_what_a_program_printed(server: Server):
    told = server.run("print(int(input()) * 2)\nimport sys\nsys.exit(3)", "21\n")
    assert (told["status"], told["stdout"]) == ("error", "42\n") and told["level"] and "tests" not in told
    assert server.run("```python\nprint(6 * 7)\n```")["stdout"] == "42\n"
    assert server.run("while True: pass", time_seconds=0.3)["status"] == "timeout"
    assert server.run("x = bytearray(300_000_000)", memory_mib=128)["status"] == "memory"


def test_run_tests_takes_a_whole_answer_and_says_what_each_test_said(server: Server):
    told = server.test(
        f"Like so:\n\n```python\n{WRONG}\n```\n\nand it works.",
        TESTS,
        [{"call": "add", "args": [4711, 0], "expected": 4711}],
    )
    assert (told["status"], told["passed"], told["total"], told["form"]) == ("ok", 1, 2, "asserts")
    first = told["cases"][0]
    assert (first["outcome"], first["given"], first["expected"], first["got"]) == ("wrong", "add(1, 2)", "3", "-1")
    assert (
        told["words"].endswith("add(1, 2) gave -1, not 3; passes 1 of 1 hidden tests")
        and told["program"].strip() == WRONG
    )
    assert told["hidden_report"]["passed"] == 1 and "4711" not in json.dumps(told["hidden_report"])
    told = server.test("print(int(input()) + 1)", [{"stdin": "1", "stdout": "2"}])
    assert (told["form"], told["passed"]) == ("input_output", 1)


def test_run_tests_tells_each_test_as_it_is_run(server: Server):
    deltas = whole(server.client.submit(WRONG, TESTS, hidden_tests="assert add(4711, 1) == 1", api_name="/run_tests"))
    told = [each for each in deltas if each["type"] == "tests"]
    assert [(each["tests_from"], case["number"], case["outcome"]) for each in told for case in each["cases"]] == [
        ("given", 1, "wrong"),
        ("given", 2, "passed"),
        ("hidden", 1, "wrong"),
    ]
    assert told[-1]["run"] == told[-1]["total"] == 1 and told[-1]["running"] is None and "4711" not in json.dumps(told)
    assert deltas[-1]["type"] == "final" and deltas[-1]["passed"] == 1


def test_run_tests_says_which_test_runs_and_ends_when_its_caller_goes(server: Server):
    program = "import time\ndef f(n):\n    time.sleep(n)"
    job = server.client.submit(
        program, "assert not f(0)\nassert f(100)\nassert f(99)", time_seconds=20, api_name="/run_tests"
    )
    for delta in job:
        if delta["type"] == "tests" and delta["running"] == 2:
            break
    assert delta["run"] == 1
    job.cancel()


def test_run_tests_without_tests_runs_the_examples_of_the_program_s_own_docstrings(server: Server):
    program = 'def double(n):\n    """Twice.\n\n    >>> double(2)\n    4\n    >>> double(3)\n    5\n    """\n    return 2 * n\n'
    report = server.test(program, "")
    assert (report["form"], report["passed"], report["total"]) == ("doctest", 1, 2)
    assert report["cases"][1]["given"] == "double(3)" and report["cases"][1]["got"] == "6"


def test_check_that_names_no_function_is_about_the_last_one_of_the_program(server: Server):
    program = "def helper(n):\n    return n\n\ndef after(n):\n    return helper(n) + 1\n"
    check = "def check(candidate):\n    assert candidate(1) == 2\n    assert candidate(2) == 4\n"
    report = server.test(program, check)
    assert (report["form"], report["passed"], report["total"]) == ("check", 1, 2)


@pytest.mark.parametrize(
    ("program", "tests", "given", "words"),
    [
        ("", TESTS, {}, "program is empty"),
        (RIGHT, "", {}, "There are no tests"),
        (RIGHT, TESTS, {"time_seconds": 61}, "at most 60 seconds"),
        (RIGHT, TESTS, {"memory_mib": 8}, "from 64 to 4,096"),
        (RIGHT, "it adds", {}, "in no form that is known"),
    ],
)
def test_run_tests_refuses_with_a_sentence(server: Server, program: str, tests: str, given: dict[str, Any], words: str):
    with pytest.raises(ClientError, match=words):
        server.test(program, tests, **given)
