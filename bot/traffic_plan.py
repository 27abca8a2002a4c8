"""Traffic plans as people write them: ``10, 25, 50, handover, 100``. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ValidationError

from bot.errors import Refused
from bot.settings.policy import PolicyConfig

__all__ = ["parse_traffic_plan", "traffic_plan_fault", "traffic_plan_text"]


def parse_traffic_plan(text: str) -> tuple[int | str, ...]:
    """Entries between commas or blanks; percent signs are allowed.

    :raises Refused: naming the entry that is none.
    """
    entries: list[int | str] = []
    for word in text.replace(",", " ").split():
        number = word.removesuffix("%")
        if word.lower() == "handover":
            entries.append("handover")
        elif number.isascii() and number.isdigit():
            entries.append(int(number))
        else:
            raise Refused(
                f"{word!r} is neither a percentage nor handover: write it like 10, 25, 50, handover, 100"
            )
    return tuple(entries)


def traffic_plan_fault(plan: Sequence[int | str]) -> str:
    """What is wrong with a plan, empty when it can be used: the rules are those of the configuration."""
    try:
        PolicyConfig.model_validate({"traffic": tuple(plan)})
    except ValidationError as error:
        return str(error.errors()[0]["msg"]).removeprefix("Value error, ")
    return ""


def traffic_plan_text(plan: Sequence[int | str]) -> str:
    return ", ".join(str(entry) for entry in plan)
