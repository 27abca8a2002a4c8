"""The command line, a module for each group of commands."""

from bot.cli.root import cli, main

__all__ = ["cli", "main"]
