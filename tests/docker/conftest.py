"""A real Docker engine with images of the stand-in, and what each test makes on it taken away again."""

from __future__ import annotations

import gc
import uuid
from collections.abc import Iterator

import docker
import pytest

from rehearsal.controller_image import ensure_images
from tests.docker.rig import DockerRig

VERSIONS = ("2.426.2", "2.440.1")


@pytest.fixture(scope="session")
def engine() -> Iterator[docker.DockerClient]:
    """The engine of this machine; `make test` has started it."""
    client = docker.from_env(timeout=120)
    ensure_images(client, VERSIONS)
    yield client
    client.close()


@pytest.fixture
def rig(engine: docker.DockerClient) -> Iterator[DockerRig]:
    """Blue as a container with a volume and a network of its own; all of it, and all that the bot made, is gone afterwards."""
    made = DockerRig(engine, f"t{uuid.uuid4().hex[:8]}")
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
