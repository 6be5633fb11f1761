"""`supportops notices`: what customers are sent about outages, and who approves it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from supportops.bootstrap import open_context, open_ticket_sources
from supportops.cli.alerts.options import By, length_of, person
from supportops.cli.instants import now
from supportops.cli.output import Json, echo, fail, print_json
from supportops.rendering.printable import printable, printable_line

if TYPE_CHECKING:
    from supportops.flows.customers.notice_acts import Done

app = typer.Typer(
    name="notices",
    help="Notices to customers: what waits for approval, what was sent.",
    no_args_is_help=True,
)
Number = Annotated[int, typer.Argument(help="The notice's number, as `notices list` shows it.")]
Version = Annotated[
    int | None, typer.Option("--version", help="Only if it is this version of the text still.")
]


@app.command("list")
def list_notices(
    most: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")] = 50,
    as_json: Json = False,
) -> None:
    """Show the drafts that wait, then the last notices, the newest first."""
    from supportops.flows.customers import show_notices as flow

    with open_context() as context:
        found = flow.listing(context, most)
    if as_json:
        print_json([flow.summary(thread, notice) for thread, notice in found])
    else:
        from supportops.cli.tables.notices import notice_table

        notice_table(found)


@app.command("show")
def show(number: Number, as_json: Json = False) -> None:
    """Show a notice as the customer reads it, and what was done with it."""
    from supportops.flows.customers import show_notices as flow

    with open_context() as context:
        found = flow.show(context, number, now())
    if as_json:
        print_json(found.to_json())
        return
    notice = found.notice
    to = ", ".join(found.contacts) or "nobody: customers.yaml has no contact"
    echo(printable_line(f"{found.thread.customer}, {notice.kind}, {notice.state}; to {to}"))
    echo(printable(f"\n{notice.subject}\n\n{found.text}\n"))
    for act in found.acts:
        why = f": {act.why}" if act.why else ""
        line = f"{act.at:%Y-%m-%d %H:%M} UTC  version {act.version} {act.act} by {act.who}{why}"
        echo(printable_line(line))


@app.command("approve")
def approve(number: Number, version: Version = None, by: By = None, as_json: Json = False) -> None:
    """Send a draft as it stands."""
    from supportops.flows.customers import notice_acts, show_notices

    with open_context() as context:
        try:
            done = notice_acts.approve(context, number, person(by), now(), version)
        except show_notices.NoticeError as error:
            fail(str(error))
    _said(done, as_json)


@app.command("edit")
def edit(
    number: Number,
    subject: Annotated[str | None, typer.Option(help="Another subject line.")] = None,
    text: Annotated[
        str | None, typer.Option(help="Another text; - reads it from standard input.")
    ] = None,
    next_word: Annotated[
        str | None,
        typer.Option(
            "--next", help="How long after this one the next is promised: 30m, 2h, or never."
        ),
    ] = None,
    version: Version = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Give a draft another text; it goes on waiting for approval."""
    from supportops.flows.customers import notice_acts, show_notices

    written = sys.stdin.read() if text == "-" else text
    never = next_word == "never"
    every = None if next_word is None or never else length_of("--next", next_word)
    with open_context() as context:
        try:
            before = show_notices.show(context, number).notice
            done = notice_acts.edit(
                context,
                number,
                before.subject if subject is None else subject,
                before.text if written is None else written,
                person(by),
                now(),
                version=before.version if version is None else version,
                every=every,
                promise=not never,
            )
        except show_notices.NoticeError as error:
            fail(str(error))
    _said(done, as_json)


@app.command("drop")
def drop(
    number: Number,
    why: Annotated[str, typer.Option(help="Why it is not sent.")] = "",
    version: Version = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Decide not to send a draft."""
    from supportops.flows.customers import notice_acts, show_notices

    with open_context() as context:
        try:
            done = notice_acts.drop(context, number, person(by), now(), why=why, version=version)
        except show_notices.NoticeError as error:
            fail(str(error))
    _said(done, as_json)


@app.command("run")
def run(as_json: Json = False) -> None:
    """Draft and send what is due now, as the DAG does each minute."""
    from supportops.flows.customers import notices as flow

    with open_context() as context:
        summary = flow.run(context, now)
        if summary["comments_due"]:
            with open_ticket_sources() as sources:
                summary |= flow.post_comments(context, sources, now)
    if as_json:
        print_json(summary)
        return
    counts = [f"{n} {name}" for name, n in summary.items() if not isinstance(n, bool | str)]
    echo(printable_line(str(summary.get("note") or ", ".join(counts) or "nothing to do")))


def _said(done: Done, as_json: bool) -> None:
    if as_json:
        print_json({"id": done.notice.id, "state": done.notice.state.value, "said": done.said})
    else:
        echo(printable_line(done.said))
