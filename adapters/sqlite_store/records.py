"""Upgrades and gates to JSON and back: the one place that (de)serialises them."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from bot.model import Instance, Side
from bot.reasons import Reason
from bot.upgrade import Gate, Hold, Status, StepRecord, StepState, Upgrade, Vote

__all__ = ["dump_gate", "dump_upgrade", "load_gate", "load_upgrade"]


def dump_upgrade(upgrade: Upgrade) -> str:
    return json.dumps(dataclasses.asdict(upgrade), ensure_ascii=False)


def load_upgrade(text: str, version: int) -> Upgrade:
    data: dict[str, Any] = json.loads(text)
    hold = data["hold"]
    return Upgrade(
        **{
            **data,
            "version": version,
            "steps": tuple(data["steps"]),
            "status": Status(data["status"]),
            "owner": Side(data["owner"]),
            "blue": Instance(**data["blue"]),
            "green": Instance(**data["green"]) if data["green"] else None,
            "records": {
                name: StepRecord(**{**record, "state": StepState(record["state"])})
                for name, record in data["records"].items()
            },
            "hold": Hold(**{**hold, "reason": Reason(hold["reason"])}) if hold else None,
        }
    )


def dump_gate(gate: Gate) -> str:
    return json.dumps(dataclasses.asdict(gate), ensure_ascii=False)


def load_gate(text: str) -> Gate:
    data: dict[str, Any] = json.loads(text)
    return Gate(**{**data, "votes": tuple(Vote(**vote) for vote in data.get("votes", ()))})
