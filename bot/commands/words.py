"""Splits what was typed, as people type it in Slack: with curly quotes, and with dashes that a keyboard made longer. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.errors import Refused
from bot.when import is_day

__all__ = ["Line", "closest", "did_you_mean", "parse_line", "split_words"]

# A pair of quotes counts where a word begins and ends, so that an apostrophe inside of one is a letter.
_DOUBLE, _SINGLE = '"“”„«»', "'‘’‚"
_WORD = re.compile(
    rf"(?<!\S)[{_DOUBLE}](?P<double>[^{_DOUBLE}]*)[{_DOUBLE}](?!\S)"
    rf"|(?<!\S)[{_SINGLE}](?P<single>[^{_SINGLE}]*)[{_SINGLE}](?!\S)"
    r"|(?P<bare>\S+)"
)
_OPTION = re.compile(r"^(?:--|—|–)(?P<name>[A-Za-z][A-Za-z-]*)(?:=(?P<value>.*))?$")
_CLOCK = re.compile(r"^\d{1,2}:\d{2}$")


@dataclass(frozen=True, slots=True)
class Line:
    """The words after a command's name, apart from its options."""

    words: list[str]
    options: Mapping[str, str]
    """Name → value; "" for those that take none."""


def split_words(text: str) -> list[str]:
    """Words, with what stands in quotes as one."""
    return [next(part for part in match.groups() if part is not None) for match in _WORD.finditer(text)]


def parse_line(words: Iterable[str], valued: Iterable[str] = (), flags: Iterable[str] = ()) -> Line:
    """``valued``: names of options that a value follows; ``flags``: those that stand alone.

    :raises Refused: for an option that is not known, or without its value.
    """
    valued, flags = tuple(valued), tuple(flags)
    rest, plain, options = list(words), [], {}
    while rest:
        word = rest.pop(0)
        match = _OPTION.match(word)
        if match is None:
            plain.append(word)
            continue
        name, value = match["name"].lower(), match["value"]
        if name in flags:
            options[name] = ""
        elif name in valued:
            options[name] = _value(name, value, rest)
        else:
            known = ", ".join(f"`--{each}`" for each in (*valued, *flags)) or "none"
            raise Refused(
                f"There is no option `--{name}`.{did_you_mean(name, (*valued, *flags), '--')} Options here: {known}."
            )
    return Line(plain, options)


def closest(word: str, known: Iterable[str]) -> str | None:
    """The one that is meant if the word is misspelt, None when it is like none of them."""
    return next(iter(difflib.get_close_matches(word, list(known), n=1)), None)


def did_you_mean(word: str, known: Iterable[str], prefix: str = "") -> str:
    """A sentence with a blank before it, or nothing."""
    close = closest(word, known)
    return f" Did you mean `{prefix}{close}`?" if close else ""


def _value(name: str, value: str | None, rest: list[str]) -> str:
    if value is None:
        if not rest or _OPTION.match(rest[0]):
            raise Refused(f"`--{name}` needs a value behind it.")
        value = rest.pop(0)
    if is_day(value) and rest and _CLOCK.match(rest[0]):
        value = f"{value} {rest.pop(0)}"
    return value
