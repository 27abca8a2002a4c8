"""Reading and writing the XML files of a home as XStream does: version 1.1 header, two spaces, whole or not at all."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, ParseError

__all__ = [
    "Element",
    "ParseError",
    "child",
    "java_name",
    "parse",
    "read",
    "render",
    "text_of",
    "write",
    "write_text",
    "xml_name",
]

_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_HEADER = "<?xml version='1.1' encoding='UTF-8'?>\n"


def parse(text: str) -> Element:
    """The root element. The declaration is passed over: it says 1.1, which the parser does not take.

    :raises ParseError: when the text is not XML.
    """
    return ElementTree.fromstring(_DECLARATION.sub("", text))  # noqa: S314  the rehearsal's own files


def read(path: Path) -> Element:
    """The root element of a file.

    :raises OSError: when it cannot be read.
    :raises ParseError: when it is not XML.
    """
    return parse(path.read_text(encoding="utf-8"))


def render(element: Element, *, header: bool = True) -> str:
    """Indented text as XStream writes it."""
    copy = ElementTree.fromstring(ElementTree.tostring(element))  # noqa: S314  just made from a tree
    ElementTree.indent(copy)
    body = ElementTree.tostring(copy, encoding="unicode").replace(" />", "/>")
    return (_HEADER if header else "") + body + "\n"


def write(path: Path, element: Element) -> None:
    """Replace the file in one step."""
    write_text(path, render(element))


def write_text(path: Path, text: str) -> None:
    """Replace the file in one step, so that a reader or a kill never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, prefix="atomic", suffix="tmp", delete=False
    ) as file:
        file.write(text)
    temporary = Path(file.name)
    temporary.chmod(0o644)
    temporary.replace(path)


def child(parent: Element, tag: str, text: str | None = None, **attributes: str) -> Element:
    """Append an element with text and attributes."""
    element = ElementTree.SubElement(parent, tag, attributes)
    element.text = text
    return element


def text_of(parent: Element, path: str, default: str = "") -> str:
    """Text of the first element at the path, ``default`` when there is none."""
    found = parent.find(path)
    return default if found is None else (found.text or "")


def xml_name(java_class: str) -> str:
    """XStream's element name of a Java class: ``a.B$C`` is ``a.B_-C``."""
    return java_class.replace("_", "__").replace("$", "_-")


def java_name(tag: str) -> str:
    """The inverse of :func:`xml_name`."""
    return tag.replace("_-", "$").replace("__", "_")
