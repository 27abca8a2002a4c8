"""Words as people type them in Slack: quotes, dashes, options."""

from __future__ import annotations

import pytest

from bot.commands.words import parse_line, split_words
from bot.errors import Refused


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("  lock   main  ", ["lock", "main"]),
        ('lock main "release week"', ["lock", "main", "release week"]),
        ("lock main “release week”", ["lock", "main", "release week"]),
        ("lock main „Woche der Freigabe“", ["lock", "main", "Woche der Freigabe"]),
        ("lock main «semaine de livraison»", ["lock", "main", "semaine de livraison"]),
        ("lock main 'release week'", ["lock", "main", "release week"]),
        ("lock main ‘release week’", ["lock", "main", "release week"]),
        ("hold main it's slow, isn’t it", ["hold", "main", "it's", "slow,", "isn’t", "it"]),
        ('hold main 5" disk', ["hold", "main", '5"', "disk"]),
        ('hold main "unfinished', ["hold", "main", '"unfinished']),
        ('lock main ""', ["lock", "main", ""]),
        ("", []),
    ],
)
def test_quotes_of_every_keyboard_hold_words_together(text: str, words: list[str]) -> None:
    """Apostrophes, inches and quotes that never end are letters."""
    assert split_words(text) == words


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("main --at 02:00 2.516.3", "02:00"),
        ("main 2.516.3 --at tomorrow 02:00", "tomorrow 02:00"),
        ("main --at 2026-11-24 02:00 2.516.3", "2026-11-24 02:00"),
        ("main 2.516.3 --at=2026-11-24T02:00", "2026-11-24T02:00"),
        ('main 2.516.3 --at "tomorrow 02:00"', "tomorrow 02:00"),
        ("main 2.516.3 —at tomorrow 02:00", "tomorrow 02:00"),
        ("main 2.516.3 –AT 02:00", "02:00"),
    ],
)
def test_an_option_is_found_wherever_it_stands(text: str, value: str) -> None:
    """A day is followed by its time; a keyboard may have made one long dash of two."""
    line = parse_line(split_words(text), valued=("at",))
    assert line.words == ["main", "2.516.3"]
    assert line.options == {"at": value}


def test_a_flag_takes_no_value() -> None:
    line = parse_line(["--dry-run", "main", "2.516.3"], flags=("dry-run",))
    assert (line.words, line.options) == (["main", "2.516.3"], {"dry-run": ""})


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("main --windw nightly", "Did you mean `--window`"),
        ("main --frobnicate", "`--dry-run`"),
        ("main --window", "needs a value"),
        ("main --window --dry-run", "needs a value"),
    ],
)
def test_a_wrong_option_is_refused_with_what_to_type(text: str, advice: str) -> None:
    with pytest.raises(Refused, match=advice):
        parse_line(split_words(text), valued=("at", "window"), flags=("dry-run",))
