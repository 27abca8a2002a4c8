"""What the REST API shows of each object, in the order and with the visibility of a real Jenkins."""

from __future__ import annotations

import functools
import itertools
from typing import Any
from urllib.parse import quote

from rehearsal.jenkins.action_beans import action_beans, definition_beans, parameter_text
from rehearsal.jenkins.actions import Actions
from rehearsal.jenkins.builds import Build
from rehearsal.jenkins.controller import Controller
from rehearsal.jenkins.export import ALWAYS, Bean, Property, constants
from rehearsal.jenkins.items import Folder, Item, Job
from rehearsal.jenkins.job_facts import PERMALINKS, color, estimated_duration, last_build, weather
from rehearsal.jenkins.queue import QueueItem, Stage
from rehearsal.jenkins.settings import View

__all__ = ["Beans"]

_NEW_BUILDS = 100


class Beans:
    """Makes beans of a controller's objects; ``url`` is the root URL with a trailing slash."""

    def __init__(self, controller: Controller, url: str) -> None:
        self._controller = controller
        self._url = url

    # ---- root, views, folders --------------------------------------------------------------------------------

    def root(self) -> Bean:
        controller = self._controller
        settings, built_in = controller.settings, controller.computers.built_in
        views = settings.views()
        return Bean(
            "hudson.model.Hudson",
            (
                Property("assignedLabels", lambda: [_plain(name=name) for name in sorted(built_in.labels)]),
                Property("mode", lambda: settings.mode),
                Property("nodeDescription", lambda: built_in.description),
                Property("nodeName", lambda: "", ALWAYS),
                Property("numExecutors", lambda: built_in.executors),
                Property("description", lambda: settings.description),
                Property("jobs", lambda: [self.item(item) for item in controller.root.items()]),
                Property("overallLoad", lambda: Bean(None)),
                Property("primaryView", lambda: self._primary_view(views)),
                Property("quietDownReason", lambda: controller.quiet_down_reason),
                Property("quietingDown", lambda: controller.quieting_down),
                Property("slaveAgentPort", lambda: settings.agent_port),
                Property("unlabeledLoad", lambda: Bean("jenkins.model.UnlabeledLoadStatistics")),
                Property("url", lambda: settings.root_url),
                Property("useCrumbs", lambda: settings.use_crumbs),
                Property("useSecurity", lambda: settings.use_security),
                Property("views", lambda: [self.view(view) for view in views]),
            ),
        )

    def view(self, view: View) -> Bean:
        primary = view.name == self._controller.settings.primary_view
        url = self._url if primary else f"{self._url}view/{quote(view.name)}/"
        items = self._controller.root.items
        return Bean(
            view.java_class,
            (
                Property("description", lambda: None),
                Property("jobs", lambda: [self.item(item) for item in items() if view.shows(item.full_name)]),
                Property("name", lambda: view.name, 2),
                Property("property", list, inline=True),
                Property("url", lambda: url, 2),
            ),
        )

    def item(self, item: Item) -> Bean:
        return self.folder(item) if isinstance(item, Folder) else self.job(_job(item))

    def folder(self, folder: Folder) -> Bean:
        return Bean(
            folder.java_class,
            (
                Property("actions", lambda: [Bean(None)]),
                *self._names(folder, folder.description, None),
                Property("healthReport", list),
                Property("jobs", lambda: [self.item(item) for item in folder.items()]),
                Property("primaryView", lambda: self._folder_view(folder)),
                Property("views", lambda: [self._folder_view(folder)]),
            ),
        )

    # ---- jobs and builds -------------------------------------------------------------------------------------

    def job(self, job: Job) -> Bean:
        controller = self._controller
        queued = controller.queue.of(job)
        own = [
            Property("buildable", lambda: not job.disabled),
            Property("builds", lambda: self._builds(job, _NEW_BUILDS)),
            Property("allBuilds", lambda: self._builds(job, None), -2),
            Property("color", lambda: color(job, controller.version), 2),
            Property("firstBuild", lambda: self._first(job)),
            Property("healthReport", lambda: self._health(job)),
            Property("inQueue", lambda: queued is not None),
            Property("keepDependencies", lambda: False),
            *(Property(name, functools.partial(self._permalink, job, name)) for name in PERMALINKS),
            Property("nextBuildNumber", lambda: job.next_number),
            Property("property", lambda: definition_beans(job), inline=True),
            Property("queueItem", lambda: None if queued is None else self.queue_item(queued)),
        ]
        if job.pipeline:
            kind = [
                Property("concurrentBuild", lambda: job.concurrent),
                Property("disabled", lambda: job.disabled),
                Property("resumeBlocked", lambda: False),
            ]
        else:
            kind = [
                Property("concurrentBuild", lambda: job.concurrent),
                Property("disabled", lambda: job.disabled),
                Property("downstreamProjects", list),
                Property("labelExpression", lambda: job.label),
                Property("scm", lambda: Bean("hudson.scm.NullSCM")),
                Property("upstreamProjects", list),
            ]
        return Bean(
            job.java_class,
            (
                Property(
                    "actions", lambda: [*definition_beans(job), Bean(None), *self._display_action("Job")]
                ),
                *self._names(job, job.description, job.display_name),
                *own,
                *kind,
            ),
        )

    def build(self, job: Job, build: Build) -> Bean:
        own: tuple[Property, ...]
        if build.pipeline:
            own = (
                Property("changeSets", list),
                Property("culprits", list),
                Property("nextBuild", lambda: self._neighbour(job, build, 1)),
                Property("previousBuild", lambda: self._neighbour(job, build, -1)),
            )
        else:
            changes = Bean(
                "hudson.scm.EmptyChangeLogSet",
                (Property("items", list, ALWAYS), Property("kind", lambda: None, ALWAYS)),
            )
            own = (
                Property("builtOn", lambda: build.built_on),
                Property("changeSet", lambda: changes),
                Property("culprits", list),
            )
        actions = Property("actions", lambda: [*self._actions(build.actions), *self._display_action("Run")])
        return Bean(
            "org.jenkinsci.plugins.workflow.job.WorkflowRun"
            if build.pipeline
            else "hudson.model.FreeStyleBuild",
            (actions, *self._run(job, build), *own),
        )

    def build_reference(self, job: Job, number: int) -> Bean:
        """A build that need not be read: what an executor or a queue item shows of it."""
        build = job.build(number, self._controller.version)
        return Bean(None) if build is None else self.build(job, build)

    # ---- queue -----------------------------------------------------------------------------------------------

    def queue(self) -> Bean:
        items = self._controller.queue.items
        return Bean(
            "hudson.model.Queue",
            (
                Property("discoverableItems", list, inline=True),
                Property("items", lambda: [self.queue_item(item) for item in items()], inline=True),
            ),
        )

    def queue_item(self, item: QueueItem) -> Bean:
        by_stage: dict[Stage, tuple[Property, ...]] = {
            Stage.WAITING: (Property("timestamp", lambda: item.due, ALWAYS),),
            Stage.BLOCKED: (Property("buildableStartMilliseconds", lambda: item.buildable_since, ALWAYS),),
            Stage.BUILDABLE: (
                Property("buildableStartMilliseconds", lambda: item.buildable_since, ALWAYS),
                Property("pending", lambda: item.pending, ALWAYS),
            ),
            Stage.LEFT: (
                Property("cancelled", lambda: item.cancelled, ALWAYS),
                Property("executable", lambda: self._executable(item), ALWAYS),
            ),
        }
        return Bean(
            f"hudson.model.Queue${item.stage}",
            (
                Property("actions", lambda: self._actions(item.actions)),
                Property("blocked", lambda: item.stage is Stage.BLOCKED, ALWAYS),
                Property("buildable", lambda: item.stage is Stage.BUILDABLE, ALWAYS),
                Property("id", lambda: item.id, ALWAYS),
                Property("inQueueSince", lambda: item.since, ALWAYS),
                Property(
                    "params",
                    lambda: "".join(f"\n{parameter_text(one)}" for one in item.actions.parameters or ()),
                    ALWAYS,
                ),
                Property("stuck", lambda: False, ALWAYS),
                Property("task", lambda: self.job(item.job), ALWAYS),
                Property("url", lambda: f"queue/item/{item.id}/", ALWAYS),
                Property("why", item.why, ALWAYS),
                *by_stage[item.stage],
            ),
        )

    # ---- parts -----------------------------------------------------------------------------------------------

    def _names(self, item: Item, description: str | None, display_name: str | None) -> tuple[Property, ...]:
        full = " » ".join([*item.full_name.split("/")[:-1], display_name or item.name])
        return (
            Property("description", lambda: description),
            Property("displayName", lambda: display_name or item.name),
            Property("displayNameOrNull", lambda: display_name),
            Property("fullDisplayName", lambda: full),
            Property("fullName", lambda: item.full_name),
            Property("name", lambda: item.name, ALWAYS),
            Property("url", lambda: self._url + item.path, ALWAYS),
        )

    def _run(self, job: Job, build: Build) -> tuple[Property, ...]:
        return (
            Property("artifacts", list),
            Property("building", lambda: build.building),
            Property("description", lambda: None),
            Property("displayName", lambda: f"#{build.number}"),
            Property("duration", lambda: build.duration),
            Property("estimatedDuration", lambda: estimated_duration(job, self._controller.version)),
            Property("executor", lambda: Bean(None) if build.building else None),
            Property("fullDisplayName", lambda: f"{' » '.join(job.full_name.split('/'))} #{build.number}"),
            Property("id", lambda: str(build.number)),
            Property("inProgress", lambda: build.building),
            Property("keepLog", lambda: False),
            Property("number", lambda: build.number, 2),
            Property("queueId", lambda: build.queue_id),
            Property("result", lambda: build.result),
            Property("timestamp", lambda: build.timestamp),
            Property("url", lambda: f"{self._url}{job.path}{build.number}/", 2),
        )

    def _builds(self, job: Job, limit: int | None) -> list[Bean]:
        return [
            self.build(job, build)
            for build in itertools.islice(job.newest_builds(self._controller.version), limit)
        ]

    def _executable(self, item: QueueItem) -> Bean | None:
        return None if item.number is None else self.build_reference(item.job, item.number)

    def _permalink(self, job: Job, name: str) -> Bean | None:
        build = last_build(job, name, self._controller.version)
        return None if build is None else self.build(job, build)

    def _first(self, job: Job) -> Bean | None:
        return None if not job.builds else self.build_reference(job, min(job.builds))

    def _neighbour(self, job: Job, build: Build, step: int) -> Bean | None:
        numbers = sorted(number for number in job.builds if (number - build.number) * step > 0)
        if not numbers:
            return None
        number = numbers[0] if step > 0 else numbers[-1]
        return _plain(number=number, url=f"{self._url}{job.path}{number}/")

    def _primary_view(self, views: list[View]) -> Bean | None:
        name = self._controller.settings.primary_view
        return next((self.view(view) for view in views if view.name == name), None)

    def _folder_view(self, folder: Folder) -> Bean:
        return Bean(
            "hudson.model.AllView",
            (Property("name", lambda: "all", 2), Property("url", lambda: self._url + folder.path, 2)),
        )

    def _actions(self, actions: Actions) -> list[Bean]:
        return action_beans(actions, self._controller.users)

    def _health(self, job: Job) -> list[Bean]:
        report = weather(job, self._controller.version)
        return [] if report is None else [Bean(None, constants(2, report))]

    def _display_action(self, kind: str) -> list[Bean]:
        if "display-url-api" not in self._controller.plugins.active:
            return []
        return [Bean(f"org.jenkinsci.plugins.displayurlapi.actions.{kind}DisplayAction")]


def _job(item: Item) -> Job:
    assert isinstance(item, Job)
    return item


def _plain(**fields: Any) -> Bean:
    return Bean(None, constants(ALWAYS, fields))
