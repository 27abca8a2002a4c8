"""What all sections have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

__all__ = ["Section"]


class Section(BaseModel):
    """Read once and never changed; a key that it does not know is a fault."""

    model_config = ConfigDict(frozen=True, extra="forbid")
