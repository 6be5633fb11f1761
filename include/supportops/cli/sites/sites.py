"""`supportops probe`, `site-check` and `availability`: is a site up, and how much of the time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

import typer

from supportops.bootstrap import open_context
from supportops.cli.instants import FORMATS, now, to_utc
from supportops.cli.output import FINDINGS, FINE, Json, fail, print_json, warn

app = typer.Typer()


@app.command("probe")
def probe(
    urls: Annotated[list[str], typer.Argument(metavar="URL...", help="What to check.")],
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Loopback and private addresses too.")
    ] = False,
    deadline: Annotated[float, typer.Option(min=0.1, max=300, help="Seconds over all.")] = 10.0,
    contains: Annotated[list[str] | None, typer.Option(help="Text the page must hold.")] = None,
    as_json: Json = False,
) -> None:
    """Check addresses once, as the site check does, and show the result of each."""
    from supportops.sites.check import result_to_json
    from supportops.sites.probe import probe as prober
    from supportops.sites.site import CheckPolicy, Expectation

    expect = Expectation(contains=tuple(contains or ()))
    policy = CheckPolicy(deadline=timedelta(seconds=deadline))
    targets = [prober.Target(url, expect, allow_private) for url in urls]
    results = prober.probe(targets, policy, now)
    if as_json:
        print_json([result_to_json(result) for result in results])
    else:
        from supportops.cli.tables.sites import probe_table

        probe_table(results)
    raise typer.Exit(FINE if all(result.good for result in results) else FINDINGS)


@app.command("site-check")
def site_check(as_json: Json = False) -> None:
    """Check every site that is due now, judge the answers, and raise what must be raised."""
    from supportops.flows.sites import site_check as flow

    with open_context() as context:
        summary = flow.run(context, now)
    if as_json:
        print_json(summary)
    else:
        from supportops.cli.tables.sites import site_check_lines

        site_check_lines(summary)
    if summary["faults"]:
        fail(
            "the configuration has faults; checked with the last good version of each file",
            *summary["faults"],
        )
    raise typer.Exit(FINDINGS if summary["failing"] else FINE)


@app.command("availability")
def availability(
    start: Annotated[datetime, typer.Option("--from", formats=FORMATS, help="UTC.")],
    end: Annotated[datetime, typer.Option("--to", formats=FORMATS, help="UTC, exclusive.")],
    site: Annotated[
        list[str] | None, typer.Option(help="Only this one; removed sites too. May be repeated.")
    ] = None,
    as_json: Json = False,
) -> None:
    """How much of a period (UTC) each site was up, down, unknown or in maintenance."""
    from supportops.flows.sites.site_availability import estimated, of_period

    start, end = to_utc(start), to_utc(end)
    if end <= start:
        fail(f"--to must be after --from; found {start} to {end}")
    with open_context() as context:
        found = of_period(context.engine, start, end, site or None, now())
        removed = estimated(context.engine, start, end)
    if removed is not None:
        warn(
            f"single checks before {removed:%Y-%m-%d} were removed: the number of checks in a part "
            "of an hour is estimated; all times are exact"
        )
    if as_json:
        print_json([row.to_json() for row in found])
    else:
        from supportops.cli.tables.sites import availability_table

        availability_table(found)
