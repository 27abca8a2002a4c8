"""Users in ``users/``: API tokens stored as SHA-256, passwords as bcrypt, in the files of a real home."""

from __future__ import annotations

import functools
import hashlib
import hmac
import secrets
import uuid
from dataclasses import dataclass
from pathlib import Path

from rehearsal.jenkins import documents
from rehearsal.jenkins.bcrypt import hash_password, verify_password
from rehearsal.jenkins.documents import Element, child, text_of

__all__ = ["User", "Users", "new_api_token", "write_users"]

_TOKEN_VERSION = "11"
_PASSWORD_MARK = "#jbcrypt:"


@dataclass(frozen=True)
class User:
    id: str
    full_name: str
    token_hashes: frozenset[str]
    password_hash: str
    seed: str
    """Part of remember-me signatures; a new one ends them."""


class Users:
    """The users of a home, read once."""

    def __init__(self, home: Path) -> None:
        self._users: dict[str, User] = {}
        directory = home / "users"
        for entry in sorted(directory.iterdir()) if directory.is_dir() else ():
            if (entry / "config.xml").exists():
                user = _read(documents.read(entry / "config.xml"))
                self._users[user.id.lower()] = user

    def all(self) -> list[User]:
        return [self._users[name] for name in sorted(self._users)]

    def find(self, user_id: str) -> User | None:
        """User ids do not know upper and lower case."""
        return self._users.get(user_id.lower())

    def has_token(self, user_id: str, token: str) -> bool:
        user = self.find(user_id)
        if user is None or len(token) != 34:
            return False
        digest = _token_hash(token)
        return any(hmac.compare_digest(digest, known) for known in user.token_hashes)

    def has_password(self, user_id: str, password: str) -> bool:
        user = self.find(user_id)
        return user is not None and user.password_hash != "" and _verify(password, user.password_hash)


def new_api_token(random_hex: str | None = None) -> str:
    """A token as users see it: ``11`` and 32 hexadecimal digits."""
    return _TOKEN_VERSION + (random_hex or secrets.token_hex(16))


def write_users(home: Path, users: dict[str, tuple[str, str]]) -> None:
    """Write users as id → (API token, password), with the index file that releases up to 2.523 need."""
    index = Element("hudson.model.UserIdMapper")
    child(index, "version", "1")
    entries = child(index, "idToDirectoryNameMap", **{"class": "concurrent-hash-map"})
    for user_id, (token, password) in users.items():
        directory = home / "users" / _directory_name(user_id)
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        documents.write(directory / "config.xml", _element(user_id, token, password))
        entry = child(entries, "entry")
        child(entry, "string", user_id)
        child(entry, "string", directory.name)
    documents.write(home / "users" / "users.xml", index)


@functools.lru_cache(maxsize=64)
def _verify(password: str, hashed: str) -> bool:
    # Cached: the hash is slow on purpose, and clients send the password with every request.
    return verify_password(password, hashed)


def _token_hash(token: str) -> str:
    return hashlib.sha256(token[len(_TOKEN_VERSION) :].encode()).hexdigest()


def _directory_name(user_id: str) -> str:
    prefix = "".join(letter for letter in user_id.lower() if letter.isalnum())
    return f"{prefix}_{int.from_bytes(hashlib.sha256(user_id.encode()).digest()[:7], 'big')}"


def _read(root: Element) -> User:
    hashed = text_of(root, "properties/hudson.security.HudsonPrivateSecurityRealm_-Details/passwordHash")
    tokens = root.iterfind("properties/jenkins.security.ApiTokenProperty/tokenStore/tokenList/*/value/hash")
    return User(
        id=text_of(root, "id"),
        full_name=text_of(root, "fullName"),
        token_hashes=frozenset(one.text or "" for one in tokens),
        password_hash=hashed.removeprefix(_PASSWORD_MARK) if hashed.startswith(_PASSWORD_MARK) else "",
        seed=text_of(root, "properties/jenkins.security.seed.UserSeedProperty/seed"),
    )


def _element(user_id: str, token: str, password: str) -> Element:
    root = Element("user")
    child(root, "version", "10")
    child(root, "id", user_id)
    child(root, "fullName", user_id)
    properties = child(root, "properties")
    store = child(child(properties, "jenkins.security.ApiTokenProperty"), "tokenStore")
    stored = child(child(store, "tokenList"), "jenkins.security.apitoken.ApiTokenStore_-HashedToken")
    child(stored, "uuid", str(uuid.uuid4()))
    child(stored, "name", "rehearsal")
    child(stored, "creationDate", "2024-01-01 00:00:00.0 UTC")
    value = child(stored, "value")
    child(value, "version", _TOKEN_VERSION)
    child(value, "hash", _token_hash(token))
    details = child(properties, "hudson.security.HudsonPrivateSecurityRealm_-Details")
    child(details, "passwordHash", _PASSWORD_MARK + hash_password(password, secrets.token_bytes(16)))
    child(child(properties, "jenkins.security.seed.UserSeedProperty"), "seed", secrets.token_hex(8))
    return root
