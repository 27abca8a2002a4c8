"""Views never leave Slack's limits, let no text of others act as markup, and say in words what signs show."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from bot.content import Button, Content, Decision, Entry, Notice
from bot.when import moment_text
from handlers.views import render
from handlers.views.text import clip, duration, escape
from tests.handlers.block_rules import faults
from tests.handlers.contents import NASTY, NOW, USUAL, dashboard, gate_card, worst


def shown(content: Content) -> str:
    """All of a message's blocks as text."""
    return json.dumps(render(content).blocks, ensure_ascii=False)


def sections(content: Content) -> list[str]:
    return [
        block["text"]["text"]
        for block in render(content).blocks
        if block["type"] == "section" and "text" in block
    ]


def kinds(content: Content) -> list[str]:
    return [block["type"] for block in render(content).blocks]


# ---- limits --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", USUAL)
def test_usual_messages_are_valid(name: str) -> None:
    """Slack would take each kind as it usually is."""
    message = render(USUAL[name])
    assert faults(message.text, message.blocks) == []


@pytest.mark.parametrize("kind", worst(""))
@pytest.mark.parametrize("data", NASTY)
def test_no_data_makes_a_message_that_slack_refuses(kind: str, data: str) -> None:
    """Longest, emptiest and strangest texts in every place, sixty of everything."""
    message = render(worst(NASTY[data])[kind])
    assert faults(message.text, message.blocks) == []
    json.dumps([message.text, *message.blocks], ensure_ascii=False).encode()


@pytest.mark.parametrize("kind", worst(""))
def test_nothing_of_unknown_origin_acts_as_markup(kind: str) -> None:
    """No channel is alarmed, no link is disguised: of tokens only mentions of people and times are left."""
    message = render(worst(NASTY["markup"])[kind])
    mrkdwn = [message.text, *_mrkdwn(list(message.blocks))]
    tokens = [token for text in mrkdwn for token in re.findall(r"<[^>]*>?", text)]
    assert [
        token for token in tokens if not re.fullmatch(r"<@[UW]\w+>|<!date\^\d+\^[^|<>]+\|[^<>]+>", token)
    ] == []


def test_cutting_leaves_no_half_token_behind() -> None:
    """At every length, an entity or a mention is whole or gone."""
    text = escape("a & b <c> <@U0ANN> d")
    for most in range(1, len(text) + 1):
        cut = clip(text, most)
        assert len(cut) <= most
        assert re.sub(r"&(amp|lt|gt);|<@U0ANN>", "", cut).count("&") == 0
        assert "<" not in cut.replace("<@U0ANN>", "")


# ---- dashboard -----------------------------------------------------------------------------------------------


def test_the_dashboard_says_what_it_waits_for_until_when_and_what_is_next() -> None:
    """Headline with the person, since when and until when in the reader's zone, and the next step, in the first section and in the text."""
    content = dashboard()
    assert f"Since <!date^{int(NOW - 60)}^" in sections(content)[0]
    assert "<@U0ANN>" in sections(content)[0]
    assert f"<!date^{int(NOW + 3600)}^" in sections(content)[0]
    assert "Next: 25% of sessions on green" in sections(content)[0]
    assert "Waiting for approval" in render(content).text


@pytest.mark.parametrize(
    ("status", "headline", "first"),
    [
        ("waiting", "Waiting for approval.", "⚠ *Waiting* for approval."),
        ("rolled_back", "Rolled back: all as before.", "⚠ *Rolled back*: all as before."),
        ("running", "Backing up.", "⚠ *Running* – Backing up."),
        ("held", "Heldhaftig.", "⚠ *Held* – Heldhaftig."),
    ],
)
def test_the_status_is_said_once(status: str, headline: str, first: str) -> None:
    """A headline that begins with the status is not preceded by it."""
    assert sections(dashboard(status=status, headline=headline))[0].splitlines()[0] == first


