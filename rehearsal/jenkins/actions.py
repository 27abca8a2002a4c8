"""What a queue item and a build carry: parameters and causes, as XStream writes them."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass, field
from xml.etree import ElementTree

from rehearsal.jenkins import documents
from rehearsal.jenkins.documents import Element, child, java_name, text_of, xml_name

__all__ = [
    "Actions",
    "Cause",
    "Parameter",
    "XmlObject",
    "remote_cause",
    "string_parameter",
    "timer_cause",
    "user_cause",
]

TIMER = "hudson.triggers.TimerTrigger$TimerTriggerCause"
SCM = "hudson.triggers.SCMTrigger$SCMTriggerCause"
USER = "hudson.model.Cause$UserIdCause"
REMOTE = "hudson.model.Cause$RemoteCause"
XTRIGGER = "org.jenkinsci.lib.xtrigger.XTriggerCause"
"""Of plugins that poll files, addresses and more."""
UPSTREAM = "hudson.model.Cause$UpstreamCause"


@dataclass(frozen=True)
class XmlObject:
    """A Java object kept as its XML, so that kinds which nobody here knows survive a round trip."""

    text: str
    """Canonical XML: no white space between elements."""

    @classmethod
    def of(cls, element: Element) -> XmlObject:
        return cls(_canonical(element))

    def element(self) -> Element:
        return documents.parse(self.text)

    @property
    def java_class(self) -> str:
        return _parsed(self.text)[0]

    def value(self, name: str) -> str | None:
        """Text of a field, None when it is absent."""
        return _parsed(self.text)[1].get(name)


@functools.lru_cache(maxsize=4096)
def _parsed(text: str) -> tuple[str, dict[str, str]]:
    # Cached: queues and histories ask for the same few causes and parameters again and again.
    element = documents.parse(text)
    return java_name(element.tag), {one.tag: one.text or "" for one in element}


Cause = XmlObject
Parameter = XmlObject


def user_cause(user: str) -> Cause:
    return _object(USER, userId=user)


def timer_cause() -> Cause:
    return _object(TIMER)


def remote_cause(host: str, note: str) -> Cause:
    return _object(REMOTE, addr=host, note=note)


def string_parameter(
    name: str, value: str, java_class: str = "hudson.model.StringParameterValue"
) -> Parameter:
    return _object(java_class, name=name, value=value)


@dataclass
class Actions:
    """The actions of one queue item. A build keeps the same ones."""

    parameters: tuple[Parameter, ...] | None = None
    """None: no ParametersAction at all, which a job without parameters has."""
    causes: dict[Cause, int] = field(default_factory=dict)
    """In order, with how often each was folded in."""
    causes_first: bool = False
    others: tuple[XmlObject, ...] = ()

    def copy(self) -> Actions:
        return Actions(self.parameters, dict(self.causes), self.causes_first, self.others)

    def fold(self, causes: Iterable[Cause]) -> None:
        """Add the causes of an identical request, as a real queue does."""
        for cause in causes:
            self.causes[cause] = self.causes.get(cause, 0) + 1

    def same_parameters(self, other: Actions) -> bool:
        return set(self.parameters or ()) == set(other.parameters or ())

    @property
    def by_timer(self) -> bool:
        """Caused by timers or polling and by nothing else."""
        return bool(self.causes) and all(cause.java_class in (TIMER, SCM, XTRIGGER) for cause in self.causes)

    def append_to(self, parent: Element, *, definitions: bool = False) -> None:
        """Append the actions' elements. ``definitions`` adds the parameter names that a build keeps."""
        parts = [self._parameters_element(definitions), self._causes_element()]
        if self.causes_first:
            parts.reverse()
        parent.extend([part for part in parts if part is not None])
        parent.extend([other.element() for other in self.others])

    def to_list(self) -> str:
        """XML of a Java list of the actions, as ``XSTREAM2.toXML(new ArrayList(item.allActions))`` gives it."""
        root = Element("list")
        self.append_to(root)
        return documents.render(root, header=False).rstrip("\n")

    @classmethod
    def from_element(cls, parent: Element | None) -> Actions:
        """Read the children of an ``<actions>`` or ``<list>`` element."""
        actions = cls()
        others: list[XmlObject] = []
        for element in parent if parent is not None else ():
            if element.tag == "hudson.model.ParametersAction":
                found = element.find("parameters")
                actions.parameters = tuple(Parameter.of(one) for one in (found if found is not None else ()))
            elif element.tag == "hudson.model.CauseAction":
                actions.causes_first = actions.parameters is None
                actions.causes = _causes(element)
            else:
                others.append(XmlObject.of(element))
        actions.others = tuple(others)
        return actions

    def _parameters_element(self, definitions: bool) -> Element | None:
        if self.parameters is None:
            return None
        action = Element("hudson.model.ParametersAction")
        child(action, "safeParameters", **{"class": "sorted-set"})
        values = child(action, "parameters")
        values.extend([one.element() for one in self.parameters])
        if definitions:
            names = child(action, "parameterDefinitionNames")
            for one in self.parameters:
                child(names, "string", one.value("name"))
        return action

    def _causes_element(self) -> Element | None:
        if not self.causes:
            return None
        action = Element("hudson.model.CauseAction")
        bag = child(action, "causeBag", **{"class": "linked-hash-map"})
        for cause, count in self.causes.items():
            entry = child(bag, "entry")
            entry.append(cause.element())
            child(entry, "int", str(count))
        return action


def _causes(action: Element) -> dict[Cause, int]:
    found: dict[Cause, int] = {}
    for entry in action.findall("causeBag/entry"):
        found[Cause.of(entry[0])] = int(text_of(entry, "int", "1"))
    return found


def _object(java_class: str, **fields: str) -> XmlObject:
    element = Element(xml_name(java_class))
    for name, value in fields.items():
        child(element, name, value)
    return XmlObject.of(element)


def _canonical(element: Element) -> str:
    copy = ElementTree.fromstring(ElementTree.tostring(element))  # noqa: S314  just made from a tree
    for one in copy.iter():
        one.tail = None
        if len(one) and not (one.text or "").strip():
            one.text = None
    return ElementTree.tostring(copy, encoding="unicode")
