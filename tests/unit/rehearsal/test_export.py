"""``tree=`` and ``depth=`` of the REST API."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.jenkins.export import ALWAYS, Bean, ByDepth, Property, constants, parse_tree, render


def build(number: int) -> Bean:
    return Bean("Build", (*constants(2, {"number": number}), *constants(1, {"result": "SUCCESS"})))


def job() -> Bean:
    builds = [build(number) for number in (5, 4, 3, 2, 1)]
    return Bean(
        "Job",
        (
            *constants(ALWAYS, {"name": "app"}),
            *constants(1, {"description": "d"}),
            Property("builds", lambda: builds),
            Property("allBuilds", lambda: builds, -2),
            Property("property", lambda: [Bean("P", constants(1, {"inside": True}))], inline=True),
        ),
    )


def tree(text: str) -> Any:
    return render(job(), parse_tree(text))


def test_depth_shows_by_visibility() -> None:
    """At depth 0 children show what is visible to a reference only; inline values count as one level higher."""
    shown = render(job(), ByDepth(1))
    assert shown["builds"][0] == {"_class": "Build", "number": 5}
    assert shown["property"] == [{"_class": "P", "inside": True}]
    assert "allBuilds" not in shown
    assert render(job(), ByDepth(0))["builds"][0]["result"] == "SUCCESS"


def test_tree_names_what_is_wanted() -> None:
    """Only named properties, nested ones in brackets; an object without any shows its class."""
    assert tree("name,builds[number]")["builds"][0] == {"_class": "Build", "number": 5}
    assert tree("builds")["builds"][0] == {"_class": "Build"}
    assert tree("unknown") == {"_class": "Job"}
    assert tree("*")["name"] == "app"


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("{0,2}", [5, 4]), ("{1,3}", [4, 3]), ("{2}", [3]), ("{,1}", [5]), ("{3,}", [2, 1]), ("{7,9}", [])],
)
def test_ranges_cut_lists(text: str, numbers: list[int]) -> None:
    """``{m,n}`` from m up to but without n; one number alone; both ends may be open."""
    assert [one["number"] for one in tree(f"builds[number]{text}")["builds"]] == numbers


@pytest.mark.parametrize("text", ["builds[number", "builds{1", "builds{0,2}[number]", "name]"])
def test_unbalanced_trees_are_refused(text: str) -> None:
    """A bracket that is not closed is an error of the client."""
    with pytest.raises(ValueError, match=r".*"):
        parse_tree(text)
