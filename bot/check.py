"""Is everything there that upgrades will need? Looks at a controller, its environment, its router; changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from bot.context import Services
from bot.errors import BotError, Permanent
from bot.model import Instance, RouterState
from bot.traffic import misled

__all__ = ["Outcome", "check_controller", "unverified"]


@dataclass(frozen=True, slots=True)
class Outcome:
    level: Literal["ready", "warning", "missing"]
    """A warning stops nothing, but somebody should know."""
    what: str
    text: str
    """What was found; for the rest, what to do."""


def check_controller(
    services: Services, instance: Instance, wanted: RouterState | None
) -> tuple[Outcome, ...]:
    """One outcome for each thing, in the order in which a person would set them up.

    ``wanted``: what the router should hold; None while that changes.
    """
    found = [
        _asked(what, look)
        for what, look in (
            ("Environment", lambda: _environment(services, instance)),
            ("Controller", lambda: _controller(services, instance)),
            ("Permissions", lambda: _permissions(services, instance)),
            ("Router", lambda: _router(services, wanted)),
            ("Backups", lambda: f"{services.backups.free_bytes() / 1024**3:.1f} GiB free"),
        )
    ]
    if not services.config.connection.verify:
        found.insert(0, Outcome("warning", "Connection", unverified(services.name)))
    return tuple(found)


def unverified(controller: str) -> str:
    """What anybody must know who switched it off."""
    return (
        f"`controllers.{controller}.connection.verify` is false: whoever answers at that address is believed, gets the API token of an "
        "administrator, and could take over the controller. Give `ca_file` instead"
    )


def _asked(what: str, look: Callable[[], str]) -> Outcome:
    try:
        return Outcome("ready", what, look())
    except BotError as error:
        return Outcome("missing", what, str(error))


def _environment(services: Services, instance: Instance) -> str:
    state = services.environment.state(instance)
    if not state.exists:
        raise Permanent(
            f"{instance.home} of the running instance was not found: correct `environment.blue` of {services.name}"
        )
    if not state.running:
        raise Permanent(
            f"the running instance ({instance.home}) does not run: start it, or correct `environment.blue`"
        )
    return f"the running instance was found ({instance.home})"


def _controller(services: Services, instance: Instance) -> str:
    boot = services.jenkins(instance).boot()
    return f"Jenkins {boot.version} answers at {services.environment.address(instance)}"


def _permissions(services: Services, instance: Instance) -> str:
    identity = services.jenkins(instance).identity()
    if not identity.administrator:
        raise Permanent(
            f"{services.config.user} lacks Overall/Administer, which the script console needs: grant it on {services.config.url}"
        )
    return f"{identity.user} administers it"


def _router(services: Services, wanted: RouterState | None) -> str:
    found = services.router.read()
    if wanted is None:
        return "it answers, and an upgrade is changing it"
    if found != wanted:
        raise Permanent(misled(found, wanted))
    return f"it answers and leads to {found.blue}" + (
        f", {found.weight}% of the sessions to {found.green}" if found.green else ""
    )