def test_the_dashboard_lists_phases_with_state_and_duration_in_words() -> None:
    """Every sign has its word beside it."""
    lines = next(text for text in sections(dashboard()) if "Preflight" in text).splitlines()
    assert lines == [
        "✓ *Preflight* done, 2.1 s – 12 checks",
        "✓ *Backup* done, 3 min 4 s",
        "◐ *Shift* waiting for a decision, 10 min 40 s",
        "○ To do: soak, retire",
    ]


@pytest.mark.parametrize(("weight", "full"), [(0, 0), (1, 1), (10, 2), (50, 10), (99, 19), (100, 20)])
def test_the_bar_never_hides_a_small_share(weight: int, full: int) -> None:
    """One percent fills a cell, and only a hundred fill all twenty; the number stands beside."""
    text = next(text for text in sections(dashboard(green_weight=weight)) if "░" in text or "█" in text)
    assert (text.count("█"), text.count("█") + text.count("░")) == (full, 20)
    assert f"*{weight}%* to green, {100 - weight}% to blue" in text


def test_the_dashboard_always_says_how_ready_the_way_back_is() -> None:
    """One line with what was measured and when; gone when there is nothing to go back from."""
    line = next(text for text in sections(dashboard()) if "Going back" in text)
    assert "blue warm (14 ms); back in about 1 s" in line
    assert f"<!date^{int(NOW + 590)}^{{time_secs}}|" in line
    assert "Going back" not in shown(dashboard(readiness="", checked_at=None))


def test_a_finished_dashboard_has_no_buttons() -> None:
    """Nothing is left to click, so there is no empty row of actions, which Slack would refuse."""
    assert "actions" not in kinds(USUAL["dashboard at its end"])


# ---- gate card -----------------------------------------------------------------------------------------------


def test_a_gate_card_shows_all_that_a_decision_needs() -> None:
    """Now, then, verdict, figures of both sides, the way back, expiry and who may approve."""
    text = shown(gate_card())
    for part in (
        "10% of new sessions",
        "25% of new sessions go to green (2.440.1)",
        "*Pass*",
        "0 of 412 on green",
        "40 and 41 probes",
        "one click: all sessions on blue",
        f"<!date^{int(NOW + 28800)}^",
        "<@U0ANN>, <@U0BOB>",
    ):
        assert part in text


def test_the_evidence_is_aligned_and_fits_a_phone() -> None:
    """A preformatted table whose rows all have one width, at most 44 characters with the longest names."""
    table = next(text for text in sections(gate_card()) if text.startswith("```")).strip("`\n").splitlines()
    assert {len(line) for line in table} == {len("Response p50  12 ms  14 ms")}
    long = (
        next(text for text in sections(worst("w" * 100)["gate card"]) if text.startswith("```"))
        .strip("`\n")
        .splitlines()
    )
    assert max(len(line) for line in long) <= 44


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY.keys())
def test_the_evidence_stays_inside_its_block(text: str) -> None:
    """Backticks in a name do not end the preformatted block."""
    tables = [section for section in sections(worst(text)["gate card"]) if section.startswith("```")]
    assert [table.count("```") for table in tables] == [2]
    assert tables[0].endswith("```")


@pytest.mark.parametrize(
    ("decision", "words"),
    [
        (Decision("approved", "U0BOB", NOW + 60, "looks good"), ["Approved", "<@U0BOB>", "looks good"]),
        (Decision("held", "U0BOB", NOW + 60), ["Held", "<@U0BOB>"]),
        (Decision("rolled back", "U0BOB", NOW + 60), ["Rolled back", "<@U0BOB>"]),
        (Decision("expired", None, NOW + 60), ["Expired", "nobody decided"]),
        (Decision("superseded", None, NOW + 60, "worse"), ["Superseded", "worse"]),
    ],
)
def test_a_decided_card_has_who_what_and_when_instead_of_buttons(
    decision: Decision, words: list[str]
) -> None:
    """The buttons are gone although the content still had some; the evidence stays as a record."""
    card = gate_card(decision=decision)
    text = shown(card)
    assert "actions" not in kinds(card)
    assert all(word in text for word in [*words, f"<!date^{int(NOW + 60)}^", "*Pass*", "Response p50"])
    assert all(word in render(card).text for word in words)


