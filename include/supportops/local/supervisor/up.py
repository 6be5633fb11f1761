"""Starts the whole of supportops on this machine, and terminates all of it again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from rich.text import Text

from supportops.local.demo import breakage
from supportops.local.demo import config as demo_config
from supportops.local.demo.inbox import Inbox, panel
from supportops.local.install.credentials import Credentials, as_json, credentials, replace
from supportops.local.install.environment import environment
from supportops.local.install.installation import Installation
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
FIRST_CHECK = "site_check"
FIRST_SWEEP = "sla_sweep"
FIRST_REPORTS = ("daily_report", "weekly_report")
# What runs at once in a demo, so that there is a green run to see without waiting for the clock.
FIRST_RUNS = {
    FIRST_CHECK: "First check of the demo sites",
    FIRST_SWEEP: "First sweep of the demo tickets",
    **{dag_id: f"First {dag_id.replace('_', ' ')}, to the inbox" for dag_id in FIRST_REPORTS},
}
# A run by hand sends no report unless its form says so.
FORMS = {dag_id: {"send": True} for dag_id in FIRST_REPORTS}


class CannotStart(Exception):
    """Nothing was started, and why; one line."""


class ComponentFailed(Exception):
    """A part did not start, or exited; the first line says which, the rest shows its log."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to run: with the demo or not, on which port, and with the environment to inherit."""

    demo: bool
    port: int
    inherited: Mapping[str, str]


def up(here: Installation, options: Options, terminal: Terminal) -> int:
    """Runs until it is stopped; returns 0 then, 2 if it could not start, 1 if a part failed."""
    try:
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
        self.credentials = credentials(here.secrets)
        self.api = AirflowApi(f"http://127.0.0.1:{options.port}", self.credentials.admin_password)
        self.demo_parts, settings = self._prepare_demo() if options.demo else ([], {})
        config = here.demo_config if options.demo else None
        self.processes = Processes(
            environment(
                here,
                self.credentials,
                port=options.port,
                inherited=options.inherited,
                config=config,
                secrets=settings,
            ),
            here.root,
            lock,
        )
        write_login(here, self.credentials)

    def _prepare_demo(self) -> tuple[list[Command], dict[str, str]]:
        ports = demo_config.choose_ports(self.options.port)
        demo_config.write(self.here, ports)
        breakage.write(self.here.broken, {})
        parts = components.demo(self.here, ports.smtp, ports.http)
        return parts, demo_config.secrets(ports)

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
        self.terminal.show("Ended; nothing is left running. The state stays in .local.")
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
        self.terminal.show(
            welcome(self.api.url, self.credentials.admin_password, demo=self.options.demo)
        )
        self.terminal.show("Try, in another terminal:")
        self.terminal.show(things_to_try(demo=self.options.demo))
        for dag_id, words in FIRST_RUNS.items() if self.options.demo else ():
            if dag_id in ready:
                self._first_run(dag_id, words)
        self.terminal.show("Ctrl-C ends everything.")

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
        with self.terminal.step("Bringing in two weeks of real tickets"):
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

    def _first_run(self, dag_id: str, words: str) -> None:
        with self.terminal.step(words):
            try:
                state = self._outcome(dag_id, self.api.trigger(dag_id, FORMS.get(dag_id)))
            except AirflowError as error:
                state = str(error)
        self.terminal.show(f"{words}: {state}.")

    def _outcome(self, dag_id: str, run: str) -> str:
        """How a run ended, as a word."""
        deadline = time.monotonic() + RUN_WITHIN
        while time.monotonic() < deadline:
            self._watch(0.5)
            # A busy machine may miss one answer; the next one says the same.
            with suppress(AirflowError):
                state = self.api.run_state(dag_id, run)
                if state in ("success", "failed"):
                    return state
        return "not finished yet"

    def _show_deliveries(self) -> None:
        for number, delivered in self.inbox.after(self.shown):
            self.terminal.show(panel(number, delivered))
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


def write_login(here: Installation, secrets: Credentials) -> None:
    """Writes the password of `admin` where Airflow's SimpleAuth reads it."""
    replace(here.passwords, as_json({"admin": secrets.admin_password}))


def exit_report(ended: ExitedProcess) -> str:
    """How a process exited, and the last lines of its log."""
    lines = "\n".join(f"  {line}" for line in ended.last_lines())
    how = f"was ended by signal {-ended.code}" if ended.code < 0 else f"ended with {ended.code}"
    return f"{ended.command.name} {how}; its last lines ({ended.command.log}):\n{lines}"
