"""One GET into a file: resumed where it was cut short, within limits, never redirected to anything but HTTP."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from urllib.parse import urljoin, urlsplit

import requests

from bot.errors import BotError, Permanent, Temporary
from bot.ports import Stop

__all__ = ["Download"]

CONNECT_SECONDS = 10.0
POLL_SECONDS = 0.2
REDIRECTS = 5
CHUNK = 64 * 1024
# The first that fits: some are kinds of others.
_FAILURES: tuple[tuple[type[Exception], str], ...] = (
    (
        requests.exceptions.SSLError,
        "its certificate is not trusted; REQUESTS_CA_BUNDLE names authorities of your own",
    ),
    (requests.exceptions.ProxyError, "the proxy does not let the request through"),
    (requests.exceptions.Timeout, "it was silent for too long"),
    (requests.exceptions.ChunkedEncodingError, "its answer was cut short"),
    (requests.exceptions.ConnectionError, "its name is unknown here or it does not accept connections"),
)
_TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})


class Download:
    def __init__(self, timeout_seconds: float) -> None:
        """``timeout_seconds``: how long a server may stay silent."""
        self._timeout = (min(CONNECT_SECONDS, timeout_seconds), timeout_seconds)

    def to_file(self, url: str, path: Path, limit: int, stop: Stop) -> None:
        """Bytes that ``path`` already has are not asked for again, where the server can leave them out. ``limit`` is in bytes.

        :raises Temporary: when the server is silent, overloaded or goes away in the middle; what came is kept.
        :raises Permanent: when it is not there or too large.
        """
        try:
            _attended(lambda left: self._transfer(url, path, limit, left), stop)
        except requests.RequestException as error:
            raise Temporary(f"{_host(url)} does not answer: {_plain(error)}.") from error
        except OSError as error:
            raise Permanent(f"cannot write {path}: {error.strerror or error}") from error

    def _transfer(self, url: str, path: Path, limit: int, left: Event) -> None:
        have = path.stat().st_size if path.exists() else 0
        with requests.Session() as session, self._open(session, url, have) as response:
            if response.status_code == 416:
                return  # nothing is missing, or what is there is of another file: the checksum tells
            self._accept(url, response)
            have = have if response.status_code == 206 else 0
            with path.open("ab" if have else "wb") as file:
                for chunk in response.iter_content(CHUNK):
                    if left.is_set():
                        return
                    have += len(chunk)
                    if have > limit:
                        raise Permanent(
                            f"{url} is larger than {limit // 1024**2} MiB; that is no update centre's file."
                        )
                    file.write(chunk)

    def _open(self, session: requests.Session, url: str, have: int) -> requests.Response:
        # The bytes of the file itself are counted and resumed, so no compression on the way.
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
        for _ in range(REDIRECTS + 1):
            response = session.get(
                url, headers=headers, stream=True, timeout=self._timeout, allow_redirects=False
            )
            if not response.is_redirect:
                return response
            response.close()
            url = _redirected(url, response.headers["Location"])
        raise Permanent(f"{_host(url)} redirects more than {REDIRECTS} times.")

    def _accept(self, url: str, response: requests.Response) -> None:
        status = response.status_code
        if status in (200, 206):
            return
        kind: type[BotError] = Temporary if status in _TRY_AGAIN else Permanent
        raise kind(f"{url} answers with status {status}.")


def _attended(transfer: Callable[[Event], None], stop: Stop) -> None:
    """Run it in a thread of its own: a silent server blocks that thread, and a stop is noticed all the same.

    A transfer that was left ends with the next piece that arrives, or when its server has been silent for too long; should it
    still write meanwhile, the checksum tells.
    """
    left, done = Event(), Event()
    errors: list[BaseException] = []

    def work() -> None:
        try:
            transfer(left)
        except BaseException as error:  # noqa: BLE001  whatever it is, it is raised again where the transfer was asked for
            errors.append(error)
        finally:
            done.set()

    Thread(target=work, name="download", daemon=True).start()
    try:
        while not done.wait(POLL_SECONDS):
            stop.check()
    except BaseException:
        left.set()
        raise
    if errors:
        raise errors[0]
    stop.check()


def _redirected(url: str, location: str) -> str:
    target = urljoin(url, location)
    before, after = urlsplit(url).scheme, urlsplit(target).scheme
    if after not in ("http", "https") or (before == "https" and after == "http"):
        raise Permanent(
            f"{_host(url)} redirects from {before} to {after or 'nowhere'}; that is not followed."
        )
    return target


def _host(url: str) -> str:
    return urlsplit(url).hostname or url


def _plain(error: requests.RequestException) -> str:
    return next((words for kind, words in _FAILURES if isinstance(error, kind)), type(error).__name__)
