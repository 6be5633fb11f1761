"""Starts the whole of supportops on this machine, and terminates all of it again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from rich.text import Text

from supportops.local.demo import breakage
from supportops.local.demo import config as demo_config
from supportops.local.demo.inbox import Inbox, line, panel
from supportops.local.install.credentials import credentials, passwords
from supportops.local.install.environment import environment, users, without_operators
from supportops.local.install.installation import Installation
from supportops.local.install.shell import store_address, write_demo_settings
from supportops.local.supervisor import components
from supportops.local.supervisor.airflow_api import PARTS, AirflowApi, AirflowError
from supportops.local.supervisor.instance_lock import AlreadyRunning, instance_lock
from supportops.local.supervisor.port import free_from, holder, is_free
from supportops.local.supervisor.processes import (
    TICK,
    Command,
    ExitedProcess,
    Processes,
    StopRequested,
)
from supportops.local.supervisor.terminal import Terminal
from supportops.local.supervisor.welcome import things_to_try, welcome

HEALTHY_WITHIN = 180.0
DAG_WITHIN = 90.0
RUN_WITHIN = 120.0
# What runs at once in a demo, so that there is a green run to see without waiting for the clock.
# Alerts are held until both of the first are done: what the sweep finds is history.
FIRST_LOOKS = {
    "site_check": "First check of the demo sites",
    "sla_sweep": "First sweep of the demo tickets",
}
FIRST_REPORTS = {
    dag_id: f"First {dag_id.replace('_', ' ')}, to the inbox"
    for dag_id in ("daily_report", "weekly_report")
}
# A run by hand sends no report unless its form says so.
FORMS = {dag_id: {"send": True} for dag_id in FIRST_REPORTS}


class CannotStart(Exception):
    """Nothing was started, and why; one line."""


class ComponentFailed(Exception):
    """A part did not start, or exited; the first line says which, the rest shows its log."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to run: with the demo or not, on which port, and with the environment to inherit.

    `verbose`: the demo's inbox shows whole messages, not a line for each.
    """

    demo: bool
    port: int
    inherited: Mapping[str, str]
    verbose: bool = False


def up(here: Installation, options: Options, terminal: Terminal) -> int:
    """Runs until it is stopped; returns 0 then, 2 if it could not start, 1 if a part failed."""
    try:
        if options.demo:
            here.prepare_demo()
        else:
            here.prepare()
        url = f"http://127.0.0.1:{options.port}"
        with instance_lock(here.running, url) as lock:
            return Run(here, options, terminal, lock).run_until_stopped()
    except (AlreadyRunning, CannotStart, ValueError) as error:
        terminal.show(Text(f"supportops: {error}", style="red"))
        return 2
    except OSError as error:
        terminal.show(Text(f"supportops: {error.strerror}: {error.filename}", style="red"))
        return 2


class Run:
    """One run of the installation, from the migrations to the exit of the last process."""

    def __init__(self, here: Installation, options: Options, terminal: Terminal, lock: int) -> None:
        self.here = here
        self.options = options
        self.terminal = terminal
        self.inbox = Inbox(here.inbox)
        self.shown = next(reversed(self.inbox.numbers()), 0)
        check_port_is_free(options.port)
        if not options.demo:
            check_store_is_no_demo(here)
        self.credentials = credentials(here.secrets)
        self.api = AirflowApi(f"http://127.0.0.1:{options.port}", self.credentials.admin_password)
        inherited = without_operators(options.inherited) if options.demo else options.inherited
        self.users = users(options.inherited)
        self.status: str | None = None
        self.demo_parts, settings = self._prepare_demo() if options.demo else ([], {})
        self.processes = Processes(
            environment(
                here,
                self.credentials,
                port=options.port,
                inherited=inherited,
                config=here.demo_config if options.demo else None,
                secrets=settings,
            ),
            here.root,
            lock,
        )
        self.passwords = passwords(here.passwords, self.users, self.credentials.admin_password)

    def _prepare_demo(self) -> tuple[list[Command], dict[str, str]]:
        ports = demo_config.choose_ports(self.options.port)
        demo_config.write(self.here, ports)
        breakage.write(self.here.broken, {})
        status = ports.files[demo_config.STATUS_PORT]
        self.status = f"http://127.0.0.1:{status}/"
        parts = components.demo(self.here, ports.smtp, ports.http, status)
        parts.append(components.public(self.here, ports.files[demo_config.PUBLIC_PORT]))
        secrets = demo_config.secrets(ports) | demo_config.status_pages(self.here)
        secrets |= demo_config.jobs()
        write_demo_settings(self.here, secrets | {"SUPPORTOPS_CONFIG": str(self.here.demo_config)})
        return parts, secrets

    def run_until_stopped(self) -> int:
        """Starts everything, and shows deliveries until it is stopped or a part fails."""
        with self.processes:
            try:
                self._start()
                while True:
                    self._watch()
                    self._show_deliveries()
            except StopRequested:
                code = 0
            except ComponentFailed as failure:
                self.terminal.show(Text(str(failure), style="red"))
                code = 1
            with self.terminal.step("Ending every process (Ctrl-C again kills)"):
                self.processes.end()
        self.terminal.show(f"Ended; nothing is left running. The state stays in {self.place}.")
        return code

    def _start(self) -> None:
        for words, command in components.migrations(self.here):
            with self.terminal.step(words):
                ended = self.processes.run(command)
            if ended.code:
                raise ComponentFailed(exit_report(ended))
        if self.options.demo and self._import_tickets():
            self.demo_parts.append(components.follow_demo_tickets(self.here))
        for command in [*self.demo_parts, *components.airflow(self.here, self.options.port)]:
            self.processes.start(command)
        with self.terminal.step("Starting Airflow") as now:
            self._wait_for({"api_server"}, now)
            self.processes.start(components.scheduler(self.here))
            self._wait_for(set(PARTS), now)
        ready = self._wait_for_dags()
        if self.options.demo:
            login = self._logins()[0]
            self.terminal.show(f"Airflow answers at {self.api.url} ({login}); first runs begin.")
            self._first_runs(FIRST_LOOKS, ready)
            self._go_live()
            self._first_runs(FIRST_REPORTS, ready)
        self.terminal.show(
            welcome(self.api.url, self._logins(), self.place, self.options.demo, self.status)
        )
        self.terminal.show(things_to_try(demo=self.options.demo))
        self.terminal.show("Ctrl-C ends everything.")

    @property
    def place(self) -> str:
        """Where the state is, as a path from the checkout."""
        return str(self.here.local.relative_to(self.here.root))

    def _logins(self) -> list[str]:
        """A line for each user: name, password, and a role other than admin."""
        said = {"admin": "", "": " (no role)"}
        roles = {name: said.get(role, f" ({role})") for name, role in self.users.items()}
        return [f"{name} / {self.passwords[name]}{roles[name]}" for name in self.users]

    def _go_live(self) -> None:
        """Alerts of the demo go out from here on, to its inbox."""
        with self.terminal.step("Sending what the first runs found, as one summary each"):
            ended = self.processes.run(components.go_live(self.here))
        if ended.code:
            raise ComponentFailed(exit_report(ended))

    def _watch(self, seconds: float = TICK) -> None:
        """Waits for `seconds`. Raises ComponentFailed when a part has exited, StopRequested."""
        self.processes.pause(seconds)
        if (ended := self.processes.first_exited()) is not None:
            raise ComponentFailed(exit_report(ended))

    def _wait_for(self, parts: set[str], now: Callable[[str], None]) -> None:
        """Until `parts` report as healthy. Raises ComponentFailed when that takes too long."""
        deadline = time.monotonic() + HEALTHY_WITHIN
        while waiting := [part for part in self.api.unhealthy() if part in parts]:
            now("waiting for " + ", ".join(waiting).replace("_", " "))
            self._watch(0.5)
            if time.monotonic() > deadline:
                raise ComponentFailed(f"{', '.join(waiting)} not healthy; see {self.here.logs}")

    def _import_tickets(self) -> bool:
        """Whether it worked; if not, the demo starts without tickets."""
        with self.terminal.step("Bringing in nine weeks of sites and tickets"):
            ended = self.processes.run(components.demo_tickets(self.here))
        if ended.code:
            self.terminal.show(Text(exit_report(ended), style="red"))
            return False
        self.terminal.show("".join(f"Demo tickets: {line}" for line in ended.last_lines()[-1:]))
        return True

    def _wait_for_dags(self) -> set[str]:
        """Waits until every DAG file is read or one does not import; the ids of those read."""
        deadline = time.monotonic() + DAG_WITHIN
        wanted = {path.stem for path in (self.here.root / "dags").glob("*.py")}
        errors: dict[str, str] = {}
        found: set[str] = set()
        with self.terminal.step("Reading the DAGs"):
            while time.monotonic() < deadline:
                with suppress(AirflowError):
                    errors = self.api.import_errors()
                    found = set(self.api.dags())
                    if errors or wanted <= found:
                        break
                self._watch(0.5)
        for file, error in errors.items():
            self.terminal.show(Text(f"{file} does not import: {error}", style="red"))
        return found

    def _first_runs(self, named: Mapping[str, str], ready: Iterable[str]) -> None:
        """Starts them together and shows how each ended."""
        started: dict[str, str] = {}
        states: dict[str, str] = {}
        runs = [dag_id for dag_id in named if dag_id in ready]
        with self.terminal.step(", ".join(named[dag_id] for dag_id in runs)):
            for dag_id in runs:
                try:
                    started[dag_id] = self.api.trigger(dag_id, FORMS.get(dag_id))
                except AirflowError as error:
                    states[dag_id] = str(error)
            deadline = time.monotonic() + RUN_WITHIN
            while started.keys() - states and time.monotonic() < deadline:
                self._watch(0.5)
                for dag_id in started.keys() - states:
                    # A busy machine may miss one answer; the next one says the same.
                    with suppress(AirflowError):
                        state = self.api.run_state(dag_id, started[dag_id])
                        if state in ("success", "failed"):
                            states[dag_id] = state
        for dag_id in runs:
            self.terminal.show(f"{named[dag_id]}: {states.get(dag_id, 'not finished yet')}.")

    def _show_deliveries(self) -> None:
        for number, delivered in self.inbox.after(self.shown):
            show = panel if self.options.verbose else line
            self.terminal.show(show(number, delivered))
            self.shown = number


def check_port_is_free(port: int) -> None:
    """Raises CannotStart, with the process that holds the port and a free one."""
    if is_free(port):
        return
    by = holder(port)
    raise CannotStart(
        f"port {port} is in use{f' by {by}' if by else ''}; "
        f"choose another with SUPPORTOPS_PORT, such as SUPPORTOPS_PORT={free_from(port + 1)}"
    )


def check_store_is_no_demo(here: Installation) -> None:
    """Raises CannotStart where a demo of an older version has filled this store.

    Alerts about its tickets would go to the receivers of whoever runs this.
    """
    if not here.store.exists():
        return
    # Only here: a start without a store needs none of it.
    from supportops.local.demo.tickets import holds_demo

    if holds_demo(store_address(here)):
        aside = here.store.with_name("demo-of-an-older-version.db")
        raise CannotStart(
            f"{here.store} holds the tickets of a demo, which older versions loaded into it; "
            f"move it away to start with an empty store: mv {here.store} {aside}"
        )


def exit_report(ended: ExitedProcess) -> str:
    """How a process exited, and the last lines of its log."""
    lines = "\n".join(f"  {line}" for line in ended.last_lines())
    how = f"was ended by signal {-ended.code}" if ended.code < 0 else f"ended with {ended.code}"
    return f"{ended.command.name} {how}; its last lines ({ended.command.log}):\n{lines}"
