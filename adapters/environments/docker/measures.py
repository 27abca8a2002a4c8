"""How much a home holds, and what an engine's machine has left."""

from __future__ import annotations

from adapters.environments.docker.engine import Engine
from adapters.environments.docker.execution import Execution
from bot.errors import Permanent
from bot.home_rules import REBUILT

__all__ = ["engine_memory_bytes", "home_bytes", "memory_available_bytes"]

SIZE = """
cd "$1" || exit 3
shift
find . "$@" -type f -exec stat -c %s {} + 2>/dev/null | awk '{ sum += $1 } END { printf "%.0f", sum }'
"""
"""Arguments: home, what find is to leave out."""
AVAILABLE = "awk '/^MemAvailable:/ { print $2 }' /proc/meminfo"
"""Containers see that of their machine."""


def home_bytes(engine: Engine, container: str, home: str) -> int:
    """Of the files that a backup takes, in a running container.

    :raises Permanent: when there is no such home.
    """
    left_out = [word for name in sorted(REBUILT) for word in ("-path", f"./{name}", "-prune", "-o")]
    execution = Execution(engine, container, ["sh", "-c", SIZE, "sh", home, *left_out])
    answer = execution.run().decode().strip()
    if execution.exit_code or not answer.isdigit():
        raise Permanent(f"{container} has no home at {home}: {execution.errors.decode()[:200]}")
    return int(answer)


def memory_available_bytes(engine: Engine, container: str) -> int | None:
    """Of the machine of a running container, without swapping."""
    answer = Execution(engine, container, ["sh", "-c", AVAILABLE]).run().decode().strip()
    return int(answer) * 1024 if answer.isdigit() else None


def engine_memory_bytes(engine: Engine) -> int:
    """All that its machine has."""
    with engine.asked("say how much memory there is") as client:
        total: int = client.api.info()["MemTotal"]
    return total
