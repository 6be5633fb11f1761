"""`make licenses`: docs/licenses.md, the licence of everything that ships.

Read from the metadata of what is installed, which must be what the locks name.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from supportops.local.install.installation import ROOT

LOCKS = ("requirements.txt", "requirements-celery.txt")
PAGE = ROOT / "docs" / "licenses.md"
# What a company may ship beside its own code, and link to, without publishing that code.
FREE = re.compile(
    r"\b(MIT|BSD|Apache|ISC|PSF|Python Software Foundation|MPL|Mozilla Public|Unlicense|0BSD|Zlib"
    r"|CC0)\b",
    re.IGNORECASE,
)
COPYLEFT = re.compile(r"GPL|GNU|AGPL|SSPL|EUPL|CC-BY-(NC|SA)|Proprietary", re.IGNORECASE)
# Why each of these is shippable all the same.
REASONS = {
    "psycopg": "LGPL: an unchanged library of its own, which whoever has the image may replace",
    "psycopg-binary": "LGPL, as psycopg; it brings libpq (PostgreSQL licence) and OpenSSL",
    "pycurl": "LGPL or MIT: taken under MIT; it brings libcurl (curl licence) and OpenSSL",
    "text-unidecode": "Artistic or GPL: taken under the Artistic License, unchanged",
}
# Metadata that says less than the file LICENSE of the package.
READ_FROM_FILES = {"whoisit": "BSD-3-Clause"}
ASSETS = (
    ("idiomorph.min.js", "0BSD", "the board refreshes its pages with it"),
    ("DroidSansFallback.ttf", "Apache-2.0", "letters of other scripts in reports"),
)
HEAD = """\
# Licences of what ships

Written by `make licenses` from the metadata of the packages that `requirements.txt` and
`requirements-celery.txt` lock. A test fails for one that is under the GPL or AGPL, or under a
licence that is not known; those that need a reason have it here. supportops itself is under
Apache-2.0 ([LICENSE](../LICENSE)). The image stands on Apache Airflow's own (Apache-2.0, on
Debian), with PostgreSQL's beside it; both name their licences themselves.

"""


@dataclass(frozen=True, slots=True)
class Licensed:
    """A package and what it says of its licence; `reason` where that alone is not enough."""

    name: str
    licence: str
    reason: str = ""

    @property
    def is_free(self) -> bool:
        return bool(FREE.search(self.licence)) and not COPYLEFT.search(self.licence)


def locked(root: Path = ROOT) -> list[str]:
    """The names in the locks of what runs, in order."""
    texts = [(root / lock).read_text(encoding="utf-8") for lock in LOCKS]
    found = {
        re.sub(r"[._-]+", "-", name).lower()
        for text in texts
        for name in re.findall(r"^([A-Za-z0-9._-]+)==", text, re.MULTILINE)
    }
    return sorted(found)


def licensed(names: list[str]) -> Iterator[Licensed]:
    """Those of `names` that are installed; the others are for other systems or Pythons."""
    for name in names:
        try:
            about = metadata.metadata(name)
        except metadata.PackageNotFoundError:
            continue
        yield Licensed(name, licence_of(name, about), REASONS.get(name, ""))


def licence_of(name: str, about: metadata.PackageMetadata) -> str:
    """The licence by its expression, else by classifiers, else in the package's own first line."""
    classifiers = [
        each.rpartition(" :: ")[2]
        for each in about.get_all("Classifier") or ()
        if each.startswith("License :: ") and each != "License :: OSI Approved"
    ]
    expression, text = (
        (about.get_all(key) or [""])[0] for key in ("License-Expression", "License")
    )
    free_text = text.strip().partition("\n")[0][:80]
    found = expression or "; ".join(sorted(classifiers)) or free_text
    return str(found or READ_FROM_FILES.get(name, "unknown"))


def refused(packages: list[Licensed]) -> list[Licensed]:
    """Those that nothing says may be shipped."""
    return [each for each in packages if not each.is_free and not each.reason]


def page(packages: list[Licensed]) -> str:
    """The text of docs/licenses.md."""
    rows = ["| package | licence | why it may ship |", "|---|---|---|"]
    rows += [f"| {each.name} | {each.licence} | {each.reason} |" for each in packages]
    assets = [
        "",
        "## Files that are part of supportops",
        "",
        "| file | licence | use |",
        "|---|---|---|",
    ]
    assets += [f"| `{name}` | {licence} | {use} |" for name, licence, use in ASSETS]
    return HEAD + "\n".join([*rows, *assets]) + "\n"


def main() -> int:
    """0 where the page is written; 1 and the packages where one may not ship."""
    packages = list(licensed(locked()))
    if bad := refused(packages):
        for each in bad:
            sys.stderr.write(f"licenses: {each.name}: {each.licence}\n")
        return 1
    PAGE.write_text(page(packages), encoding="utf-8")
    sys.stderr.write(f"Wrote docs/licenses.md: {len(packages)} packages.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