@pytest.mark.parametrize("verdict", ["pass", "inconclusive", "fail", "none"])
def test_every_verdict_is_named_in_words(verdict: Any) -> None:
    """A sign alone tells a screen reader nothing."""
    named = {"pass": "Pass", "inconclusive": "Inconclusive", "fail": "Fail", "none": "No verdict"}[verdict]
    assert named in shown(gate_card(verdict=verdict))
    assert named in render(gate_card(verdict=verdict)).text


# ---- buttons, notices, entries -------------------------------------------------------------------------------


def test_buttons_carry_their_value_a_spoken_label_and_a_confirmation() -> None:
    """What the click brings back is what the content said, and a dangerous click asks once more."""
    block = next(block for block in render(gate_card()).blocks if block["type"] == "actions")
    approve, hold, rollback = block["elements"]
    assert approve["action_id"] == "ci_upgrade.approve"
    assert json.loads(approve["value"]) == {"upgrade": "u7f3a1", "gate": "g1"}
    assert approve["style"] == "primary"
    assert "style" not in hold
    assert rollback["accessibility_label"] == "Roll back the upgrade of main"
    assert rollback["confirm"]["style"] == "danger"
    assert rollback["confirm"]["confirm"]["text"] == "Roll back"


def test_buttons_of_the_same_action_get_ids_of_their_own() -> None:
    """Slack refuses two equal action ids in a row."""
    buttons = (Button("hold", "One", "1"), Button("hold", "Two", "2"))
    block = next(b for b in render(dashboard(buttons=buttons)).blocks if b["type"] == "actions")
    assert [e["action_id"] for e in block["elements"]] == ["ci_upgrade.hold", "ci_upgrade.hold.2"]


def test_a_long_list_says_how_much_is_left_out() -> None:
    """Sixty long findings of a plan are cut with a count, not silently."""
    lines = tuple(f"finding {number}: " + "w" * 300 for number in range(60))
    found = sections(Notice("Plan", lines))
    last = re.fullmatch(r"… and (\d+) more", found[-1].splitlines()[-1])
    assert last is not None
    assert sum(text.count("• finding") for text in found) + int(last[1]) == 60


def test_the_text_alone_tells_the_story() -> None:
    """Where blocks cannot be shown, and for screen readers, the lines are in the text too."""
    assert render(Entry("Backup failed", ("disk full", "tried again"), "bad")).text.splitlines() == [
        "✗ Backup failed",
        "• disk full",
        "• tried again",
    ]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.6, "1 min"),
        (184, "3 min 4 s"),
        (7500, "2 h 5 min"),
        (180000, "2 d 2 h"),
    ],
)
def test_durations_read_naturally(seconds: float, text: str) -> None:
    """Two units at most."""
    assert duration(seconds) == text


def _mrkdwn(value: Any) -> list[str]:
    if isinstance(value, list):
        return [text for item in value for text in _mrkdwn(item)]
    if not isinstance(value, dict):
        return []
    own = [value["text"]] if value.get("type") == "mrkdwn" else []
    return own + [text for item in value.values() for text in _mrkdwn(item)]


def test_moments_are_shown_in_each_readers_zone_and_nothing_else_is_let_through() -> None:
    """The bot's own token for a time means something; one with a link, or with another command in it, does not."""
    token = moment_text(1_764_000_000, "America/Argentina/Buenos_Aires")
    assert escape(f"opens {token} & closes") == f"opens {token} &amp; closes"
    for other in ("<!date^1^{date}^https://evil.example|now>", "<!channel>", "<!date^x^{date}|now>"):
        assert "<" not in escape(other)
