"""The app's runs and judges in, the toolbox that every run of the agent is offered from out."""

from agent.calculate import Calculator, calculate_tool
from agent.file_tools import file_tools
from agent.own_tools import own_tools
from agent.python_tool import Notebooks, python_tool
from agent.toolbox import Toolbox
from agent.verify_tools import verify_tools
from agent.web import web_tools
from model.errors import BadInput
from model.runs import Runs
from model.settings import Settings
from verify.code.judge import CodeJudge
from verify.math_answer import MathJudge


def standard_toolbox(runs: Runs, settings: Settings, code_judge: CodeJudge, math_judge: MathJudge) -> Toolbox:
    """The app's own tools, the web's, and those of the user (`settings.own_tools`).

    What they keep for a run is let go when the run ends, and their processes when the runs are closed.

    Raises:
        BadInput: If a tool of the user cannot be loaded, or has the name of one of the app's; if the proxy is none.
    """
    notebooks, calculator = Notebooks(code_judge), Calculator()
    runs.after_end.append(notebooks.end_run)
    runs.on_close += [notebooks.close, calculator.close]
    toolbox = Toolbox()
    toolbox.add(python_tool(notebooks), calculate_tool(calculator))
    toolbox.add(*web_tools(settings.web_proxy), *file_tools(), *verify_tools(math_judge, code_judge))
    for tool in own_tools(settings.own_tools):
        if toolbox.find(tool.name):
            raise BadInput(f"{tool.origin}: there is a tool {tool.name!r} in the app. Rename the function.")
        toolbox.add(tool)
    return toolbox
