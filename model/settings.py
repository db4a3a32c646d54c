"""Environment variables in, one frozen `Settings` out; each default has its unit in its name and its source beside."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from model.errors import BadInput

VERSION = "0.1.0"

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

# All readers together are sent about this many updates a second at most, at 2 to 4 ms of the server's processor each:
# with more than 16 pages, or 40 scripts, each of them gets fewer (docs/limits.md).
UPDATES_PER_SECOND_IN_ALL = 200

# Events are on disk at most this long after they happened.
STORE_DELAY_SECONDS = 0.2

# What one user of a shared server may have, and what all may have together, where its host says nothing. A run is one
# request; a problem with 16 chains is 16 of them.
SHARED_USER_RUNS = 20
SHARED_QUEUE = 48
SHARED_USER_REQUESTS_PER_MINUTE = 40
SHARED_USER_REQUESTS_PER_HOUR = 400
SHARED_USER_TOKENS_PER_HOUR = 100_000
SHARED_REQUESTS_PER_MINUTE = 200

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

# What stands where other engines name the precision of their weights: of a server's nothing is known.
REMOTE = "remote"
ENGINES = ("auto", "transformers", "llamacpp", "remote")


# Of a request that is no upload: MAX_MESSAGE_CHARACTERS in the longest UTF-8, its history, and files as text.
MAX_BODY_BYTES = 40_000_000
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "::1", "[::1]")
LOG_FORMATS = ("text", "json")
LOG_OWNERS = ("hash", "name")
AUTH_MODES = ("none", "users", "huggingface")


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
        user_runs: Runs of one user at once, waiting ones included; 0 for no limit, and None for the default: none at
            home, some on a shared server. So are the next ones.
        user_requests_per_minute: Runs that one user may begin; so is `user_requests_per_hour`.
        user_tokens_per_hour: Tokens that are written for one user.
        queue: Runs of all users that wait for a slot of the engine.
        requests_per_minute: Runs that all users together may begin: names cost nothing where nobody logs in.
        tokens_per_hour: Tokens that are written for all users together.
        slots: Requests that a model of this machine answers at once; 0 chooses by the device. More take more memory.
        log_format: "text", or "json" for an object on each line.
        logs_text: Whether logs may hold what was asked, thought and answered.
        logs_owners: "hash", or "name" where a log may name users.
        metrics_token: With it, /metrics may be read from other machines.
        turn_seconds: How long a run may hold a slot of the engine that others wait for; 0 lets it keep that to its end.
        mcp_servers: The file that names the MCP servers of the agent; None for mcp.json in the data folder.
        serves_mcp: Whether the app is an MCP server itself.
        own_tools: Python files of the user's own tools, or folders of them, apart as in PATH.
        web_proxy: The HTTP proxy that the agent's web tools go through; those of the environment are not used.
        allows_benchmarks: Whether visitors of a server may start benchmarks, which take all of the model.
        engine: "auto", "transformers", "llamacpp" or "remote"; "auto" is "remote" when a server is named.
        threads: That llama.cpp computes on; 0 leaves a core to the page.
        gpu_layers: Layers that llama.cpp puts on a GPU, where its package can use one; -1 leaves it to llama.cpp.
        server_url: Of an OpenAI-compatible server, as it ends in /v1; or the name of an inference provider.
        server_slots: Requests that such a server is given at once; 0 for what it says of itself.
        auth: "none", "users" (the logins of `users_file`) or "huggingface" (a Space's own sign-in).
        users_file: Who may log in, with salted hashes; see `ui.user_file`.
        allowed: Names of Hugging Face users and organisations that may sign in, apart by commas; empty for all.
        admins: Those of them who may load another model and start benchmarks.
        trusted_proxy: Addresses of reverse proxies whose X-Forwarded-For is believed, apart by commas.
        hosts: Host names, apart by commas, that an app on loopback answers to besides its own.
        max_body_bytes: Longest body of a request that is no upload.
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
    user_runs: int | None = None
    user_requests_per_minute: int | None = None
    user_requests_per_hour: int | None = None
    user_tokens_per_hour: int | None = None
    queue: int | None = None
    requests_per_minute: int | None = None
    tokens_per_hour: int | None = None
    turn_seconds: float = 10.0
    slots: int = 0
    metrics_token: str = ""
    log_format: str = "text"
    logs_text: bool = False
    logs_owners: str = "hash"
    server_name: str = "127.0.0.1"
    server_port: int = 7860
    is_hosted: bool = False
    is_zero_gpu: bool = False
    mcp_servers: Path | None = None
    serves_mcp: bool = False
    own_tools: str = ""
    web_proxy: str = ""
    allows_benchmarks: bool = False
    engine: str = "auto"
    threads: int = 0
    gpu_layers: int = -1
    server_url: str = ""
    server_slots: int = 0

    @property
    def uses_server(self) -> bool:
        """Whether a server runs the model, and nothing is loaded here."""
        return self.engine == "remote" or (self.engine == "auto" and bool(self.server_url))

    auth: str = "none"
    users_file: Path | None = None
    allowed: str = ""
    admins: str = ""
    trusted_proxy: str = ""
    hosts: str = ""
    max_body_bytes: int = MAX_BODY_BYTES

    @property
    def has_logins(self) -> bool:
        """Whether nobody gets in without a login."""
        return self.auth != "none"

    @property
    def is_shared(self) -> bool:
        """Whether others than whoever started the app use it."""
        return self.is_hosted or self.has_logins

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the app."""
        return self.server_name in LOOPBACK_NAMES

    @property
    def is_open_door(self) -> bool:
        """Whether whoever reaches this machine reads and changes all runs: no login, and not on loopback."""
        return not (self.has_logins or self.is_loopback or self.is_hosted)

    @property
    def may_start_benchmarks(self) -> bool:
        """Whether whoever opens the page may have benchmarks run: on a server, only if its host says so."""
        return self.allows_benchmarks or not (self.is_hosted or self.is_zero_gpu)


