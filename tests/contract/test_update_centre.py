"""The port ``UpdateCentre`` over the network and from a directory: fresh enough, whole, and never from anywhere else."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from adapters.update_centre import build_update_centre
from bot.errors import Interrupted, Permanent, Temporary
from bot.plugins import Release
from bot.plugins.update_center_format import parse_tiers
from bot.ports import UpdateCentre
from bot.settings.updates import UpdatesConfig
from bot.stop_token import StopToken
from rehearsal.free_ports import free_port
from rehearsal.updates import UpdateCentreStandIn
from tests.fakes.timing import VirtualClock

HOUR = 3600.0
CONTENT = bytes(range(256)) * 1024
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@dataclass
class Rig:
    """An update centre as the bot uses it, with its clock and its stored copies."""

    directory: Path
    settings: UpdatesConfig
    clock: VirtualClock = field(default_factory=lambda: VirtualClock(time.time()))
    """Starts at the real time, because files have real ones."""

    @property
    def port(self) -> UpdateCentre:
        """A new one each time, as after a restart of the bot."""
        return build_update_centre(self.settings, self.directory, self.clock)

    @property
    def stop(self) -> StopToken:
        return StopToken(self.clock)


def rig(tmp_path: Path, **settings: object) -> Rig:
    return Rig(
        tmp_path / "cache",
        UpdatesConfig.model_validate({"timeout_seconds": 5, "verify_signature": False, **settings}),
    )


@contextmanager
def serving(
    answer: dict[str, tuple[int, Mapping[str, str], bytes]],
    after_body: Callable[[], object] = lambda: None,
) -> Iterator[tuple[str, list[tuple[str, str | None]]]]:
    """A server that answers paths as told; also (path, Range) of each request."""
    asked: list[tuple[str, str | None]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers.get("Range")))
            status, headers, body = answer.get(self.path.partition("?")[0], (404, {}, b""))
            start = int((self.headers.get("Range") or "bytes=0-")[6:-1])
            if start and status == 200 and headers.get("Accept-Ranges"):
                status, body = 206, body[start:]
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if "Content-Length" not in headers:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            after_body()

        def log_message(self, *_: object) -> None:
            """Counted, not printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def release(url: str, sha256: str = DIGEST) -> Release:
    return Release("git", "5.7.0", url, sha256, "2.400")


# ---- data


def test_data_for_a_core_is_asked_once_and_kept(tmp_path: Path) -> None:
    """Through a redirect to the tier; a restart uses the copy; after the configured hours it is asked again."""
    with UpdateCentreStandIn(tmp_path / "files") as centre:
        one = rig(tmp_path, base=centre.url, cache_hours=2)
        found = one.port.catalogue("2.516.3")
        assert (found.releases["ldap"].version, found.stale) == ("780.vcb_33c9a_e4332", None)
        assert centre.requests == [
            "/update-center.actual.json?version=2.516.3",
            "/dynamic-2.516.3/update-center.actual.json",
        ]
        one.clock.move(one.clock.now() + HOUR)
        assert one.port.catalogue("2.516.3") == found
        assert len(centre.requests) == 2
        assert one.port.catalogue("2.440.1").releases["ldap"].version != found.releases["ldap"].version
        one.clock.move(one.clock.now() + 2 * HOUR)
        assert one.port.catalogue("2.516.3").fetched_at == one.clock.now()
        assert len(centre.requests) == 6


def test_old_copy_serves_while_nothing_newer_can_be_had(tmp_path: Path) -> None:
    """It says since when and why; without any copy the failure itself is told."""
    with UpdateCentreStandIn(tmp_path / "files") as centre:
        one = rig(tmp_path, base=centre.url, cache_hours=1)
        fetched = one.port.catalogue("2.516.3").fetched_at
    one.clock.move(one.clock.now() + 5 * HOUR)
    found = one.port.catalogue("2.516.3")
    assert found.fetched_at == fetched
    assert found.stale is not None
    assert "127.0.0.1" in found.stale
    with pytest.raises(Temporary, match="does not answer"):
        one.port.catalogue("2.440.1")


def test_page_of_a_proxy_does_not_replace_a_good_copy(tmp_path: Path) -> None:
    """An answer that is no update centre's data is told and forgotten."""
    good = json.dumps({"core": {"version": "2.529"}, "plugins": {}}).encode()
    answers: dict[str, tuple[int, Mapping[str, str], bytes]] = {"/update-center.actual.json": (200, {}, good)}
    with serving(answers) as (url, _):
        one = rig(tmp_path, base=url, cache_hours=1)
        assert one.port.catalogue("2.516.3").stale is None
        one.clock.move(one.clock.now() + 2 * HOUR)
        answers["/update-center.actual.json"] = (200, {}, b"<html>please sign in</html>")
        assert "no JSON" in (one.port.catalogue("2.516.3").stale or "")
        answers["/update-center.actual.json"] = (200, {}, good)
        assert one.port.catalogue("2.516.3").stale is None


