"""The validation's whole report goes into the thread as a file."""

from __future__ import annotations

from pathlib import Path

from bot.content import Document
from bot.upgrade import Status
from tests.fakes.world import ANN, Bot, World, make_config


def test_the_report_is_a_file_in_the_thread_with_both_sides_values(tmp_path: Path) -> None:
    """When the first gate opens it is there, made of the two versions that really answered."""
    bot = Bot(World(tmp_path), make_config(tmp_path))
    bot.commands.run("start main 2.516.3", ANN)
    for _ in range(600):
        bot.settle(1.0)
        if bot.upgrade().status is Status.WAITING:
            break
    (document,) = [content for content in bot.shown().values() if isinstance(content, Document)]
    assert document.filename == f"validation-{bot.upgrade().id}.md"
    assert "| ✓ ok | Version | 2.426.2 | 2.516.3 |" in document.text
    assert "| ✓ ok | Guard | owner | follower |" in document.text
