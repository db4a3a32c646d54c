"""A `ModelHost` in, the named endpoints about models out: `/models` and `/load_model`."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import asdict
from typing import Any

from model.errors import BadInput, ModelLoadFailed
from model.host import ModelHost
from model.settings import Settings
from ui.arguments import check_text, check_whole_number, shown
from ui.deltas import rounded
from ui.endpoint_errors import errors_as_sentences
from ui.listings import list_models
from ui.model_panel import check_may_load
from ui.script_runs import QUIET_SECONDS, serving_engine

_MOST_CONTEXT_TOKENS = 10_000_000


class ModelEndpoints:
    """The functions behind the endpoints; their signatures and docstrings are what clients are shown."""

    def __init__(self, host: ModelHost, settings: Settings) -> None:
        self._host = host
        self._settings = settings

    async def models(self) -> dict[str, Any]:
        """Say which models there are, in which precision they fit this device, and which one is loaded.

        Returns:
            {"models": [{"model", "title", "hub_id", "fits": [...], ...}], "loaded": {...} or null, "status": {...}}.
            The loaded one's `live_requests` hold the device now; `waiting_runs` stand in line for it.
        """
        with errors_as_sentences("/models"):
            # The first look at the device's memory imports torch.
            table = await asyncio.to_thread(self._host.fit_table)
            engine = serving_engine(self._host)
            return {
                "models": list_models(table),
                "loaded": None
                if engine is None
                else {
                    "model": engine.model,
                    "precision": engine.precision,
                    "context_tokens": engine.context_tokens,
                    "slots": engine.slots,
                    "live_requests": engine.live_requests(),
                    "abilities": asdict(engine.abilities),
                    "waiting_runs": self._host.line.counts()[1],
                },
                "status": asdict(self._host.status()),
            }

    async def load_model(
        self,
        model: str,
        precision: str = "auto",
        source: str | None = None,
        adapter: str | None = None,
        context_tokens: int = 0,
        use_yarn: bool = False,
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Load another model in place of the one that is loaded. The load goes on when the caller goes.

        Args:
            model: A catalog name, a hub id, or a folder on the server.
            precision: "auto", "bf16", "int8", "nf4" or "fp32".
            source: "hub", "modelscope", or a folder that holds one folder per model; the server's own when left out.
            adapter: Folder of a LoRA adapter, "none" or "auto"; the server's own when left out.
            context_tokens: Context to leave memory for; 0 takes the model's own.
            use_yarn: Stretch the context by YaRN.

        Returns:
            Objects {"type": "progress", "text", "done", "total", "unit"}, and last
            {"type": "final", "model", "precision", "seconds", "text", "note"}.
        """
        with errors_as_sentences("/load_model"):
            check_may_load(
                self._settings, "This is a shared server, so its model stays. Duplicate the Space to choose your own."
            )
            if not isinstance(use_yarn, bool):
                raise BadInput(f"use_yarn is {shown(use_yarn)}; give true or false.")
            await asyncio.to_thread(
                self._host.load,
                check_text(model, "model"),
                check_text(precision, "precision"),
                source=None if source is None else check_text(source, "source"),
                adapter=None if adapter is None else check_text(adapter, "adapter"),
                context_tokens=check_whole_number(context_tokens, "context_tokens", 0, _MOST_CONTEXT_TOKENS),
                use_yarn=use_yarn,
            )
            while (status := self._host.status()).state == "loading":
                yield {
                    "type": "progress",
                    "text": status.text,
                    "done": status.done,
                    "total": status.total,
                    "unit": status.unit,
                }
                await asyncio.sleep(QUIET_SECONDS)
            if status.state != "ready":
                raise ModelLoadFailed(" ".join(part for part in (status.text, status.note) if part))
            yield {
                "type": "final",
                "model": status.model,
                "precision": status.precision,
                "seconds": rounded(status.seconds),
                "text": status.text,
                "note": status.note,
            }
