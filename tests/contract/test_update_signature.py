"""Data of an update centre counts only when it was signed by whom Jenkins, or the configuration, trusts."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from adapters.update_centre import build_update_centre
from adapters.update_centre.signature import SignatureCheck
from bot.errors import ConfigurationError, Permanent
from bot.ports import Clock
from bot.settings.updates import UpdatesConfig
from tests.fakes.timing import VirtualClock

DATA: dict[str, Any] = {
    "core": {"name": "core", "version": "2.516.3"},
    "plugins": {
        "git": {"name": "git", "version": "5.7.0", "url": "https://ü/git.hpi", "title": "Git «ü» 🚀"}
    },
}


@dataclass(frozen=True)
class Signer:
    """An authority and a certificate that it issued, as the Jenkins project has them."""

    authority: Path
    certificate: bytes
    """DER."""
    key: RSAPrivateKey

    def sign(self, data: dict[str, Any], *, pem: bool = False, hexadecimal: bool = True) -> str:
        canonical = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
        given = self.key.sign(canonical, PKCS1v15(), SHA512())
        shown = (
            x509.load_der_x509_certificate(self.certificate).public_bytes(Encoding.PEM)
            if pem
            else self.certificate
        )
        signature = {
            "certificates": [base64.b64encode(shown).decode()],
            "correct_signature512": given.hex() if hexadecimal else base64.b64encode(given).decode(),
        }
        # Neither the order of keys nor spaces nor how letters are written count.
        return f"updateCenter.post(\n{json.dumps({'signature': signature, **data}, indent=1)}\n);"


def make_signer(directory: Path) -> Signer:
    authority = trustme.CA(key_type=trustme.KeyType.RSA)
    directory.mkdir(exist_ok=True)
    authority.cert_pem.write_to_path(directory / "ca.pem")
    issued = authority.issue_cert("update-centre.example.com", key_type=trustme.KeyType.RSA)
    key = load_pem_private_key(issued.private_key_pem.bytes(), None)
    assert isinstance(key, RSAPrivateKey)
    certificate = x509.load_pem_x509_certificate(issued.cert_chain_pems[0].bytes())
    return Signer(directory / "ca.pem", certificate.public_bytes(Encoding.DER), key)


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return make_signer(tmp_path_factory.mktemp("signer"))


@pytest.fixture
def clock() -> Clock:
    return VirtualClock(time.time())


def refused(signer: Signer, text: str, clock: Clock, why: str) -> None:
    with pytest.raises(Permanent, match=why) as caught:
        SignatureCheck(signer.authority, clock).check(text, "the test's")
    assert "verify_signature" in str(caught.value)


@pytest.mark.parametrize("pem", [False, True])
@pytest.mark.parametrize("hexadecimal", [False, True])
def test_signed_data_is_taken(signer: Signer, clock: Clock, pem: bool, hexadecimal: bool) -> None:
    """In each of the forms that there are: Jenkins takes them as well."""
    SignatureCheck(signer.authority, clock).check(
        signer.sign(DATA, pem=pem, hexadecimal=hexadecimal), "the test's"
    )


def test_changed_data_is_not(signer: Signer, clock: Clock) -> None:
    """One letter of one address is enough; so is anything that is added."""
    text = signer.sign(DATA)
    refused(signer, text.replace("5.7.0", "5.7.1"), clock, "changed after it was signed")
    refused(signer, text.replace('"core":', '"more": 1, "core":'), clock, "changed after it was signed")


def test_unsigned_data_is_not(signer: Signer, clock: Clock) -> None:
    """Taking the signature away does not help, nor does half of one."""
    refused(signer, json.dumps(DATA), clock, "is not signed")
    halves: list[dict[str, Any]] = [
        {},
        {"certificates": []},
        {"certificates": ["%"], "correct_signature512": "00"},
    ]
    for half in halves:
        refused(signer, json.dumps({**DATA, "signature": half}), clock, "cannot be read")


def test_strangers_are_not_trusted(signer: Signer, clock: Clock, tmp_path: Path) -> None:
    """Whoever has another authority, and by default everybody but the Jenkins project."""
    text = make_signer(tmp_path / "stranger").sign(DATA)
    refused(signer, text, clock, "not trusted")
    with pytest.raises(Permanent, match="not trusted"):
        SignatureCheck(None, clock).check(signer.sign(DATA), "the test's")


def test_certificate_itself_may_be_what_is_trusted(signer: Signer, clock: Clock, tmp_path: Path) -> None:
    """Mirrors often sign with the certificate that they tell people to install."""
    own = tmp_path / "own.pem"
    own.write_bytes(x509.load_der_x509_certificate(signer.certificate).public_bytes(Encoding.PEM))
    SignatureCheck(own, clock).check(signer.sign(DATA), "the test's")


def test_old_certificate_is_told(signer: Signer) -> None:
    """Data that was saved long ago is to be fetched again."""
    refused(signer, signer.sign(DATA), VirtualClock(4e10), "fetch newer data")


def test_every_source_is_checked(signer: Signer, clock: Clock, tmp_path: Path) -> None:
    """A saved file, a directory and its versions: each is refused unsigned, taken signed, and taken unsigned where that is wished."""
    file = tmp_path / "update-center.actual.json"
    versions = tmp_path / "plugin-versions.json"
    history = {"plugins": {"git": {"5.6.0": {"name": "git", "version": "5.6.0", "url": "u"}}}}
    for source in ({"metadata_file": file}, {"directory": tmp_path}):
        trusting = UpdatesConfig(**source, signature_ca_file=signer.authority)  # type: ignore[arg-type]  # each of the two is a path
        centre = build_update_centre(trusting, tmp_path / "cache", clock)
        file.write_text(json.dumps(DATA))
        with pytest.raises(Permanent, match="is not signed"):
            centre.catalogue("2.516.3")
        unchecked = UpdatesConfig(**source, verify_signature=False)  # type: ignore[arg-type]  # as above
        found = build_update_centre(unchecked, tmp_path / "cache", clock).catalogue("2.516.3")
        file.write_text(signer.sign(DATA))
        assert centre.catalogue("2.516.3").releases == found.releases
    versions.write_text(json.dumps(history))
    with pytest.raises(Permanent, match="is not signed"):
        centre.catalogue("2.516.3", {"git"})
    versions.write_text(signer.sign(history))
    assert [one.version for one in centre.catalogue("2.516.3", {"git"}).history["git"]] == ["5.6.0"]


def test_unusable_authorities_are_told(clock: Clock, tmp_path: Path) -> None:
    """When the bot starts, not when data comes; and a contradiction when the configuration is read."""
    (tmp_path / "no.pem").write_text("no certificate")
    for name in ("absent.pem", "no.pem"):
        settings = UpdatesConfig(signature_ca_file=tmp_path / name)
        with pytest.raises(ConfigurationError, match=f"signature_ca_file.*{name}"):
            build_update_centre(settings, tmp_path, clock)
    with pytest.raises(ValueError, match="not both"):
        UpdatesConfig(signature_ca_file=tmp_path, verify_signature=False)
