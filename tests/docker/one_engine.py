"""One engine, one worker: tests that restart it must not meet others."""

from __future__ import annotations

import pytest

__all__ = ["ONE_ENGINE"]

ONE_ENGINE = pytest.mark.xdist_group("docker")
