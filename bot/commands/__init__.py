"""What people can ask of the bot."""

from bot.commands.dispatch import BotCommands
from bot.commands.interface import Actor, Commands

__all__ = ["Actor", "BotCommands", "Commands"]
