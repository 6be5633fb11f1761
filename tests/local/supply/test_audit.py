"""Known vulnerabilities: what fails the audit, what is accepted until when, and who is asked."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from supportops.local.supply import audit as module
from supportops.local.supply.audit import (
    ALLOWED,
    LOCKS,
    ROOT,
    Allowed,
    AuditError,
    allowed,
    audit,
    first_of,
    judged,
    locks,
    pip_audit,
)

TODAY = date(2026, 11, 26)
LOCK = "a==1 \\\n    --hash=sha256:00\n    # via x\nb==2 \\\n    --hash=sha256:11\n"


def report(*vulns: str, name: str = "b") -> dict[str, Any]:
    found = [{"id": each, "aliases": [f"CVE-{each}"], "fix_versions": ["3"]} for each in vulns]
    return {"dependencies": [{"name": name, "version": "2", "vulns": found}]}


def test_a_known_vulnerability_fails_and_says_where_it_is_mended() -> None:
    code, lines = judged([report("PYSEC-1")], [], TODAY)
    assert code == 1
    assert lines[0] == "b 2: PYSEC-1, mended in 3"


@pytest.mark.parametrize("name", ["PYSEC-1", "CVE-PYSEC-1"])
def test_one_is_accepted_to_the_end_of_its_day(name: str) -> None:
    accepted = [Allowed(name, TODAY, "not called")]
    assert judged([report("PYSEC-1")], accepted, TODAY)[0] == 0
    code, lines = judged([report("PYSEC-1")], accepted, date(2026, 11, 27))
    assert code == 1
    assert "accepted until 2026-11-26" in lines[0]


def test_where_nobody_answers_or_knows_the_package_it_says_so_and_passes() -> None:
    asked: list[str] = []

    def nobody(lock: Path) -> None:
        asked.append(lock.read_text())

    def a_mirror(lock: Path) -> Mapping[str, Any]:
        asked.append(lock.read_text())
        return {"dependencies": [{"name": "a", "skip_reason": "not found"}]}

    for ask in (nobody, a_mirror):
        code, lines = audit(ask, [LOCK, LOCK], [], TODAY)
        assert code == 0
        assert "could not reach" in lines[0]
    assert asked == [first_of(LOCK)] * 2  # not about the whole lock
    assert first_of(LOCK) == "a==1 \\\n    --hash=sha256:00\n"


def test_every_lock_is_asked_about_where_somebody_answers() -> None:
    asked: list[str] = []

    def ask(lock: Path) -> Mapping[str, Any]:
        asked.append(lock.read_text())
        return report("PYSEC-1") if "b==2" in asked[-1] else report(name="a")

    assert audit(ask, [LOCK, "c==3\n"], [], TODAY)[0] == 1
    assert asked == [first_of(LOCK), LOCK, "c==3\n"]


def test_pip_audit_itself_without_a_network_is_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    lock = tmp_path / "requirements.txt"
    lock.write_text(first_of((ROOT / "requirements.txt").read_text()))
    assert pip_audit(lock) is None


def test_the_list_of_accepted_ones_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert all(each.why for each in allowed(ALLOWED.read_text()))
    good = '[[allowed]]\nid = "PYSEC-1"\nuntil = 2026-12-31\nwhy = "not called"\n'
    assert allowed(good) == [Allowed("PYSEC-1", date(2026, 12, 31), "not called")]
    for bad in (
        good.replace("2026-12-31", '"soon"'),
        good.replace('"not called"', '" "'),
        good.replace("until", "til"),
        "[[allowed",
        "allowed = 3",
    ):
        with pytest.raises(AuditError):
            allowed(bad)
    broken = tmp_path / "allowed.toml"
    broken.write_text("[[")
    monkeypatch.setattr(module, "ALLOWED", broken)
    assert module.main() == 2
    assert capsys.readouterr().err.startswith("audit: audit-allowed.toml cannot be used")


@pytest.mark.parametrize("text", [None, "", "# nothing\n", "a\n", "\xff"])
def test_a_lock_without_packages_is_no_good_news(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None
) -> None:
    for name in LOCKS:
        (tmp_path / name).write_text(LOCK)
    assert locks(tmp_path) == [LOCK, LOCK]
    (tmp_path / LOCKS[-1]).unlink()
    if text is not None:
        (tmp_path / LOCKS[-1]).write_bytes(text.encode("latin-1"))
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "pip_audit", lambda lock: pytest.fail("nobody is asked"))
    assert module.main() == 2


def test_without_pip_audit_nobody_says_that_nobody_answered(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    assert module.main() == 2
    assert "pip-audit is not installed" in capsys.readouterr().err


def test_the_bill_of_materials_has_every_hash_and_is_the_same_each_time(tmp_path: Path) -> None:
    """Of a few packages of the lock: the whole takes twenty seconds."""
    lock = "".join((ROOT / "requirements.txt").read_text().partition("babel==")[0])
    (tmp_path / "lock.txt").write_text(lock)
    for name in ("a.json", "b.json"):
        command = ["make", "-o", "devtools", "sbom", f"TO={tmp_path / name}"]
        command.append(f"LOCK={tmp_path / 'lock.txt'}")
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    bill = json.loads((tmp_path / "a.json").read_text())
    references = [each for part in bill["components"] for each in part["externalReferences"]]
    hashes = {each["content"] for reference in references for each in reference["hashes"]}
    assert hashes == set(re.findall(r"--hash=sha256:([0-9a-f]{64})", lock))
    assert len(hashes) > 20
