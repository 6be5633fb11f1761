"""The alert rules and the dashboard ask for metrics that exist, and promtool accepts them."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

import pytest
import yaml

from airflow_home import ROOT
from supportops.web.metrics.catalogue import METRICS, PREFIX
from web.metrics.test_text import promtool

PROMETHEUS = ROOT / "deploy" / "prometheus"
RULES: list[dict[str, Any]] = yaml.safe_load((PROMETHEUS / "alerts.yml").read_text())["groups"][0][
    "rules"
]
DASHBOARD = json.loads((ROOT / "deploy/grafana/supportops.json").read_text())
# `{...}` after a metric, `by (...)` and `on (...)` hold the labels that a query names.
_LABELS = re.compile(rf"{PREFIX}(\w+){{([^}}]*)}}")


def queries() -> list[str]:
    panels = [
        target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", ())
    ]
    return [*panels, *(rule["expr"] for rule in RULES)]


def test_promtool_accepts_the_rules_and_each_fires_when_it_should_and_not_else() -> None:
    for command in (["check", "rules", "alerts.yml"], ["test", "rules", "alerts_test.yml"]):
        found = subprocess.run(
            ["promtool", *command], cwd=PROMETHEUS, capture_output=True, text=True, check=False
        )
        assert found.returncode == 0, found.stdout + found.stderr
    tests = yaml.safe_load((PROMETHEUS / "alerts_test.yml").read_text())["tests"]
    names = {rule["alert"] for rule in RULES}
    fired = {True: set[str](), False: set[str]()}
    for each in tests:
        for case in each["alert_rule_test"]:
            fired[bool(case["exp_alerts"])].add(case["alertname"])
    assert fired == {True: names, False: names}


def test_the_example_of_a_scrape_is_one_that_prometheus_reads() -> None:
    found = promtool("check", "config", "--syntax-only", str(PROMETHEUS / "prometheus.yml"))
    assert found.returncode == 0, found.stderr


def test_every_rule_names_a_section_of_the_runbook() -> None:
    runbook = (ROOT / "docs/runbook.md").read_text()
    sections = {name.lower().replace(" ", "-") for name in re.findall(r"^### (.*)$", runbook, re.M)}
    for rule in RULES:
        page, _, section = rule["annotations"]["runbook"].partition("#")
        assert (page, section in sections) == ("docs/runbook.md", True), rule["alert"]


def test_every_query_names_metrics_and_labels_that_exist() -> None:
    of_prometheus = {"job", "instance"}
    found = queries()
    assert len(found) > 40
    for query in found:
        for name in re.findall(rf"{PREFIX}(\w+)", query):
            if f'"{PREFIX}{name}' not in query:
                assert name in METRICS, query
        for name, inside in _LABELS.findall(query):
            labels = set(re.findall(r"(\w+)\s*[=!]", inside)) - of_prometheus
            assert labels <= set(METRICS[name].labels), query


def test_every_metric_is_on_the_dashboard_or_in_a_rule() -> None:
    shown = {name for query in queries() for name in re.findall(rf"{PREFIX}(\w+)", query)}
    elsewhere = {name for name, metric in METRICS.items() if metric.per_site} | {
        "configuration_loaded_timestamp_seconds",
        "doctor_last_examination_timestamp_seconds",
        "last_check_sites",
    }
    assert set(METRICS) - shown == elsewhere


@pytest.mark.parametrize("name", METRICS)
def test_the_page_lists_every_metric_as_it_is(name: str) -> None:
    metric = METRICS[name]
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    row = f"| `{PREFIX}{name}` | {labels} | {metric.help} |"
    assert row in (ROOT / "docs/metrics.md").read_text()