def settings_from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """`Settings` from `WORKINGS_*`, `GRADIO_SERVER_*` and what a Space sets.

    Raises:
        BadInput: If a number cannot be read, or WORKINGS_AUTH is no way to log in.

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

    def limit(name: str) -> int | None:
        return int(number(name, 0)) if environment.get(name, "") else None

    users_file = Path(users) if (users := environment.get("WORKINGS_USERS", "")) else None
    auth = environment.get("WORKINGS_AUTH", "").lower() or ("users" if users_file else "none")
    if auth not in AUTH_MODES:
        raise BadInput(f"The environment variable WORKINGS_AUTH is {auth!r}. Give one of {', '.join(AUTH_MODES)}.")

    def one_of(name: str, known: tuple[str, ...]) -> str:
        """The first of those known where nothing is said."""
        text = environment.get(name, "").lower() or known[0]
        if text not in known:
            raise BadInput(f"The environment variable {name} is {text!r}. Give one of {', '.join(known)}.")
        return text

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
        user_runs=limit("WORKINGS_USER_RUNS"),
        user_requests_per_minute=limit("WORKINGS_USER_REQUESTS_PER_MINUTE"),
        user_requests_per_hour=limit("WORKINGS_USER_REQUESTS_PER_HOUR"),
        user_tokens_per_hour=limit("WORKINGS_USER_TOKENS_PER_HOUR"),
        queue=limit("WORKINGS_QUEUE"),
        requests_per_minute=limit("WORKINGS_REQUESTS_PER_MINUTE"),
        tokens_per_hour=limit("WORKINGS_TOKENS_PER_HOUR"),
        slots=int(number("WORKINGS_SLOTS", 0)),
        log_format=one_of("WORKINGS_LOG", LOG_FORMATS),
        logs_text=environment.get("WORKINGS_LOG_TEXT", "").lower() in ("1", "true"),
        logs_owners=one_of("WORKINGS_LOG_OWNERS", LOG_OWNERS),
        metrics_token=environment.get("WORKINGS_METRICS_TOKEN", ""),
        turn_seconds=number("WORKINGS_TURN_SECONDS", 10.0),
        server_name=environment.get("GRADIO_SERVER_NAME", "0.0.0.0" if is_hosted else "127.0.0.1"),
        server_port=int(number("GRADIO_SERVER_PORT", 7860)),
        is_hosted=is_hosted,
        is_zero_gpu=is_zero_gpu,
        mcp_servers=Path(named) if (named := environment.get("WORKINGS_MCP_SERVERS", "")) else None,
        serves_mcp=environment.get("WORKINGS_MCP", "").lower() in ("1", "true"),
        own_tools=environment.get("WORKINGS_OWN_TOOLS", ""),
        web_proxy=environment.get("WORKINGS_WEB_PROXY", ""),
        allows_benchmarks=environment.get("WORKINGS_BENCHMARKS", "").lower() in ("1", "true"),
        threads=int(number("WORKINGS_THREADS", 0)),
        gpu_layers=int(number("WORKINGS_GPU_LAYERS", -1)),
        engine=_engine_named(environment.get("WORKINGS_ENGINE", "auto")),
        server_url=environment.get("WORKINGS_SERVER_URL", ""),
        server_slots=int(number("WORKINGS_SERVER_SLOTS", 0)),
        auth=auth,
        users_file=users_file,
        allowed=environment.get("WORKINGS_ALLOWED", ""),
        admins=environment.get("WORKINGS_ADMINS", ""),
        trusted_proxy=environment.get("WORKINGS_TRUSTED_PROXY", ""),
        hosts=environment.get("WORKINGS_HOSTS", ""),
        max_body_bytes=int(number("WORKINGS_BODY_BYTES", MAX_BODY_BYTES)),
    )


def _engine_named(name: str) -> str:
    if name not in ENGINES:
        raise BadInput(f"The environment variable WORKINGS_ENGINE is {name!r}; give one of {', '.join(ENGINES)}.")
    return name
