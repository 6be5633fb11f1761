"""The rota that the documentation shows: none ships, since it would notify people of an example."""

from __future__ import annotations

from typing import Any

import yaml

from airflow_home import ROOT
from supportops.config.yaml_source import plain


def rota_text() -> str:
    written = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    return written.partition("## On call")[2].partition("```yaml")[2].partition("```")[0]


def rota_data() -> Any:
    return plain(yaml.safe_load(rota_text()))
