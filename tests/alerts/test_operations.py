from __future__ import annotations

from datetime import timedelta

from alert_builders import NOON
from supportops.alerts.alert import Alert, Kind, Phase, Severity
from supportops.alerts.operations import operations_alert


def configuration_refused(**changes: object) -> Alert:
    known: dict[str, object] = {"facts": {"errors": ["sites.yaml:1"]}}
    return operations_alert(
        Kind.CONFIGURATION,
        "configuration",
        "1 fault",
        NOON,
        **(known | changes),  # type: ignore[arg-type]
    )


def test_an_operations_alert_is_an_open_warning_about_a_part_of_the_installation() -> None:
    made = configuration_refused()
    assert (made.kind, made.severity, made.phase) == (
        Kind.CONFIGURATION,
        Severity.WARNING,
        Phase.FIRING,
    )
    assert (made.subject, made.headline, made.opened_at) == ("configuration", "1 fault", NOON)
    assert made.facts == {"errors": ["sites.yaml:1"]}
    assert (made.site, made.customer, made.host) == (None, None, None)


def test_a_later_recurrence_is_an_alert_of_its_own() -> None:
    first = configuration_refused()
    later = operations_alert(
        first.kind, first.subject, first.headline, NOON + timedelta(hours=1), facts={}
    )
    assert first.key == f"configuration:configuration:{NOON.isoformat()}"
    assert first.key != later.key


def test_a_key_of_its_own_and_another_severity_can_be_given() -> None:
    made = configuration_refused(key="configuration:once", severity=Severity.CRITICAL)
    assert (made.key, made.severity) == ("configuration:once", Severity.CRITICAL)
