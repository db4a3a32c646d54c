"""The app's command line in, its settings and whatever else was asked for out."""

import argparse
from dataclasses import replace
from pathlib import Path

from model.settings import AUTH_MODES, ENGINES, LOG_FORMATS, Settings, settings_from_environment


def read_arguments(arguments: list[str]) -> tuple[Settings, argparse.Namespace]:
    """Settings from the environment, with what was given on the command line in their place."""
    parser = argparse.ArgumentParser(prog="app.py", description="Run a reasoning model and read its thinking.")
    parser.add_argument("--no-browser", action="store_true", help="do not open the page in a browser")
    parser.add_argument("--model", help="catalog name, hub id or folder; auto takes the best that fits")
    parser.add_argument("--precision", choices=("auto", "bf16", "int8", "nf4", "fp32"))
    parser.add_argument("--source", help="hub, modelscope, or a folder that holds one folder per model")
    parser.add_argument("--adapter", help="folder of a LoRA adapter, or none")
    parser.add_argument("--context", type=int, dest="context_tokens", metavar="TOKENS", help="memory to leave for it")
    parser.add_argument("--engine", choices=ENGINES, help="what runs the model; remote: the server that --server names")
    parser.add_argument(
        "--server", dest="server_url", metavar="URL", help="an OpenAI-compatible server (ends in /v1), or a provider"
    )
    parser.add_argument("--save-quantised", type=Path, metavar="FOLDER", help="write the nf4 weights there, then end")
    parser.add_argument("--port", type=int, dest="server_port")
    parser.add_argument("--data", type=Path, dest="data_folder", metavar="FOLDER", help="for runs and weights")
    parser.add_argument("--scripted", type=Path, metavar="FILE", help="replay a script; no model is loaded")
    parser.add_argument("--log-format", choices=LOG_FORMATS, help="of the log; json: an object on each line")
    parser.add_argument("--mcp", action="store_true", default=None, dest="serves_mcp", help="be an MCP server, too")
    parser.add_argument("--mcp-servers", type=Path, metavar="FILE", help="MCP servers whose tools the agent gets")
    parser.add_argument("--users", type=Path, dest="users_file", metavar="FILE", help="who may log in (ui.user_file)")
    parser.add_argument("--auth", choices=AUTH_MODES, help="how visitors log in")
    given = parser.parse_args(arguments)
    chosen = {name: value for name, value in vars(given).items() if name in Settings.__slots__ and value is not None}
    if given.users_file and not given.auth:
        chosen["auth"] = "users"
    return replace(settings_from_environment(), **chosen), given
