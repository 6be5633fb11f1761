"""How somebody says that a file is written, whatever its mapping says."""

from __future__ import annotations

from dataclasses import dataclass, replace

from supportops.tickets.imports.instants import EPOCH_MILLISECONDS, EPOCH_SECONDS, EXCEL, ISO, YMD
from supportops.tickets.imports.mapping import FileFormat, ImportMapping


@dataclass(frozen=True, slots=True)
class Written:
    """What was said of a file; None leaves it to the mapping.

    `dates` is dmy, mdy or ymd, `zone` an IANA name, `decimal_comma` whether numbers have one.
    """

    format: FileFormat | None = None
    encoding: str | None = None
    delimiter: str | None = None
    dates: str | None = None
    zone: str | None = None
    decimal_comma: bool | None = None

    def applied(self, mapping: ImportMapping) -> ImportMapping:
        """`mapping` with what was said."""
        times = mapping.times
        if self.dates is not None:
            others = (YMD, EXCEL, EPOCH_SECONDS, EPOCH_MILLISECONDS)
            times = replace(times, formats=tuple(dict.fromkeys((ISO, self.dates, *others))))
        if self.zone is not None:
            times = replace(times, zone=self.zone)
        comma = mapping.decimal_comma if self.decimal_comma is None else self.decimal_comma
        return replace(
            mapping,
            format=self.format or mapping.format,
            encoding=self.encoding or mapping.encoding,
            delimiter=self.delimiter or mapping.delimiter,
            times=times,
            decimal_comma=comma,
        )
