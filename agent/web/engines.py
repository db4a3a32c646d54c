"""A query in, what search engines found out. Runs in the process that may be killed."""

from typing import Any


def found(query: str, region: str, n_results: int, engine_seconds: int, proxy: str | None) -> list[dict[str, str]]:
    """Titles, addresses and snippets.

    Args:
        region: Country and language, such as "us-en": engines make host names of it, so it may not come from a model.
        engine_seconds: How long an engine is waited for.
        proxy: Of the app's settings; those of the environment are not in this process.

    Raises:
        ValueError: If nothing was found or no engine can be reached; the message is a sentence.
    """
    from ddgs import DDGS
    from ddgs.exceptions import DDGSException

    try:
        rows: list[dict[str, Any]] = DDGS(proxy=proxy, timeout=engine_seconds).text(
            query, region=region, max_results=n_results
        )
    except DDGSException as error:
        raise ValueError(_sentence(str(error))) from error
    return [{name: str(row.get(name) or "") for name in ("title", "href", "body")} for row in rows]


def _sentence(error: str) -> str:
    """What an engine's error means, in words of ours."""
    said = error.lower()
    if "no results" in said:
        return "Nothing was found. Try other or fewer words."
    if "dns" in said or "connect" in said or "network" in said:
        return "No search engine can be reached: this machine has no network, or it is blocked."
    if "timed out" in said or "timeout" in said:
        return "The search engines did not answer in time. Try again later."
    if "ratelimit" in said or "429" in said or "202" in said:
        return "The search engines refuse further searches for now. Try again in some minutes."
    return "The search engines could not be asked. Try again later, or other words."
