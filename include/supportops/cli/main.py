"""`supportops ...`: the same flows from a shell, without Airflow.

Exit codes: 0 fine, 1 findings, 2 usage or configuration.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy.exc import OperationalError

from supportops.bootstrap import SetupError, config_folder, open_context
from supportops.cli import report, sla, sweep
from supportops.cli.call import add_log_call
from supportops.cli.output import FINDINGS, FINE, USAGE, Json, fail, print_json
from supportops.cli.tickets import tickets_app, triage_app
from supportops.cli.zendesk import ticket_sync_command
from supportops.config.yaml_source import ConfigurationError
from supportops.db.engine import StoreAddressError
from supportops.db.migrate import SchemaError
from supportops.local.demo.commands import app as demo_app

app = typer.Typer(
    name="supportops",
    help="Site checks, alerts, service levels and reports. Exit: 0 fine, 1 findings, 2 usage.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
config_app = typer.Typer(help="The configuration that operators edit.", no_args_is_help=True)
db_app = typer.Typer(help="The store.", no_args_is_help=True)
alerts_app = typer.Typer(help="What is open, and who has taken it.", no_args_is_help=True)
app.add_typer(config_app, name="config")
app.add_typer(db_app, name="db")
app.add_typer(alerts_app, name="alerts")
app.add_typer(demo_app, name="demo")


def now() -> datetime:
    return datetime.now(UTC)


@db_app.command("upgrade")
def db_upgrade() -> None:
    """Migrate the store to this version's schema."""
    from supportops.db.migrate import upgrade

    with _told(), open_context(migrated=False) as context:
        typer.echo(f"the store is at revision {upgrade(context.engine)}")


@config_app.command("check")
def config_check(
    folder: Annotated[Path | None, typer.Argument(help="Another folder to check.")] = None,
    as_json: Json = False,
) -> None:
    """Check every file of the configuration; all faults are told at once."""
    from supportops.config.loader import load

    with _told():
        where = folder or config_folder()
        try:
            configuration = load(where)
        except ConfigurationError as error:
            if as_json:
                print_json([_fields(fault) for fault in error.faults])
                raise typer.Exit(USAGE) from None
            raise
        counts = {
            "site": len(configuration.fleet.sites),
            "route": len(configuration.alerts.routes),
            "audience": len(configuration.reports.audiences),
        }
        if as_json:
            print_json([])
            return
        told = (f"{count} {name}{'' if count == 1 else 's'}" for name, count in counts.items())
        typer.echo(f"{where}: fine, {', '.join(told)}")


@config_app.command("schema")
def config_schema(
    name: Annotated[str, typer.Argument(help="sites, alerts, service_levels or reports")],
) -> None:
    """Print the JSON Schema of one file, for editors that complete YAML."""
    from supportops.config.loader import FILES, json_schema

    if name not in FILES:
        fail(f"no file {name!r}; expected one of {', '.join(FILES)}")
    print_json(json_schema(name))


@app.command()
def probe(
    urls: Annotated[list[str], typer.Argument(metavar="URL...", help="What to ask.")],
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Loopback and private addresses too.")
    ] = False,
    deadline: Annotated[float, typer.Option(min=0.1, max=300, help="Seconds over all.")] = 10.0,
    contains: Annotated[list[str] | None, typer.Option(help="Text the page must hold.")] = None,
    as_json: Json = False,
) -> None:
    """Ask addresses once, as the site check does, and say how each stands."""
    from supportops.sites.check import result_to_json
    from supportops.sites.probe.probe import Target
    from supportops.sites.probe.probe import probe as ask
    from supportops.sites.site import CheckPolicy, Expectation

    expect = Expectation(contains=tuple(contains or ()))
    policy = CheckPolicy(deadline=timedelta(seconds=deadline))
    results = ask([Target(url, expect, allow_private) for url in urls], policy, now)
    if as_json:
        print_json([result_to_json(result) for result in results])
    else:
        from supportops.cli.tables.sites import probe_table

        probe_table(results)
    raise typer.Exit(FINE if all(result.good for result in results) else FINDINGS)


