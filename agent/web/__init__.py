"""A question or the address of a page in, what the web says out: fetched with care, marked as the words of strangers.

Promised, and tested in `tests/test_agent_web_*.py` (docs/web.md has the whole list): only http and https, only to
addresses of the public internet, each checked after its name was looked up and connected to as it was checked, after
each redirect too; limits on time, size, redirects and text; pages are taken apart in a process that can be killed.

This file imports nothing at its top: the process that takes pages apart reads it, and must not load the app.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.toolbox import Tool


def web_tools(proxy: str = "") -> "tuple[Tool, ...]":
    """`search_web` and `read_page`, which ask before they run.

    Args:
        proxy: The HTTP proxy that the web is to be reached through; proxies of the environment are not used.

    Raises:
        BadInput: If the proxy is none.
    """
    from agent.web.tools import standard_web_tools

    return standard_web_tools(proxy)
