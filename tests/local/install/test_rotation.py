"""Rotating a secret of `.env`: one line changes, and what is in use goes on where two may hold."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.fernet import Fernet, MultiFernet

from supportops.alerts.acts.link import LinkError, Links
from supportops.local.install import compose_secrets
from supportops.local.install.rotation import ROTATIONS, RotationError, dropped, rotated

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)


def values(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines() if not line.startswith("#"))


def accepted(text: str) -> bool:
    script = ["sh", str(ROOT / "deploy" / "check-secrets.sh")]
    environment = {"PATH": os.environ["PATH"], **values(text)}
    return subprocess.run(script, env=environment, capture_output=True).returncode == 0


def test_every_secret_that_is_written_can_be_rotated() -> None:
    assert set(values(compose_secrets.document())) == set(ROTATIONS)


@pytest.mark.parametrize("name", ROTATIONS)
def test_a_rotation_changes_one_value_and_the_deployment_accepts_it(name: str) -> None:
    before = compose_secrets.document()
    after = rotated(before, name)
    old, new = values(before), values(after)
    assert {each for each in old if old[each] != new[each]} == {name}
    assert accepted(after)
    if ROTATIONS[name].overlaps:
        assert new[name].endswith(f",{old[name]}")
        assert accepted(dropped(after, name))
        assert old[name] not in dropped(after, name)
    else:
        assert old[name] not in after


def test_links_in_messages_go_on_until_the_one_before_is_dropped() -> None:
    before = compose_secrets.document()
    name = "ALERT_LINKS_SECRET"
    token = Links(values(before)[name]).token("outage:shop", "anna", NOW)
    after = rotated(before, name)
    both = Links(values(after)[name])
    assert both.read(token, NOW).target == "anna"
    alone = Links(values(dropped(after, name))[name])
    assert alone.read(both.token("outage:shop", "ben", NOW), NOW).target == "ben"
    with pytest.raises(LinkError):
        alone.read(token, NOW)


def test_what_airflow_encrypted_is_read_with_both_fernet_keys() -> None:
    before = compose_secrets.document()
    name = "AIRFLOW_FERNET_KEY"
    stored = Fernet(values(before)[name]).encrypt(b"secret")
    keys = values(rotated(before, name))[name].split(",")
    assert MultiFernet([Fernet(key) for key in keys]).decrypt(stored) == b"secret"


def test_a_secret_with_a_comma_of_its_own_is_one() -> None:
    secret = "a" * 20 + "," + "b" * 20
    token = Links(secret).token("outage:shop", "anna", NOW)
    assert Links(secret).read(token, NOW).target == "anna"
    with pytest.raises(LinkError):
        Links("a" * 40).read(token, NOW)


def test_what_cannot_be_rotated_is_said_and_nothing_changes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compose_secrets.main(tmp_path, ["--rotate", "ADMIN_PASSWORD"]) == 2
    assert compose_secrets.main(tmp_path) == 0
    path = tmp_path / ".env"
    text = path.read_text()
    for arguments in (["--rotate", "NONE"], ["--drop", "ALERT_LINKS_SECRET"]):
        assert compose_secrets.main(tmp_path, arguments) == 2
    assert path.read_text() == text
    assert compose_secrets.main(tmp_path, ["--rotate", "ALERT_LINKS_SECRET"]) == 0
    assert compose_secrets.main(tmp_path, ["--rotate", "ALERT_LINKS_SECRET"]) == 2
    assert path.stat().st_mode & 0o777 == 0o600
    said = capsys.readouterr().err
    assert "Rotated ALERT_LINKS_SECRET. Now: docker compose up -d" in said
    assert all(value not in said for value in values(path.read_text()).values())


def test_a_name_that_is_there_twice_is_refused() -> None:
    with pytest.raises(RotationError, match="2 times"):
        rotated("ADMIN_PASSWORD=a\nADMIN_PASSWORD=b\n", "ADMIN_PASSWORD")
