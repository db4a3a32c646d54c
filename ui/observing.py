"""The runs and their figures in, what watches a server out: /healthz, /readyz and /metrics.

/healthz says that the process answers and asks nobody; /readyz whether a question would be answered; /metrics is for
Prometheus, and only for this machine or whoever has the token.
"""

import asyncio
import hmac

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from model.errors import AppError
from model.measuring import Measures
from model.runs import Runs

_EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
# A proxy on this machine asks for others, and says so.
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")
_REFUSAL = (
    "These figures are for this machine. From elsewhere, set WORKINGS_METRICS_TOKEN and send it as "
    "'Authorization: Bearer TOKEN'.\n"
)


def observing_routes(runs: Runs, measures: Measures) -> list[Route]:
    """Routes for the web app."""
    observing = Observing(runs, measures)
    return [
        Route("/healthz", observing.health),
        Route("/readyz", observing.ready),
        Route("/metrics", observing.metrics),
    ]


class Observing:
    """The functions behind the routes."""

    def __init__(self, runs: Runs, measures: Measures) -> None:
        self._runs = runs
        self._measures = measures

    async def health(self, _: Request) -> Response:
        """That the process lives and its event loop turns."""
        return _told({"status": "ok"})

    async def ready(self, _: Request) -> Response:
        """Whether a question would be answered; 503 with the reasons where it would not."""
        reasons = await asyncio.to_thread(self._reasons)
        return _told({"status": "unavailable" if reasons else "ready", "reasons": reasons}, 503 if reasons else 200)

    def _reasons(self) -> dict[str, str]:
        found: dict[str, str] = {}
        if self._runs.is_closing:
            found["closing"] = "The app is closing."
        try:
            self._runs.host.engine()
        except AppError as error:
            found["model"] = str(error)
        try:
            self._runs.store.check_writable()
        except AppError as error:
            found["store"] = str(error)
        return found

    async def metrics(self, request: Request) -> Response:
        """The figures, for those who may have them."""
        if not _may_read(request, self._runs.settings.metrics_token):
            return PlainTextResponse(_REFUSAL, 403, {"Cache-Control": "no-store"})
        body = await asyncio.to_thread(self._measures.exposition)
        return Response(body, headers={"Content-Type": _EXPOSITION, "Cache-Control": "no-store"})


def _may_read(request: Request, token: str) -> bool:
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    if token and hmac.compare_digest(given.encode(), token.encode()):
        return True
    is_local = request.client is not None and request.client.host in _LOOPBACK
    return is_local and not any(name in request.headers for name in _FORWARDED)


def _told(what: dict[str, object], status: int = 200) -> JSONResponse:
    return JSONResponse(what, status, {"Cache-Control": "no-store"})
