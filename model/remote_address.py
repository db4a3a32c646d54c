"""What the user named as server in, where requests go and with which key out.

A key comes from the environment, or is the visitor's own login with Hugging Face where the app has such logins.
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from model.errors import BadInput

# Providers of huggingface_hub's `InferenceClient`, and "auto", which lets the Hub choose one.
PROVIDERS = (
    "auto", "baseten", "cerebras", "cohere", "deepinfra", "featherless-ai", "fireworks-ai", "groq", "hf-inference",
    "novita", "nscale", "openai", "ovhcloud", "publicai", "scaleway", "together", "zai-org",
)  # fmt: skip
_HOST_AND_PORT = re.compile(r"[^:/]+:\d")
# Whatever a visitor's login gives, for requests made in that visitor's name.
visitor_token: ContextVar[str] = ContextVar("visitor_token", default="")


@contextmanager
def asking_with(token: str) -> Iterator[None]:
    """What is done inside asks the Hub's providers with a visitor's own token; the threads of runs carry it."""
    given = visitor_token.set(token)
    try:
        yield
    finally:
        visitor_token.reset(given)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is.

    Args:
        url: Up to and without `/chat/completions`; empty for a provider.
        provider: As `InferenceClient` calls it; empty for a URL.
    """

    url: str = ""
    provider: str = ""

    @property
    def shown(self) -> str:
        """For sentences: without what a URL may hold of passwords and queries."""
        if self.provider:
            return f"the provider {self.provider}"
        parts = urlsplit(self.url)
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.scheme}://{parts.hostname}{port}{parts.path}"

    @property
    def root(self) -> str:
        """The server without its `/v1`: where llama.cpp and vLLM have routes of their own."""
        return self.url.removesuffix("/v1")


def read_address(named: str) -> Address:
    """The address that the user means.

    Raises:
        BadInput: If it is neither a web address nor the name of a provider.

    >>> read_address("localhost:8000").url, read_address("groq").provider
    ('http://localhost:8000/v1', 'groq')
    """
    text = named.strip().rstrip("/")
    if text.lower() in PROVIDERS:
        return Address(provider=text.lower())
    if "://" not in text and (_HOST_AND_PORT.match(text) or text.startswith("localhost")):
        text = f"http://{text}"
    try:
        parts = urlsplit(text)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        is_good = False
    if not is_good or parts.username or parts.password or parts.query or parts.fragment:
        raise BadInput(
            f"The server is {_without_secrets(named)!r}. Give the address of an OpenAI-compatible server as it ends in "
            f"/v1, such as http://localhost:8000/v1, or one of the providers {', '.join(PROVIDERS)}. A key belongs "
            "into WORKINGS_SERVER_KEY."
        )
    text = text.removesuffix("/chat/completions")
    return Address(url=text if parts.path.strip("/") else f"{text}/v1")


def _without_secrets(named: str) -> str:
    return named.rpartition("@")[2].partition("?")[0]


def key_for(address: Address, environment: Mapping[str, str] = os.environ) -> str:
    """The key that requests carry: that of the environment, else the visitor's own, else none.

    The Hub's token goes to the Hub's providers alone, and to a server of the user's own only where it is named for it.

    >>> key_for(Address(url="http://localhost:8000/v1"), {"HF_TOKEN": "hf_secret"})
    ''
    """
    own = environment.get("WORKINGS_SERVER_KEY", "")
    if own or not (address.provider or _is_of_the_hub(address.url)):
        return own
    return visitor_token.get() or environment.get("HF_TOKEN", "")


def _is_of_the_hub(url: str) -> bool:
    parts = urlsplit(url)
    host = parts.hostname or ""
    return parts.scheme == "https" and (
        host == "huggingface.co" or host.endswith((".huggingface.co", ".huggingface.cloud"))
    )


def warns_of(address: Address, key: str) -> str:
    """A sentence when the key would travel in the open; else nothing."""
    parts = urlsplit(address.url)
    if not key or parts.scheme != "http":
        return ""
    host = parts.hostname or ""
    try:
        is_near = ip_address(host).is_private or ip_address(host).is_loopback
    except ValueError:
        is_near = host == "localhost" or "." not in host
    return "" if is_near else f"The key for {address.shown} is sent without encryption. Use https."
