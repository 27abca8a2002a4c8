"""What can go wrong, in two verdicts: temporary (try again after a delay) and permanent (a human is needed).

Adapters translate their SDK's errors into these once, by table, chained with ``from``.
"""

__all__ = [
    "BotError",
    "ChangedByHand",
    "ConfigurationError",
    "Conflict",
    "Interrupted",
    "NotStarted",
    "Permanent",
    "Refused",
    "Temporary",
]


class BotError(Exception):
    """Base of every error that this product raises on purpose. ``str(error)`` is a plain sentence for a human."""


class Temporary(BotError):
    """May succeed when tried again: a timeout, a refused connection, 429, 503."""

    def __init__(self, message: str, *, retry_after: float = 1.0) -> None:
        """``retry_after`` is in seconds."""
        super().__init__(message)
        self.retry_after = retry_after


class Permanent(BotError):
    """Trying again changes nothing: wrong credentials, a missing file, a failed check."""


class ChangedByHand(Permanent):
    """Somebody made something of it that the bot would not have: whether that stays is for people to say."""


class NotStarted(Temporary):
    """The instance answers, or its port refuses, because it is still starting."""


class Refused(BotError):
    """A command was not taken: bad input, no permission, a second upgrade. Nothing was changed."""


class ConfigurationError(BotError):
    """The configuration cannot be used. The text lists every fault with its key path."""


class Conflict(BotError):
    """Someone else changed the row first (compare-and-set failed). Read again and decide again."""


class Interrupted(BotError):
    """The running phase was told to stop (rollback, hold, shutdown). It is not a failure."""
