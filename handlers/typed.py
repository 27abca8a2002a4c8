"""What a person typed, as they typed it."""

from __future__ import annotations

__all__ = ["unescaped"]


def unescaped(text: str) -> str:
    """Slack sends its three control characters escaped."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
