"""`rota.yaml`: what it means, and one clear fault for each thing that is wrong."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from builders import SHIPPED
from config.documented_examples import rota_text
from supportops.alerts.rota.checking import faults
from supportops.config.documents import restore
from supportops.config.loader import Checked, check

SINCE = datetime(2026, 1, 6, tzinfo=UTC)
ROTA: dict[str, Any] = {
    "holidays": {"region": "GB/ENG", "dates": ["2026-12-24"]},
    "people": {
        "anna": {"name": "Anna Berg", "receivers": ["engineers"]},
        "ben": {"receivers": ["support", "manager"]},
    },
    "teams": {
        "web": {
            "turns": [{"day": "mon", "at": "09:00", "start": "2026-01-05", "people": ["anna"]}],
            "overrides": [
                {"from": "2026-07-24 09:00", "until": "2026-07-27 09:00", "person": "ben"}
            ],
        }
    },
}


def folder(path: Path, rota: Any = ROTA, receiver: str = "{on_call: web}") -> Path:
    path.mkdir(exist_ok=True)
    for file in SHIPPED.glob("*.yaml"):
        shutil.copy(file, path)
    alerts = (SHIPPED / "alerts.yaml").read_text()
    named = alerts.replace("receivers: [engineers, team]", f"receivers: [{receiver}, team]", 1)
    (path / "alerts.yaml").write_text(named)
    if rota is not None:
        (path / "rota.yaml").write_text(yaml.safe_dump(rota, sort_keys=False))
    return path


def with_(**changes: Any) -> dict[str, Any]:
    web = ROTA["teams"]["web"]
    turn = web["turns"][0] | changes.pop("turn", {})
    team = web | {"turns": [turn]} | changes.pop("team", {})
    return ROTA | {"teams": {"web": team}} | changes


def lines(checked: Checked) -> list[str]:
    return [str(fault) for fault in checked.all_faults]


def test_a_step_is_for_whoever_of_the_team_is_on_duty(tmp_path: Path) -> None:
    checked = check(folder(tmp_path / "config"))
    assert (lines(checked), checked.findings) == ([], ())
    step = checked.configuration.alerts.routes[0].steps[0]
    now = datetime(2026, 7, 24, 7, 59, tzinfo=UTC)
    assert {each.name for each in step.on_call[0].targets_at(now)} == {
        "engineer_sms",
        "engineer_chat",
    }
    later = datetime(2026, 7, 24, 8, 0, tzinfo=UTC)  # 09:00 in London
    assert {each.name for each in step.on_call[0].targets_at(later)} == {
        "support_chat",
        "manager_email",
    }
    web = checked.configuration.rota.teams["web"]
    assert {date(2026, 12, 24), date(2026, 12, 25)} <= web.holidays


def test_a_stored_configuration_has_its_rota(tmp_path: Path) -> None:
    configuration = check(folder(tmp_path / "config")).configuration
    assert restore(configuration.document).rota == configuration.rota


def test_without_a_rota_a_configuration_is_stored_as_ever(tmp_path: Path) -> None:
    configuration = check(folder(tmp_path / "config", None, "engineers")).configuration
    assert "rota" not in configuration.document


@pytest.mark.parametrize(
    ("rota", "receiver", "fault"),
    [
        (with_(turn={"people": ["anna", "bem"]}), "", "'bem'.*a person out of anna, ben.*did you"),
        (with_(team={"overrides": [ROTA["teams"]["web"]["overrides"][0] | {"person": "x"}]}),
         "", "'x'.*a person out of"),
        (with_(people=ROTA["people"] | {"ben": {"receivers": ["suport"]}}), "", "a receiver of a"),
        (with_(people=ROTA["people"] | {"ben": {"receivers": []}}), "", "at least one entry"),
        (with_(people=ROTA["people"] | {"ben": {}}), "", "this key"),
        (with_(turn={"start": "2026-01-06"}), "", "a start on the day of the hand-over, mon"),
        (with_(turn={"every": "day"}), "", "`day` only where"),
        (with_(turn={"days": ["monday", "holidays"]}), "", r"a weekday \(mon,"),
        (with_(turn={"closes": "25:00"}), "", "a time of day"),
        (with_(team={"overrides": [{"from": "2026-07-24 09:00", "until": "2026-07-24 09:00",
                                    "person": "ben"}]}), "", "`until` after `from`"),
        (with_(team={"overrides": [{"from": "soon", "until": "2026-07-24 09:00",
                                    "person": "ben"}]}), "", "on the rota's clock"),
        (with_(holidays={"region": "GB/XYZ"}), "", "a country and part"),
        (ROTA, "{on_call: wep}", "'wep'.*a team of rota.yaml: web.*did you mean web"),
        (None, "{on_call: web}", "a team of rota.yaml: none"),
        (ROTA, "{on_duty: web}", "a receiver, or {on_call: TEAM}"),
        (ROTA, "{on_call: 7}", "a name of small letters"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_clear_fault(
    tmp_path: Path, rota: Any, receiver: str, fault: str
) -> None:
    found = lines(check(folder(tmp_path / "config", rota, receiver or "engineers")))
    assert len(found) == 1, found
    assert re.search(fault, found[0]), found


def test_while_the_rota_cannot_be_used_the_fallback_is_notified(tmp_path: Path) -> None:
    broken = with_(turn={"people": ["bem"]})
    checked = check(folder(tmp_path / "config", broken))
    assert len(lines(checked)) == 1
    on_call = checked.configuration.alerts.routes[0].steps[0].on_call[0]
    now = datetime(2026, 7, 24, 12, tzinfo=UTC)
    assert {each.name for each in on_call.targets_at(now)} == {"team_email", "manager_email"}


def test_the_example_of_the_documentation_is_one_without_faults(tmp_path: Path) -> None:
    config = folder(tmp_path / "config", None)
    (config / "rota.yaml").write_text(rota_text())
    checked = check(config)
    assert (lines(checked), checked.findings) == ([], ())
    web = checked.configuration.rota.teams["web"]
    assert faults(web, SINCE, SINCE + timedelta(days=366)) == []
    assert web.on_duty(datetime(2026, 12, 24, 12, tzinfo=UTC)) != ()
