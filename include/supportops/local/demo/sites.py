"""The demo's sites: which there are, which are broken, and when the next check comes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from supportops.local.demo import breakage, jobs
from supportops.local.demo.breakage import FailureMode
from supportops.local.demo.clock import utc_now
from supportops.local.install.credentials import credentials
from supportops.local.install.installation import Installation
from supportops.local.supervisor import instance_lock
from supportops.local.supervisor.airflow_api import AirflowApi, AirflowError
from supportops.sites.site import FIVE_MINUTES, Site

if TYPE_CHECKING:
    from supportops.config.configuration import Configuration


class DemoError(LookupError):
    """The demo or the requested site is not there; one line that says what to do."""


@dataclass(frozen=True, slots=True)
class Demo:
    """The demo whose state is in `here`; `clock` returns the time, aware UTC."""

    here: Installation
    clock: Callable[[], datetime] = utc_now

    def sites(self) -> tuple[Site, ...]:
        """The sites, which can be broken. Raises DemoError when there is no demo."""
        return self._configuration().fleet.sites

    def _configuration(self) -> Configuration:
        # Only here: the command line starts faster without it.
        from supportops.config.loader import load
        from supportops.config.yaml_source import ConfigurationError

        try:
            return load(self.here.demo_config)
        except ConfigurationError as error:
            if not (self.here.demo_config / "sites.yaml").exists():
                raise DemoError("there is no demo here yet; `make demo` starts one") from None
            raise DemoError(str(error)) from None

    def jobs(self) -> list[str]:
        """The jobs that report, and can be stopped."""
        return [monitor.name for monitor in self._configuration().monitors.all]

    def domains(self) -> list[str]:
        """The domains whose records can be changed."""
        policy = self._configuration().domains
        return sorted(policy.special) if policy is not None else []

    def words(self, name: str, how: FailureMode) -> str:
        """What is wrong with something that was broken."""
        if name in self.jobs():
            return jobs.HOWS[how]
        return "has other records" if name in self.domains() else breakage.WORDS[how]

    def chosen(self, names: Sequence[str]) -> list[str]:
        """What `names` mean, each a site, a server, a job or a domain. Raises DemoError, with the
        list."""
        sites, others = self.sites(), [*self.jobs(), *self.domains()]
        found: dict[str, None] = {}
        for name in names:
            meant = [site.name for site in sites if name in (site.name, site.host)]
            meant += [other for other in others if other == name]
            if not meant:
                known = ", ".join([*(site.name for site in sites), *others])
                raise DemoError(f"there is no demo site {name!r}; there are: {known}")
            found.update(dict.fromkeys(meant))
        return list(found)

    def break_sites(self, names: Sequence[str], how: FailureMode) -> list[str]:
        """Breaks them; returns the names of the sites, jobs and domains."""
        chosen = self.chosen(names)
        for name in chosen:
            if name in self.jobs() and how not in jobs.HOWS:
                ways = ", ".join(jobs.HOWS)
                raise DemoError(f"{name} is a job, which can be broken by --how: {ways}")
        if how is FailureMode.PAGE:
            self._need_pages(chosen)
        broken = breakage.read(self.here.broken) | dict.fromkeys(chosen, how)
        breakage.write(self.here.broken, broken)
        return chosen

    def mend(self, names: Sequence[str]) -> list[str]:
        """Mends them, or every broken site for no names; returns those that were broken."""
        broken = breakage.read(self.here.broken)
        chosen = self.chosen(names) if names else list(broken)
        left = {name: how for name, how in broken.items() if name not in chosen}
        breakage.write(self.here.broken, left)
        return [name for name in chosen if name in broken]

    def when(self, then: str) -> str:
        """When the next check is, in local time, and what happens `then`; or how to get one."""
        if instance_lock.running_url(self.here.running) is None:
            return "Nothing checks the sites just now: `make demo` does."
        now = self.clock()
        next_check = next_slot(now)
        at = next_check.astimezone().strftime("%H:%M")
        minutes = -(-(next_check - now) // timedelta(minutes=1))
        return f"Next check at {at}, in {minutes} min; {then}."

    def check_now(self) -> str:
        """Starts a check now; returns a line about it. Raises DemoError."""
        url = instance_lock.running_url(self.here.running)
        if url is None:
            raise DemoError("nothing runs here that could check; `make demo` does")
        api = AirflowApi(url, credentials(self.here.secrets).admin_password)
        try:
            api.trigger("site_check")
        except AirflowError as error:
            raise DemoError(str(error)) from None
        return "A check begins now; within about a minute the inbox shows what it found."

    def _need_pages(self, chosen: Sequence[str]) -> None:
        with_pages = [site.name for site in self.sites() if site.pages]
        for name in chosen:
            if name not in with_pages:
                known = ", ".join(with_pages)
                raise DemoError(f"{name} has no further pages to break; these have: {known}")


def next_slot(now: datetime) -> datetime:
    """The next full five minutes after `now`, the instant of the next check."""
    passed = timedelta(seconds=now.timestamp() % FIVE_MINUTES.total_seconds())
    return (now - passed + FIVE_MINUTES).replace(microsecond=0)
