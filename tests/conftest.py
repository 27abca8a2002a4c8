"""The long tests begin first, so that no worker is left alone with one at the end."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(
        key=lambda item: not any(item.iter_markers("xdist_group"))
    )  # a stable sort keeps the rest in order
