"""Who belongs to what a configuration names: people by id, and members of user groups and channels."""

from __future__ import annotations

from collections.abc import Sequence

from bot.errors import BotError, Temporary
from bot.people import is_group, person
from bot.ports import Clock, Directory

__all__ = ["RememberedDirectory", "among"]

REMEMBERED_SECONDS = 300.0
RETRY_SECONDS = 30.0
"""Slack is not asked again before, when it did not tell."""


def among(directory: Directory, user: str, entries: Sequence[str]) -> bool:
    """Whether the user is one of the entries, or a member of one.

    :raises Temporary: when a group that decides it could not be asked; the text says to try again.
    """
    if user in entries:
        return True
    silent: BotError | None = None
    for group in filter(is_group, entries):
        try:
            if user in directory.members(group):
                return True
        except BotError as error:
            silent = Temporary(
                f"Who is in {person(group)} could not be asked, so nothing was changed: {error}. Try again in a moment."
            )
            silent.__cause__ = error
    if silent is not None:
        raise silent
    return False


class RememberedDirectory:
    """Implements :class:`bot.ports.Directory` for what must not wait for Slack: an answer is used for a while, and on when Slack is silent.

    Of a group that Slack never told about, that is raised as temporary.
    """

    def __init__(self, directory: Directory, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock
        self._known: dict[str, tuple[float, frozenset[str] | BotError]] = {}
        """Group → when to ask again, and what was told."""

    def members(self, group: str) -> frozenset[str]:
        now = self._clock.now()
        due, known = self._known.get(group, (now, None))
        if now >= due or known is None:
            try:
                due, known = now + REMEMBERED_SECONDS, self._directory.members(group)
            except BotError as error:
                due, known = now + RETRY_SECONDS, known if isinstance(known, frozenset) else error
            self._known[group] = due, known
        if isinstance(known, BotError):
            raise Temporary(str(known)) from known
        return known

    def speaks_in(self, channel: str) -> bool:
        return self._directory.speaks_in(channel)
