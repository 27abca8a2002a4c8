"""The form that starts an upgrade. Pure."""

from __future__ import annotations

from bot.commands import StartChoices, StartRequest
from bot.traffic_plan import traffic_plan_text
from handlers.views.blocks import Block, context, section
from handlers.views.inputs import Choice, field, modal, select, text, tick
from handlers.views.text import clip, escape, one_line

__all__ = [
    "CALLBACK",
    "CONTROLLER",
    "DRY_RUN",
    "OTHER",
    "REASON",
    "TITLE",
    "TRAFFIC",
    "VERSION",
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
"""Names of the fields."""
LONGEST_VERSION, LONGEST_PLAN, LONGEST_REASON = 20, 200, 500
WARNING = 900


def start_form(
    choices: StartChoices,
    asked: StartRequest | None = None,
    warning: str = "",
    *,
    channel: str = "",
    only_look: bool = False,
) -> Block:
    """``asked`` is what the person had chosen, where the form is shown again, and ``warning`` why it is.
    ``only_look``: the box is ticked.

    ``channel`` comes back with the submission: a form has no conversation of its own.
    """
    warning = warning or choices.obstacle
    runs = (
        f"*{escape(one_line(choices.controller))}* runs {escape(one_line(choices.running))}."
        if choices.running
        else ""
    )
    return modal(
        TITLE,
        [
            section(f"⚠ {clip(escape(one_line(warning)), WARNING)}") if warning else None,
            field(
                CONTROLLER,
                "Controller",
                select([Choice(name, name) for name in choices.controllers], choices.controller),
                dispatch=True,
            ),
            context(clip(runs, WARNING)) if runs else None,
            *_version(choices, asked),
            field(
                TRAFFIC,
                "Traffic plan",
                text(traffic_plan_text((asked and asked.traffic) or choices.traffic), longest=LONGEST_PLAN),
                of=choices.controller,
                hint="Percentages of new sessions on green, with the handover of builds among them. Each step waits for an approval.",
            ),
            field(
                REASON,
                "Reason",
                text(asked.reason if asked else "", multiline=True, longest=LONGEST_REASON),
                optional=True,
            ),
            field(
                DRY_RUN,
                "Only look",
                tick(
                    Choice("yes", "Check whether it would work; change nothing"),
                    on=only_look or bool(asked and asked.dry_run),
                ),
                optional=True,
            ),
        ],
        callback=CALLBACK,
        submit="Start",
        metadata=channel,
    )


def _version(choices: StartChoices, asked: StartRequest | None) -> list[Block]:
    """A menu of the releases that are known, with a field beside it for one that is not among them."""
    wanted = asked.version if asked else ""
    if not choices.versions:
        typed = text(wanted, placeholder="2.516.3", longest=LONGEST_VERSION)
        return [field(OTHER, "Version", typed, of=choices.controller)]
    menu = select([Choice(version, version) for version in choices.versions], wanted or choices.versions[0])
    other = text("" if wanted in choices.versions else wanted, placeholder="2.516.3", longest=LONGEST_VERSION)
    return [
        field(VERSION, "Version", menu, of=choices.controller),
        field(
            OTHER,
            "Another version",
            other,
            of=choices.controller,
            hint="Takes the place of the one above.",
            optional=True,
        ),
    ]