@app.command("site-check")
def site_check(as_json: Json = False) -> None:
    """Check every site that is due now, judge the answers, and raise what must be raised."""
    from supportops.flows import site_check as flow

    with _told(), open_context() as context:
        summary = flow.run(context, now)
    if as_json:
        print_json(summary)
    else:
        from supportops.cli.tables.sites import site_check_lines

        site_check_lines(summary)
    if summary["faults"]:
        fail("the configuration is wrong; checked with the last good one", *summary["faults"])
    raise typer.Exit(FINDINGS if summary["failing"] else FINE)


@app.command("alert-dispatch")
def alert_dispatch(as_json: Json = False) -> None:
    """Tell everybody who should have been told by now and was not."""
    from supportops.flows import alert_dispatch as flow

    with _told(), open_context() as context:
        summary = flow.run(context.engine, context.secrets, now)
    if as_json:
        print_json(summary)
    else:
        typer.echo(
            ", ".join(f"{name.replace('_', ' ')}: {count}" for name, count in summary.items())
        )
    failed = summary.keys() & {"failed", "unknown", "nobody"}
    raise typer.Exit(FINDINGS if failed else FINE)


@alerts_app.command("list")
def alerts_list(as_json: Json = False) -> None:
    """Show the alerts that are open."""
    from supportops.alerts.store import list_open
    from supportops.db.engine import reading

    with _told(), open_context() as context, reading(context.engine) as connection:
        found = list_open(connection)
    if as_json:
        print_json([_fields(alert) for alert in found])
    else:
        from supportops.cli.tables.sites import alert_table

        alert_table(found, now())
    raise typer.Exit(FINDINGS if found else FINE)


@alerts_app.command("ack")
def alerts_ack(
    key: Annotated[str, typer.Argument(help="The alert's key, as `alerts list` shows it.")],
    who: Annotated[str, typer.Option("--by", help="Who takes it.")],
) -> None:
    """Take an alert: its reminders and later steps stop."""
    from supportops.alerts.store import acknowledge
    from supportops.db.engine import writing

    with _told(), open_context() as context, writing(context.engine) as connection:
        taken = acknowledge(connection, key, who, now())
    if not taken:
        fail(f"no open alert {key!r} that nobody has taken; see `supportops alerts list`")
    typer.echo(f"{who} has taken {key}")


@app.command()
def availability(
    start: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"])],
    end: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"])],
    as_json: Json = False,
) -> None:
    """How much of a period (UTC) each site was up, down, unknown or in maintenance."""
    from supportops.flows.site_availability import of_period

    with _told(), open_context() as context:
        if end <= start:
            fail(f"--to must be after --from; found {start} to {end}")
        span = (start.replace(tzinfo=UTC), end.replace(tzinfo=UTC))
        found = of_period(context.engine, *span)
    if as_json:
        print_json([row.to_json() for row in found])
    else:
        from supportops.cli.tables.sites import availability_table

        availability_table(found)


@contextmanager
def _told() -> Iterator[None]:
    """Every fault that a user can mend is one clear line and exit code 2."""
    try:
        yield
    except ConfigurationError as error:
        fail(*(str(fault) for fault in error.faults))
    except (SetupError, StoreAddressError, SchemaError, LookupError) as error:
        fail(str(error))
    except OperationalError as error:
        # The driver's text names host and database, never the password.
        fail(f"the store does not answer: {str(error.orig).splitlines()[0]}")


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in type(value).__slots__}


sla.mount(app, now, _told)
sweep.mount(app, now, _told)
report.mount(app, now, _told)
add_log_call(app, now, _told)
app.command("ticket-sync")(ticket_sync_command(now, _told))
app.add_typer(tickets_app(now, _told), name="tickets")
app.add_typer(triage_app(now, _told), name="triage")


def main(arguments: Sequence[str] | None = None) -> None:
    app(args=list(arguments) if arguments is not None else None)


if __name__ == "__main__":
    main()
