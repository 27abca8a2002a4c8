"""Programs run inside an engine's containers, and their output."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from contextlib import closing
from http import HTTPStatus
from typing import BinaryIO

import docker
import requests
from docker.errors import create_api_error_from_http_exception
from docker.utils.socket import STDERR

from adapters.environments.docker.engine import ANSWER_SECONDS, Engine
from bot.errors import Permanent, Temporary

__all__ = ["Execution"]

EXTRA_ERRORS = 1 << 20
"""So much of a program's error output is kept."""
SILENCE_SECONDS = 600.0
"""A program may say nothing for so long: it renames a hundred thousand files, or looks through a slow disk."""
CHUNK = 1 << 16
_HEADER = struct.Struct(">BxxxL")
"""Before each piece of output: which stream, how many bytes."""


class Execution:
    """A program in a running container, as root: homes have files that their own user may not read."""

    def __init__(self, engine: Engine, container: str, command: Sequence[str]) -> None:
        self._engine = engine
        self._container = container
        self._command = list(command)
        self.errors = b""
        """Its error output, complete when the output was read to its end."""
        self.exit_code = -1

    def output(self) -> Iterator[bytes]:
        """Its output as it comes.

        :raises Temporary: when the container does not run, or the connection is lost.
        """
        errors = bytearray()
        with self._engine.asked(f"run a program in {self._container}") as client:
            execution = client.api.exec_create(self._container, self._command, user="0", workdir="/")["Id"]
            with closing(_started(client, execution)) as answer:
                # The library reads what is below this buffer, and loses what came into it with the headers:
                # https://github.com/docker/docker-py/issues/3332
                buffered: BinaryIO = answer.raw._fp.fp  # type: ignore[union-attr]  # until it is closed
                for stream, data in _pieces(buffered):
                    if stream == STDERR:
                        errors += data[: max(0, EXTRA_ERRORS - len(errors))]
                    else:
                        yield data
            code = client.api.exec_inspect(execution)["ExitCode"]
        if code is None:
            raise Temporary(f"the connection to a program in {self._container} was lost")
        self.errors, self.exit_code = bytes(errors), code

    def run(self) -> bytes:
        """Its whole output."""
        return b"".join(self.output())


def _started(client: docker.DockerClient, execution: str) -> requests.Response:
    """The connection is asked for as a raw one: of another, paramiko throws the rest away once the headers are read."""
    api = client.api
    answer: requests.Response = api.post(
        f"{api.base_url}/v{api.api_version}/exec/{execution}/start",
        json={"Detach": False, "Tty": False},
        headers={"Connection": "Upgrade", "Upgrade": "tcp"},
        stream=True,
        timeout=(ANSWER_SECONDS, SILENCE_SECONDS),
    )
    try:
        answer.raise_for_status()
    except requests.HTTPError as error:
        raise create_api_error_from_http_exception(error) from error
    if answer.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
        answer.close()
        raise Permanent(
            f"what stands before the Docker engine does not let a connection be upgraded (status {answer.status_code})"
        )
    return answer


def _pieces(body: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Stream and bytes of each piece, in constant memory.

    :raises Temporary: when the body ends within one.
    """
    while header := body.read(_HEADER.size):
        if len(header) < _HEADER.size:
            raise Temporary("the output of a program was cut short")
        stream, left = _HEADER.unpack(header)
        while left:
            data = body.read(min(left, CHUNK))
            if not data:
                raise Temporary("the output of a program was cut short")
            left -= len(data)
            yield stream, data
