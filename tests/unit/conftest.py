"""What takes long to make is made once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.groovy_rig import GroovyRig


@pytest.fixture(scope="session")
def groovy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GroovyRig]:
    """Stubs of Jenkins' classes, compiled."""
    rig = GroovyRig(tmp_path_factory.mktemp("groovy"))
    yield rig
    rig.close()