def test_other_versions_only_for_those_asked_for(tmp_path: Path) -> None:
    """The large file is fetched when a plugin's versions are wanted, and not before."""
    with UpdateCentreStandIn(tmp_path / "files") as centre:
        one = rig(tmp_path, base=centre.url)
        assert one.port.catalogue("2.440.1").history == {}
        assert not any("plugin-versions" in path for path in centre.requests)
        found = one.port.catalogue("2.440.1", ["matrix-auth", "unknown"])
        assert set(found.history) == {"matrix-auth"}
        assert {"3.2.1", "3.2.2"} <= {one.version for one in found.history["matrix-auth"]}


def test_newest_lts(tmp_path: Path) -> None:
    """Named by the stable tier."""
    with UpdateCentreStandIn(tmp_path / "files") as centre:
        assert rig(tmp_path, base=centre.url).port.newest_lts().core == "2.516.3"


def test_lts_releases(tmp_path: Path) -> None:
    """Those that have a tier of their own; asked once in a while. A file that is something else is refused."""
    with UpdateCentreStandIn(tmp_path / "files") as centre:
        port = rig(tmp_path, base=centre.url).port
        assert port.lts_releases() == port.lts_releases() == ("2.440.1", "2.479.3", "2.516.3")
        assert centre.requests == ["/tiers.json"]
    with pytest.raises(Permanent, match="no list of releases"):
        parse_tiers("[]", "here")


@pytest.mark.parametrize(
    ("status", "kind"), [(503, Temporary), (429, Temporary), (404, Permanent), (403, Permanent)]
)
def test_statuses(tmp_path: Path, status: int, kind: type[Exception]) -> None:
    """Overload passes, a missing file does not."""
    with (
        serving({"/update-center.actual.json": (status, {}, b"")}) as (url, _),
        pytest.raises(kind, match=str(status)),
    ):
        rig(tmp_path, base=url).port.catalogue("2.516.3")


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://x"])
def test_redirects_lead_to_http_only(tmp_path: Path, location: str) -> None:
    """Anything else is refused, and so is a server that redirects for ever."""
    answers: dict[str, tuple[int, Mapping[str, str], bytes]] = {
        "/update-center.actual.json": (302, {"Location": location}, b""),
        "/stable/update-center.actual.json": (302, {"Location": "/stable/update-center.actual.json"}, b""),
    }
    with serving(answers) as (url, _):
        one = rig(tmp_path, base=url)
        with pytest.raises(Permanent, match="not followed"):
            one.port.catalogue("2.516.3")
        with pytest.raises(Permanent, match="more than"):
            one.port.newest_lts()


# ---- files


def test_file_is_fetched_once(tmp_path: Path) -> None:
    """Its content has the checksum of the release; a restart uses the kept one."""
    with serving({"/git.hpi": (200, {}, CONTENT)}) as (url, asked):
        one = rig(tmp_path)
        path = one.port.file(release(f"{url}/git.hpi"), one.stop)
        assert path.read_bytes() == CONTENT
        assert one.port.file(release(f"{url}/git.hpi"), one.stop) == path
        assert len(asked) == 1


def test_download_goes_on_where_it_was_cut_short(tmp_path: Path) -> None:
    """The second attempt asks for the rest only, where the server can do that, and the file is whole."""
    half = (200, {"Content-Length": str(len(CONTENT)), "Accept-Ranges": "bytes"}, CONTENT[:100_000])
    answers: dict[str, tuple[int, Mapping[str, str], bytes]] = {"/git.hpi": half}
    with serving(answers) as (url, asked):
        one = rig(tmp_path)
        with pytest.raises(Temporary):
            one.port.file(release(f"{url}/git.hpi"), one.stop)
        answers["/git.hpi"] = (200, {"Accept-Ranges": "bytes"}, CONTENT)
        assert one.port.file(release(f"{url}/git.hpi"), one.stop).read_bytes() == CONTENT
    have = int((asked[1][1] or "")[6:-1])
    assert 0 < have <= 100_000


def test_remains_of_another_file_do_not_stand_in_the_way(tmp_path: Path) -> None:
    """A part that does not fit is thrown away and all is fetched again."""
    with serving({"/git.hpi": (200, {"Accept-Ranges": "bytes"}, CONTENT)}) as (url, asked):
        one = rig(tmp_path)
        part = one.directory / "files" / f"{DIGEST}.part"
        part.parent.mkdir(parents=True)
        part.write_bytes(b"something else")
        assert one.port.file(release(f"{url}/git.hpi"), one.stop).read_bytes() == CONTENT
        assert [range_ for _, range_ in asked] == ["bytes=14-", None]


def test_changed_file_is_refused(tmp_path: Path) -> None:
    """Nothing of it is kept, and a release without a checksum is never fetched."""
    with serving({"/git.hpi": (200, {}, CONTENT + b"!")}) as (url, asked):
        one = rig(tmp_path)
        with pytest.raises(Permanent, match="SHA-256"):
            one.port.file(release(f"{url}/git.hpi"), one.stop)
        assert not list((one.directory / "files").iterdir())
        with pytest.raises(Permanent, match="names no SHA-256"):
            one.port.file(release(f"{url}/git.hpi", sha256=""), one.stop)
        assert len(asked) == 1


