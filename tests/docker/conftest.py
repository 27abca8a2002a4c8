"""A real Docker engine with images of the stand-in, and what each test makes on it taken away again."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import docker
import pytest

from rehearsal.controller_image import ensure_images
from rehearsal.launch import STAND_IN_VERSIONS
from tests.docker.rig import DockerRig


@pytest.fixture(scope="session")
def engine() -> Iterator[docker.DockerClient]:
    """The engine of this machine; `make test` has started it, and made the images beforehand."""
    client = docker.from_env(timeout=120)
    ensure_images(client, STAND_IN_VERSIONS)
    yield client
    client.close()


@pytest.fixture
def rig(engine: docker.DockerClient) -> Iterator[DockerRig]:
    """Blue as a container with a volume and a network of its own; all of it, and all that the bot made, is gone afterwards."""
    made = DockerRig(engine)
    try:
        made.start_blue()
        yield made
    finally:
        made.close()


@pytest.fixture(autouse=True)
def _sockets_left_behind() -> Iterator[None]:
    """Shown in the test that left them, not in some later one."""
    yield
    gc.collect()
