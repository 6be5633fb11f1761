"""Each table has a rule that bounds it, or the documents say why it is kept."""

from __future__ import annotations

import re
from collections import Counter

from airflow_home import ROOT
from supportops.config.of_store.retention import AS_SHIPPED
from supportops.db.schema import metadata
from supportops.sites.domains.store import STORED_FOR as DOMAINS
from supportops.sites.log.chains import MOST_OF_A_SITE
from supportops.sites.push.store import MOST_OF_ONE
from supportops.sites.push.store import STORED_FOR as PUSHES


def test_the_documents_say_of_each_table_what_bounds_it() -> None:
    text = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    section = text.partition("### Table by table")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    named = Counter(name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1]))
    assert named == Counter(metadata.tables.keys())
    said = " ".join(rows)
    assert f"{PUSHES.days} days, and {MOST_OF_ONE:,} pushes of a monitor" in said
    assert f"{DOMAINS.days} days: one a domain" in said
    assert f"the last {MOST_OF_A_SITE} of a site" in said
    shown = re.search(r"retention:\n(.*?)```", text, re.DOTALL)
    assert shown is not None
    assert AS_SHIPPED.checks is not None
    assert f"checks: {AS_SHIPPED.checks.days}d" in shown[1]
