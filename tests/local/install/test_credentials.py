from __future__ import annotations

import json
import stat
import subprocess
from dataclasses import replace as replace_field
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from supportops.local.install import compose_secrets
from supportops.local.install.credentials import credentials, fernet_key, replace, word

CHECK = Path(__file__).parents[3] / "deploy" / "check-secrets.sh"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_secrets_are_made_once_and_stay_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"

    first = credentials(path)

    assert credentials(path) == first
    assert mode(path) == 0o600
    assert first.jwt_secret != first.api_secret_key


def test_one_that_an_older_version_did_not_make_is_added_to_the_others(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    first = credentials(path)
    kept = json.loads(path.read_text())
    del kept["alert_links"]
    path.write_text(json.dumps(kept))

    second = credentials(path)

    assert replace_field(second, alert_links=first.alert_links) == first
    assert len(second.alert_links) == 64
    assert credentials(path) == second
    assert mode(path) == 0o600


def test_two_installations_share_no_secret(tmp_path: Path) -> None:
    one, other = credentials(tmp_path / "one"), credentials(tmp_path / "other")

    for name in one.__slots__:
        assert getattr(one, name) != getattr(other, name)


def test_secrets_are_not_shown_by_accident(tmp_path: Path) -> None:
    made = credentials(tmp_path / "secrets.json")

    assert made.admin_password not in repr(made)


@pytest.mark.parametrize("damage", ["", "{}", "[]", '{"jwt_secret": "x"}', "not json"])
def test_a_damaged_file_is_named_and_kept(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "secrets.json"
    path.write_text(damage)

    with pytest.raises(ValueError, match=r"secrets\.json is damaged"):
        credentials(path)

    assert path.read_text() == damage


def test_words_need_no_escaping_anywhere() -> None:
    assert word(500).isalnum()
    assert word(500).isascii()


def test_the_fernet_key_is_one_that_airflow_takes() -> None:
    box = Fernet(fernet_key())

    assert box.decrypt(box.encrypt(b"a connection")) == b"a connection"


def test_a_replaced_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "passwords"
    path.write_text("old")
    path.chmod(0o644)

    replace(path, "new")

    assert path.read_text() == "new"
    assert mode(path) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_make_secrets_writes_what_the_deployment_accepts(tmp_path: Path) -> None:
    assert compose_secrets.main(tmp_path) == 0

    env = tmp_path / ".env"
    lines = [line for line in env.read_text().splitlines() if not line.startswith("#")]
    values = dict(line.split("=", 1) for line in lines)
    answer = subprocess.run(["sh", CHECK], env=values, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    assert mode(env) == 0o600


def test_make_secrets_never_overwrites(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / ".env").write_text("POSTGRES_PASSWORD=precious\n")

    assert compose_secrets.main(tmp_path) == 2

    assert (tmp_path / ".env").read_text() == "POSTGRES_PASSWORD=precious\n"
    assert capsys.readouterr().err == "secrets: .env is there already, and is left as it is\n"
