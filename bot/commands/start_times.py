"""When a start that is for later comes: at its time, or when the window opens."""

from __future__ import annotations

from bot.commands.interface import StartRequest
from bot.commands.words import did_you_mean
from bot.config import Config
from bot.errors import Refused
from bot.obstacles import Obstacles
from bot.ports import Clock
from bot.when import moment_text
from bot.windows import jittered, next_opening

__all__ = ["StartTimes"]


class StartTimes:
    def __init__(self, config: Config, clock: Clock, obstacles: Obstacles) -> None:
        self._config = config
        self._clock = clock
        self._obstacles = obstacles

    def of(self, request: StartRequest) -> float:
        """Epoch seconds. The request names a time or a window.

        :raises Refused: when it names both, for a time that is over or outside of the windows, and for a window that is not the
            controller's.
        """
        if request.at is not None and request.window:
            raise Refused("Give a time or a window, not both.")
        if request.at is None:
            return self.opening(request.controller, request.window)
        zone = self._config.schedule.timezone
        if request.at <= self._clock.now():
            raise Refused(f"{moment_text(request.at, zone)} is over. Name a time in the future.")
        outside = self._obstacles.window(request.controller, request.at)
        if outside:
            raise Refused(f"At {moment_text(request.at, zone)} no window is open. {outside}")
        return request.at

    def opening(self, controller: str, name: str) -> float:
        """When the controller starts in the next opening of its window.

        :raises Refused: when it has no such window, or that never opens again.
        """
        windows, zone = self._config.controllers[controller].windows, self._config.schedule.timezone
        named = [window for window in windows if window.name == name]
        if not named:
            known = ", ".join(f"`{window.name}`" for window in windows) or "none is configured"
            close = did_you_mean(name, (window.name for window in windows))
            raise Refused(f"{controller} has no window `{name}`.{close} Its windows: {known}.")
        opening = next_opening(named, zone, self._clock.now())
        if opening is None:
            raise Refused(f"The window {name} of {controller} does not open within a year.")
        return jittered(opening, controller)
