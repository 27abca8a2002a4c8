"""Who may do what in Slack: the `slack` section."""

from __future__ import annotations

from pydantic import Field, model_validator

from bot.people import is_group
from bot.settings.section import Section

__all__ = ["SlackConfig", "too_few"]


def too_few(people: int, quorum: int, requester_may_approve: bool) -> str:
    """The sentence for too small a number of approvers."""
    if requester_may_approve:
        return (
            f"{quorum} approvals are needed and {people} people may approve, so nobody could go on: name more in slack.approvers, "
            "or lower slack.quorum"
        )
    return (
        f"{quorum} approvals are needed and {people} people may approve, one of whom may have started the upgrade and then may not, so "
        "nobody could go on: name more in slack.approvers, or set slack.requester_may_approve to true"
    )


class SlackConfig(Section):
    """Who may do what, and where the bot speaks. The tokens come from SLACK_BOT_TOKEN, SLACK_APP_TOKEN, SLACK_SIGNING_SECRET."""

    channel: str | None = None
    """Channel id for upgrades started outside a channel; None: where the command was typed."""
    operators: tuple[str, ...] = ()
    """Who may start, hold, resume and roll back; approvers may as well. Ids as in ``approvers``. Empty: everybody in the workspace."""
    approvers: tuple[str, ...] = ()
    """Who may approve gates: ids of people (``U…``), user groups (``S…``) and channels (``C…``). Empty: every operator."""
    quorum: int = Field(default=1, ge=1)
    """How many different people have to approve a gate."""
    requester_may_approve: bool = False
    """True: who started an upgrade may approve its gates as well. Otherwise one approver more than the quorum is needed."""
    break_glass: tuple[str, ...] = ()
    """Who may approve alone, over the rules above and a failed comparison, with a written reason. Ids as in ``approvers``."""
    cli_approvals: bool = True
    """False: `ci-upgrade approve` on the bot's machine does not count; hold, resume and rollback there always do."""

    @property
    def asked_to_approve(self) -> tuple[str, ...]:
        """Ids as configured; empty: everybody."""
        return self.approvers or self.operators

    @model_validator(mode="after")
    def _enough_can_approve(self) -> SlackConfig:
        """As far as the file tells; `ci-upgrade check` asks who is in the groups."""
        asked = set(self.asked_to_approve)
        needed = self.quorum + (0 if self.requester_may_approve else 1)
        if asked and not any(is_group(entry) for entry in asked) and len(asked) < needed:
            raise ValueError(too_few(len(asked), self.quorum, self.requester_may_approve))
        return self
