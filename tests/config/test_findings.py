"""What is usable and hardly meant: alerts to nobody, and names of nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from supportops.alerts.alert import Kind
from supportops.config.configuration import MODELS
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
    return {text.removeprefix("no route for every ").replace(" of severity", "") for text in found}


@pytest.mark.parametrize("where", [SHIPPED, DEMO], ids=["shipped", "demo"])
def test_what_is_shipped_has_none(where: Path) -> None:
    assert findings(where) == []


def test_a_route_of_one_kind_leaves_every_other_to_nobody(folder: Path) -> None:
    routes(folder, {"match": {"kind": ["host_outage"]}})
    kinds = {text.split()[0] for text in unrouted(folder)}
    # A report is addressed when it is issued. A broken receiver is always told to the fallback.
    assert kinds == {kind.value for kind in Kind} - {"host_outage", "report", "delivery"}


def test_the_finding_says_what_to_do(folder: Path) -> None:
    change(folder, "alerts", "kind: [fault, certificate]", "kind: [certificate]")
    (finding,) = findings(folder)
    lines = (folder / "alerts.yaml").read_text(encoding="utf-8").splitlines()
    assert str(finding) == (
        f"alerts.yaml:{lines.index('routes:') + 1} routes: "
        "found no route for every fault of severity warning, "
        "expected a route that matches it whatever its site and customer; "
        "add fault to the `kind` of such a route, or a route without `match`"
    )


@pytest.mark.parametrize(
    "match", [{"customer": ["Example Ltd"]}, {"site": ["Example"]}, {"severity": ["info"]}]
)
def test_a_route_for_some_alone_is_no_route_for_all(folder: Path, match: dict[str, object]) -> None:
    routes(folder, {"match": match})
    assert {"outage critical", "call critical", "sla_breach warning"} <= unrouted(folder)


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
    routes(folder, {"match": {"kind": ["outage", "fault", "certificate"]}})
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


def test_a_tier_of_calls_that_no_policy_promises_is_found(folder: Path) -> None:
    path = folder / "service_levels.yaml"
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    del data["tiers"]
    data["call_tier"] = "bugfix"
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    (finding,) = findings(folder)
    assert (finding.path, finding.hint) == ("call_tier", "did you mean bug_fix?")


@pytest.mark.parametrize(
    ("key", "name", "meant"), [("site", "example", "Example"), ("customer", "Example  ltd", None)]
)
def test_a_route_that_spells_a_site_or_customer_otherwise(
    folder: Path, key: str, name: str, meant: str | None
) -> None:
    routes(folder, {}, {"match": {key: [name]}})
    (finding,) = findings(folder)
    assert finding.path == f"routes[1].match.{key}[0]"
    assert finding.expected == f"{meant or 'Example Ltd'!r}, as sites.yaml writes it"


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
