"""One Docker engine: its client, and its failures as the bot's two verdicts."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

import docker
import requests
import urllib3
from docker.constants import DEFAULT_DOCKER_API_VERSION
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.tls import TLSConfig

from bot.errors import BotError, Permanent, Temporary
from bot.settings.environments import DockerEngineConfig

__all__ = ["ANSWER_SECONDS", "Engine"]

ANSWER_SECONDS = 120
"""Longest silence of the engine that is waited for."""
ERROR_LIMIT = 300
_NO_ANSWER = (requests.ConnectionError, requests.Timeout, urllib3.exceptions.HTTPError, OSError, EOFError)


class Engine:
    """Connects when it is first used: a bot must be able to start while an engine is down."""

    def __init__(self, config: DockerEngineConfig) -> None:
        self.config = config
        self._client: docker.DockerClient | None = None
        self._connecting = threading.Lock()

    @property
    def client(self) -> docker.DockerClient:
        """:raises Temporary: when the engine does not answer."""
        with self._connecting:
            if self._client is None:
                self._client = self._connect()
                weakref.finalize(self, self._client.close)
            return self._client

    @contextmanager
    def asked(self, what: str) -> Iterator[docker.DockerClient]:
        """The client; failures inside the block become the bot's, with ``what`` (such as "inspect jenkins") in the text."""
        client = self.client
        try:
            yield client
        except BotError:
            raise
        except DockerException as error:
            raise _translated(error, what) from error
        except _NO_ANSWER as error:
            raise Temporary(f"Docker does not answer ({what}): {str(error)[:ERROR_LIMIT]}") from error

    def _connect(self) -> docker.DockerClient:
        config = self.config
        tls = None
        if config.ca_file or config.cert_file:
            pair = (str(config.cert_file), str(config.key_file)) if config.cert_file else None
            tls = TLSConfig(
                client_cert=pair, ca_cert=str(config.ca_file) if config.ca_file else None, verify=True
            )
        try:
            if config.url is None:
                return docker.from_env(timeout=ANSWER_SECONDS)
            if tls is None:
                return docker.DockerClient(config.url, timeout=ANSWER_SECONDS)
            return _with_certificates(config.url, tls)
        except (DockerException, *_NO_ANSWER) as error:
            where = config.url or "DOCKER_HOST, or the default socket"
            raise Temporary(
                f"the Docker engine at {where} does not answer: {str(error)[:ERROR_LIMIT]}"
            ) from error


def _with_certificates(url: str, tls: TLSConfig) -> docker.DockerClient:
    """Without the environment, whose REQUESTS_CA_BUNDLE would take the place of ``tls`` (https://github.com/psf/requests/issues/3829)."""
    # A version is given, so that the library asks nothing before the environment is shut out.
    asking = docker.DockerClient(url, version=DEFAULT_DOCKER_API_VERSION, tls=tls, timeout=ANSWER_SECONDS)
    asking.api.trust_env = False
    newest = asking.version(api_version=False)["ApiVersion"]
    asking.close()
    client = docker.DockerClient(url, version=newest, tls=tls, timeout=ANSWER_SECONDS)
    client.api.trust_env = False
    return client


def _translated(error: DockerException, what: str) -> BotError:
    text = f"Docker cannot {what}: {_explanation(error)}"
    if isinstance(error, ImageNotFound | NotFound):
        return Permanent(text)
    if isinstance(error, APIError):
        # The engine has no code of its own for a full disk.
        if "no space left on device" in text:
            return Permanent(f"{text}: free some space on the engine's machine and try again")
        if error.status_code is not None and (error.status_code >= 500 or error.status_code == 409):
            return Temporary(text)
        return Permanent(text)
    return Temporary(text)


def _explanation(error: DockerException) -> str:
    return str(getattr(error, "explanation", None) or error)[:ERROR_LIMIT]
