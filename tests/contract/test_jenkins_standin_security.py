"""Who may do what on the stand-in: tokens, passwords and crumbs, sessions that end with the process, cookies that do not."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import requests

from tests.contract.standin import Standin, started


@pytest.fixture(scope="module")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standin]:
    with started(tmp_path_factory.mktemp("security")) as one:
        yield one


def sign_in(standin: Standin, remember: bool) -> requests.Session:
    session = requests.Session()
    form = {"j_username": "admin", "j_password": standin.accounts.password, "from": "/job/canary/"}
    answer = session.post(
        standin.url + "/j_spring_security_check",
        data={**form, **({"remember_me": "on"} if remember else {})},
        allow_redirects=False,
        timeout=30,
    )
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"{standin.url}/job/canary/"
    return session


def who(session: requests.Session, standin: Standin) -> str:
    name: str = session.get(standin.url + "/whoAmI/api/json", timeout=30).json()["name"]
    return name


def test_token_needs_no_crumb_and_a_password_does(standin: Standin) -> None:
    """Token: 302. Password: 403 without, 302 with a crumb and its session."""
    assert standin.send("POST", "/cancelQuietDown").status_code == 302
    with requests.Session() as session:
        session.auth = ("admin", standin.accounts.password)
        assert session.post(standin.url + "/cancelQuietDown", timeout=30).status_code == 403
        crumb = session.get(standin.url + "/crumbIssuer/api/json", timeout=30).json()
        headers = {crumb["crumbRequestField"]: crumb["crumb"]}
        answer = session.post(
            standin.url + "/cancelQuietDown", headers=headers, timeout=30, allow_redirects=False
        )
        assert answer.status_code == 302


def test_wrong_credentials_are_401_and_none_are_403(standin: Standin) -> None:
    """Also for paths that do not exist: the anonymous learn nothing."""
    assert standin.send("GET", "/api/json", auth=("admin", "wrong")).status_code == 401
    for path in ("/api/json", "/no/such/page", "/health", "/job/canary/"):
        assert requests.get(standin.url + path, timeout=30).status_code == 403


def test_session_cookie_is_named_anew_at_every_boot(standin: Standin) -> None:
    """Eight hexadecimal digits after JSESSIONID; another boot has another name and does not know the session or its crumb."""
    with sign_in(standin, remember=False) as session:
        name = next(iter(session.cookies.keys()))
        assert re.fullmatch(r"JSESSIONID\.[0-9a-f]{8}", name)
        assert who(session, standin) == "admin"
        crumb = session.get(standin.url + "/crumbIssuer/api/json", timeout=30).json()
        with started(standin.home.parent, home=standin.home, accounts=standin.accounts) as other:
            assert who(session, other) == "anonymous"
            answer = session.post(
                other.url + "/quietDown", headers={crumb["crumbRequestField"]: crumb["crumb"]}, timeout=30
            )
            assert answer.status_code == 403


def test_remember_me_cookie_works_on_every_instance_that_shares_the_secrets(standin: Standin) -> None:
    """Without a session there, the cookie signs the user in on the other instance."""
    with (
        sign_in(standin, remember=True) as session,
        started(standin.home.parent, home=standin.home, accounts=standin.accounts) as other,
    ):
        kept = session.cookies["remember-me"]
        with requests.Session() as fresh:
            fresh.cookies.set("remember-me", kept)
            assert who(fresh, other) == "admin"
        with requests.Session() as forged:
            forged.cookies.set("remember-me", kept[:-2])
            assert who(forged, other) == "anonymous"


def test_sign_out_ends_the_session(standin: Standin) -> None:
    """After ``/logout`` the same cookies are anonymous."""
    with sign_in(standin, remember=False) as session:
        assert session.get(standin.url + "/logout", allow_redirects=False, timeout=30).status_code == 302
        assert who(session, standin) == "anonymous"


def test_wrong_password_does_not_sign_in(standin: Standin) -> None:
    """The form leads to the error page, and no session is signed in."""
    with requests.Session() as session:
        form = {"j_username": "admin", "j_password": "wrong"}
        answer = session.post(
            standin.url + "/j_spring_security_check", data=form, allow_redirects=False, timeout=30
        )
        assert answer.headers["Location"] == f"{standin.url}/loginError"
        assert who(session, standin) == "anonymous"


def test_browser_sees_pages(standin: Standin) -> None:
    """Dashboard, folder, job, build and view pages for someone who signed in with the form."""
    with sign_in(standin, remember=False) as session:
        for path in (
            "/",
            "/job/team-a/",
            "/job/canary/",
            "/job/canary/1/",
            "/job/canary/1/console",
            "/view/apps/",
            "/computer/",
        ):
            answer = session.get(standin.url + path, timeout=30)
            assert answer.status_code == 200
            assert answer.headers["X-Jenkins"] == "2.426.2"
            assert "<html" in answer.text
