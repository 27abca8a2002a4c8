"""The certificates of a connection, checked before they are used."""

from __future__ import annotations

import ssl
import warnings
from pathlib import Path

import requests
import urllib3

from bot.errors import ConfigurationError
from bot.settings.connection import ConnectionConfig

__all__ = ["Tls", "check_certificates"]


class Tls:
    """What each session to a controller verifies and shows."""

    def __init__(self, settings: ConnectionConfig) -> None:
        """Files are read with each connection, so that renewed ones count at once."""
        self._verify: bool | str = str(settings.ca_file) if settings.ca_file else settings.verify
        self._shown = (
            (str(settings.cert_file), str(settings.key_file))
            if settings.key_file
            else str(settings.cert_file)
            if settings.cert_file
            else None
        )
        if not settings.verify:
            # `check` and the start of the bot say it once; the library would say it with every request.
            warnings.simplefilter("ignore", urllib3.exceptions.InsecureRequestWarning)

    def secure(self, session: requests.Session) -> None:
        session.verify = self._verify
        session.cert = self._shown


def check_certificates(settings: ConnectionConfig) -> None:
    """:raises ConfigurationError: when a file is missing, is no PEM, or the key does not belong to the certificate."""
    for key in ("ca_file", "cert_file", "key_file"):
        file: Path | None = getattr(settings, key)
        try:
            if file is not None:
                file.open("rb").close()
        except OSError as error:
            raise ConfigurationError(f"connection.{key}: cannot read {file}: {error.strerror}") from error
    context = ssl.create_default_context()
    try:
        if settings.ca_file:
            context.load_verify_locations(settings.ca_file)
    except ssl.SSLError as error:
        raise ConfigurationError(
            f"connection.ca_file: {settings.ca_file} holds no certificate in PEM form"
        ) from error
    try:
        if settings.cert_file:
            # An empty passphrase, because one would be asked for at the terminal otherwise.
            context.load_cert_chain(settings.cert_file, settings.key_file, password="")
    except (ssl.SSLError, ValueError) as error:
        raise ConfigurationError(
            f"connection.cert_file: {settings.cert_file} with its key is no usable pair in PEM form: "
            "the key must belong to the certificate and have no passphrase"
        ) from error
