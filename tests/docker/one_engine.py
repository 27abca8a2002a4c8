"""One engine, one worker: its tests would only wait for each other."""

from __future__ import annotations

import pytest

__all__ = ["ONE_ENGINE"]

ONE_ENGINE = pytest.mark.xdist_group("docker")
