"""For all tests: the long ones begin first, so that no worker is left alone with one at the end; none is judged by its speed."""

from __future__ import annotations

import pytest
from hypothesis import settings

# An example that takes long on a busy machine is no defect.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(
        key=lambda item: not any(item.iter_markers("xdist_group"))
    )  # a stable sort keeps the rest in order
