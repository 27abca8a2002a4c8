"""HTML pages, small, with the headers and the few elements that clients look at."""

from __future__ import annotations

from html import escape
from http import HTTPStatus
from urllib.parse import quote

from rehearsal.jenkins.controller import Controller
from rehearsal.jenkins.items import Folder, Job
from rehearsal.jenkins.job_facts import color
from rehearsal.jenkins.web import Response

__all__ = ["dashboard", "forbidden", "job_page", "login", "page", "starting"]

_NO_CACHE = {"Expires": "Thu, 01 Jan 1970 00:00:00 GMT", "Cache-Control": "no-cache,no-store,must-revalidate"}
_HTML = {"Content-Type": "text/html;charset=utf-8"}


def page(
    controller: Controller,
    title: str,
    body: str,
    *,
    status: int = HTTPStatus.OK,
    crumb: str = "",
    headers: dict[str, str] | None = None,
) -> Response:
    """A page in the usual frame."""
    boot = controller.boot_id
    text = (
        f'<!DOCTYPE html><html><head resURL="/static/{boot}" data-rooturl="{controller.options.prefix}" '
        f'data-resurl="/static/{boot}" data-crumb-header="Jenkins-Crumb" data-crumb-value="{crumb}">'
        f'<title>{escape(title)} [Jenkins]</title></head><body id="jenkins" class="jenkins-{escape(controller.version)}">'
        f'{body}<footer><a class="jenkins_ver">Jenkins {escape(controller.version)}</a></footer></body></html>'
    )
    return Response(
        status,
        text.encode(),
        {
            **_HTML,
            **_NO_CACHE,
            "X-Hudson-Theme": "default",
            "Referrer-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            **identity(controller),
            "X-Frame-Options": "sameorigin",
            **(headers or {}),
        },
        compress=True,
    )


def identity(controller: Controller) -> dict[str, str]:
    return {"X-Hudson": "1.395", "X-Jenkins": controller.version, "X-Jenkins-Session": controller.boot_id}


def login(controller: Controller, came_from: str) -> Response:
    prefix, boot = controller.options.prefix, controller.boot_id
    text = (
        f'<!DOCTYPE html><html lang="en"><head resURL="/static/{boot}" data-rooturl="{prefix}"><title>Sign in [Jenkins]</title></head>'
        f'<body class="app-sign-in-register"><form method="post" name="login" action="{prefix}/j_spring_security_check">'
        '<input type="text" name="j_username"/><input type="password" name="j_password"/>'
        f'<input type="checkbox" name="remember_me"/><input type="hidden" name="from" value="{escape(came_from)}"/>'
        '<button type="submit" name="Submit">Sign in</button></form></body></html>'
    )
    headers = {**_HTML, **_NO_CACHE, **identity(controller), "X-Frame-Options": "sameorigin"}
    return Response(HTTPStatus.OK, text.encode(), headers, compress=True)


def forbidden(controller: Controller, path: str) -> Response:
    """What the anonymous get where reading is off: 403 with a script that goes to the login page."""
    target = f"{controller.options.prefix}/login?from={quote(controller.options.prefix + path, safe='')}"
    text = (
        f"<html><head><meta http-equiv='refresh' content='1;url={target}'/><script>window.location.replace('{target}');</script></head>"
        "<body style='background-color:white; color:white;'>\n\n\nAuthentication required\n<!--\n-->\n\n</body></html>"
        + " "
        * 500
    )
    headers = {"Expires": "Thu, 01 Jan 1970 00:00:00 GMT", **_HTML, **identity(controller)}
    return Response(HTTPStatus.FORBIDDEN, text.encode(), headers, chunked=True)


def starting() -> Response:
    """503 without ``X-Jenkins``, while it boots or reloads."""
    text = (
        '<!DOCTYPE html><html lang="en"><head><title>Starting Jenkins</title></head><body><h1 class="loading">\n'
        "Please wait while Jenkins is getting ready to work\n<span>.</span></h1>"
        '<p class="restarting">Your browser will reload automatically when Jenkins is ready.</p></body></html>'
    )
    headers = {"Expires": "0", "Cache-Control": "no-cache,no-store,must-revalidate", **_HTML}
    return Response(HTTPStatus.SERVICE_UNAVAILABLE, text.encode(), headers)


def dashboard(controller: Controller, folder: Folder, title: str) -> str:
    """The table of jobs."""
    prefix = controller.options.prefix
    rows = []
    for item in folder.items():
        ball = color(item, controller.version) if isinstance(item, Job) else "folder"
        rows.append(
            f'<tr id="job_{escape(item.name)}" class="job-status-{ball}"><td><a href="{prefix}/{item.path}">{escape(item.name)}</a></td></tr>'
        )
    return f'<h1>{escape(title)}</h1><table id="projectstatus">{"".join(rows)}</table><p>{len(controller.queue.items())} in the queue</p>'


def job_page(controller: Controller, job: Job) -> str:
    rows = "".join(
        f'<li><a href="{build.number}/">#{build.number}</a> {build.result or "running"}</li>'
        for build in list(job.newest_builds(controller.version))[:20]
    )
    return (
        f'<h1>{escape(job.full_name)}</h1><p>{escape(job.description or "")}</p><ul id="builds">{rows}</ul>'
    )
