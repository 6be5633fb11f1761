"""Every metric by its name: what it says, and which labels it has.

Names follow Prometheus's conventions: a prefix, base units, `_timestamp_seconds` for an instant
(its age is `time() - …`, right however long ago the text was made), `_info` for a constant 1. All
are gauges: what the store counts can go down, since old rows are removed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PREFIX = "supportops_"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. `help` is its HELP text. `per_site`: only shown where sites were asked for."""

    help: str
    labels: tuple[str, ...] = ()
    per_site: bool = False


METRICS: Mapping[str, Metric] = {
    "up": Metric("1 if the store answers and has this version's schema, 0 if not."),
    "build_info": Metric("Always 1; the versions that run.", ("version", "airflow", "python")),
    "collector_success": Metric("1 if this part could be read, 0 if not.", ("part",)),
    "store_info": Metric("Always 1; the store's kind and its revision.", ("kind", "revision")),
    "store_size_bytes": Metric("Size of the store."),
    "configuration_info": Metric("Always 1; the configuration in force.", ("digest",)),
    "configuration_loaded_timestamp_seconds": Metric(
        "When the configuration in force was activated."
    ),
    "alerts_held": Metric("1 while nobody is notified, before the installation is live."),
    # Sites.
    "sites": Metric("Sites by state, as the board shows them.", ("state",)),
    "incidents_open": Metric("Open incidents.", ("kind",)),
    "last_check_timestamp_seconds": Metric("When the last run of the site check was judged."),
    "last_check_duration_seconds": Metric("From the start of that run to its judgement."),
    "last_check_sites": Metric("How many sites that run checked."),
    "certificate_earliest_expiry_timestamp_seconds": Metric(
        "When the first of all sites' certificates expires."
    ),
    "push_monitors": Metric("Monitors of jobs that push, by state.", ("state",)),
    "site_up": Metric(
        "1 if the site answers, 0 if it is down; absent while unknown or in maintenance.",
        ("site",),
        per_site=True,
    ),
    "site_response_seconds": Metric(
        "How long the last check of a site that answers took.", ("site",), per_site=True
    ),
    "site_certificate_expiry_timestamp_seconds": Metric(
        "When the site's certificate expires.", ("site",), per_site=True
    ),
    # What runs.
    "flow_last_run_timestamp_seconds": Metric("When a flow last finished its work.", ("flow",)),
    "flow_last_run_duration_seconds": Metric("How long that took.", ("flow",)),
    "flow_interval_seconds": Metric("How often a flow is to work.", ("flow",)),
    "source_last_sync_timestamp_seconds": Metric(
        "When a ticket source was last read to its end.", ("source",)
    ),
    "report_last_issued_timestamp_seconds": Metric("When a report was last issued.", ("cadence",)),
    "reports_waiting": Metric("Reports that wait for approval."),
    # Messages.
    "outbox_messages": Metric("Messages that are not finished.", ("state",)),
    "outbox_due_messages": Metric("Messages that could be sent by now."),
    "outbox_oldest_due_timestamp_seconds": Metric(
        "Since when the oldest message that could be sent has been due; absent if there is none."
    ),
    "delivery_attempts_last_day": Metric(
        "Attempts at messages in the last 24 hours.", ("receiver", "channel", "outcome")
    ),
    "receiver_failing": Metric("1 while messages to a receiver do not arrive.", ("receiver",)),
    "alerts_open": Metric("Open alerts.", ("kind", "severity")),
    "notices_waiting": Metric("Notices to customers that wait for approval."),
    "notice_oldest_waiting_timestamp_seconds": Metric(
        "When the oldest notice that waits was drafted; absent if there is none."
    ),
    # Tickets.
    "tickets_open": Metric("Open tickets.", ("tier",)),
    "clocks_open": Metric(
        "Clocks with a promise that run or are paused, as of the last sweep.", ("tier", "metric")
    ),
    "clocks_breached": Metric(
        "Open clocks whose promise is broken, by their alerts.", ("tier", "metric")
    ),
    "clocks_at_risk": Metric(
        "Open clocks that the sweep warns of, by their alerts.", ("tier", "metric")
    ),
    # The installation.
    "doctor_findings": Metric("Findings of the last examination.", ("level",)),
    "doctor_last_examination_timestamp_seconds": Metric("When it was examined last."),
    "airflow_dags": Metric("DAGs of this project in Airflow's own list, by state.", ("state",)),
}
