"""Certificates towards a controller: a real TLS server, an authority of its own, and what goes wrong with both."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from adapters.jenkins.client import JenkinsClient
from adapters.jenkins.tls import check_certificates
from bot.errors import ConfigurationError, Permanent
from bot.settings.connection import ConnectionConfig
from tests.fakes.timing import VirtualClock
from tests.throwaway_authority import Authority, serve_tls


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def of(settings: dict[str, Any]) -> ConnectionConfig:
    return ConnectionConfig.model_validate(settings)


def version(url: str, **settings: Any) -> str:
    config = of(settings)
    check_certificates(config)
    return JenkinsClient(url, "bot", "secret", config, VirtualClock(0)).boot().version


def test_authority_of_its_own_is_enough(authority: Authority) -> None:
    """A certificate that no public authority signed is accepted with the file of the one that did."""
    with serve_tls(authority.issue("server")) as url:
        assert version(url, ca_file=authority.file) == "2.426.2"


def test_unknown_authority_is_refused(authority: Authority, tmp_path: Path) -> None:
    """Without the file, and with that of another authority: permanent, in words that name the key to set."""
    stranger = Authority(tmp_path / "stranger")
    with serve_tls(authority.issue("server")) as url:
        for settings in ({}, {"ca_file": stranger.file}):
            with pytest.raises(Permanent, match=r"certificate.*connection\.ca_file"):
                version(url, **settings)


def test_name_must_match(authority: Authority) -> None:
    """A good certificate of another machine is not accepted."""
    with (
        serve_tls(authority.issue("server")) as url,
        pytest.raises(Permanent, match=r"(?i)hostname mismatch"),
    ):
        version(url.replace("127.0.0.1", "localhost"), ca_file=authority.file)


def test_server_may_ask_for_a_certificate(authority: Authority) -> None:
    """It lets in who shows one of its authority, in two files or one; without it the reason is told."""
    client = authority.issue("client")
    together = client.certificate.with_name("together.pem")
    together.write_text(client.certificate.read_text() + client.key.read_text())
    with serve_tls(authority.issue("server"), clients=authority.file) as url:
        assert version(url, ca_file=authority.file, cert_file=client.certificate, key_file=client.key)
        assert version(url, ca_file=authority.file, cert_file=together)
        with pytest.raises(Permanent, match=r"(?i)certificate.*connection\.cert_file"):
            version(url, ca_file=authority.file)


def test_verification_is_off_only_by_its_own_key(authority: Authority) -> None:
    """Then anything is accepted, and the library's warning with every request is not passed on."""
    with warnings.catch_warnings(), serve_tls(authority.issue("server")) as url:
        assert version(url, verify=False) == "2.426.2"


def test_environment_cannot_switch_it_off(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor can it add an authority: what counts is in the configuration."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.file))
    monkeypatch.setenv("CURL_CA_BUNDLE", "")
    with serve_tls(authority.issue("server")) as url, pytest.raises(Permanent):
        version(url)


@pytest.mark.parametrize("key", ["ca_file", "cert_file"])
def test_unusable_files_are_told_at_once(key: str, tmp_path: Path) -> None:
    """A missing file and one that is no PEM, each by its key and path."""
    with pytest.raises(ConfigurationError, match=rf"connection\.{key}.*missing\.pem"):
        check_certificates(of({key: tmp_path / "missing.pem"}))
    other = tmp_path / "other.pem"
    other.write_text("not a certificate")
    with pytest.raises(ConfigurationError, match=rf"connection\.{key}.*other\.pem"):
        check_certificates(of({key: other}))


def test_key_must_fit_and_be_open(authority: Authority) -> None:
    """Another certificate's key, and one with a passphrase, for which nobody could be asked."""
    one, other = authority.issue("one"), authority.issue("other")
    sealed = authority.issue("sealed", b"secret")
    for certificate, key in ((one.certificate, other.key), (sealed.certificate, sealed.key)):
        with pytest.raises(ConfigurationError, match="passphrase"):
            check_certificates(ConnectionConfig(cert_file=certificate, key_file=key))


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"key_file": "k.pem"}, "cert_file"),
        ({"ca_file": "ca.pem", "verify": False}, "verify"),
        ({"timeout_seconds": 0}, "timeout_seconds"),
        ({"read_attempts": 0}, "read_attempts"),
    ],
)
def test_contradictions_are_refused(settings: dict[str, Any], word: str) -> None:
    """Before anything is asked."""
    with pytest.raises(ValidationError, match=word):
        of(settings)
