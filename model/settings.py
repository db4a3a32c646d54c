"""Environment variables in, one frozen `Settings` out; each default has its unit in its name and its source beside."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from model.errors import BadInput

# Thinking tokens of the named budgets. Qwen3's docs advise against less than about 1,024; QwQ's own evaluation
# allows 32,768 new tokens in all, of which the answer reserve is kept free.
BUDGET_TOKENS: dict[str, int] = {"off": 0, "low": 1024, "medium": 4096, "high": 16_384}

# Tokens that thinking can never touch, so that an answer always fits.
ANSWER_RESERVE_TOKENS = 2048
# On a small context the reserve is this share of it instead.
ANSWER_RESERVE_SHARE = 0.25

# QwQ's evaluation: max_tokens 32768 (QwenLM/QwQ, eval/README.md).
MAX_NEW_TOKENS = 32_768

# The cut waits for a paragraph end for at most this many tokens past the budget.
SOFT_LANDING_TOKENS = 96

# What one *think longer* adds.
THINK_LONGER_TOKENS = 1024

# Engine events are merged to at most this many updates a second (12 keep page and wire cheap, see docs/limits.md).
UPDATES_PER_SECOND = 12

# A script is sent fewer: each update costs the server about 4 ms that a decoder in the same process waits for.
SCRIPT_UPDATES_PER_SECOND = 5

# Events are on disk at most this long after they happened.
STORE_DELAY_SECONDS = 0.2

# One call of ZeroGPU. Short ones are given a GPU sooner, and each begins with reading the prompt again; a visitor
# without an account has 120 s a day (hub-docs, ZeroGPU, 2026-08-22).
ZERO_GPU_CALL_SECONDS = 60.0

MAX_MESSAGE_CHARACTERS = 400_000

# A file that goes along with a question, before its text is read out, and how many there may be.
MAX_ATTACHMENT_BYTES = 5_000_000
MAX_ATTACHMENTS = 8

# The system prompt of a conversation.
MAX_SYSTEM_CHARACTERS = 40_000

# A hint that is put into a thinking.
MAX_HINT_CHARACTERS = 4_000
MAX_HISTORY_MESSAGES = 400


@dataclass(frozen=True, slots=True)
class Settings:
    """What the app was started with.

    Args:
        model: Catalog name, hub id or folder; "auto" takes QwQ-32B on a card that it fits, else the embedded model.
        precision: "auto", "bf16", "int8", "nf4" or "fp32".
        source: "hub", "modelscope" or a folder that holds one folder per model.
        adapter: Folder of a LoRA adapter, "none", or "auto" (the model's own, where it has one).
        context_tokens: Context to leave memory for; 0 takes what the catalog says of the model.
        detached_seconds: How long a run goes on after its last reader has gone.
        run_seconds: Wall-clock limit of one run.
        call_seconds: On ZeroGPU, the longest call of the GPU; a run goes on in the next one.
        max_runs: Runs at once, queued ones included; the next one is refused.
        mcp_servers: The file that names the MCP servers of the agent; None for mcp.json in the data folder.
        serves_mcp: Whether the app is an MCP server itself.
        own_tools: Python files of the user's own tools, or folders of them, apart as in PATH.
        web_proxy: The HTTP proxy that the agent's web tools go through; those of the environment are not used.
        allows_benchmarks: Whether visitors of a server may start benchmarks, which take all of the model.
    """

    data_folder: Path
    model: str = "auto"
    precision: str = "auto"
    source: str = "hub"
    adapter: str = "auto"
    context_tokens: int = 0
    detached_seconds: float = 60.0
    run_seconds: float = 3600.0
    call_seconds: float = ZERO_GPU_CALL_SECONDS
    max_runs: int = 64
    server_name: str = "127.0.0.1"
    server_port: int = 7860
    is_hosted: bool = False
    is_zero_gpu: bool = False
    mcp_servers: Path | None = None
    serves_mcp: bool = False
    own_tools: str = ""
    web_proxy: str = ""
    allows_benchmarks: bool = False

    @property
    def may_start_benchmarks(self) -> bool:
        """Whether whoever opens the page may have benchmarks run: on a server, only if its host says so."""
        return self.allows_benchmarks or not (self.is_hosted or self.is_zero_gpu)


def settings_from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """`Settings` from `WORKINGS_*`, `GRADIO_SERVER_*` and what a Space sets.

    Raises:
        BadInput: If a number cannot be read.

    >>> settings_from_environment({"WORKINGS_MODEL": "qwq-32b", "HOME": "/home/a"}).model
    'qwq-32b'
    """
    is_hosted = bool(environment.get("SPACE_ID"))
    is_zero_gpu = environment.get("SPACES_ZERO_GPU", "").lower() in ("1", "true")

    def number(name: str, default: float) -> float:
        text = environment.get(name, "")
        if not text:
            return default
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if value < 0:
            raise BadInput(f"The environment variable {name} is {text!r}; it must be a number from 0 up.")
        return value

    home = Path(environment.get("HOME", "") or Path.home())
    cache = Path(environment.get("XDG_DATA_HOME", "") or home / ".local" / "share")
    return Settings(
        data_folder=Path(environment.get("WORKINGS_DATA", "") or cache / "workings"),
        model=environment.get("WORKINGS_MODEL", "auto"),
        precision=environment.get("WORKINGS_PRECISION", "auto"),
        source=environment.get("WORKINGS_SOURCE", "hub"),
        adapter=environment.get("WORKINGS_ADAPTER", "auto"),
        context_tokens=int(number("WORKINGS_CONTEXT_TOKENS", 0)),
        detached_seconds=number("WORKINGS_DETACHED_SECONDS", 0.0 if is_zero_gpu else 60.0),
        run_seconds=number("WORKINGS_RUN_SECONDS", 3600.0),
        call_seconds=number("WORKINGS_CALL_SECONDS", ZERO_GPU_CALL_SECONDS),
        max_runs=int(number("WORKINGS_MAX_RUNS", 64)),
        server_name=environment.get("GRADIO_SERVER_NAME", "0.0.0.0" if is_hosted else "127.0.0.1"),
        server_port=int(number("GRADIO_SERVER_PORT", 7860)),
        is_hosted=is_hosted,
        is_zero_gpu=is_zero_gpu,
        mcp_servers=Path(named) if (named := environment.get("WORKINGS_MCP_SERVERS", "")) else None,
        serves_mcp=environment.get("WORKINGS_MCP", "").lower() in ("1", "true"),
        own_tools=environment.get("WORKINGS_OWN_TOOLS", ""),
        web_proxy=environment.get("WORKINGS_WEB_PROXY", ""),
        allows_benchmarks=environment.get("WORKINGS_BENCHMARKS", "").lower() in ("1", "true"),
    )
