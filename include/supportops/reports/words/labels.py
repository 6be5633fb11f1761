"""Names of tiers, metrics, owners and the like in a report."""

from __future__ import annotations

from functools import lru_cache

from supportops.rendering.catalogue import N_
from supportops.rendering.render import one_line
from supportops.reports.figures import By, Clock
from supportops.reports.words.dates import Reader

# Characters. A subject can be a novel; the rest of it is in the ticket.
LONGEST = 300
_METRICS = {
    "first_reply_time": N_("First reply"),
    "next_reply_time": N_("Next reply"),
    "update_time": N_("Update"),
    "resolution_time": N_("Resolution"),
}
_METRICS_INSIDE = {
    "first_reply_time": N_("first reply"),
    "next_reply_time": N_("next reply"),
    "update_time": N_("update"),
    "resolution_time": N_("resolution"),
}
_KINDS = {
    "outage": N_("Down"),
    "fault": N_("Fault"),
    "certificate": N_("Certificate"),
    "push_missing": N_("No push"),
    "push_failed": N_("Job failed"),
    "push_limit": N_("Limit passed"),
    "registration": N_("Registration"),
    "dns_change": N_("DNS changed"),
    "mail_records": N_("Mail records"),
}
_NAMELESS = {
    By.TIER: N_("No tier"),
    By.CUSTOMER: N_("No customer"),
    By.SITE: N_("No site"),
    By.ASSIGNEE: N_("Nobody"),
    By.ALL: N_("Overall (mixed tiers)"),
}


def short_line(text: object, most: int = LONGEST) -> str:
    """A stranger's text on one line, without hidden characters, cut at `most` characters."""
    return _short_line(str(text)[: 2 * most], most)


@lru_cache(maxsize=4096)  # the same names and subjects stand in many rows
def _short_line(text: str, most: int) -> str:
    line = one_line(text)
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def tier(name: str, reader: Reader) -> str:
    """ "Bug fixes"; a tier without a title by its identifier."""
    return short_line(reader.tier_titles.get(name) or name, 60) or _nameless(reader)


def tier_inside(name: str, reader: Reader) -> str:
    """The tier in the middle of a sentence: "bug fixes", but "VIP support".

    The agency's own title as it is where the sentence is not English.
    """
    title = tier(name, reader)
    if reader.words.language != "en":
        return title
    is_titled = name in reader.tier_titles and not title[1:2].isupper()
    return title[:1].lower() + title[1:] if is_titled else title


def metric(name: str | None, reader: Reader) -> str:
    """ "First reply"; None is all of them together."""
    if name is None:
        return reader.gettext("All")
    return reader.gettext(_METRICS[name]) if name in _METRICS else short_line(name, 60)


def promise(clock: Clock, reader: Reader) -> str:
    """Whose clock it is: "Bug fixes: first reply"."""
    inside = _METRICS_INSIDE.get(clock.metric)
    name = reader.gettext(inside) if inside else short_line(clock.metric, 60).lower()
    return reader.gettext("{tier}: {metric}", tier=tier(clock.tier, reader), metric=name)


def group(by: By, name: str | None, reader: Reader) -> str:
    """The name of a line, by what lines are grouped by."""
    if name is None:
        return reader.gettext(_NAMELESS[by])
    return tier(name, reader) if by is By.TIER else short_line(name, 80) or _nameless(reader)


def kind(name: str, reader: Reader) -> str:
    """The name of a kind of incident."""
    return reader.gettext(_KINDS[name]) if name in _KINDS else short_line(name, 40)


def channel(name: str, reader: Reader) -> str:
    """The name of a channel."""
    label = reader.channel_labels.get(name)
    return reader.gettext(label) if label else short_line(name, 40)


def owner(name: str | None, reader: Reader) -> str:
    """The assignee of a ticket."""
    return short_line(name, 80) if name else reader.gettext("nobody")


def _nameless(reader: Reader) -> str:
    return reader.gettext("(no name)")
