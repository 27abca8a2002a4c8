"""Rules of the upgrade guide: which count for an upgrade, and what is left to a human."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from bot.model import Plugin
from bot.plugins import Catalogue, PluginPlan, Policy, Release, resolve
from bot.plugins.version_number import VersionNumber
from bot.upgrade_guide import Rule, Situation, load_rules, options_of_interest, rules_hit
from bot.upgrade_plan.guide import demands_of, rule_lines

RULES = load_rules()
BASELINES = [
    "2.303",
    "2.319",
    "2.332",
    "2.346",
    "2.361",
    "2.375",
    "2.387",
    "2.401",
    "2.414",
    "2.426",
    "2.440",
]
BASELINES += [
    "2.452",
    "2.462",
    "2.479",
    "2.492",
    "2.504",
    "2.516",
    "2.528",
    "2.541",
    "2.555",
    "2.568",
    "2.580",
]


def situation(
    source: str,
    target: str,
    plugins: Iterable[Plugin] = (),
    *,
    java: int | None = 17,
    options: Iterable[str] = (),
    agents: bool = False,
    plugins_kept: bool = True,
) -> Situation:
    there = {one.name: one for one in plugins}
    return Situation(source, target, there, java, frozenset(options), agents, plugins_kept)


def hit(asked: Situation) -> set[str]:
    return {one.rule.id for one in rules_hit(RULES, asked)}


def test_every_baseline_is_covered_in_order() -> None:
    """Rules stand in the order of releases, ids are unique, and links lead to the guide of their baseline."""
    assert sorted({".".join(rule.since.split(".")[:2]) for rule in RULES}, key=VersionNumber) == BASELINES
    since = [VersionNumber(rule.since) for rule in RULES]
    assert since == sorted(since)
    assert len({rule.id for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert (
            str(rule.link)
            == f"https://www.jenkins.io/doc/upgrade-guide/{'.'.join(rule.since.split('.')[:2])}/"
        )


@pytest.mark.parametrize(
    ("source", "target", "counts"),
    [
        ("2.462.3", "2.479.1", True),
        ("2.462.3", "2.516.3", True),
        ("2.470", "2.480", True),
        ("2.479.1", "2.516.3", False),
        ("2.426.2", "2.462.3", False),
    ],
)
def test_rule_counts_when_its_release_is_crossed(source: str, target: str, counts: bool) -> None:
    """Not when the upgrade starts at it or ends before it."""
    assert ("2.479-plugins" in hit(situation(source, target))) is counts


def test_conditions() -> None:
    """A rule about plugins, options, Java or agents counts only where there are such; unknown Java counts."""
    old = ("2.289.3", "2.555.1")
    nothing = hit(situation(*old))
    assert not nothing & {"2.426-appearance", "2.375-https-options", "2.387-remoting", "2.479-java-17"}
    casc, theme = Plugin("configuration-as-code", "1"), Plugin("dark-theme", "1")
    assert "2.426-appearance" not in hit(situation(*old, [casc]))
    assert "2.426-appearance" in hit(situation(*old, [casc, theme]))
    assert "2.426-appearance" not in hit(situation(*old, [casc, Plugin("dark-theme", "1", enabled=False)]))
    assert "2.555-crumb-issuer" in hit(situation(*old, [casc]))
    assert "2.375-https-options" in hit(situation(*old, options=["--httpsCertificate"]))
    assert "2.387-remoting" in hit(situation(*old, agents=True))
    assert "2.479-java-17" in hit(situation(*old, java=11))
    assert "2.479-java-17" in hit(situation(*old, java=None))
    assert "2.479-plugins" not in hit(situation(*old, plugins_kept=False))
    assert "2.346-jnr-repo-cleaner" in hit(
        situation("2.319.3", "2.346.1", [Plugin("maven-repo-cleaner", "1.2")])
    )
    assert "2.580-from-1.577" not in hit(situation("2.568.1", "2.580.1"))
    assert "2.580-from-1.577" in hit(situation("1.565", "2.580.1"))


def test_options_that_rules_ask_for_are_names_only() -> None:
    """They can be sent to a controller: no values, no placeholders."""
    options = options_of_interest(RULES)
    assert "--httpsPrivateKey" in options
    assert all(option.replace(".", "").replace("-", "").isalnum() for option in options)


# ---- from a rule to the plan and back


def release(name: str, version: str, core: str = "2.400") -> Release:
    return Release(name, version, "u", "ab" * 32, core)


def lines(
    installed: list[Plugin],
    offered: Catalogue | None,
    target: str = "2.516.3",
    policy: Policy | None = None,
) -> dict[str, tuple[str, bool]]:
    """Rule → (level, whether the plan does it)."""
    policy = policy or Policy()
    hits = rules_hit(RULES, situation("2.426.2", target, installed))
    there = {one.name: one.version for one in installed}
    if offered is None:
        plan = PluginPlan(kept=there, known=False)
    else:
        demands = demands_of(hits, offered, target, policy.pins)
        plan = resolve(installed, "2.426.2", target, offered, policy, demands)
    assert not [
        note for note in plan.notes if note.level == "blocker" and note.plugin == "miniorange-saml-sp"
    ]
    return {line.id: (line.level, line.planned) for line in rule_lines(hits, there, plan, offered, target)}


def catalogue(*offered: Release) -> Catalogue:
    return Catalogue("2.529", {one.name: one for one in offered}, origin="test")


def test_lockstep_rule_is_done_by_the_plan_or_blocks() -> None:
    """LDAP at 2.479.1: planned when a fitting release is offered, a blocker when not or when nobody could be asked, silent when new enough."""
    old, rule = [Plugin("ldap", "711.vb_d1a_491714dc")], "2.479-spring-security"
    assert lines(old, catalogue(release("ldap", "780.vcb_33c9a_e4332")))[rule] == ("ok", True)
    assert lines(old, catalogue(release("ldap", "725.v3cb_b_711b_1a_ef")))[rule] == ("blocker", False)
    assert lines(old, catalogue())[rule] == ("blocker", False)
    assert lines(old, None)[rule] == ("blocker", False)
    assert rule not in lines([Plugin("ldap", "780.vcb_33c9a_e4332")], catalogue())
    assert rule not in lines([Plugin("ldap", "711.vb_d1a_491714dc", enabled=False)], None)


def test_a_version_that_the_guide_calls_newest_is_named_where_it_is_known() -> None:
    """Timestamper before 2.528.1: what is new enough stays, whatever is offered and also when nobody could be asked; an older one blocks."""
    rule = "2.528-timestamper"
    offered = catalogue(release("timestamper", "1.31"))
    assert lines([Plugin("timestamper", "1.26")], offered, "2.528.3")[rule] == ("ok", True)
    for known in (offered, catalogue(), None):
        assert rule not in lines([Plugin("timestamper", "1.30")], known, "2.528.3")
    for known in (catalogue(), None):
        assert lines([Plugin("timestamper", "1.26")], known, "2.528.3")[rule] == ("blocker", False)


def test_newest_is_the_newest_that_can_be_had_and_never_blocks() -> None:
    """The guide does not say which release does: planned if a newer one is offered, else a warning, because what is installed may do."""
    rule, name = "2.462-file-upload", "miniorange-saml-sp"
    installed = [Plugin(name, "2.3")]
    assert lines(installed, catalogue(release(name, "2.4")))[rule] == ("ok", True)
    assert rule not in lines(installed, catalogue(release(name, "2.3")))
    assert lines(installed, None)[rule] == ("warning", False)
    assert lines(installed, catalogue())[rule] == ("warning", False)
    assert lines(installed, catalogue(release(name, "9", core="2.555.1")))[rule] == ("warning", False)
    pinned = Policy(pins={name: "2.3"})
    assert lines(installed, catalogue(release(name, "2.4")), policy=pinned)[rule] == ("warning", False)


def test_before_the_core_is_what_the_rule_says() -> None:
    """The demand carries the order to the plan."""
    hits = rules_hit(RULES, situation("2.516.3", "2.528.3", [Plugin("timestamper", "1.26")]))
    [demand] = demands_of(hits, catalogue(release("timestamper", "1.31")), "2.528.3")
    assert (demand.minimum, demand.before_core) == ("1.30", True)


def test_faulty_rules_are_refused() -> None:
    """A misspelt key or a rule with two sets of plugins does not load."""
    good = {"id": "x", "since": "2.1", "severity": "info", "text": "t", "link": "https://x"}
    assert Rule.model_validate(good).id == "x"
    for wrong in (
        {"sever": "x"},
        {"needs": [{"plugin": "a", "minimum": "1"}], "when": {"plugins": ["b"]}},
        {"text": ""},
    ):
        with pytest.raises(ValueError, match="validation error"):
            Rule.model_validate({**good, **wrong})
