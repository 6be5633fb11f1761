"""Files that the documentation shows: the ones that ship would notify people of an example."""

from __future__ import annotations

from typing import Any

import yaml

from airflow_home import ROOT
from supportops.config.yaml_source import plain


def rota_text() -> str:
    return _example("On call")


def rota_data() -> Any:
    return plain(yaml.safe_load(rota_text()))


def customers_text() -> str:
    return _example("Customers")


def customers_data() -> Any:
    return plain(yaml.safe_load(customers_text()))


def mailbox_text() -> str:
    return _example("Mailboxes")


def mailbox_data() -> Any:
    return plain(yaml.safe_load(mailbox_text()))


def store_data() -> Any:
    return plain(yaml.safe_load(_example("What is kept how long")))


def access_data() -> Any:
    return plain(yaml.safe_load(_example("Logins of customers")))


def _example(heading: str) -> str:
    written = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    return written.partition(f"## {heading}\n")[2].partition("```yaml")[2].partition("```")[0]
