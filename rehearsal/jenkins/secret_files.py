"""``secrets/``: keys that are made when first used and that two homes share only when one was copied after that."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from pathlib import Path

__all__ = ["REMEMBER_ME_KEY", "SECRET_KEY", "SecretFiles"]

SECRET_KEY = "hudson.util.Secret"
REMEMBER_ME_KEY = "org.acegisecurity.ui.rememberme.TokenBasedRememberMeServices.mac"
_CRUMB_SALT = "jenkins.model.Jenkins.crumbSalt"
_SIZES = {SECRET_KEY: 272, REMEMBER_ME_KEY: 48, _CRUMB_SALT: 32}
"""Bytes of each file, as in a real home."""


class SecretFiles:
    def __init__(self, home: Path) -> None:
        self._home = home
        self._directory = home / "secrets"

    def create_core(self) -> None:
        """What every controller has after its first start."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (self._home / "secret.key").exists():
            (self._home / "secret.key").write_text(secrets.token_hex(32))
            (self._home / "secret.key.not-so-secret").touch()
        if not (self._directory / "master.key").exists():
            (self._directory / "master.key").write_text(secrets.token_hex(128))
        self._key(_CRUMB_SALT)

    def ensure_secret_key(self) -> None:
        """Make the lazily created key of ``hudson.util.Secret`` exist."""
        self.make(SECRET_KEY)

    def make(self, name: str) -> None:
        """Make a key now that would otherwise be made when it is first used."""
        self._key(name)

    def encrypt(self, text: str) -> str:
        """``{base64}``, as ``hudson.util.Secret`` shows itself. Not its cipher: the standard library has no AES."""
        nonce = secrets.token_bytes(16)
        body = nonce + self._stream(nonce, text.encode())
        return "{" + base64.b64encode(self._tag(body) + body).decode() + "}"

    def decrypt(self, text: str) -> str:
        """The plain text; like the real one, text that this key did not make is taken literally."""
        try:
            raw = base64.b64decode(text.removeprefix("{").removesuffix("}"), validate=True)
        except ValueError:
            return text
        tag, body = raw[:8], raw[8:]
        if not text.startswith("{") or not hmac.compare_digest(tag, self._tag(body)):
            return text
        return self._stream(body[:16], body[16:]).decode()

    def remember_me_signature(self, text: str) -> str:
        message = f"{text}:{(self._home / 'secret.key').read_text()}"
        return hmac.new(self._key(REMEMBER_ME_KEY), message.encode(), hashlib.sha256).hexdigest()

    def crumb(self, user: str, session: str) -> str:
        return hashlib.sha256(f"{user};{session}".encode() + self._key(_CRUMB_SALT)).hexdigest()

    def _tag(self, body: bytes) -> bytes:
        return hmac.new(self._key(SECRET_KEY), body, hashlib.sha256).digest()[:8]

    def _stream(self, nonce: bytes, data: bytes) -> bytes:
        key = self._key(SECRET_KEY)
        blocks = (
            hmac.new(key, nonce + number.to_bytes(4, "big"), hashlib.sha256).digest()
            for number in range(len(data) // 32 + 1)
        )
        return bytes(one ^ other for one, other in zip(data, b"".join(blocks), strict=False))

    def _key(self, name: str) -> bytes:
        path = self._directory / name
        if not path.exists():
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.write_bytes(secrets.token_bytes(_SIZES[name]))
        return path.read_bytes()
