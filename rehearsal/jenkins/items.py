"""Jobs and folders: their ``config.xml``, their builds on disk, and the tree that holds them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from rehearsal.jenkins import documents
from rehearsal.jenkins.actions import Parameter, string_parameter
from rehearsal.jenkins.builds import Build, read_build, write_permalinks
from rehearsal.jenkins.documents import Element, ParseError, text_of
from rehearsal.jenkins.release import LISTED_BUILDS_ONLY, at_least

__all__ = [
    "FOLDER_CLASS",
    "FREESTYLE_CLASS",
    "PIPELINE_CLASS",
    "Folder",
    "Job",
    "ParameterDefinition",
    "UnknownItemKind",
]

FREESTYLE_CLASS = "hudson.model.FreeStyleProject"
PIPELINE_CLASS = "org.jenkinsci.plugins.workflow.job.WorkflowJob"
FOLDER_CLASS = "com.cloudbees.hudson.plugins.folder.Folder"
MULTIBRANCH_CLASS = "org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject"
_ROOT_TAGS = {
    "project": FREESTYLE_CLASS,
    "flow-definition": PIPELINE_CLASS,
    FOLDER_CLASS: FOLDER_CLASS,
    MULTIBRANCH_CLASS: MULTIBRANCH_CLASS,
}
_NEEDED_PLUGIN = {
    PIPELINE_CLASS: "workflow-job",
    FOLDER_CLASS: "cloudbees-folder",
    MULTIBRANCH_CLASS: "cloudbees-folder",
}
_NAME_FILE = "name-utf8.txt"
"""In a branch's directory, whose own name is made fit for file systems."""
_TIMER = "hudson.triggers.TimerTrigger"


class UnknownItemKind(ValueError):
    """The config.xml is of a kind that this controller cannot load, for want of a plugin or at all."""


@dataclass(frozen=True)
class ParameterDefinition:
    java_class: str
    name: str
    default: str
    description: str | None

    @property
    def value_class(self) -> str:
        return self.java_class.replace("Definition", "Value")

    def value(self, text: str | None = None) -> Parameter:
        return string_parameter(self.name, self.default if text is None else text, self.value_class)


@dataclass
class Item:
    name: str
    directory: Path
    parent: Folder | None
    java_class: str

    @property
    def full_name(self) -> str:
        if self.parent is None or self.parent.parent is None:
            return self.name
        return f"{self.parent.full_name}/{self.name}"

    @property
    def path(self) -> str:
        """Of its page, relative to the root: ``job/team-a/job/app/``."""
        return "".join(f"job/{quote(part, safe='+')}/" for part in self.full_name.split("/") if part)

    @property
    def config_file(self) -> Path:
        return self.directory / "config.xml"


@dataclass
class Job(Item):
    """A freestyle project or a pipeline."""

    concurrent: bool = False
    disabled: bool = False
    description: str | None = None
    display_name: str | None = None
    quiet_period: int | None = None
    """Seconds; None: the controller's own."""
    label: str | None = None
    parameters: tuple[ParameterDefinition, ...] | None = None
    timers: tuple[str, ...] = ()
    command: str = ""
    """Shell command or pipeline script."""
    next_number: int = 1
    builds: dict[int, Build | None] = field(default_factory=dict)
    """Listed build numbers; None: listed, not yet read."""

    @property
    def pipeline(self) -> bool:
        return self.java_class == PIPELINE_CLASS

    @property
    def builds_directory(self) -> Path:
        return self.directory / "builds"

    def configure(self, root: Element) -> None:
        """Take over what a config.xml says."""
        self.description = text_of(root, "description") or None
        self.display_name = text_of(root, "displayName") or None
        self.disabled = text_of(root, "disabled") == "true"
        quiet = text_of(root, "quietPeriod")
        self.quiet_period = int(quiet) if quiet else None
        self.label = text_of(root, "assignedNode") or None
        if self.pipeline:
            self.command = text_of(root, "definition/script")
            properties = root.find("properties")
            serial = properties is not None and any(
                one.tag.endswith(".DisableConcurrentBuildsJobProperty") for one in properties
            )
            self.concurrent = not serial
        else:
            self.command = "\n".join(
                one.text or "" for one in root.iterfind("builders/hudson.tasks.Shell/command")
            )
            self.concurrent = text_of(root, "concurrentBuild") == "true"
        self.timers = tuple(text_of(trigger, "spec") for trigger in root.iter(_TIMER))
        self.parameters = _definitions(root)

    def load_builds(self) -> None:
        """List the builds on disk and the next number. Builds that run now stay what they are."""
        running = {number: one for number, one in self.builds.items() if one is not None and one.building}
        directories = [one for one in self._build_directories() if one.name.isdigit()]
        self.builds = {int(one.name): None for one in directories if (one / "build.xml").exists()}
        self.builds.update(running)
        file = self.directory / "nextBuildNumber"
        on_disk = int(file.read_text().strip() or 1) if file.exists() else 1
        self.next_number = max([on_disk, *(int(one.name) + 1 for one in directories)])

    def count_directories(self) -> int:
        """Build directories on disk, finished or not."""
        return sum(one.name.isdigit() for one in self._build_directories())

    def _build_directories(self) -> list[Path]:
        return list(self.builds_directory.iterdir()) if self.builds_directory.is_dir() else []

    def build(self, number: int, version: str) -> Build | None:
        """A build by number. Before 2.525 one whose directory appeared since is found as well."""
        if number in self.builds:
            found = self.builds[number] or read_build(self.builds_directory / str(number))
            if found is not None:
                self.builds[number] = found
            return found
        if at_least(version, LISTED_BUILDS_ONLY):
            return None
        return read_build(self.builds_directory / str(number))

    def newest_builds(self, version: str) -> Iterator[Build]:
        """Listed builds, newest first."""
        for number in sorted(self.builds, reverse=True):
            found = self.build(number, version)
            if found is not None:
                yield found

    def running(self) -> list[Build]:
        return [one for one in self.builds.values() if one is not None and one.building]

    def take_number(self) -> int:
        number = self.next_number
        self.raise_number(number + 1)
        return number

    def raise_number(self, at_least_number: int) -> None:
        """Persist a higher next build number at once; a lower one is ignored."""
        if at_least_number > self.next_number:
            self.next_number = at_least_number
            documents.write_text(self.directory / "nextBuildNumber", f"{at_least_number}\n")

    def save_permalinks(self, version: str) -> None:
        done = [one for one in self.newest_builds(version) if not one.building]
        successful = next((one.number for one in done if one.result == "SUCCESS"), None)
        failed = next((one.number for one in done if one.result != "SUCCESS"), None)
        write_permalinks(self.builds_directory, successful, failed, done[0].number if done else None)


