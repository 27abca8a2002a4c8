"""Whether an update centre's data was signed by somebody who is trusted to.

Source of facts: ``jenkins.util.JSONSignatureValidator`` (what Jenkins checks) and jenkins-infra/update-center2 (what is written).
What is signed is the JSON without its signature: keys sorted, no spaces, UTF-8. The weaker SHA-1 signature beside it is not looked at.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import json
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA512

from bot.errors import ConfigurationError, Permanent
from bot.plugins.update_center_format import json_object
from bot.ports import Clock

__all__ = ["SignatureCheck"]


class SignatureCheck:
    def __init__(self, authorities: Path | None, clock: Clock) -> None:
        """``authorities``: a PEM file; None: the one that Jenkins itself trusts (``WEB-INF/update-center-rootCAs``).

        :raises ConfigurationError: when the file cannot be read or holds no certificate.
        """
        self._authorities = _read(authorities) if authorities else _of_jenkins()
        self._clock = clock

    def check(self, text: str, origin: str) -> None:
        """``origin`` names the source in errors.

        :raises Permanent: when the text is not signed, not by somebody trusted, or was changed afterwards.
        """
        data = json_object(text, origin)
        signature = data.pop("signature", None)
        if not isinstance(signature, dict):
            raise Permanent(f"{origin} is not signed. {_WAYS}")
        try:
            signer = _certificate(signature["certificates"][0])
            given = _bytes(signature["correct_signature512"])
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise Permanent(f"{origin} has a signature that cannot be read. {_WAYS}") from error
        now = datetime.datetime.fromtimestamp(self._clock.now(), datetime.UTC)
        if not signer.not_valid_before_utc <= now <= signer.not_valid_after_utc:
            raise Permanent(
                f"the certificate that {origin} is signed with was valid until {signer.not_valid_after_utc:%Y-%m-%d}: fetch newer data. {_WAYS}"
            )
        if not any(_issued(signer, authority) for authority in self._authorities):
            raise Permanent(f"{origin} is signed by {_name(signer)}, who is not trusted. {_WAYS}")
        key = signer.public_key()
        try:
            if not isinstance(key, RSAPublicKey):
                raise Permanent(f"{origin} is signed with another kind of key than RSA. {_WAYS}")
            key.verify(given, _canonical(data), PKCS1v15(), SHA512())
        except InvalidSignature as error:
            raise Permanent(f"{origin} was changed after it was signed. {_WAYS}") from error


_WAYS = "For a mirror that signs by itself give `updates.signature_ca_file`; for data of your own set `updates.verify_signature` to false."


def _of_jenkins() -> Sequence[x509.Certificate]:
    pem = (resources.files("adapters.update_centre") / "jenkins-root-ca.pem").read_bytes()
    return x509.load_pem_x509_certificates(pem)


def _read(file: Path) -> Sequence[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(file.read_bytes())
    except OSError as error:
        raise ConfigurationError(
            f"updates.signature_ca_file: cannot read {file}: {error.strerror}"
        ) from error
    except ValueError as error:
        raise ConfigurationError(
            f"updates.signature_ca_file: {file} holds no certificate in PEM form"
        ) from error


def _issued(signer: x509.Certificate, authority: x509.Certificate) -> bool:
    """Directly, or it is the very certificate that is trusted: mirrors often sign with that."""
    if signer == authority:
        return True
    try:
        signer.verify_directly_issued_by(authority)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _canonical(data: dict[str, Any]) -> bytes:
    return json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def _certificate(text: str) -> x509.Certificate:
    """Base64 of DER, as Jenkins writes it, or of PEM, as some mirrors do; Java reads both."""
    raw = base64.b64decode(text)
    if raw.lstrip().startswith(b"-----BEGIN"):
        return x509.load_pem_x509_certificate(raw)
    return x509.load_der_x509_certificate(raw)


def _bytes(text: str) -> bytes:
    """Hexadecimal, as it is today, or base64."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        try:
            return base64.b64decode(text, validate=True)
        except binascii.Error as error:
            raise ValueError("neither hexadecimal nor base64") from error


def _name(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string()[:200]