def test_kept_file_that_was_damaged_is_not_used(tmp_path: Path) -> None:
    """The checksum is looked at each time; a copy that does not fit is fetched again."""
    with serving({"/git.hpi": (200, {}, CONTENT)}) as (url, asked):
        one = rig(tmp_path)
        one.port.file(release(f"{url}/git.hpi"), one.stop).write_bytes(b"damaged")
        assert one.port.file(release(f"{url}/git.hpi"), one.stop).read_bytes() == CONTENT
        assert len(asked) == 2


def test_stop_is_noticed_during_a_download(tmp_path: Path) -> None:
    """The step ends at once, also while the server is silent, and the next attempt gets the whole file."""
    one, answered = rig(tmp_path, timeout_seconds=60), threading.Event()
    stop = one.stop

    def then_silent() -> None:
        stop.set()
        answered.wait(30)

    answers: dict[str, tuple[int, Mapping[str, str], bytes]] = {
        "/git.hpi": (200, {"Content-Length": str(len(CONTENT)), "Accept-Ranges": "bytes"}, CONTENT[:131_072])
    }
    with serving(answers, then_silent) as (url, _):
        with pytest.raises(Interrupted):
            one.port.file(release(f"{url}/git.hpi"), stop)
        answered.set()
        answers["/git.hpi"] = (200, {"Accept-Ranges": "bytes"}, CONTENT)
        assert one.port.file(release(f"{url}/git.hpi"), one.stop).read_bytes() == CONTENT


def test_other_download_server(tmp_path: Path) -> None:
    """Links to the public server are led to a configured one; other links stay."""
    official = "https://updates.jenkins.io/download/plugins/git/5.7.0/git.hpi"
    with serving({"/mirror/plugins/git/5.7.0/git.hpi": (200, {}, CONTENT)}) as (url, asked):
        one = rig(tmp_path, download_base=f"{url}/mirror")
        assert one.port.file(release(official), one.stop).read_bytes() == CONTENT
        assert asked[0][0] == "/mirror/plugins/git/5.7.0/git.hpi"


def test_unused_files_go_after_a_month(tmp_path: Path) -> None:
    """Those in use stay."""
    with serving({"/git.hpi": (200, {}, CONTENT), "/x.hpi": (200, {}, b"x")}) as (url, _):
        one = rig(tmp_path)
        old = one.port.file(release(f"{url}/git.hpi"), one.stop)
        one.clock = VirtualClock(one.clock.now() + 31 * 24 * HOUR)
        x = replace(release(f"{url}/x.hpi", hashlib.sha256(b"x").hexdigest()), name="x")
        assert one.port.file(x, one.stop).exists()
        assert not old.exists()


# ---- without a network


def test_saved_metadata_with_downloads(tmp_path: Path) -> None:
    """The file is read instead of asking, also for the newest release; its age is the file's."""
    saved = tmp_path / "saved.json"
    saved.write_text(json.dumps({"core": {"version": "2.516.3"}, "plugins": {}}))
    port = rig(tmp_path, metadata_file=saved, base=f"http://127.0.0.1:{free_port()}").port
    assert port.lts_releases() == ("2.516.3",)
    for found in (port.catalogue("2.516.3"), port.newest_lts()):
        assert (found.core, found.origin) == ("2.516.3", str(saved))
        assert found.fetched_at == saved.stat().st_mtime


def test_directory_asks_nobody(tmp_path: Path) -> None:
    """Data and files come from it, and each file must have its checksum."""
    entry = {
        "name": "git",
        "version": "5.7.0",
        "url": "https://nowhere.invalid/git.hpi",
        "sha256": base64.b64encode(bytes.fromhex(DIGEST)).decode(),
    }
    home = tmp_path / "updates"
    home.mkdir()
    one = rig(tmp_path, directory=home)
    with pytest.raises(Permanent, match=r"update-center\.actual\.json"):
        one.port.catalogue("2.516.3")
    (home / "update-center.json").write_text(
        f"updateCenter.post(\n{json.dumps({'plugins': {'git': entry}})}\n);"
    )
    (home / "plugin-versions.json").write_text(
        json.dumps({"plugins": {"git": {"5.6.0": {**entry, "version": "5.6.0"}}}})
    )
    found = one.port.catalogue("2.516.3", ["git"])
    assert [one.version for one in found.history["git"]] == ["5.6.0"]
    git = found.releases["git"]
    with pytest.raises(Permanent, match=r"put its file at .*plugins/git/5\.7\.0/git\.hpi"):
        one.port.file(git, one.stop)
    (home / "git.hpi").write_bytes(CONTENT)
    assert one.port.file(git, one.stop).read_bytes() == CONTENT
    better = home / "plugins" / "git" / "5.7.0" / "git.hpi"
    better.parent.mkdir(parents=True)
    better.write_bytes(b"damaged")
    with pytest.raises(Permanent, match="SHA-256"):
        one.port.file(git, one.stop)
