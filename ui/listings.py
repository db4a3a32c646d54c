"""Past runs and the catalog in, the JSON that `/runs` and `/models` send out."""

from collections.abc import Sequence
from typing import Any

from model.catalog import CATALOG, ModelSpec
from model.memory import FitRow
from model.store import Store
from model.stored_runs import RunRow
from ui.deltas import rounded


def list_runs(store: Store, query: str, limit: int) -> list[dict[str, Any]]:
    """Conversations, the latest first; or with a query, the runs that hold its words, the best first.

    Args:
        limit: The most to return.
        query: Words to search for; empty for the list.
        store: Where they are kept.
    """
    if query.strip():
        hits = store.search(query, limit=limit)
        return [_run_as_json(hit.run) | {"place": hit.place, "snippet": _plain(hit.snippet)} for hit in hits]
    rows = store.rows(limit=limit)
    return [_run_as_json(row) | {"last_turn": store.last_turn(row.id).id} for row in rows]


def list_models(table: Sequence[FitRow]) -> list[dict[str, Any]]:
    """The catalog; memory in bytes, context in tokens.

    Args:
        table: What fits this device.
    """
    return [_model_as_json(spec, [row for row in table if row.model == spec.name]) for spec in CATALOG.values()]


def _model_as_json(spec: ModelSpec, rows: Sequence[FitRow]) -> dict[str, Any]:
    return {
        "model": spec.name,
        "title": spec.title,
        "hub_id": spec.hub_id,
        "licence": spec.licence,
        "context_tokens": spec.context_tokens,
        "fits": [
            {
                "precision": row.precision,
                "verdict": row.verdict,
                "reason": row.reason,
                "is_auto": row.is_auto,
                "weight_bytes": row.weight_bytes,
                "kv_bytes": {str(tokens): size for tokens, size in zip(row.tokens, row.kv_bytes, strict=True)},
            }
            for row in rows
        ],
    }


def _run_as_json(row: RunRow) -> dict[str, Any]:
    """What a list shows of a run; times are Unix seconds."""
    return {
        "run_id": row.id,
        "parent_id": row.parent_id,
        "title": row.title,
        "question": row.question,
        "model": row.model,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "state": row.state,
        "finish_reason": row.reason,
        "is_pinned": row.is_pinned,
        "thinking_tokens": row.thinking_tokens,
        "answer_tokens": row.answer_tokens,
        "seconds": rounded(row.seconds),
    }


def _plain(snippet: str) -> str:
    """A search's snippet without the marks around what matched."""
    return snippet.replace("\x02", "").replace("\x03", "")
