"""Acts of the form that takes down a call: a look at what it would become, and the ticket."""

from __future__ import annotations

from pydantic import Field

from supportops.config.snapshots import newest
from supportops.db.engine import reading
from supportops.flows.tickets import log_call
from supportops.flows.tickets.call_preview import Preview, preview
from supportops.flows.tickets.log_call import Call, CallError
from supportops.rendering.render import render, sentence
from supportops.web.acts.act import Act, Acting, Body, Done, Refused
from supportops.web.pages.tickets import address
from supportops.web.tickets import related

_TEXT = r"^[^\x00]*$"


class Form(Body):
    """The fields of the form, as far as they are filled in. `call` names the form that was shown,
    so that one that is sent twice makes one ticket."""

    customer: str = Field(default="", max_length=100_000, pattern=_TEXT)
    what: str = Field(default="", max_length=100_000, pattern=_TEXT)
    site: str = Field(default="", max_length=100_000, pattern=_TEXT)
    number: str = Field(default="", max_length=100_000, pattern=_TEXT)
    tier: str = Field(default="", max_length=100_000, pattern=_TEXT)
    call: str = Field(pattern=r"^[0-9a-f]{32}$")


def _look(acting: Acting, body: Form) -> Done:
    """What the call would become, as a piece of the page; it writes nothing."""
    with reading(acting.context.engine) as connection:
        configuration = newest(connection)
        if configuration is None:
            raise Refused("No configuration is in force yet: the first check reads it.")
        call = Call(body.customer, body.what, body.site, body.number, body.tier)
        found = preview(connection, configuration, call, acting.now)
        fleet = configuration.displayed().fleet
        site = found.site if found.site_known else None
        incidents = related.open_incidents(connection, fleet, site, acting.now)
    titles = configuration.displayed().tiers.titles()
    piece = render(
        "web/call_preview.html",
        found=found,
        incidents=incidents,
        titles=titles,
        tickets=[(address(each.source, each.ticket), each) for each in found.tickets],
        zone=configuration.zone,
    )
    faults = {name: sentence(why) for name, why in found.faults.items()}
    return Done("Looked.", values={"html": piece, "faults": faults, "customer": _customer(found)})


def _customer(found: Preview) -> str:
    return found.customer if found.customer_known else ""


def _take(acting: Acting, body: Form) -> Done:
    try:
        call = Call.checked(body.customer, body.what, body.site, body.number, body.tier, acting.who)
        context, now = acting.context, acting.now
        run_id = f"board__{body.call}"
        done = log_call.run(context.engine, context.config, call, run_id, now, now)
    except CallError as error:
        # The log has the first sentence: a caller's number stays out of it.
        words = sentence(str(error))
        raise Refused("One field is not as expected.", **{error.field: words}) from None
    source, _, number = str(done["ticket"]).partition("/")
    state = "is logged" if done["new"] else "was logged before"
    paged = "the engineers are paged" if done["pages"] else "nobody is paged"
    return Done(f"{done['ticket']} {state}; {paged}.", to=address(source, number))


ACTS = (Act("call_look", Form, _look), Act("call_take", Form, _take))
