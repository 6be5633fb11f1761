"""What is usable and hardly meant: alerts to nobody, and names of nothing."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml

from supportops.alerts.alert import ADDRESSED_KINDS, Kind
from supportops.config.documents import MODELS
from supportops.config.loader import check, load
from supportops.config.yaml_source import ConfigurationError, Fault

SHIPPED = Path(__file__).parents[2] / "include" / "config"
DEMO = SHIPPED.parent / "supportops" / "local" / "demo" / "demo_config"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(SHIPPED, tmp_path / "config")
    return tmp_path / "config"


def change(folder: Path, file: str, before: str, after: str) -> None:
    path = folder / f"{file}.yaml"
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")


def routes(folder: Path, *written: dict[str, object]) -> None:
    path = folder / "alerts.yaml"
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    steps = [{"receivers": ["team"]}]
    data["routes"] = [{"name": f"r{n}", "steps": steps} | one for n, one in enumerate(written)]
    path.write_text(yaml.safe_dump(data), encoding="utf-8")


def findings(folder: Path) -> list[Fault]:
    checked = check(folder)
    assert checked.all_faults == ()
    return list(checked.findings)


def unrouted(folder: Path) -> set[str]:
    """The kinds of alert that nobody gets, with their severity."""
    found = [each.found for each in findings(folder) if each.path == "routes"]
    return {" ".join(re.findall(r"^no route for (\w+) of severity (\w+)", t)[0]) for t in found}


def whose(folder: Path, kind: str) -> set[str]:
    """Of whom the alerts of `kind` are that nobody gets."""
    start = f"no route for {kind} of severity "
    texts = [each.found for each in findings(folder) if each.found.startswith(start)]
    rests = [re.sub(r"^\w+( \(tickets of [^)]*\))?", "", t.removeprefix(start)) for t in texts]
    return {rest.removeprefix(" of ") for rest in rests}


def customers(folder: Path, **sites_by_customer: str) -> None:
    """The sites of each customer, as a text of names, all on one server."""
    path = folder / "sites.yaml"
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    data["sites"] = [
        {"name": name, "customer": who, "url": f"https://{name}.example/", "host": "web-1"}
        for who, names in sites_by_customer.items()
        for name in names.split()
    ]
    path.write_text(yaml.safe_dump(data), encoding="utf-8")


@pytest.mark.parametrize("where", [SHIPPED, DEMO], ids=["shipped", "demo"])
def test_what_is_shipped_has_none(where: Path) -> None:
    assert findings(where) == []


def test_a_route_of_one_kind_leaves_every_other_to_nobody(folder: Path) -> None:
    routes(folder, {"match": {"kind": ["host_outage"]}})
    kinds = {text.split()[0] for text in unrouted(folder)}
    # Some kinds are addressed. A broken receiver is always told to the fallback. No customer gets
    # notices, so none waits or is late, and no job pushes.
    others = {"host_outage", "delivery", *ADDRESSED_KINDS, "notice_waiting", "notice_late"}
    others |= {"push_missing", "push_failed", "push_limit"}
    others |= {"registration", "dns_change", "mail_records"}  # where domains are checked
    assert kinds == {kind.value for kind in Kind} - others


def test_where_customers_get_notices_somebody_is_to_learn_of_those_that_wait(folder: Path) -> None:
    change(folder, "alerts", ", notice_waiting, notice_late", "")
    assert unrouted(folder) == set()
    (folder / "customers.yaml").write_text("notices: {every: 30m}", encoding="utf-8")
    assert {text.split()[0] for text in unrouted(folder)} == {"notice_waiting", "notice_late"}


def test_a_customer_who_gets_notices_and_has_no_contact_is_found(folder: Path) -> None:
    customers(folder, Acme="shop", Umbrella="wiki")
    names = [{"name": "Acme", "contacts": ["team"]}, {"name": "Umbrella"}]
    data = {"notices": {}, "customers": names}
    (folder / "customers.yaml").write_text(yaml.safe_dump(data), encoding="utf-8")
    found = [each for each in findings(folder) if each.file == "customers.yaml"]
    assert [each.found for each in found] == ["no contacts of Umbrella"]
    names[1]["notices"] = []
    (folder / "customers.yaml").write_text(yaml.safe_dump(data), encoding="utf-8")
    assert [each for each in findings(folder) if each.file == "customers.yaml"] == []


def test_a_customer_whose_report_nobody_would_get_is_found(folder: Path) -> None:
    customers(folder, Acme="shop", Umbrella="wiki")
    names = [{"name": "Acme", "contacts": ["team"]}, {"name": "Umbrella"}]
    data = {"customers": [{**each, "reports": ["monthly"]} for each in names]}
    (folder / "customers.yaml").write_text(yaml.safe_dump(data), encoding="utf-8")
    found = [each for each in findings(folder) if each.file == "customers.yaml"]
    assert [each.found for each in found] == ["monthly, and no contacts"]


def test_alerts_of_jobs_need_a_way_where_there_are_monitors(folder: Path) -> None:
    path = folder / "sites.yaml"
    monitor = {"name": "backup", "site": "Example", "token": "push_backup", "every": "1d"}
    data = yaml.safe_load(path.read_text(encoding="utf-8")) | {"monitors": [monitor]}
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    assert findings(folder) == []
    routes(folder, {"match": {"kind": ["outage"]}})
    texts = list(unrouted(folder))
    assert {"push_missing", "push_failed"} <= {text.split()[0] for text in texts}
    assert not any(text.startswith("push_limit") for text in texts), "it has no limits"
    path.write_text(yaml.safe_dump(data | {"domains": {}}), encoding="utf-8")
    kinds = {text.split()[0] for text in unrouted(folder)}
    assert {"registration", "dns_change", "mail_records"} <= kinds


def test_the_finding_says_what_to_do(folder: Path) -> None:
    change(folder, "alerts", "kind: [fault, certificate,", "kind: [certificate,")
    (finding,) = findings(folder)
    lines = (folder / "alerts.yaml").read_text(encoding="utf-8").splitlines()
    assert str(finding) == (
        f"alerts.yaml:{lines.index('routes:') + 1} routes: "
        "found no route for fault of severity warning of any site, "
        "expected a route that matches it, so that somebody is notified; "
        "add fault to the `kind` of a route without site and customer, "
        "or a route with `match: {kind: [fault]}`"
    )


def test_a_route_for_one_customer_leaves_the_sites_of_others(folder: Path) -> None:
    customers(folder, Acme="shop blog", Beta="wiki")
    routes(folder, {"match": {"customer": ["acme"]}})
    for kind in ("outage", "host_outage", "fault", "certificate", "blind", "check_stale"):
        assert whose(folder, kind) == {"the site 'wiki' ('Beta')"}, kind
    assert whose(folder, "call") == {"any customer but 'Acme'"}
    (finding,) = (each for each in findings(folder) if "for outage " in each.found)
    assert finding.hint.endswith("`match: {kind: [outage], customer: [Beta]}`")


def test_routes_that_leave_no_site_out_lack_a_way_for_strangers_alone(folder: Path) -> None:
    customers(folder, Acme="shop blog", Beta="wiki")
    routes(folder, {"match": {"customer": ["Acme"]}}, {"match": {"site": ["wiki"]}})
    assert whose(folder, "outage") == whose(folder, "blind") == set()
    assert whose(folder, "sla_breach") == {"any customer but 'Acme'"}
    assert {"clock warning", "task_failed warning"} <= unrouted(folder)


def test_of_many_sites_some_are_named_and_the_others_counted(folder: Path) -> None:
    customers(folder, Acme="shop", Beta=" ".join(f"s{n}" for n in range(9)))
    routes(folder, {"match": {"customer": ["Acme"]}})
    assert whose(folder, "outage") == {"the sites 's0', 's1', 's2', 's3', 's4' and 4 more ('Beta')"}


def test_the_tiers_are_named_whose_tickets_have_no_way(folder: Path) -> None:
    routes(folder, {"match": {"severity": ["critical"]}}, {"match": {"kind": ["fault"]}})
    found = [each.found for each in findings(folder) if "sla_breach" in each.found]
    assert len(found) == 1
    assert "of severity warning (tickets of user_support, bug_fix)" in found[0]


def test_a_receiver_of_whose_failure_nobody_would_learn(folder: Path) -> None:
    routes(folder, {})
    change(folder, "alerts", "fallback:\n- team\n- manager\n", "")
    (finding,) = findings(folder)
    assert "no route for delivery of severity warning about the receiver 'team_email'" in str(
        finding
    )


@pytest.mark.parametrize(
    ("match", "hint"),
    [
        ({"site": ["Exmaple"]}, "did you mean Example?"),
        ({"customer": ["Exampel Ltd"]}, "did you mean Example Ltd?"),
        ({"customer": ["Nobody"]}, ""),
    ],
)
def test_a_name_in_a_route_that_no_file_has(
    folder: Path, match: dict[str, list[str]], hint: str
) -> None:
    routes(folder, {}, {"match": match})
    (finding,) = findings(folder)
    ((key, (name,)),) = match.items()
    assert (finding.path, finding.found) == (f"routes[1].match.{key}[0]", repr(name))
    assert finding.hint == hint


def test_a_customer_of_a_promise_or_a_report_is_known(folder: Path) -> None:
    change(
        folder,
        "reports",
        "audiences:",
        "audiences:\n  - {name: a, title: A, customer: Acme, "
        "receivers: [team], reports: [weekly], formats: [], sections: [tiers]}",
    )
    routes(folder, {}, {"match": {"customer": ["ACME"]}})
    assert findings(folder) == []


@pytest.mark.parametrize(
    "match",
    [
        {"kind": ["fault"], "severity": ["critical"]},
        {"kind": ["clock"], "site": ["shop"]},
        {"site": ["shop"], "customer": ["Beta"]},
        {"severity": ["info"]},
    ],
)
def test_a_route_that_nothing_can_match(folder: Path, match: dict[str, object]) -> None:
    customers(folder, Acme="shop blog", Beta="wiki")
    routes(folder, {}, {"match": match})
    (finding,) = findings(folder)
    assert (finding.path, finding.line is not None) == ("routes[1].match", True)
    assert finding.found == "nothing that can be raised has all of this"


def test_a_route_that_waits_for_the_office_is_one(folder: Path) -> None:
    routes(folder, {"hours": "office"}, {"hours": "outside", "steps": [{"receivers": ["team"]}]})
    assert unrouted(folder) == set()


def test_a_route_of_one_severity_leaves_the_tiers_of_another(folder: Path) -> None:
    routes(folder, {"match": {"severity": ["critical"]}})
    assert "sla_breach warning" in unrouted(folder)
    assert "sla_breach critical" not in unrouted(folder)


def test_a_fallback_catches_what_fails_and_not_what_no_route_matches(folder: Path) -> None:
    routes(folder, {"match": {"kind": ["fault"]}})
    assert "outage critical" in unrouted(folder)
    change(folder, "alerts", "fallback:\n- team\n- manager\n", "")
    assert "delivery warning" in unrouted(folder)


def test_only_what_can_be_raised_needs_a_route(folder: Path) -> None:
    routes(folder, {"match": {"kind": ["fault", "certificate"]}})
    assert {"host_outage critical", "blind critical"} <= unrouted(folder)
    change(folder, "sites", "    host: web-1", "    # host: web-1")
    change(folder, "sites", "vantage:", "vantage: []\n#")
    text = (folder / "sites.yaml").read_text(encoding="utf-8")
    kept = [line for line in text.splitlines() if not line.startswith("  - https://")]
    (folder / "sites.yaml").write_text("\n".join(kept), encoding="utf-8")
    (folder / "reports.yaml").unlink()
    assert not {"host_outage critical", "blind critical", "report_trouble warning"} & unrouted(
        folder
    )


def test_a_tier_that_wakes_people_needs_a_route_at_night(folder: Path) -> None:
    change(folder, "alerts", "    hours: always\n    digest: true", "    hours: office")
    (finding,) = findings(folder)
    assert (finding.file, finding.path) == (
        "service_levels.yaml",
        "tiers.mission_critical.wakes",
    )
    assert finding.found == "no route of alerts.yaml that sends its sla_breach at night"
    change(folder, "service_levels", "wakes: true", "severity: critical")
    assert findings(folder) == []


@pytest.mark.parametrize(
    ("file", "before", "after", "path"),
    [
        ("triage", "  urgent: mission_critical", "  urgent: mission_critcal", "priorities.urgent"),
        ("triage", "otherwise: user_support", "otherwise: mission_critcal", "otherwise"),
        ("imports/uci", '"1": mission_critical', '"1": mission_critcal', "state.tier.values.1"),
    ],
)
def test_a_tier_that_is_nowhere_is_found_where_it_is_named(
    folder: Path, file: str, before: str, after: str, path: str
) -> None:
    change(folder, file, before, after)
    (finding,) = findings(folder)
    assert (finding.file, finding.path) == (f"{Path(file).name}.yaml", path)
    assert finding.line is not None
    assert finding.hint == "did you mean mission_critical?"
    assert "user_support, bug_fix, mission_critical" in finding.expected


def test_a_target_of_a_site_that_was_removed_is_found_and_stays(folder: Path) -> None:
    change(folder, "reports", "  # sites: {Example: 99.95%}", "  sites: {exampel: 99%, gone: 99%}")
    wrong, removed = findings(folder)
    assert (wrong.file, wrong.path) == ("reports.yaml", "availability.sites.exampel")
    assert wrong.hint == "did you mean Example?"
    assert removed.hint == "keep it for reports of when the site was there"
    assert load(folder).reports.site_availability["gone"] == 0.99


def test_a_tier_of_calls_that_no_policy_promises_is_found(folder: Path) -> None:
    path = folder / "service_levels.yaml"
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    del data["tiers"]
    data["call_tier"] = "bugfix"
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    (finding,) = findings(folder)
    assert (finding.path, finding.hint) == ("call_tier", "did you mean bug_fix?")


@pytest.mark.parametrize("match", [{"site": ["example"]}, {"customer": ["Example  ltd"]}])
def test_case_and_blanks_of_names_in_a_route_do_not_matter(
    folder: Path, match: dict[str, object]
) -> None:
    routes(folder, {}, {"match": match})
    assert findings(folder) == []


@pytest.mark.parametrize(
    ("file", "before", "after", "hint"),
    [
        ("sites", "recovery_checks:", "recovery_check:", "recovery_checks"),
        ("sites", "    customer:", "    custmer:", "customer"),
        ("sites", "certificate_days:", "certificat_days:", "certificate_days"),
        ("sites", '{weekday: sun, from: "02:00"', '{weekday: sun, form: "02:00"', "from"),
        ("alerts", "receivers: [engineers, team]", "receivers: [enginers, team]", "engineers"),
        ("alerts", "outage, host_outage, blind", "outage, hostoutage, blind", "host_outage"),
        ("alerts", "    remind: 60m", "    reminds: 60m", "remind"),
        ("service_levels", "Europe/London\n    hours", "Europe/Londn\n    hours", "Europe/London"),
        (
            "service_levels",
            "first_reply_time: {within: 15m}",
            "first_reply: {}",
            "first_reply_time",
        ),
        (
            "service_levels",
            "call_tier: mission_critical",
            "call_tier: mission_critcal",
            "mission_critical",
        ),
        ("service_levels", "calendar: always", "calendar: alway", "always"),
        ("reports", "receivers: [manager]", "receivers: [Manager]", "manager"),
        ("reports", "  bug_fix: 95%", "  bugfix: 95%", "bug_fix"),
        ("reports", "formats: [pdf, xlsx]", "formats: [pdf, xls]", "xlsx"),
        ("triage", "otherwise:", "otherwize:", "otherwise"),
        ("imports/generic", "missing:", "mising:", "missing"),
    ],
)
def test_an_unknown_name_asks_whether_a_known_one_was_meant(
    folder: Path, file: str, before: str, after: str, hint: str
) -> None:
    change(folder, file, before, after)
    with pytest.raises(ConfigurationError) as error:
        load(folder)
    assert f"did you mean {hint}?" in [fault.hint for fault in error.value.faults]


def test_a_secret_is_in_no_hint(folder: Path) -> None:
    change(folder, "alerts", "secret: apprise_team_email", "secret: json://h/hunter22")
    change(folder, "sites", "recovery_checks:", "hunter22: 1\n  recovery_checks:")
    faults = check(folder).all_faults
    assert "hunter22" not in "".join(fault.hint + fault.found for fault in faults)


def test_every_file_is_checked(folder: Path) -> None:
    for name in (*MODELS, "imports/uci", "imports/generic"):
        with (folder / f"{name}.yaml").open("a", encoding="utf-8") as file:
            file.write("\ncolour: blue\n")
    assert set(check(folder).faults) == {*MODELS, "imports/uci", "imports/generic"}


def test_a_language_without_a_catalogue_is_said_with_those_that_there_are(folder: Path) -> None:
    change(
        folder,
        "reports",
        "    title: Support team\n",
        "    title: Support team\n    language: pt-BR\n",
    )
    (wrong,) = findings(folder)
    assert (wrong.file, wrong.path, wrong.found) == (
        "reports.yaml",
        "audiences[1].language",
        "'pt-BR'",
    )
    assert "en, de, fr" in wrong.expected
    change(folder, "reports", "language: pt-BR", "language: de-CH")
    assert findings(folder) == []
