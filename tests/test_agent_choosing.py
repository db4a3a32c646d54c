"""Which of the app's own tools a small model is told of."""

from pathlib import Path

import pytest

from agent.calculate import Calculator, calculate_tool
from agent.choosing import chosen_for
from agent.file_tools import file_tools
from agent.toolbox import Tool
from agent.tools import tool_from_function
from agent.web import web_tools
from evals.tool_kits import Kit
from evals.tool_tasks import read_tasks
from model.events import Notice
from model.scripted import Turn
from model.tool_events import Equipped
from tests.scripted_agent import scripted_agent


def python(code: str) -> str:
    """Run Python code and get back what it prints. numpy and matplotlib are there.

    Args:
        code: Python code
    """
    return code


TOOLS: tuple[Tool, ...] = (
    tool_from_function(python),
    calculate_tool(Calculator(n_children=0)),
    *web_tools(),
    *file_tools(),
    tool_from_function(Kit().get_weather),
)


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("What is 48716253 * 9184627?", {"calculate"}),
        ("What is 348 times 27?", {"calculate"}),
        ("Use python to print the sum of the squares of the numbers from 1 to 100.", {"python"}),
        ("Use python and matplotlib to draw the squares of the numbers from 1 to 10.", {"python"}),
        ("Read the file rainfall.csv. Which month has the most rain?", {"read_file"}),
        ("what is in notes.txt?", {"read_file"}),
        ('Save the text "call the plumber" in todo.txt.', {"write_file"}),
        ("Which files are there?", {"list_files"}),
        ("search the web for blue whales", {"search_web"}),
        ("What does https://example.com say?", {"read_page"}),
        ("How is the weather in Oslo?", {"get_weather"}),
        ("Hello!", set()),
        ("What is the capital of France?", set()),
    ],
)
def test_chosen_for_names_what_the_question_speaks_for(question: str, names: set[str]) -> None:
    chosen = chosen_for(question, TOOLS, 2)
    assert len(chosen) <= 2 and (names <= set(chosen) if names else not chosen)


def test_chosen_for_reads_the_file_that_came_along() -> None:
    assert "read_file" in chosen_for("Which month has the most rain?", TOOLS, 2, ["rainfall.csv"])


def test_chosen_for_knows_the_benchmark_s_questions_for_the_app_s_own_tools() -> None:
    names = {tool.name for tool in TOOLS[:-1]}
    tasks = [task for task in read_tasks() if task.kind == "one" and task.wants[0].tool in names]
    missed = [task.question for task in tasks if task.wants[0].tool not in chosen_for(task.question, TOOLS, 2)]
    assert len(tasks) >= 6 and missed == []


def test_start_tells_a_small_model_of_few_tools_unless_they_were_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scripted_agent(tmp_path, [Turn("Hm.", "Done.")], TOOLS) as agent:
        names = [tool.name for tool in TOOLS]

        def offered(**given: object) -> list[str]:
            events = agent.events("What is 6 * 7?", **given)
            return next([tool.name for tool in event.tools] for event in events if isinstance(event, Equipped))

        assert offered() == names
        monkeypatch.setattr("agent.agents.tools_at_once", lambda model: 2)
        assert offered() == ["calculate"]
        told = [event for event in agent.events("What is 6 * 7?") if isinstance(event, Notice)]
        assert [(each.kind, each.text.split(":")[0]) for each in told] == [
            ("reduced", "scripted does best with few tools, so it is told of calculate")
        ]
        first = agent.agents.start("What is 6 * 7?")
        agent.read(first)
        assert offered(parent_id=first) == ["calculate"]
        later = agent.events("And of twice that?", parent_id=first)
        assert [tool.name for event in later if isinstance(event, Equipped) for tool in event.tools] == ["calculate"]
        assert offered(tools={"python": "ask", "calculate": "off"}) == []
        assert offered(tools=names) == names
