"""What people can ask of the bot."""

from bot.commands.dispatch import BotCommands
from bot.commands.interface import (
    Actor,
    Answer,
    Commands,
    ControllerState,
    LiveUpgrade,
    OpenGate,
    Overview,
    Question,
    StartChoices,
    StartRequest,
)

__all__ = [
    "Actor",
    "Answer",
    "BotCommands",
    "Commands",
    "ControllerState",
    "LiveUpgrade",
    "OpenGate",
    "Overview",
    "Question",
    "StartChoices",
    "StartRequest",
]
