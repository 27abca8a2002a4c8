"""Versions are ordered as Jenkins orders them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.plugins.version_number import VersionNumber, older

# Each older than the next. Facts: jenkinsci/lib-version-number and versions that plugins really have.
CHAINS = [
    [
        "2.0.ea",
        "2.0.ea1",
        "2.0.ea2",
        "2.0",
        "2.0.0.99",
        "2.0.1-SNAPSHOT",
        "2.0.1",
        "2.0.*",
        "2.1-SNAPSHOT",
        "2.1",
    ],
    ["2.0-alpha-1-rc9999.abc123def456", "2.0-alpha-1", "2.0-beta-1", "2.0-rc1", "2.0"],
    ["1.11", "1.12-rc9999.abc123def456", "1.12-SNAPSHOT (private-08/24/2008 12:13-hudson)", "1.12"],
    ["2.0.2", "2.0.3-20170207.105042-1", "2.0.3"],
    ["1.9", "1.10", "1.10-1", "1.10.1"],
    ["711.vb_d1a_491714dc", "733.vd3700c27b_043", "780.vcb_33c9a_e4332"],
    ["4.13", "3107.v665000b_51092", "3176.v207ec082a_8c0"],
    ["2.15.3-372.v309620682326", "2.20.0-411.v6ef8fdee4fe9"],
    ["2.426", "2.426.2", "2.427", "2.516.3"],
]
VERSIONS = st.lists(
    st.sampled_from(["0", "1", "2", "10", ".", "-", "rc", "a", "v", "vb_d", "SNAPSHOT"]),
    min_size=1,
    max_size=7,
).map(lambda parts: "1." + "".join(parts))


@pytest.mark.parametrize("chain", CHAINS, ids=lambda chain: chain[0])
def test_known_orders(chain: list[str]) -> None:
    """Each is older than every later one of its line, and no later one is older than it."""
    for index, first in enumerate(chain):
        for second in chain[index + 1 :]:
            assert older(first, second), (first, second)
            assert not older(second, first), (second, first)


@pytest.mark.parametrize(
    ("one", "other"),
    [("2.0", "2"), ("2.0.ea", "2.0.ea0"), ("2.0.3-20170207.105042-1", "2.0.3-SNAPSHOT"), ("1.0-ga", "1")],
)
def test_different_texts_of_one_version(one: str, other: str) -> None:
    """They are equal and hash alike."""
    assert VersionNumber(one) == VersionNumber(other)
    assert hash(VersionNumber(one)) == hash(VersionNumber(other))


@settings(deadline=None)  # how busy the machine is says nothing about the order
@given(VERSIONS, VERSIONS)
def test_any_two_versions_have_one_order(one: str, other: str) -> None:
    """Exactly one of older, newer and equal holds, seen from both sides."""
    a, b = VersionNumber(one), VersionNumber(other)
    assert [a < b, a == b, a > b].count(True) == 1
    assert (a < b) == (b > a)
