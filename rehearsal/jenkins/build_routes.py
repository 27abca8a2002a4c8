"""``/job/NAME/NUMBER/...`` and the permalinks such as ``lastBuild``."""

from __future__ import annotations

import shutil

from rehearsal.jenkins.builds import Build
from rehearsal.jenkins.context import Context
from rehearsal.jenkins.items import Job
from rehearsal.jenkins.job_facts import last_build
from rehearsal.jenkins.web import Response, empty, text_answer

__all__ = ["answer"]


def answer(context: Context, job: Job, number: str, rest: tuple[str, ...]) -> Response:
    build = _find(context, job, number)
    if build is None:
        return context.not_found()
    match rest:
        case ():
            return context.page(
                f"{job.full_name} #{build.number}",
                f"<h1>#{build.number}</h1><p>{build.result or 'running'}</p>",
            )
        case ("api", "json"):
            return context.api(context.beans.build(job, build))
        case ("consoleText",):
            return text_answer(build.log_text())
        case ("console",):
            return context.page(
                f"{job.full_name} #{build.number} Console",
                f'<pre class="console-output">{build.log_text()}</pre>',
            )
        case ("logText", "progressiveText"):
            return _progressive(context, build)
        case ("stop",):
            return context.post_only() or _stop(context, job, build)
        case ("doDelete",):
            return context.post_only() or _delete(job, build)
        case _:
            return context.not_found()


def _find(context: Context, job: Job, number: str) -> Build | None:
    if number.isdigit():
        return job.build(int(number), context.controller.version)
    try:
        return last_build(job, number, context.controller.version)
    except KeyError:
        return None


def _progressive(context: Context, build: Build) -> Response:
    start = int(context.request.value("start") or 0)
    text = build.log_text().encode()[start:].decode("utf-8", "replace")
    headers = {"X-Text-Size": str(start + len(text.encode()))}
    if build.building:
        headers["X-More-Data"] = "true"
    return text_answer(text, headers)


def _stop(context: Context, job: Job, build: Build) -> Response:
    context.controller.abort(job, build)
    return context.redirect(f"{job.path}{build.number}/")


def _delete(job: Job, build: Build) -> Response:
    job.builds.pop(build.number, None)
    shutil.rmtree(build.directory, ignore_errors=True)
    return empty()
