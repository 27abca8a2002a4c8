"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["config_option"]

config_option = click.option(
    "--config",
    "config_path",
    envvar="CI_UPGRADE_CONFIG",
    type=click.Path(path_type=Path),
    default=Path("ci-upgrade.yaml"),
    show_default=True,
    help="The configuration file (also CI_UPGRADE_CONFIG). Every key is described in docs/configuration.md.",
)
