"""The form that starts an upgrade. Pure."""

from __future__ import annotations

from bot.commands import StartChoices
from bot.traffic_plan import traffic_plan_text
from handlers.views.blocks import Block, context, section
from handlers.views.inputs import Choice, field, modal, select, text, tick, time
from handlers.views.text import clip, date, escape, one_line

__all__ = [
    "AT",
    "CALLBACK",
    "CONTROLLER",
    "DRY_RUN",
    "NOW",
    "OTHER",
    "PLUGINS",
    "REASON",
    "TITLE",
    "TRAFFIC",
    "VERSION",
    "WINDOW",
    "start_form",
]

TITLE = "Start an upgrade"
CALLBACK = "ci_upgrade.start"
CONTROLLER, VERSION, OTHER, TRAFFIC, REASON, DRY_RUN = (
    "controller",
    "version",
    "other_version",
    "traffic",
    "reason",
    "dry_run",
)
WINDOW, AT, PLUGINS = "window", "at", "plugins"
"""Names of the fields."""
NOW = "-"
"""Chosen where no window is waited for; no window is named so."""
LONGEST_VERSION, LONGEST_PLAN, LONGEST_REASON = 20, 200, 500
WARNING = 900
WINDOWS = 20


def start_form(choices: StartChoices, metadata: str, *, only_look: bool = False) -> Block:
    """``metadata`` comes back with the submission; ``only_look``: the box is ticked."""
    name, running = (escape(one_line(each)) for each in (choices.controller, choices.running))
    return modal(
        TITLE,
        [
            section(f"⚠ {clip(escape(one_line(choices.obstacle)), WARNING)}") if choices.obstacle else None,
            field(
                CONTROLLER,
                "Controller",
                select([Choice(each, each) for each in choices.controllers], choices.controller),
                dispatch=True,
            ),
            context(clip(f"*{name}* runs {running}.", WARNING)) if running else None,
            *_version(choices),
            field(
                TRAFFIC,
                "Traffic plan",
                text(traffic_plan_text(choices.traffic), longest=LONGEST_PLAN),
                of=choices.controller,
                hint="Percentages of new sessions on green, with the handover of builds among them. Each step waits for an approval.",
            ),
            field(
                PLUGINS,
                "Plugins",
                select(
                    [
                        Choice("minimal", "Change only what has to change"),
                        Choice("latest", "Update all to the newest release"),
                    ],
                    choices.plugins,
                ),
                of=choices.controller,
            ),
            *_when(choices),
            field(REASON, "Reason", text(multiline=True, longest=LONGEST_REASON), optional=True),
            field(
                DRY_RUN,
                "Only look",
                tick(Choice("yes", "Check whether it would work; change nothing"), on=only_look),
                optional=True,
            ),
        ],
        callback=CALLBACK,
        submit="Start",
        metadata=metadata,
    )


def _when(choices: StartChoices) -> list[Block | None]:
    """Now or in a window, with a field beside it for a time."""
    windows = [Choice(name, f"When the window {name} opens") for name, _ in choices.windows[:WINDOWS]]
    openings = [f"{escape(one_line(name))}: {date(at)}" for name, at in choices.windows[:WINDOWS]]
    return [
        field(WINDOW, "When", select([Choice(NOW, "Now"), *windows], NOW), of=choices.controller),
        context(clip("Next start in each window: " + ", ".join(openings), WARNING)) if openings else None,
        field(AT, "Or at", time(), hint="In your own time zone.", optional=True),
    ]


def _version(choices: StartChoices) -> list[Block]:
    """A menu of the releases that are known, with a field beside it for one that is not among them."""
    other = text(placeholder="2.516.3", longest=LONGEST_VERSION)
    if not choices.versions:
        return [field(OTHER, "Version", other, of=choices.controller)]
    menu = select([Choice(version, version) for version in choices.versions], choices.versions[0])
    hint = "Takes the place of the one above."
    return [
        field(VERSION, "Version", menu, of=choices.controller),
        field(OTHER, "Another version", other, of=choices.controller, hint=hint, optional=True),
    ]
