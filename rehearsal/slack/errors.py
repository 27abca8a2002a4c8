"""How the workspace refuses: with the error names of Slack's Web API."""

from __future__ import annotations

from collections.abc import Sequence

from rehearsal.slack.records import Json

__all__ = ["ApiError", "invalid_arguments", "invalid_blocks"]


class ApiError(Exception):
    """An answer ``{"ok": false, "error": …}``; further keys of the answer in ``extra``."""

    def __init__(self, error: str, **extra: object) -> None:
        super().__init__(error)
        self.error = error
        self.extra = extra

    def to_json(self) -> Json:
        return {"ok": False, "error": self.error, **self.extra}


def invalid_blocks(faults: Sequence[str]) -> ApiError:
    """Slack repeats each fault with ``[ERROR]`` in ``response_metadata``."""
    return ApiError("invalid_blocks", errors=list(faults), response_metadata=_messages(faults))


def invalid_arguments(faults: Sequence[str]) -> ApiError:
    """Also how ``views.*`` answer to a view with wrong blocks."""
    return ApiError("invalid_arguments", response_metadata=_messages(faults))


def _messages(faults: Sequence[str]) -> Json:
    return {"messages": [f"[ERROR] {fault}" for fault in faults]}
