"""A customer's month as a document: uptime first, then incidents, promises, tickets, what is ahead,
the work that was done, and the year so far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from supportops.rendering.catalogue import spoken
from supportops.reports.audience import Audience
from supportops.reports.document import Block, Document, Head, Section, Words
from supportops.reports.figures import Figures, Month
from supportops.reports.measuring.month import watched_since
from supportops.reports.words import explanations, labels, site_answers
from supportops.reports.words import sentences as general
from supportops.reports.words.dates import Reader
from supportops.reports.words.explanations import Policy
from supportops.reports.words.monthly import sentences, site_tables, ticket_tables, year


def document(
    figures: Figures,
    audience: Audience,
    *,
    tier_titles: Mapping[str, str],
    tier_ranks: Mapping[str, int],
    head: Head,
    policies: Mapping[str, Policy] | None = None,
    corrects: bool = False,
    version: str | None = None,
) -> Document:
    """The month in words, for the customer that `figures` are about alone.

    Its figures hold a `month`. `policies`: by the names that figures have. As
    `words.wording.document`, all of it is in the audience's language, texts are single lines and
    not escaped, and the same input gives the same document.
    """
    month = figures.month
    assert month is not None
    known = policies or {}
    reader = Reader(spoken(audience.language), audience.zone, tier_titles, {}, tier_ranks)
    return Document(
        language=reader.language,
        subject=sentences.subject(figures, reader, corrects=corrects),
        title=reader.gettext(
            "Your report for {month}", month=sentences.month_name(figures, reader)
        ),
        subtitle=_subtitle(figures, head, reader),
        notices=tuple(_notices(figures, reader, corrects=corrects)),
        summary=sentences.summary(figures, reader),
        tiles=tuple(sentences.tiles(figures, reader)),
        sections=tuple(_sections(figures, month, reader)),
        definitions=explanations.for_customers(figures, reader),
        footer=tuple(
            explanations.footer_for_customers(
                figures,
                reader,
                [known[name] for name in figures.policies if name in known],
                version=version,
            )
        ),
        keywords=(figures.period.label,),
        head=head,
    )


def _subtitle(figures: Figures, head: Head, reader: Reader) -> str:
    days = reader.days(figures.period.first_day, figures.period.last_day, year=True)
    parts = [labels.short_line(figures.customer or "", 80), days]
    if head.name:
        by = reader.gettext("by {agency}", agency=labels.short_line(head.name, 80))
        parts.insert(1, by)
    return " · ".join(parts)


def _notices(figures: Figures, reader: Reader, *, corrects: bool) -> Iterator[Words]:
    since = watched_since(figures)
    if since is not None:
        watched = reader.gettext(
            "Sites were watched since {instant}: their figures are of the time after it.",
            instant=reader.instant(since),
        )
        yield Words(watched)
    quiet = reader.gettext("No ticket arrived in this period, and none is open.")
    for notice in general.notices(figures, reader, corrects=corrects):
        if notice.text != quiet:  # the summary says so
            yield notice


def _sections(figures: Figures, month: Month, reader: Reader) -> Iterator[Section]:
    sites = site_answers.whole(figures) is not None
    tickets = sentences.has_tickets(figures)
    blocks: list[tuple[str, str, tuple[Block, ...]]] = []
    if sites:
        blocks += [
            ("sites", reader.gettext("Uptime"), site_tables.uptime(figures, reader)),
            ("incidents", reader.gettext("Incidents"), site_tables.incidents(figures, reader)),
        ]
    if tickets:
        blocks += [
            ("promises", reader.gettext("Promises"), ticket_tables.promises(figures, reader)),
            ("tickets", reader.gettext("Tickets"), ticket_tables.tickets(figures, month, reader)),
        ]
    if month.watched or month.unknown:
        title = reader.gettext("Certificates and domains")
        blocks.append(("ahead", title, site_tables.ahead(figures, month, reader)))
    if tickets:
        blocks.append(
            ("work", reader.gettext("Work that was done"), ticket_tables.work(month, reader))
        )
    if len(month.year) > 1 or tickets or sites:
        shown = year.year(
            month,
            reader,
            sites=sites or any(each.sites for each in month.year),
            tickets=tickets or any(each.arrived or each.due for each in month.year),
        )
        blocks.append(("year", reader.gettext("The year so far"), shown))
    for name, title, found in blocks:
        yield Section(name, title, found)
