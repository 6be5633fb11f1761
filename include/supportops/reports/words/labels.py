"""Names of tiers, metrics, owners and the like in a report."""

from __future__ import annotations

from functools import lru_cache

from supportops.rendering.render import one_line
from supportops.reports.figures import By, Clock
from supportops.reports.words.dates import Reader

# Characters. A subject can be a novel; the rest of it is in the ticket.
LONGEST = 300
NOBODY, NAMELESS = "nobody", "(no name)"
OVERALL = "Overall (mixed tiers)"

_METRICS = {
    "first_reply_time": "First reply",
    "next_reply_time": "Next reply",
    "update_time": "Update",
    "resolution_time": "Resolution",
}
_KINDS = {"outage": "Down", "fault": "Fault", "certificate": "Certificate"}
_NAMELESS = {
    By.TIER: "No tier",
    By.CUSTOMER: "No customer",
    By.SITE: "No site",
    By.ASSIGNEE: "Nobody",
    By.ALL: OVERALL,
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
    return short_line(reader.tier_titles.get(name) or name, 60) or NAMELESS


def tier_inside(name: str, reader: Reader) -> str:
    """The tier in the middle of a sentence: "bug fixes", but "VIP support"."""
    title = tier(name, reader)
    is_titled = name in reader.tier_titles and not title[1:2].isupper()
    return title[:1].lower() + title[1:] if is_titled else title


def metric(name: str | None) -> str:
    """ "First reply"; None is all of them together."""
    return "All" if name is None else _METRICS.get(name) or short_line(name, 60)


def promise(clock: Clock, reader: Reader) -> str:
    """Whose clock it is: "Bug fixes: first reply"."""
    return f"{tier(clock.tier, reader)}: {metric(clock.metric).lower()}"


def group(by: By, name: str | None, reader: Reader) -> str:
    """The name of a line, by what lines are grouped by."""
    if name is None:
        return _NAMELESS[by]
    return tier(name, reader) if by is By.TIER else short_line(name, 80) or NAMELESS


def kind(name: str) -> str:
    """The name of a kind of incident."""
    return _KINDS.get(name) or short_line(name, 40)


def channel(name: str, reader: Reader) -> str:
    """The name of a channel."""
    return reader.channel_labels.get(name) or short_line(name, 40)


def owner(name: str | None) -> str:
    """The assignee of a ticket."""
    return short_line(name, 80) if name else NOBODY


def plural(number: int, one: str, more: str = "", reader: Reader | None = None) -> str:
    """ "1 breach", "4 breaches", "1,204 breaches"; digits as `reader` groups them."""
    digits = reader.count(number) if reader else f"{number:,}"
    return f"{digits} {one if number == 1 else more or one + 's'}"
