"""Runs and the model host in, the whole page out: layout and wiring; what the parts do is in their own files."""

import functools
from typing import TYPE_CHECKING, Any

import gradio as gr

from agent.agents import Agents
from agent.mcp_servers import mcp_servers
from agent.policy import policies_from_environment
from agent.standard import standard_toolbox
from evals.benchmark_runs import BenchmarkRuns
from evals.benchmarks.benchmark import Judges
from model.host import ModelHost
from model.run_scores import RunScores
from model.runs import Runs
from model.settings import Settings
from model.space import is_kept
from ui.access_account import add_account, add_open_door, has_sign_in
from ui.access_claims import Claims
from ui.access_identity import identity_of
from ui.access_page import Page
from ui.agent_endpoints import add_agent_endpoints
from ui.agent_parts import add_agent_tab
from ui.agent_tab import AgentTab, wire_agent
from ui.agent_tools import ToolPanel
from ui.benchmark_acts import BenchmarkActs
from ui.benchmark_curves import CurveViews
from ui.benchmark_endpoints import add_benchmark_endpoints
from ui.benchmark_parts import add_benchmarks
from ui.benchmark_results import BenchmarkResults
from ui.benchmark_tab import BenchmarkTab, served_by, wire_benchmarks, wire_default_budget
from ui.chat_parts import ChatParts, add_run_view
from ui.chat_tab import ChatTab, wire_chat
from ui.code_by_hand import ByHand
from ui.code_endpoints import add_code_endpoints
from ui.code_following import CodeFollowing
from ui.code_parts import add_code
from ui.code_tab import CodeTab, wire_code
from ui.composer import add_composer
from ui.confidence import ConfidenceView, add_confidence_endpoint, wire_confidence
from ui.default_budget import DefaultBudget
from ui.earlier_turns import add_earlier_turns
from ui.endpoints import add_endpoints
from ui.examples import LABELS
from ui.growing import growing_of
from ui.history_tab import RAIL_BUTTON, add_history, add_rail, wire_history
from ui.math_batch import MathBatch, wire_batch
from ui.math_endpoints import add_math_endpoints
from ui.math_parts import add_math
from ui.math_tab import MathTab, wire_math
from ui.model_panel import ModelPanel, add_model_form, wire_model
from ui.opening import Opening, wire_opening
from ui.parts import AT_ONCE, model_line, plain_text
from ui.sentences import model_line_value
from ui.training_endpoints import add_training_endpoints
from ui.training_parts import add_training
from ui.training_runs import TrainingRuns
from ui.training_tab import TrainingTab, served_training
from ui.verify_endpoints import add_verify_endpoints
from ui.words import word
from verify.code.attempts import Attempts
from verify.code.judge import CodeJudge
from verify.math_answer import MathJudge
from verify.solving import Solves

if TYPE_CHECKING:
    from evals.budget_curve import BudgetCurves

TITLE = "Workings"
_TAGLINE = "A reasoning model on your own machine: its thinking on one side, its answer on the other."

# They act in the browser alone (first_visit.js, keys.js).
_FIRST_VISIT = (
    "<p data-say>The model thinks on the left, then answers on the right. <b>Answer now</b> ends a thinking that takes "
    "too long; every run is kept under <b>Past runs</b>. <button class='action' type='button'>Got it</button></p>"
)
_KEYS_BUTTON = "<button class='action' type='button' id='show-keys'><span data-say>Keys</span> <kbd>?</kbd></button>"


