"""What takes long to make is made once."""

from __future__ import annotations

import pytest

from tests.unit.groovy_rig import GroovyRig


@pytest.fixture(scope="session")
def groovy(tmp_path_factory: pytest.TempPathFactory) -> GroovyRig:
    """Stubs of Jenkins' classes, compiled."""
    return GroovyRig.build(tmp_path_factory.mktemp("groovy") / "stubs")
