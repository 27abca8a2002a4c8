"""What an ended upgrade leaves behind is thinned out after a while, and its report says the same as before."""

from __future__ import annotations

from pathlib import Path

from bot.pruning import KEPT_SECONDS, prune
from bot.report import report
from tests.fakes.world import ANN, Bot, World, make_config
from tests.unit.leading import lead_to


def test_an_ended_upgrade_is_thinned_out_and_its_report_stays_as_it_was(tmp_path: Path) -> None:
    """Not before its time, and not one that lives."""
    bot = Bot(World(tmp_path), make_config(tmp_path))
    gate = lead_to(bot, "gate-25")
    assert gate is not None
    picture = tmp_path / "pictures" / f"{gate.id}.png"
    assert picture.exists()
    id, clock = gate.upgrade, bot.world.clock
    assert prune(bot.store, tmp_path, clock.now() + 2 * KEPT_SECONDS) == ()
    bot.commands.run("rollback main", ANN)
    bot.settle(60.0)
    ended = bot.upgrade().ended_at
    assert ended is not None
    before = report(bot.store, bot.upgrade())
    assert before["figures"]["measured"]
    assert prune(bot.store, tmp_path, ended + KEPT_SECONDS - 1) == ()
    assert bot.store.newest_samples(id, 1)

    assert prune(bot.store, tmp_path, ended + KEPT_SECONDS) == (id,)
    assert bot.store.newest_samples(id, 1) == []
    assert not picture.exists()
    assert bot.store.document(f"sync:{id}:blue") is None
    assert report(bot.store, bot.upgrade()) == before
    assert prune(bot.store, tmp_path, ended + 2 * KEPT_SECONDS) == (), "once is enough"
