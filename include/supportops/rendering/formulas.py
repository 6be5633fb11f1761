"""Texts in files for spreadsheets, which would compute those that look like a formula."""

from __future__ import annotations

import csv
import re
from io import StringIO

# The wide ones are the same to a spreadsheet that is set to an East Asian language.
_BEGINNINGS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_BEFORE_ALL = ("\t", "\r")
# A spreadsheet set to German or French cuts our lines at semicolons, whatever is quoted, so that a
# cell may begin anywhere (OWASP, CSV Injection).
_BEGINS_INSIDE = re.compile(f'([;\t\r\n][\\s"]*)(?=[{"".join(map(re.escape, _BEGINNINGS))}])')


def never_formula(text: str) -> str:
    """`text` with an apostrophe wherever a spreadsheet would take what follows for a formula: at
    its beginning, and after a sign that may separate cells."""
    computed = text.startswith(_BEFORE_ALL) or text.lstrip().startswith(_BEGINNINGS)
    return _BEGINS_INSIDE.sub(r"\1'", f"'{text}" if computed else text)


def csv_without_formulas(content: bytes) -> bytes:
    """A CSV file (UTF-8, ends of lines "\\n") whose cells no spreadsheet computes; numbers stay."""
    written = StringIO(newline="")
    rows = csv.writer(written, lineterminator="\n")
    for row in csv.reader(StringIO(content.decode("utf-8"), newline="")):
        rows.writerow([cell if _is_number(cell) else never_formula(cell) for cell in row])
    return written.getvalue().encode()


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
