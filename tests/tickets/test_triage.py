"""The shipped rules on what customers write, and tiers as events."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders import NOON, SHIPPED
from supportops.config.loader import load_triage
from supportops.config.yaml_source import ConfigurationError
from supportops.tickets.phrases import Phrases
from supportops.tickets.reading import Part, Saying
from supportops.tickets.ticket import Author, EventKind, fold
from supportops.tickets.triage import (
    BY_AGENT,
    NO_RULE,
    Rule,
    Situation,
    TriageRules,
    explain,
    with_tiers,
)
from tickets.histories import created, event

SHIPPED_RULES = load_triage(SHIPPED)
DOWN, BROWSER, SERVER, CODE, SCRIPT, OUTAGE = (
    "a site or server is down",
    "a browser cannot show a site",
    "a server error (4xx or 5xx)",
    "a status code in its context",
    "a JavaScript error",
    "the site has an open outage",
)


@pytest.mark.parametrize(
    ("text", "tier", "rule"),
    [
        ("My site is down", "mission_critical", DOWN),
        ("The website's down!", "mission_critical", DOWN),
        ("the server has gone down", "mission_critical", DOWN),
        ("Nobody can open our website", "mission_critical", "nobody reaches a site"),
        ("This site can’t be reached", "mission_critical", DOWN),
        ("ERR_NAME_NOT_RESOLVED", "mission_critical", BROWSER),
        ("our website is completely down, error 503", "mission_critical", DOWN),
        ("Getting a 404 on the blog", "bug_fix", CODE),
        ("Error: 503 Service Unavailable", "bug_fix", SERVER),
        ("I get an HTTP 500", "bug_fix", SERVER),
        ("the page returns 422", "bug_fix", CODE),
        ("we see a 5xx error", "bug_fix", SERVER),
        ("Internal Server Error", "bug_fix", SERVER),
        ("JavaScript error in the CMS console", "bug_fix", SCRIPT),
        ("Uncaught TypeError: x is undefined", "bug_fix", SCRIPT),
        ("How do I embed a video?", "user_support", NO_RULE),
        ("We have 450 images to upload", "user_support", NO_RULE),
        ("a 500 word article", "user_support", NO_RULE),
        ("scroll down on the website", "user_support", NO_RULE),
        ("", "user_support", NO_RULE),
    ],
)
def test_the_shipped_rules_read_what_customers_write(text: str, tier: str, rule: str) -> None:
    for situation in (Situation(text=text), Situation(subject=text)):
        decision = explain(situation, SHIPPED_RULES)
        assert (decision.tier, decision.rule) == (tier, rule)


def test_a_ticket_about_a_site_with_an_open_outage_is_critical() -> None:
    decision = explain(Situation(text="I cannot log in", outage=True), SHIPPED_RULES)
    assert (decision.tier, decision.rule) == ("mission_critical", OUTAGE)


def test_an_agents_priority_wins_over_every_rule() -> None:
    decision = explain(Situation(text="my site is down", priority="low"), SHIPPED_RULES)
    assert decision.tier == "user_support"
    assert decision.rule == f"{BY_AGENT}: low"


def test_every_rule_explains_its_finding() -> None:
    decision = explain(Situation(text="site is down: 503"), SHIPPED_RULES)
    found = {finding.rule: finding for finding in decision.findings}
    assert list(found) == [BY_AGENT, *(rule.name for rule in SHIPPED_RULES.rules)]
    assert found[DOWN].matched
    assert "the text says 'site is down'" in found[DOWN].why
    assert not found[SERVER].matched
    assert not found[SCRIPT].matched
    assert found[SCRIPT].why == "none of its phrases is said"


def rules(*found: Rule, otherwise: str = "rest") -> TriageRules:
    return TriageRules(found, otherwise, {"urgent": "top"})


def test_all_conditions_of_a_rule_must_hold() -> None:
    rule = Rule(
        "both",
        "tier",
        saying=Saying(Phrases.of(["slow"]), frozenset({Part.SUBJECT})),
        tags=frozenset({"shop", "blog"}),
        fields={"plan": frozenset({"gold"})},
    )
    met = Situation("slow", "", frozenset({"shop"}), {"plan": "gold"})
    assert explain(met, rules(rule)).rule == "both"
    for other, why in (
        (Situation("fast", "slow", met.tags, met.fields), "none of its phrases is said"),
        (Situation("slow", "", frozenset({"news"}), met.fields), "no such tag"),
        (Situation("slow", "", met.tags, {"plan": "tin"}), "plan is tin"),
        (Situation("slow", "", met.tags), "plan is not set"),
    ):
        decision = explain(other, rules(rule))
        assert decision.rule == NO_RULE
        assert decision.findings[-1].why == why


BROKEN = Rule("broken", "bug", saying=Saying(Phrases.of(["broken"])))
DOWN_NOW = Rule("down now", "top", outage=True)


def test_a_created_ticket_is_given_a_tier_with_its_rule() -> None:
    ticket = created(subject="It is broken")
    (_, tier) = with_tiers([ticket], rules(BROKEN))
    assert (tier.kind, tier.value, tier.facts) == (EventKind.TIER, "bug", {"rule": "broken"})
    assert (tier.author, tier.happened_at) == (Author.AUTOMATIC, NOON)
    assert with_tiers([ticket], rules(BROKEN))[1] == tier


def test_the_site_is_asked_for_at_the_instant_of_the_ticket() -> None:
    asked = []
    site = event(EventKind.SITE, value="shop")
    found = with_tiers(
        [created(), site], rules(DOWN_NOW), lambda name, at: bool(asked.append((name, at))) or True
    )
    assert asked == [("shop", NOON)]
    assert found[-1].value == "top"


def test_a_tier_of_the_sources_own_is_left_alone() -> None:
    given_events = [created(subject="broken"), event(EventKind.TIER, value="gold")]
    assert with_tiers(given_events, rules(BROKEN)) == given_events


def test_an_agents_priority_at_the_creation_decides_alone() -> None:
    found = with_tiers(
        [created(subject="broken"), event(EventKind.PRIORITY, value="urgent")], rules(BROKEN)
    )
    assert [each.value for each in found if each.kind is EventKind.TIER] == ["top"]


def test_a_priority_set_later_is_a_tier_from_then_on() -> None:
    later = event(EventKind.PRIORITY, 5, "urgent")
    automatic = event(EventKind.PRIORITY, 6, "urgent", author=Author.AUTOMATIC)
    unknown = event(EventKind.PRIORITY, 7, "odd")
    found = with_tiers([later, automatic, unknown], rules())
    (tier,) = [each for each in found if each.kind is EventKind.TIER]
    assert (tier.value, tier.happened_at) == ("top", later.happened_at)


@pytest.mark.parametrize("ticket", ["7", "a1", "triage", "z1"])
def test_an_agents_tier_at_the_creation_stands_whatever_the_ticket_is_called(ticket: str) -> None:
    asked = created(subject="broken", ticket=ticket, source_event=f"{ticket}/1", sequence=1)
    by_agent = event(
        EventKind.TIER, 0, "gold", ticket=ticket, source_event=f"{ticket}/2", sequence=2
    )
    derived = with_tiers([asked], rules(BROKEN))[-1]
    assert derived.value == "bug"
    assert with_tiers([asked, by_agent], rules(BROKEN)) == [asked, by_agent]
    # Also where the agent's word is read after the creation was triaged.
    assert fold([asked, derived, by_agent]).tier == "gold"


def test_a_tier_stamped_before_the_creation_stands() -> None:
    asked = created(subject="broken", sequence=1)
    early = event(EventKind.TIER, -5, "gold", sequence=2)
    assert with_tiers([asked, early], rules(BROKEN)) == [asked, early]
    assert fold([*with_tiers([asked], rules(BROKEN)), early]).tier == "gold"


def test_everything_at_the_instant_of_the_creation_counts_in_any_order_of_rows() -> None:
    events = [
        event(EventKind.SITE, 0, "shop", sequence=3),
        created(subject="hello", sequence=2),
        event(EventKind.PRIORITY, 0, "urgent", sequence=1),
    ]
    tiers = [e for e in with_tiers(events, rules(DOWN_NOW)) if e.kind is EventKind.TIER]
    assert [each.value for each in tiers] == ["top"]


def test_faults_of_the_file_are_listed_with_their_place(tmp_path: Path) -> None:
    (tmp_path / "triage.yaml").write_text(
        "rules:\n"
        "  - {name: a, tier: top, says: ['(a+)+b']}\n"
        "  - {name: a, tier: top}\n"
        "otherwise: Not A Tier\n"
    )
    with pytest.raises(ConfigurationError) as error:
        load_triage(tmp_path)
    faults = str(error.value)
    assert "triage.yaml:2 rules[0].says[0]" in faults
    assert "a condition: says, tags, fields, channel, automatic or outage" in faults
    assert "each once" in faults
    assert "triage.yaml:4 otherwise" in faults


def test_faults_of_lists_are_listed_with_their_place(tmp_path: Path) -> None:
    (tmp_path / "triage.yaml").write_text(
        "words: {a: ['<b> x'], b: ['<a> y'], c: ['<a> z'], site: ['<nope> x']}\n"
        "rules:\n"
        "  - {name: a, tier: top, says: ['<sit> down'], unless: [solvd]}\n"
        "otherwise: top\n"
    )
    with pytest.raises(ConfigurationError) as error:
        load_triage(tmp_path)
    faults = [str(fault) for fault in error.value.faults if "triage.yaml" in str(fault)]
    found = "\n".join(faults)
    assert "rules[0].says[0]: found 'sit'" in found
    assert "did you mean site?" in found
    assert "rules[0].unless[0]: found 'solvd'" in found
    assert "words.site[0]: found 'nope'" in found
    circles = [each for each in faults if "a list that does not use itself" in each]
    assert [each.split(":")[1].split()[-1] for each in circles] == ["words.a", "words.b"]


def test_a_list_of_ones_own_extends_the_shipped_one(tmp_path: Path) -> None:
    shipped = (SHIPPED / "triage.yaml").read_text()
    changed = shipped.replace("  site: []", "  site: [kiosk]")
    assert changed != shipped
    for file in SHIPPED.glob("*.yaml"):
        (tmp_path / file.name).write_text(file.read_text())
    (tmp_path / "triage.yaml").write_text(changed)
    text = Situation(text="our kiosk is down")
    assert explain(text, SHIPPED_RULES).tier == "user_support"
    assert explain(text, load_triage(tmp_path)).tier == "mission_critical"
