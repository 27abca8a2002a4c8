"""Those who use a controller: a person with a browser, a script with an API token, a machine that sends webhooks."""

from __future__ import annotations

import re
from typing import Protocol

from rehearsal.catalogue import job_path
from rehearsal.http_sender import HttpSender

__all__ = ["ApiClient", "Browser", "Client"]

_CRUMB = re.compile(r'data-crumb-header="([^"]+)" data-crumb-value="([^"]+)"')


class Client(Protocol):
    async def look(self, path: str) -> None:
        """Read a page or API path."""

    async def trigger(self, job: str, ticket: str) -> None:
        """Ask for a build that carries the ticket."""


class Browser:
    """A person who signed in with "keep me signed in".

    Where a session is unknown (its side changed, its instance restarted) a controller answers 403 with a page that leads to
    the login form, unless the remember-me cookie signs the browser in again by itself. The browser then signs in and opens
    the page once more. A crumb from before is refused with 403 in the same way: the person reloads the page and clicks
    again; a refused click has asked for nothing, so that is not a second trigger.
    """

    def __init__(self, http: HttpSender, user: str, password: str) -> None:
        self._http = http
        self._user = user
        self._password = password
        self._signed_in = False

    async def look(self, path: str) -> None:
        await self._open(path)

    async def trigger(self, job: str, ticket: str) -> None:
        page = await self._open(job_path(job))
        if page is None:
            return
        if await self._click(job, ticket, page, expect=(201, 403)) == 403:
            page = await self._open(job_path(job))
            if page is not None:
                await self._click(job, ticket, page, expect=(201,))

    async def _open(self, path: str) -> str | None:
        """The page's text, None when it could not be had (which was logged)."""
        if not self._signed_in and not await self._sign_in(path):
            return None
        answer = await self._http.send("page", "GET", path, expect=(200, 403))
        if answer.status == 403:
            self._signed_in = False
            if not await self._sign_in(path):
                return None
            answer = await self._http.send("page", "GET", path)
        return answer.text if answer.expected else None

    async def _sign_in(self, path: str) -> bool:
        """The login form, as a browser sends it."""
        form = await self._http.send("login", "GET", "/login?from=%2F")
        if not form.expected:
            return False
        answer = await self._http.send(
            "login",
            "POST",
            "/j_spring_security_check",
            expect=(302, 303),
            form={
                "j_username": self._user,
                "j_password": self._password,
                "from": path,
                "remember_me": "on",
                "Submit": "",
            },
        )
        if answer.expected and "loginError" in answer.location:
            self._http.unexpected("login", "/j_spring_security_check", "the password was refused")
            return False
        self._signed_in = answer.expected
        return self._signed_in

    async def _click(self, job: str, ticket: str, page: str, expect: tuple[int, ...]) -> int:
        crumb = _CRUMB.search(page)
        if crumb is None:
            self._http.unexpected("trigger", job_path(job), "the page holds no crumb")
            return 0
        path = f"{job_path(job)}buildWithParameters?TICKET={ticket}"
        answer = await self._http.send(
            "trigger", "POST", path, expect=expect, ticket=ticket, headers={crumb[1]: crumb[2]}
        )
        return answer.status


class ApiClient:
    """A script with an API token, which needs no crumb and signs in with every request."""

    def __init__(self, http: HttpSender, authorization: str, kind: str = "api") -> None:
        """``kind`` is ``api``, or ``hook`` and ``canary`` for what is sent to an owner route; canaries have no quiet period."""
        self._http = http
        self._headers = {"Authorization": authorization}
        self._kind = kind
        self._trigger_kind = "api-trigger" if kind == "api" else kind
        self._options = "&delay=0sec" if kind == "canary" else ""

    async def look(self, path: str) -> None:
        await self._http.send(self._kind, "GET", path, headers=self._headers)

    async def trigger(self, job: str, ticket: str) -> None:
        path = f"{job_path(job)}buildWithParameters?TICKET={ticket}{self._options}"
        await self._http.send(
            self._trigger_kind, "POST", path, expect=(201,), ticket=ticket, headers=self._headers
        )
