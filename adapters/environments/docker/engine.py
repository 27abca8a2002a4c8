"""One Docker engine: its client, and its failures as the bot's two verdicts."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import docker
import requests
import urllib3
from docker.constants import DEFAULT_DOCKER_API_VERSION
from docker.errors import APIError, DockerException, ImageNotFound, NotFound, TLSParameterError
from docker.tls import TLSConfig
from docker.transport import SSHHTTPAdapter
from docker.utils import kwargs_from_env
from paramiko import SSHException

from bot.errors import BotError, Permanent, Temporary
from bot.settings.environments import DockerEngineConfig

__all__ = ["ANSWER_SECONDS", "Engine"]

ANSWER_SECONDS = 120
"""Longest silence of the engine that is waited for."""
ERROR_LIMIT = 300
_HERE = ("localhost", "127.0.0.1", "::1")
_NO_ANSWER = (
    requests.ConnectionError,
    requests.Timeout,
    urllib3.exceptions.HTTPError,
    SSHException,
    OSError,
    EOFError,
)


class Engine:
    """Connects when it is first used: a bot must be able to start while an engine is down."""

    def __init__(self, config: DockerEngineConfig) -> None:
        self.config = config
        self._client: docker.DockerClient | None = None
        self._connecting = threading.Lock()

    @property
    def elsewhere(self) -> bool:
        """Whether its URL leads to another machine (or to a container that stands before it)."""
        parts = urlsplit(self.config.url or os.environ.get("DOCKER_HOST", ""))
        return parts.scheme not in ("", "unix") and parts.hostname not in _HERE

    @contextmanager
    def asked(self, what: str) -> Iterator[docker.DockerClient]:
        """The client; failures inside the block become the bot's, with ``what`` (such as "inspect jenkins") in the text.

        :raises Temporary: also when the engine does not answer. The next one who asks connects anew.
        """
        client = self._connected()
        try:
            yield client
        except BotError:
            raise
        except DockerException as error:
            raise _translated(error, what) from error
        except _NO_ANSWER as error:
            self._forget(client)
            raise Temporary(f"Docker does not answer ({what}): {str(error)[:ERROR_LIMIT]}") from error

    def _connected(self) -> docker.DockerClient:
        with self._connecting:
            if self._client is None:
                self._client = self._connect()
                # Others may still use one that was forgotten: it is closed when the last of them lets it go.
                weakref.finalize(self._client, _close, self._client.api)
            return self._client

    def _forget(self, client: docker.DockerClient) -> None:
        """A connection through SSH that is lost stays lost: the library opens it once."""
        with self._connecting:
            if self._client is client:
                self._client = None

    def _connect(self) -> docker.DockerClient:
        try:
            url, tls = self._way()
            client = (
                docker.DockerClient(url, timeout=ANSWER_SECONDS)
                if url is None or tls is None
                else _with_certificates(url, tls)
            )
        except TLSParameterError as error:
            raise Permanent(f"the certificates for {self._where} cannot be used: {error}") from error
        except (DockerException, *_NO_ANSWER) as error:
            raise Temporary(f"{self._where} does not answer: {str(error)[:ERROR_LIMIT]}") from error
        _bound_silence(client)
        return client

    def _way(self) -> tuple[str | None, TLSConfig | None]:
        """URL and certificates, as configured or else as Docker's own variables say; no URL is the default socket."""
        config = self.config
        if config.url is None:
            given = kwargs_from_env()
            return given.get("base_url"), given.get("tls")
        if not (config.ca_file or config.cert_file):
            return config.url, None
        pair = (str(config.cert_file), str(config.key_file)) if config.cert_file else None
        authority = str(config.ca_file) if config.ca_file else None
        return config.url, TLSConfig(client_cert=pair, ca_cert=authority, verify=True)

    @property
    def _where(self) -> str:
        return f"the Docker engine at {self.config.url or 'DOCKER_HOST, or the default socket'}"


def _close(api: docker.APIClient) -> None:
    with suppress(*_NO_ANSWER):  # its connection may be the one that was lost
        api.close()


def _bound_silence(client: docker.DockerClient) -> None:
    """Paramiko waits an hour for the other side to take up a question when the connection has died without a word."""
    adapter = client.api.get_adapter(client.api.base_url)
    if isinstance(adapter, SSHHTTPAdapter):
        adapter.ssh_client.get_transport().channel_timeout = ANSWER_SECONDS


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
