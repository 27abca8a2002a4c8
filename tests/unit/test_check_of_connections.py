"""`ci-upgrade check` on the certificates of a controller: what cannot be used is missing, what is switched off is a warning."""

from __future__ import annotations

from pathlib import Path

from bot.bootstrap import check_everything
from bot.check import Outcome
from bot.config import Config
from bot.settings.connection import ConnectionConfig
from tests.fakes.world import make_config


def checked(tmp_path: Path, connection: ConnectionConfig) -> tuple[Outcome, ...]:
    config = make_config(tmp_path)
    main = config.controllers["main"].model_copy(update={"connection": connection, "url": "https://ci/"})
    whole = Config.model_construct(**(dict(config) | {"controllers": {"main": main}}))
    return dict(check_everything(whole, {"MAIN_TOKEN": "made-up"}))["main"]


def test_switched_off_verification_comes_first(tmp_path: Path) -> None:
    """A warning that says what can happen and which key to set; nobody is told where it is on."""
    first, *_ = checked(tmp_path, ConnectionConfig(verify=False, read_attempts=1))
    assert (first.level, first.what) == ("warning", "Connection")
    assert "controllers.main.connection.verify" in first.text
    usual = checked(tmp_path, ConnectionConfig(read_attempts=1))
    assert "warning" not in {outcome.level for outcome in usual}


def test_unusable_certificates_are_missing(tmp_path: Path) -> None:
    """Nothing else is asked of that controller, because nothing could be."""
    [outcome] = checked(tmp_path, ConnectionConfig(ca_file=tmp_path / "absent.pem"))
    assert outcome.level == "missing"
    assert "absent.pem" in outcome.text
