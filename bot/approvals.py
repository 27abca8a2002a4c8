"""Who may approve, and how many must: people by id, user groups (``S…``) and channels (``C…``, ``G…``), as configured."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

from bot.errors import ConfigurationError, Permanent, Refused, Temporary
from bot.membership import among
from bot.people import is_group, on_command_line, person
from bot.ports import Directory
from bot.settings.slack import SlackConfig, too_few
from bot.upgrade import Upgrade, Vote

__all__ = ["Approvals", "approval_faults", "require_deciders"]

log = logging.getLogger(__name__)


class Approvals:
    """Asked at the moment of acting; groups are asked of Slack anew each time."""

    def __init__(self, config: SlackConfig, directory: Directory) -> None:
        self._config = config
        self._directory = directory

    @property
    def quorum(self) -> int:
        return self._config.quorum

    def require(self, actor: str, upgrade: Upgrade) -> None:
        """:raises Refused: when the actor may not approve; the text names who may.

        :raises Temporary: when Slack does not tell who is in a group.
        """
        asked = self._config.asked_to_approve
        if on_command_line(actor):
            if not self._config.cli_approvals:
                raise Refused(
                    "Approvals on the command line do not count here (slack.cli_approvals is false). Hold and rollback work."
                )
        elif asked and not among(self._directory, actor, asked):
            raise Refused(f"You may not approve this. Ask one of {_people(asked)}.")
        if not self._config.requester_may_approve and actor == upgrade.requested_by:
            others = _people([user for user in asked if user != actor]) or "somebody else"
            raise Refused(f"You started this upgrade, so somebody else has to approve: {others}.")

    def require_break_glass(self, actor: str) -> None:
        """:raises Refused: when the actor may not go over the rules; the text names who may.

        :raises Temporary: when Slack does not tell who is in a group.
        """
        allowed = self._config.break_glass
        if not allowed:
            raise Refused("Nobody may go over the rules here: `slack.break_glass` names no one.")
        if not among(self._directory, actor, allowed):
            raise Refused(f"You may not go over the rules. Ask one of {_people(allowed)}.")

    def still_counting(self, votes: Sequence[Vote], upgrade: Upgrade) -> tuple[Vote, ...]:
        """Those whose voters may still approve: somebody may have left the group since.

        :raises Temporary: when Slack does not tell who is in a group. Then nobody is taken to have left it.
        """

        def counts(vote: Vote) -> bool:
            try:
                self.require(vote.by, upgrade)
            except Refused:
                return False
            return True

        return tuple(vote for vote in votes if counts(vote))


def approval_faults(config: SlackConfig, directory: Directory) -> Iterator[str]:
    """Why the rules could not be met by the people there are now, with what to do.

    :raises Temporary: when Slack does not answer.
    """
    people: set[str] = set()
    for entry in dict.fromkeys((*config.asked_to_approve, *config.operators, *config.break_glass)):
        members = directory.members(entry) if is_group(entry) else {entry}
        if not members:
            yield f"{entry} has no members: add people, or take it out of the configuration"
        if entry in config.asked_to_approve:
            people |= members
    if config.asked_to_approve:
        needed = config.quorum + (0 if config.requester_may_approve else 1)
        if len(people) < needed:
            yield too_few(len(people), config.quorum, config.requester_may_approve)


def require_deciders(config: SlackConfig, directory: Directory, *, under_way: bool) -> None:
    """Before the bot serves. ``under_way``: an upgrade lives; then it is only logged, because people must be able to go back.

    :raises ConfigurationError: with every reason why gates could not be decided.
    """
    try:
        faults = list(approval_faults(config, directory))
    except Temporary as error:
        log.warning("who may approve could not be asked: %s", error)
        return
    except Permanent as error:
        faults = [str(error)]
    if faults and not under_way:
        raise ConfigurationError(
            "gates could not be decided:\n" + "\n".join(f"  {fault}" for fault in faults)
        )
    for fault in faults:
        log.warning("gates cannot be decided: %s", fault)


def _people(entries: Sequence[str]) -> str:
    return ", ".join(person(entry) for entry in entries)
