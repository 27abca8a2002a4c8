"""Sends one request of the load, times it and logs it. Nothing is ever sent twice from here."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import aiohttp

from rehearsal.exchanges import Exchange, ExchangeLog

__all__ = ["Answer", "HttpSender"]


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    """0: no answer came."""
    text: str
    location: str
    expected: bool
    """False: it was logged as failed."""


class HttpSender:
    """One client's way to the router; what distinguishes clients are their cookie jars and credentials."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        address: str,
        sides: Mapping[str, str],
        log: ExchangeLog,
        patience_seconds: float,
    ) -> None:
        """``sides``: release → the side that runs it; ``patience_seconds``: how long an answer is waited for."""
        self._session = session
        self._address = address
        self._sides = sides
        self._log = log
        self._timeout = aiohttp.ClientTimeout(total=patience_seconds)
        self.requests = 0

    async def send(
        self,
        kind: str,
        method: str,
        path: str,
        *,
        expect: Collection[int] = (200,),
        ticket: str | None = None,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Answer:
        """Any status that is not in ``expect``, and no answer at all, is logged as a failure."""
        self.requests += 1
        at, began = time.time(), time.perf_counter()
        status, text, location, version, fault = 0, "", "", None, ""
        try:
            async with self._session.request(
                method,
                self._address + path,
                headers=headers,
                data=form,
                allow_redirects=False,
                timeout=self._timeout,
            ) as response:
                text = await response.text(errors="replace")
                status, version = response.status, response.headers.get("X-Jenkins")
                location = response.headers.get("Location", "")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            status, fault = 0, f"{type(error).__name__}: {error}"
        failure = None if status in expect else fault or f"status {status} for {method} {path}"
        self._log.add(
            Exchange(
                at=at,
                kind=kind,
                method=method,
                path=path,
                status=status,
                seconds=round(time.perf_counter() - began, 6),
                side=self._sides.get(version or ""),
                ticket=ticket,
                failure=failure,
            )
        )
        return Answer(status, text, location, failure is None)

    def unexpected(self, kind: str, path: str, failure: str) -> None:
        """Log that an answer with a fine status was of no use."""
        self._log.add(Exchange(time.time(), kind, "GET", path, 0, 0.0, None, failure=failure))
