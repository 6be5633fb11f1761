"""The machine: its clock, time zones and certificates, its limits, and the versions on it."""

from __future__ import annotations

import platform
import resource
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from zoneinfo import TZPATH, ZoneInfo

import certifi
import requests

from supportops.config.configuration import File
from supportops.flows.operations.examining.finding import (
    Finding,
    Installation,
    Level,
    fine,
    unknown,
)
from supportops.rendering.render import duration

TESTED_AIRFLOW = "3.3.2"
"""The Airflow on which every test of this version ran."""
DAGS_TESTED_ON = ("3.3.1",)
"""Others on which the tests of the DAGs ran, and those with several workers: docs/upgrading.md."""
_OFF, _WRONG = timedelta(seconds=5), timedelta(seconds=60)
# Governments change their clocks with less than a year's notice.
_OLD_DATA = timedelta(days=365)
# Each request has a socket; the rest are files, pipes and the store's connections.
_SOCKETS_EACH, _OTHERS = 3, 200
_ASKED_AT_MOST = 3


def time(installation: Installation) -> Iterator[Finding]:
    """Whether this machine's clock agrees with the dates that well-known servers send."""
    addresses = installation.configuration.fleet.policy.vantage[:_ASKED_AT_MOST]
    if not installation.online or not addresses:
        yield unknown(
            "this machine's clock was compared with nothing",
            "Deadlines are as right as the clock." if addresses else "sites.yaml has no `vantage`.",
            "timedatectl",
        )
        return
    apart = [found for each in addresses if (found := _apart(each)) is not None]
    if not apart:
        yield unknown(
            "no control address of sites.yaml answered with a date",
            "The clock could not be compared, and this machine may have no way out.",
            f"curl -sI {addresses[0]}",
        )
        return
    least = min(apart)
    if least <= _OFF:
        yield fine(f"this machine's clock agrees with {len(apart)} others")
        return
    yield Finding(
        Level.FAULT if least > _WRONG else Level.WARNING,
        f"this machine's clock is {duration(least)} off",
        "Deadlines, quiet hours and schedules follow it.",
        "timedatectl set-ntp true",
    )


def _apart(address: str) -> timedelta | None:
    began = datetime.now(UTC)  # noqa: TID251 (what is examined is the clock itself)
    try:
        answer = requests.head(address, timeout=5, allow_redirects=False)
        sent = parsedate_to_datetime(answer.headers["Date"])
    except (requests.RequestException, KeyError, ValueError):
        return None
    middle = began + answer.elapsed / 2
    # The header has whole seconds.
    return max(abs(sent - middle) - timedelta(seconds=1), timedelta(0))


def zones(installation: Installation) -> Iterator[Finding]:
    """Whether the office's zone is known here, and how old the rules of zones are."""
    ZoneInfo(installation.configuration.zone)
    used = next((each for each in TZPATH if (Path(each) / "UTC").exists()), None)
    released = _packaged() if used is None else _of_system(Path(used))
    where = used or "the package tzdata"
    year = released[:4]
    if not year.isdigit():
        yield unknown(
            f"{installation.configuration.zone} is known, from {where}, which does not say how old "
            "its rules are",
            "A change of clocks that was decided lately may be missing.",
            "keep the system's tzdata up to date",
        )
        return
    if int(year) >= (installation.now - _OLD_DATA).year:
        yield fine(f"{installation.configuration.zone} is known, from {where}, of {released}")
        return
    yield Finding(
        Level.WARNING,
        f"the rules of time zones in {where} are of {released}",
        "A change of clocks that was decided since is not known.",
        "install a newer tzdata, or the system's",
    )


def _packaged() -> str:
    """The release of the package of rules, such as 2025.2; empty where there is none."""
    try:
        return version("tzdata")
    except PackageNotFoundError:
        return ""


def _of_system(folder: Path) -> str:
    """The release of the system's rules, such as 2025b, as they say it; empty where they do not."""
    for name in ("tzdata.zi", "+VERSION"):
        try:
            with (folder / name).open(encoding="ascii", errors="replace") as file:
                return file.readline(100).removeprefix("# version").strip()
        except OSError:
            continue
    return ""


def certificates(installation: Installation) -> Iterator[Finding]:
    """Whether the list of authorities by which sites are judged is there, and how old it is."""
    file = Path(certifi.where())
    count = file.read_text(encoding="utf-8", errors="replace").count("BEGIN CERTIFICATE")
    year, month = (int(part) for part in version("certifi").split(".")[:2])
    made = datetime(year, month, 1, tzinfo=UTC)
    if count and installation.now - made <= _OLD_DATA:
        yield fine(f"{count} certificate authorities, of {made:%b %Y}")
        return
    yield Finding(
        Level.WARNING if count else Level.FAULT,
        f"{count} certificate authorities, of {made:%b %Y}",
        "A site with a new authority's certificate would be reported as broken.",
        "install a newer certifi",
    )


def descriptors(installation: Installation) -> Iterator[Finding]:
    """Whether a check may open as many sockets as it is configured to."""
    if not installation.configuration.has(File.SITES):
        return
    needed = installation.configuration.fleet.policy.in_flight * _SOCKETS_EACH + _OTHERS
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed == resource.RLIM_INFINITY or allowed >= needed:
        yield fine(f"{allowed} files may be open, {needed} are needed at most")
        return
    yield Finding(
        Level.WARNING,
        f"{allowed} files may be open, {needed} are needed at most",
        "Checks would fail on this machine's account, not the sites'.",
        "raise the limit (ulimit -n, LimitNOFILE=), or lower `in_flight` in sites.yaml",
    )


def versions(_installation: Installation) -> Iterator[Finding]:
    """Which Airflow and Python run, and whether this version was tested on them."""
    python = platform.python_version()
    if sys.version_info[:2] not in ((3, 11), (3, 12), (3, 13)):
        yield Finding(
            Level.WARNING,
            f"Python {python} runs; tested were 3.11 to 3.13",
            "A library may behave otherwise.",
            "install Python 3.12",
        )
    try:
        airflow = version("apache-airflow")
    except PackageNotFoundError:
        yield unknown("no Airflow is installed beside this command; flows run by hand")
        return
    if airflow == TESTED_AIRFLOW:
        yield fine(f"Airflow {airflow}, Python {python}: as tested")
        return
    dags = airflow in DAGS_TESTED_ON
    yield Finding(
        Level.WARNING,
        f"Airflow {airflow} is installed; tested was {TESTED_AIRFLOW}",
        "Of this one only the DAGs and several workers were tested, not its pages and logins."
        if dags
        else "Pages, schedules and logins of another version were not tried.",
        "install the versions of requirements.txt",
    )
