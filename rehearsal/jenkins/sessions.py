"""Who sends a request: API token, password, session cookie or remember-me cookie, as Jenkins's filters see it."""

from __future__ import annotations

import base64
import hmac
import secrets
import time
from dataclasses import dataclass

from rehearsal.jenkins.secret_files import SecretFiles
from rehearsal.jenkins.users import User, Users
from rehearsal.jenkins.web import Request

__all__ = ["BadCredentials", "Caller", "Sessions"]

_REMEMBER_SECONDS = 14 * 86400
CRUMB_HEADER = "Jenkins-Crumb"


class BadCredentials(Exception):
    """Credentials were sent and are wrong: 401."""


@dataclass
class Caller:
    user: User | None
    """None: anonymous."""
    by_token: bool = False
    """API tokens need no crumb."""
    session: str | None = None
    new_session: bool = False

    @property
    def name(self) -> str:
        return self.user.id if self.user else "anonymous"


class Sessions:
    """Sessions live in memory and end with the process; remember-me cookies do not."""

    def __init__(self, cookie_name: str, secret_files: SecretFiles) -> None:
        self.cookie_name = cookie_name
        self._secrets = secret_files
        self._users: dict[str, str | None] = {}

    def caller(self, request: Request, users: Users) -> Caller:
        """:raises BadCredentials: when an Authorization header holds wrong ones."""
        session = request.cookies.get(self.cookie_name, "").partition(".")[0]
        known = session in self._users
        authorization = request.headers.get("Authorization", "")
        if authorization.startswith("Basic "):
            return self._basic(authorization, users, session if known else None)
        if known:
            name = self._users[session]
            return Caller(users.find(name) if name else None, session=session)
        remembered = self._remembered(request, users)
        caller = Caller(remembered)
        if remembered is not None:
            self.start(caller)
        return caller

    def start(self, caller: Caller) -> None:
        """Give the caller a session, if it has none."""
        if caller.session is None:
            caller.session = f"node0{secrets.token_hex(12)}"
            caller.new_session = True
            self._users[caller.session] = caller.user.id if caller.user and not caller.by_token else None

    def log_in(self, user: User) -> Caller:
        """A fresh session for the user: never the one that an anonymous visitor had."""
        caller = Caller(user)
        self.start(caller)
        return caller

    def log_out(self, caller: Caller) -> None:
        if caller.session is not None:
            self._users.pop(caller.session, None)

    def session_cookie(self, caller: Caller) -> str:
        return f"{self.cookie_name}={caller.session}.node0; Path=/; HttpOnly"

    def crumb(self, caller: Caller) -> str:
        """Bound to user and session. Starts a session when there is none."""
        self.start(caller)
        assert caller.session is not None
        return self._secrets.crumb(caller.name, caller.session)

    def has_crumb(self, request: Request, caller: Caller) -> bool:
        sent = request.headers.get(CRUMB_HEADER) or request.value(CRUMB_HEADER)
        return (
            sent is not None
            and caller.session is not None
            and hmac.compare_digest(sent, self._secrets.crumb(caller.name, caller.session))
        )

    def remember_me_cookie(self, user: User) -> str:
        expires_ms = int((time.time() + _REMEMBER_SECONDS) * 1000)
        text = f"{user.id}:{expires_ms}:{self._signature(user, expires_ms)}"
        return f"remember-me={base64.b64encode(text.encode()).decode().rstrip('=')}; Path=/; Max-Age={_REMEMBER_SECONDS}; HttpOnly"

    def _basic(self, authorization: str, users: Users, session: str | None) -> Caller:
        try:
            name, _, secret = base64.b64decode(authorization[6:]).decode().partition(":")
        except ValueError as error:
            raise BadCredentials("not base64") from error
        user = users.find(name)
        if user is not None and users.has_token(name, secret):
            return Caller(user, by_token=True, session=session)
        if user is not None and users.has_password(name, secret):
            return Caller(user, session=session)
        raise BadCredentials(name)

    def _remembered(self, request: Request, users: Users) -> User | None:
        cookie = request.cookies.get("remember-me", "")
        try:
            name, expires, signature = base64.b64decode(cookie + "=" * (-len(cookie) % 4)).decode().split(":")
            expires_ms = int(expires)
        except ValueError:
            return None
        user = users.find(name)
        if user is None or expires_ms < time.time() * 1000:
            return None
        return user if hmac.compare_digest(signature, self._signature(user, expires_ms)) else None

    def _signature(self, user: User, expires_ms: int) -> str:
        return self._secrets.remember_me_signature(f"{user.id}:{expires_ms}:{user.seed}")
