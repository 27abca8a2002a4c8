"""The controller's own ``config.xml``: executors, views, clouds, security, as one document that is edited in place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from rehearsal.jenkins import documents
from rehearsal.jenkins.documents import Element, child, text_of

__all__ = ["Settings", "View"]


_VIEW_ALIASES = {"listView": "hudson.model.ListView"}


@dataclass(frozen=True)
class View:
    name: str
    java_class: str
    jobs: frozenset[str]
    """Full names that a list view names."""
    pattern: str | None

    def shows(self, full_name: str) -> bool:
        if self.java_class != "hudson.model.ListView":
            return True
        return full_name in self.jobs or bool(self.pattern and re.fullmatch(self.pattern, full_name))


class Settings:
    """``config.xml`` of the home. Every change is written at once, as ``Jenkins.save()`` does."""

    def __init__(self, home: Path, version: str) -> None:
        self._path = home / "config.xml"
        self._root = documents.read(self._path) if self._path.exists() else _defaults(version)
        location = home / "jenkins.model.JenkinsLocationConfiguration.xml"
        url = text_of(documents.read(location), "jenkinsUrl") if location.exists() else ""
        self.root_url = url or None
        """The public address that users know, with a trailing slash; None when not configured."""

    def save(self, version: str) -> None:
        self._set("version", version)
        documents.write(self._path, self._root)

    @property
    def executors(self) -> int:
        return int(text_of(self._root, "numExecutors", "2"))

    @property
    def quiet_period(self) -> int:
        """Seconds that a request waits before it may start."""
        return int(text_of(self._root, "quietPeriod", "5"))

    @property
    def builds_directory(self) -> str:
        """Where builds are said to be kept; here they are always kept with their job."""
        return text_of(self._root, "buildsDir", "${ITEM_ROOTDIR}/builds")

    @property
    def agent_port(self) -> int:
        """-1 off, 0 random, else fixed."""
        return int(text_of(self._root, "slaveAgentPort", "-1"))

    @property
    def mode(self) -> str:
        return text_of(self._root, "mode", "NORMAL")

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(text_of(self._root, "label").split())

    @property
    def description(self) -> str | None:
        return text_of(self._root, "systemMessage") or None

    @property
    def use_security(self) -> bool:
        return text_of(self._root, "useSecurity") == "true"

    @property
    def anonymous_may_read(self) -> bool:
        strategy = self._root.find("authorizationStrategy")
        return not self.use_security or (
            strategy is not None and text_of(strategy, "denyAnonymousReadAccess", "true") == "false"
        )

    @property
    def use_crumbs(self) -> bool:
        return self._root.find("crumbIssuer") is not None

    @property
    def primary_view(self) -> str:
        return text_of(self._root, "primaryView", "all")

    def set_executors(self, count: int) -> None:
        self._set("numExecutors", str(count))

    def set_agent_port(self, port: int) -> None:
        self._set("slaveAgentPort", str(port))

    def views(self) -> list[View]:
        found = self._root.find("views")
        return [_view(one) for one in found] if found is not None else []

    def view_xml(self, name: str) -> str | None:
        one = self._view_element(name)
        return None if one is None else documents.render(one)

    def put_view(self, name: str, xml: str) -> None:
        """Add or replace a view.

        :raises ParseError: when the text is not XML.
        """
        element = documents.parse(xml)
        old = element.find("name")
        if old is None:
            old = child(element, "name")
        old.text = name
        self.remove_view(name)
        self._section("views").append(element)

    def remove_view(self, name: str) -> None:
        one = self._view_element(name)
        if one is not None:
            self._section("views").remove(one)

    def clouds(self) -> dict[str, str]:
        """Cloud name → XML."""
        return {
            text_of(one, "name", one.tag): documents.render(one, header=False)
            for one in self._section("clouds")
        }

    def put_cloud(self, name: str, xml: str) -> None:
        section = self._section("clouds")
        for one in [one for one in section if text_of(one, "name", one.tag) == name]:
            section.remove(one)
        section.append(documents.parse(xml))

    def clear_clouds(self) -> None:
        section = self._section("clouds")
        for one in list(section):
            section.remove(one)

    def _set(self, tag: str, value: str) -> None:
        self._section(tag).text = value

    def _section(self, tag: str) -> Element:
        found = self._root.find(tag)
        return child(self._root, tag) if found is None else found

    def _view_element(self, name: str) -> Element | None:
        return next((one for one in self._section("views") if text_of(one, "name") == name), None)


def _view(element: Element) -> View:
    names = frozenset(one.text or "" for one in element.iterfind("jobNames/string"))
    java_class = _VIEW_ALIASES.get(element.tag) or documents.java_name(element.tag)
    return View(
        text_of(element, "name"),
        java_class,
        names,
        text_of(element, "includeRegex") or None,
    )


def _defaults(version: str) -> Element:
    root = Element("hudson")
    child(root, "version", version)
    child(root, "numExecutors", "2")
    child(root, "mode", "NORMAL")
    child(root, "useSecurity", "false")
    child(root, "clouds")
    view = child(child(root, "views"), "hudson.model.AllView")
    child(view, "name", "all")
    child(root, "primaryView", "all")
    child(root, "slaveAgentPort", "-1")
    return root
