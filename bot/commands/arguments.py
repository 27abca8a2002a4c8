"""Reads the words after a command; what is missing or misspelt is refused with what to type instead."""

from __future__ import annotations

from bot.commands.words import did_you_mean
from bot.config import Config
from bot.errors import Refused
from bot.store import Store
from bot.upgrade import Upgrade
from bot.versions import parse_version

__all__ = ["Arguments"]


class Arguments:
    def __init__(self, config: Config, store: Store) -> None:
        self._config = config
        self._store = store

    def controller(self, words: list[str]) -> str:
        known = sorted(self._config.controllers)
        if words and words[0] in self._config.controllers:
            return words[0]
        if not words and len(known) == 1:
            return known[0]
        if not words:
            raise Refused(f"Which controller? One of: {', '.join(known)}.")
        raise Refused(
            f"There is no controller `{words[0]}`.{did_you_mean(words[0], known)} Configured: {', '.join(known)}."
        )

    def controller_and_text(self, words: list[str]) -> tuple[str, str]:
        """A controller, whose name may be left out where there is only one, and the rest of the text."""
        known = self._config.controllers
        if len(known) == 1 and (not words or words[0] not in known):
            return next(iter(known)), " ".join(words)
        return self.controller(words), " ".join(words[1:])

    def controller_and_version(self, words: list[str], command: str) -> tuple[str, str, list[str]]:
        one = next(iter(self._config.controllers)) if len(self._config.controllers) == 1 else None
        if one and words and words[0] != one and (len(words) == 1 or words[0][0].isdigit()):
            words = [one, *words]
        if len(words) < 2:
            example = f"`/ci-upgrade {command} {min(self._config.controllers)} 2.516.3`"
            if words:
                self.controller(words)
            raise Refused(f"Which version? For example {example}.")
        controller = self.controller(words)
        parse_version(words[1])
        return controller, words[1], words[2:]

    def live(self, words: list[str]) -> tuple[Upgrade, str]:
        """The live upgrade that is meant, and the rest of the text."""
        named = bool(words) and words[0] in self._config.controllers
        live = self._store.live()
        # Among several controllers a first word that is none may be a misspelt one, not the beginning of a reason.
        if not named and len(live) == 1 and (not words or len(self._config.controllers) == 1):
            return live[0], " ".join(words)
        controller = self.controller(words)
        upgrade = self._store.live_for(controller)
        if upgrade is None:
            raise Refused(f"No upgrade of {controller} is running.")
        return upgrade, " ".join(words[1:] if named else words)
