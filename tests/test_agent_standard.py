"""The whole toolbox in runs of a scripted model: tools that work with each other, and what is let go at the end."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.standard import standard_toolbox
from agent.toolbox import Tool
from model.errors import BadInput
from model.events import Finished
from model.scripted import Turn
from model.settings import settings_from_environment
from model.tool_events import ToolResult
from tests.scripted_agent import TOOLS, ScriptedAgent, call, results, scripted_agent
from verify.code.judge import CodeJudge
from verify.math_answer import MathJudge

TURNS = [
    Turn(
        match="table",
        thinking="Read it first.",
        answer=call("read_file", name="in.csv")
        + call("python", code="n = sum(int(x) for x in open('in.csv').read().split(','))"),
        times=1,
    ),
    Turn(
        match="table",
        thinking="Now check.",
        answer=call("python", code="open('out.txt', 'w').write(str(n)); print(n)")
        + call("calculate", expression="3 + 4 + 5")
        + call("run_tests", program="def double(n): return 2 * n", tests="assert double(6) == 12"),
        times=1,
    ),
    Turn(match="table", thinking="Done.", answer="The sum is 12."),
]


@pytest.fixture(scope="module")
def judges() -> Iterator[tuple[CodeJudge, MathJudge]]:
    code_judge, math_judge = CodeJudge(), MathJudge()
    yield code_judge, math_judge
    code_judge.close()
    math_judge.close()


@pytest.fixture
def agent(tmp_path: Path, judges: tuple[CodeJudge, MathJudge]) -> Iterator[ScriptedAgent]:
    with scripted_agent(tmp_path, TURNS, ()) as agent:
        agent.agents.toolbox.add(*standard_toolbox(agent.runs, agent.runs.settings, *judges).tools())
        yield agent


def until(is_so: Callable[[], bool]) -> bool:
    """Wait for something that stays."""
    deadline = time.monotonic() + 120
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.02)
    return is_so()


def test_standard_toolbox_serves_a_run_that_reads_computes_writes_and_checks(agent: ScriptedAgent) -> None:
    ended: list[str] = []
    agent.runs.after_end.append(ended.append)
    run_id = agent.agents.start("Add the table.", uploads={"in.csv": b"3,4,5"})
    events = agent.read(run_id)
    told = results(events)
    assert told[:2] == ["ok: 3,4,5", "ok: It ran and printed nothing. Print what you want to know."]
    # Those that are independent of each other come as they are done.
    assert sorted(told[2:]) == ["ok: 1 of 1 tests pass.", "ok: 12\nFiles written: out.txt", "ok: 3 + 4 + 5 = 12"]
    assert isinstance(events[-1], Finished) and events[-1].reason == "stop"
    assert ("out.txt",) in [event.files for event in events if isinstance(event, ToolResult)]
    assert agent.agents.scratch(run_id).read("out.txt") == b"12"
    # What stands before this one in the list has been called when it is.
    assert until(lambda: ended == [run_id])
    notebooks = agent.runs.after_end[0].__self__  # type: ignore[attr-defined]
    assert notebooks.n_open == 0


def test_tools_are_prepared_when_a_run_that_has_them_begins(tmp_path: Path) -> None:
    prepared: list[str] = []

    def tool(name: str) -> Tool:
        return replace(TOOLS[0], name=name, prepare=lambda: prepared.append(name))

    with scripted_agent(tmp_path, [Turn(thinking="So.", answer="Yes.")], [tool("wanted"), tool("not wanted")]) as agent:
        agent.events("Ready?", tools=["wanted"])
    assert prepared == ["wanted"]


def test_standard_toolbox_asks_before_it_goes_out_and_for_nothing_else(agent: ScriptedAgent) -> None:
    asks = {tool.name for tool in agent.agents.toolbox.tools() if tool.policy == "ask"}
    assert (
        asks
        == {tool.name for tool in agent.agents.toolbox.tools() if tool.reaches_outside}
        == {"search_web", "read_page"}
    )


def test_standard_toolbox_describes_each_tool_and_argument_shortly(agent: ScriptedAgent) -> None:
    for tool in agent.agents.toolbox.tools():
        parameters = tool.schema["function"]["parameters"]["properties"]
        assert 20 < len(tool.description) < 260, tool.name
        assert all(10 < len(each["description"]) < 160 for each in parameters.values()), tool.name


OWN = '''
def {name}(sides: int) -> int:
    """Roll a die.

    Args:
        sides: How many sides it has.
    """
    return sides
'''


def test_standard_toolbox_has_the_user_s_own_tools(
    tmp_path: Path, agent: ScriptedAgent, judges: tuple[CodeJudge, MathJudge]
) -> None:
    (tmp_path / "dice.py").write_text(OWN.format(name="dice"))
    settings = settings_from_environment({"WORKINGS_OWN_TOOLS": str(tmp_path / "dice.py"), "HOME": str(tmp_path)})
    toolbox = standard_toolbox(agent.runs, settings, *judges)
    found = toolbox.find("dice")
    assert found is not None and found.origin == "dice.py" and found.policy == "ask"


def test_standard_toolbox_keeps_its_names(
    tmp_path: Path, agent: ScriptedAgent, judges: tuple[CodeJudge, MathJudge]
) -> None:
    (tmp_path / "python.py").write_text(OWN.format(name="python"))
    settings = replace(agent.runs.settings, own_tools=str(tmp_path / "python.py") + os.pathsep)
    with pytest.raises(BadInput, match="there is a tool 'python' in the app"):
        standard_toolbox(agent.runs, settings, *judges)
