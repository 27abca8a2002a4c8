"""What every command is for: how it is typed, an example, and who may."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ALIASES", "COMMANDS", "Usage"]


@dataclass(frozen=True, slots=True)
class Usage:
    form: str
    """As it is typed behind ``/ci-upgrade``."""
    does: str
    example: str
    who: str = "everybody"

    def line(self) -> str:
        return f"`{self.form}` – {self.does}"


OPERATORS = "operators"

COMMANDS = {
    "start": Usage(
        "start [controller] [version] [--at TIME | --window NAME] [--dry-run] [reason]",
        "upgrade a controller, now or later; every step of traffic waits for an approval",
        "start main 2.516.3 --at tomorrow 02:00",
        OPERATORS,
    ),
    "plan": Usage(
        "plan [controller] [version]",
        "check whether that would work; changes nothing",
        "plan main 2.516.3",
    ),
    "status": Usage(
        "status [controller|all]",
        "where every upgrade stands and what it waits for",
        "status main",
    ),
    "approve": Usage(
        "approve [controller] [reason]",
        "the text twin of the button; the reason is needed when the comparison failed",
        "approve main",
        "approvers",
    ),
    "break-glass": Usage(
        "break-glass [controller] REASON",
        "approve alone, over the rules and a failed comparison; shown to everybody",
        'break-glass main "login storm, nobody else is awake"',
        "break_glass",
    ),
    "hold": Usage(
        "hold [controller] [reason]",
        "stop before the next step (also `pause`)",
        "hold main lunch",
        OPERATORS,
    ),
    "resume": Usage("resume [controller] [reason]", "go on after a hold", "resume main", OPERATORS),
    "rollback": Usage(
        "rollback [controller] [reason]",
        "users back on the old controller at once; it stays locked until somebody unlocks it",
        'rollback main "logins are slow"',
        OPERATORS,
    ),
    "abort": Usage(
        "abort [controller] [reason]",
        "give an upgrade up before builds were handed over: as a rollback, but the controller is not locked",
        'abort main "wrong version"',
        OPERATORS,
    ),
    "schedule": Usage(
        "schedule list | cancel [ID]",
        "upgrades that will start later, and how not to",
        "schedule cancel s1f2a3",
        "list: everybody; cancel: operators",
    ),
    "lock": Usage(
        'lock CONTROLLER "reason"',
        "let no upgrade of a controller start; one that is under way goes on",
        'lock main "release week"',
        OPERATORS,
    ),
    "unlock": Usage("unlock CONTROLLER [reason]", "let upgrades start again", "unlock main", OPERATORS),
    "history": Usage("history [controller]", "the last upgrades", "history main"),
    "report": Usage(
        "report [ID|controller]",
        "what an upgrade did, the newest one unless named: timeline, decisions, figures, changes",
        "report u7f3a1",
    ),
    "controllers": Usage("controllers", "what is configured, and what runs there", "controllers"),
    "backups": Usage("backups [controller]", "the backups that are kept", "backups main"),
    "help": Usage("help [command]", "this", "help start"),
}
ALIASES = {"pause": "hold"}
"""Other name → the command."""
