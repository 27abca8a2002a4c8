"""The command line and a bot on virtual time, with the real socket between them."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml
from click.testing import CliRunner, Result

from bot.cli import cli
from bot.config import Config
from bot.upgrade import Gate
from handlers.local import LocalServer
from tests.fakes.world import ANN, BOB, Bot

__all__ = ["ME", "CommandLine", "at_a_gate", "listening"]

ME = f"cli:{getpass.getuser()}"


class CommandLine:
    def __init__(self, config: Config) -> None:
        self._config = config.state_directory / "ci-upgrade.yaml"
        self._config.write_text(yaml.safe_dump(config.model_dump(mode="json")))

    def run(self, *words: str, answer: str = "") -> Result:
        """``answer`` is what the person types when asked."""
        return CliRunner().invoke(cli, [*words, "--config", str(self._config)], input=answer)


@contextmanager
def listening(bot: Bot, directory: Path) -> Iterator[None]:
    server = LocalServer(directory, bot.commands.local)
    server.start()
    try:
        yield
    finally:
        server.close()


def at_a_gate(bot: Bot, step: str = "gate-10") -> Gate:
    """Start an upgrade and go on, approving, until this gate is open."""
    bot.commands.run("start main 2.516.3", ANN)
    for _ in range(400):
        bot.settle(1.0)
        gate = bot.store.newest_gate(bot.upgrade().id, bot.upgrade().step)
        if gate is not None and gate.outcome is None:
            if gate.step == step:
                return gate
            bot.commands.run("approve main", BOB)
    raise AssertionError(f"{step} was never opened")