def build_page(runs: Runs, host: ModelHost, settings: Settings) -> Page:
    """The page and the named endpoints, not launched yet.

    Raises:
        BadInput: If logins are asked for that cannot be.
    """
    identity = identity_of(settings, has_sign_in())
    # Its processes start with the first answer, and end when this one does: their pipes close.
    judge, code_judge = MathJudge(), CodeJudge()
    solves, grown = Solves(runs, judge, code_judge), growing_of(runs)
    attempts = Attempts(runs, code_judge)
    toolbox = standard_toolbox(runs, settings, code_judge, judge)
    agents = Agents(runs, toolbox, policies_from_environment(), settings.data_folder / "scratch")
    servers = mcp_servers(settings, toolbox)
    runs.on_close.append(servers.close)
    servers.start()
    folder, default = settings.data_folder / "benchmarks", DefaultBudget(settings.data_folder)
    # One slot stays free, so that a chat need not wait until a sample has come to its end.
    benchmarks = BenchmarkRuns(host, Judges(judge, code_judge), folder, spare_slots=1)
    curves = CurveViews(functools.partial(_new_curves, host, Judges(judge, code_judge)), default)
    acts = BenchmarkActs(benchmarks, curves, host, settings)
    runs.on_close += [benchmarks.close, curves.close]
    trained = TrainingRuns(settings.data_folder, settings.is_shared)
    demo = Page(identity, Claims(), title=TITLE, analytics_enabled=False, delete_cache=(3600, 86_400))
    with demo:
        add_open_door(settings)
        with gr.Row(elem_id="masthead", equal_height=False):
            gr.HTML(RAIL_BUTTON, elem_id="rail-button")
            gr.HTML(f"<h1>{TITLE}</h1><p data-say>{_TAGLINE}</p>", elem_id="title")
            line = model_line(model_line_value(host.status(), host.abilities()), elem_id="model-line")
            add_account(demo, settings)
        timer = gr.Timer(1.0)
        # Whose list is shown is decided by `model.acting`; where nobody is told apart there is one list.
        owner = gr.BrowserState("", storage_key="workings-visitor", secret="workings")
        state: dict[str, Any] = {"run_id": gr.State(""), "turns": gr.State([]), "to_follow": gr.State("")}
        state["handout"] = gr.JSON(visible=False)
        rail_list = add_rail()
        with gr.Tabs(selected="chat", elem_id="tabs") as tabs:
            with gr.Tab(word("Chat"), id="chat"):
                gr.HTML(_FIRST_VISIT, elem_id="first-visit")
                add_earlier_turns(runs, state["turns"])
                view = add_run_view(grown) | {"composer": add_composer(host, LABELS)}
            with gr.Tab(word("Math"), id="math") as math_tab:
                math_parts = add_math(gr.State(""), gr.State(""), grown)
            with gr.Tab(word("Code"), id="code") as code_tab:
                code_parts = add_code(gr.State(""), gr.State(""), grown)
            with gr.Tab(word("Agent"), id="agent") as agent_tab:
                agent_parts = add_agent_tab(runs, host, grown)
            with gr.Tab(word("Benchmarks"), id="benchmarks"):
                measured = BenchmarkTab(acts, BenchmarkResults(benchmarks, curves, folder), settings)
                results, answer = add_benchmarks(served_by(measured))
                wire_benchmarks(measured, results, answer)
            with gr.Tab(word("Training"), id="training"):
                add_training(served_training(TrainingTab(trained)))
            with gr.Tab(word("Past runs"), id="history") as history_tab:
                past = add_history(rail_list, is_kept=not settings.is_hosted or is_kept(settings.data_folder))
            with gr.Tab(word("Model"), id="model") as model_tab:
                form = add_model_form(settings)
                table = gr.HTML("<p>Looking at the device…</p>", elem_id="fit-table", elem_classes="says")
        with gr.Row(elem_id="foot-row"):
            foot = plain_text(elem_id="foot", elem_classes="says")
            gr.HTML(_KEYS_BUTTON, elem_id="keys-row")
        parts = ChatParts(tabs=tabs, past=past, **state, **view)
        chat = ChatTab(parts, runs, host)
        following = [wire_chat(demo, chat, runs, owner)]
        math = MathTab(math_parts, solves, runs, host, chat.kept)
        following.append(wire_math(math, math_tab, owner, parts.handout))
        wire_batch(demo, MathBatch(solves, runs), math_parts, owner, parts.handout)
        code = CodeTab(code_parts, attempts, runs, host)
        watching = CodeFollowing(attempts, runs, host, chat.kept)
        by_hand = ByHand(attempts, runs)
        demo.unload(watching.forget)
        following.append(wire_code(code, watching, by_hand, code_tab, owner, parts.handout))
        agent = AgentTab(agent_parts, agents, ToolPanel(agents, servers, settings.is_shared), runs, host, chat.kept)
        following.append(wire_agent(demo, agent, runs, agent_tab, owner, parts.handout))
        wire_opening(demo, Opening(runs), parts, math_parts, code_parts, agent_parts, following)
        panel = ModelPanel(host, settings, runs.store)
        wire_model(panel, form, line, foot, timer)
        model_tab.select(panel.table, None, table, **AT_ONCE)
        wire_history(demo, past, runs, tabs, history_tab, owner, parts.run_id, parts.to_follow)
        asking = (view["composer"], math_parts, code_parts, agent_parts.composer)
        selectors = [each for tab in asking for each in (tab.budget, tab.custom_budget)]
        wire_default_budget(demo, default, results, selectors, settings.may_start_benchmarks)
        scores = RunScores(runs)
        wire_confidence(ConfidenceView(scores, runs), parts.confidence, parts.run_id)
        add_endpoints(runs, host, settings)
        add_confidence_endpoint(scores)
        add_verify_endpoints(judge)
        add_math_endpoints(solves, runs, host, settings)
        add_code_endpoints(attempts, runs, host, settings)
        add_agent_endpoints(agents, runs, host, settings)
        add_benchmark_endpoints(benchmarks, acts)
        add_training_endpoints(trained)
    return demo


def _new_curves(host: ModelHost, judges: Judges) -> "BudgetCurves":
    from evals.budget_curve import BudgetCurves  # brings transformers in, which the page does without

    return BudgetCurves(host, judges)
