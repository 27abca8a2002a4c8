"""Why an upgrade stands still or ended: stable codes, used by status, Slack and exit codes alike."""

from enum import StrEnum

__all__ = ["Reason"]


class Reason(StrEnum):
    ASKED = "asked"
    """Somebody pressed Hold or typed pause."""
    GATE_EXPIRED = "gate-expired"
    PREFLIGHT = "preflight-blockers"
    STEP_FAILED = "step-failed"
    """A step failed for good, or too often."""
    VALIDATION = "validation-failed"
    VERDICT = "verdict-failed"
    """Green did worse than blue, while a step was watched or a gate waited."""
    DRAIN = "builds-still-running"
    """Builds of the old owner outlive the drain time."""