@dataclass
class Folder(Item):
    """A folder, a multibranch project, or with ``parent`` None the controller's root."""

    children: dict[str, Item] = field(default_factory=dict)
    description: str | None = None

    @property
    def computed(self) -> bool:
        """Its children are what it finds by itself: none can be created from outside."""
        return self.java_class == MULTIBRANCH_CLASS

    @property
    def jobs_directory(self) -> Path:
        return self.directory / ("branches" if self.computed else "jobs")

    def items(self) -> list[Item]:
        return [self.children[name] for name in sorted(self.children, key=str.lower)]

    def all_items(self) -> Iterator[Item]:
        """Everything below, parents before children."""
        for item in self.items():
            yield item
            if isinstance(item, Folder):
                yield from item.all_items()

    def all_jobs(self) -> Iterator[Job]:
        return (item for item in self.all_items() if isinstance(item, Job))

    def find(self, full_name: str) -> Item | None:
        """An item by its full name, relative to this folder."""
        item: Item | None = self
        for part in full_name.split("/"):
            item = item.children.get(part) if isinstance(item, Folder) else None
        return item

    def load(self, plugins: frozenset[str]) -> list[str]:
        """Read every item below from disk; returns what could not be loaded, as sentences for the log."""
        failures: list[str] = []
        children: dict[str, Item] = {}
        for entry in sorted(self.jobs_directory.iterdir()) if self.jobs_directory.is_dir() else ():
            if not (entry / "config.xml").exists():
                continue
            named = entry / _NAME_FILE
            name = named.read_text(encoding="utf-8").strip() if named.exists() else entry.name
            try:
                item = self._read(name, documents.read(entry / "config.xml"), plugins, entry)
            except (ParseError, UnknownItemKind) as error:
                failures.append(f"Failed to load job {entry.name}: {error}")
                continue
            children[name] = item
            if isinstance(item, Folder):
                failures.extend(item.load(plugins))
        self.children = children
        return failures

    def create(self, name: str, xml: str, plugins: frozenset[str]) -> Item:
        """Create an item, or reconfigure the one that has the name.

        :raises ParseError: when the text is not XML; nothing was written.
        :raises UnknownItemKind: when it is of no known kind; nothing was written.
        """
        root = documents.parse(xml)
        directory = self.jobs_directory / name
        item = self._read(name, root, plugins, directory)
        documents.write_text(directory / "config.xml", xml)
        if isinstance(item, Job) and not (directory / "nextBuildNumber").exists():
            documents.write_text(directory / "nextBuildNumber", "1\n")
        self.children[name] = item
        return item

    def remove(self, name: str) -> None:
        """Delete an item with everything below it."""
        item = self.children.pop(name)
        shutil.rmtree(item.directory, ignore_errors=True)

    def _read(self, name: str, root: Element, plugins: frozenset[str], directory: Path) -> Item:
        java_class = _ROOT_TAGS.get(root.tag)
        if java_class is None:
            raise UnknownItemKind(f"CannotResolveClassException: {root.tag}")
        plugin = _NEEDED_PLUGIN.get(java_class)
        if plugin is not None and plugin not in plugins:
            raise UnknownItemKind(f"CannotResolveClassException: {root.tag} (needs the plugin {plugin})")
        known = self.children.get(name)
        if java_class in (FOLDER_CLASS, MULTIBRANCH_CLASS):
            folder = known if isinstance(known, Folder) else Folder(name, directory, self, java_class)
            folder.description = text_of(root, "description") or None
            return folder
        job = (
            known
            if isinstance(known, Job) and known.java_class == java_class
            else Job(name, directory, self, java_class)
        )
        job.configure(root)
        job.load_builds()
        return job


def _definitions(root: Element) -> tuple[ParameterDefinition, ...] | None:
    found = root.find("properties/hudson.model.ParametersDefinitionProperty/parameterDefinitions")
    if found is None:
        return None
    return tuple(
        ParameterDefinition(
            documents.java_name(one.tag),
            text_of(one, "name"),
            text_of(one, "defaultValue") or text_of(one, "choices/a/string"),
            text_of(one, "description") or None,
        )
        for one in found
    )
