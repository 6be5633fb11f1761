"""`make audit`: known vulnerabilities of what is locked, as far as anybody can be asked.

Without the network, or behind a mirror that has no such records, it says that it could not ask, and
passes. What is accepted stands in deploy/audit-allowed.toml with a day on which that ends.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from supportops.local.install.installation import ROOT

LOCKS = ("requirements-celery.txt", "requirements-uv.txt")
ALLOWED = ROOT / "deploy" / "audit-allowed.toml"
Ask = Callable[[Path], Mapping[str, Any] | None]
"""What pip-audit says of a lock, as its JSON; None where nobody answered."""


class AuditError(ValueError):
    """A list of accepted vulnerabilities, a lock or pip-audit itself that cannot be used."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """A vulnerability that is accepted until the end of a day, and why."""

    id: str
    until: date
    why: str


def allowed(text: str) -> list[Allowed]:
    """The entries of audit-allowed.toml. Raises AuditError."""
    try:
        entries = tomllib.loads(text).get("allowed", [])
        found = [Allowed(str(e["id"]), e["until"], str(e["why"]).strip()) for e in entries]
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as error:
        raise AuditError(f"audit-allowed.toml cannot be used: {error}") from None
    for each in found:
        if type(each.until) is not date or not each.why:
            raise AuditError(f"{each.id} needs a day `until` and a reason `why`")
    return found


def judged(
    reports: list[Mapping[str, Any] | None], accepted: list[Allowed], today: date
) -> tuple[int, list[str]]:
    """The exit code, and what to say, of what pip-audit said of each lock."""
    lines: list[str] = []
    open_ids = {each.id for each in accepted if each.until >= today}
    ended = {each.id: each for each in accepted if each.until < today}
    asked = unasked = bad = 0
    for report in reports:
        if report is None:
            lines.append("could not reach anybody who knows vulnerabilities: nothing was checked")
            continue
        for package in report.get("dependencies", ()):
            if "skip_reason" in package:
                unasked += 1
                continue
            asked += 1
            for found in package.get("vulns", ()):
                names = {found["id"], *found.get("aliases", ())}
                what = f"{package['name']} {package.get('version', '')}: {found['id']}"
                if names & open_ids:
                    lines.append(f"{what}, accepted")
                    continue
                fixed = ", ".join(found.get("fix_versions", ())) or "no version"
                late = next(
                    (f"; accepted until {ended[n].until}" for n in names & ended.keys()), ""
                )
                lines.append(f"{what}, mended in {fixed}{late}")
                bad += 1
    lines.append(f"{asked} packages were checked, {unasked} could not be; {bad} to be mended")
    return (1 if bad else 0), lines


def first_of(lock: str) -> str:
    """The first pinned package of a lock, with its hashes: to see whether anybody answers."""
    found = re.search(r"^[A-Za-z0-9._-]+==[^\n]*(?:(?<=\\)\n[^\n]*)*", lock, re.MULTILINE)
    return f"{found[0]}\n" if found else ""


def locks(folder: Path) -> list[str]:
    """The texts of the locks. Raises AuditError for one that names no package: in it no
    vulnerability could be found either."""
    found = []
    for name in LOCKS:
        try:
            found.append((folder / name).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise AuditError(f"{name} cannot be read: {type(error).__name__}") from None
        if not first_of(found[-1]):
            raise AuditError(f"{name} names no package with its version; make lock")
    return found


def pip_audit(lock: Path) -> Mapping[str, Any] | None:
    """Asks with pip-audit, which asks the package index for each locked version. Raises AuditError
    where it is not installed, which is not the same as that nobody answers."""
    if find_spec("pip_audit") is None:
        raise AuditError("pip-audit is not installed; make devtools")
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes"]
    command += ["--progress-spinner", "off", "--timeout", "15", "-f", "json", "-r", str(lock)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        report = json.loads(done.stdout)
    except ValueError:
        return None
    return report if isinstance(report, dict) else None


def audit(
    ask: Ask, texts: list[str], accepted: list[Allowed], today: date
) -> tuple[int, list[str]]:
    """Asks about one package first, so that a registry without records is not asked about all."""
    reports: list[Mapping[str, Any] | None] = []
    with tempfile.TemporaryDirectory() as folder:
        probe = Path(folder) / "requirements.txt"
        probe.write_text(first_of(texts[0]), encoding="utf-8")
        first = ask(probe)
        skipped = first is None or all("skip_reason" in e for e in first.get("dependencies", ()))
        if skipped:
            return judged([None], accepted, today)
        for text in texts:
            probe.write_text(text, encoding="utf-8")
            reports.append(ask(probe))
    return judged(reports, accepted, today)


def main() -> int:
    """0 where nothing is to be mended, or nobody could be asked; 1 for what is to be mended; 2 for
    what could not be asked about: a list of accepted ones, a lock or pip-audit is of no use."""
    try:
        accepted = allowed(ALLOWED.read_text(encoding="utf-8"))
        today = datetime.now(UTC).date()  # noqa: TID251 (an entrance)
        code, lines = audit(pip_audit, locks(ROOT), accepted, today)
    except AuditError as error:
        sys.stderr.write(f"audit: {error}\n")
        return 2
    sys.stderr.write("".join(f"audit: {line}\n" for line in lines))
    return code


if __name__ == "__main__":
    sys.exit(main())
