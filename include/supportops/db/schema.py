"""Every table, on one page.

Instants are aware UTC: `timestamptz` on PostgreSQL, whole microseconds since 1970 on SQLite.
Logs (`check_runs`, `check_results`, `alert_acts`, `notification_log`, `configurations`,
`incident_notes`, `notice_acts`, `reports` with their documents) are only ever appended to, and what
is old of some is removed (`flows/operations/housekeeping.py`); `site_days` says the same of checks;
`site_status`, `incidents`, `alerts`, `messages` and `notices` are what was folded from them and
what is still to be done.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeDecorator, TypeEngine

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    }
)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Instant(TypeDecorator[datetime]):
    """An aware datetime, exact to the microsecond; a naive one is refused."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.TIMESTAMP(timezone=True))
        return dialect.type_descriptor(BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a naive datetime for an instant: {value!r}")
        return value if dialect.name == "postgresql" else (value - EPOCH) // MICROSECOND

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if dialect.name == "postgresql":
            found: datetime = value.astimezone(UTC)
            return found
        return EPOCH + timedelta(microseconds=value)


Json = JSON().with_variant(postgresql.JSONB(), "postgresql")
UNDELIVERED = (
    "phase = 'firing' AND "
    "(state = 'given_up' OR state = 'unknown' OR state = 'waiting' AND attempts > 0)"
)
"""The messages of an alert that did not reach their receiver, or not yet, after an attempt."""
BigId = BigInteger().with_variant(Integer, "sqlite")

configurations = Table(
    "configurations",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("loaded_at", Instant, nullable=False),
    Column("document", Json, nullable=False),
)

logos = Table(
    "logos",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

configuration_parts = Table(
    "configuration_parts",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("content", Json, nullable=False),
)

flow_activity = Table(
    "flow_activity",
    metadata,
    Column("flow", Text, primary_key=True),
    Column("since", Instant, nullable=False),
    Column("at", Instant, nullable=False),
    Column("seconds", Float),
    Column("counts", Json),
)

check_runs = Table(
    "check_runs",
    metadata,
    Column("slot", Instant, primary_key=True, autoincrement=False),
    Column("configuration", ForeignKey("configurations.digest"), nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("sites", Integer, nullable=False),
    Column("judged_at", Instant),
    Column("judged_order", BigInteger),
    Column("summary", Json),
    Column("due", Text),
    Index("check_runs_unjudged_idx", "slot", postgresql_where=text("judged_at IS NULL")),
    UniqueConstraint("judged_order"),
)

check_parts = Table(
    "check_parts",
    metadata,
    Column("judged_order", BigInteger, primary_key=True, autoincrement=False),
    Column("slot", ForeignKey("check_runs.slot"), nullable=False, index=True),
    Column("judged_at", Instant, nullable=False),
    Column("pages", Json, nullable=False),
    Column("controls", Json, nullable=False),
)

check_results = Table(
    "check_results",
    metadata,
    Column("slot", Instant, primary_key=True, autoincrement=False),
    Column("site", Text, primary_key=True),
    Column("page", Text, primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("checked_at", Instant, nullable=False),
    Column("url", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("status", Integer),
    Column("dns_ms", Float),
    Column("connect_ms", Float),
    Column("tls_ms", Float),
    Column("first_byte_ms", Float),
    Column("total_ms", Float),
    Column("certificate_expires", Instant),
    Column("address", Text),
    Column("bytes", BigInteger, nullable=False),
    Column("redirects", Integer, nullable=False),
    Index(None, "site", "page", "slot"),
)

site_status = Table(
    "site_status",
    metadata,
    Column("site", Text, primary_key=True),
    Column("page", Text, primary_key=True),
    Column("track", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("since", Instant, nullable=False),
    Column("checked_at", Instant, nullable=False),
    Column("total_ms", Float),
    Column("certificate_expires", Instant),
    Column("fold", Json, nullable=False),
)

rota_calendars = Table(
    "rota_calendars",
    metadata,
    Column("team", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("tried_at", Instant, nullable=False),
    Column("duties", Json, nullable=False),
    Column("unknown", Json, nullable=False),
    Column("until", Instant),
    Column("read_at", Instant),
    Column("failures", Integer, nullable=False),
    Column("error", Text),
)

certificate_chains = Table(
    "certificate_chains",
    metadata,
    Column("site", Text, primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("since", Instant, nullable=False),
    Column("chain", Json, nullable=False),
)

# Lengths in microseconds; `until` a whole hour, `day` the midnight of a UTC day.
site_folds = Table(
    "site_folds",
    metadata,
    Column("site", Text, primary_key=True),
    Column("until", Instant, nullable=False),
)

pruned = Table(
    "pruned",
    metadata,
    Column("what", Text, primary_key=True),
    Column("until", Instant, nullable=False),
)

site_days = Table(
    "site_days",
    metadata,
    Column("day", Instant, primary_key=True, autoincrement=False),
    Column("site", Text, primary_key=True),
    Column("customer", Text, primary_key=True),
    Column("up", BigInteger, nullable=False),
    Column("degraded", BigInteger, nullable=False),
    Column("down", BigInteger, nullable=False),
    Column("maintenance", BigInteger, nullable=False),
    Column("checks", Integer, nullable=False),
    Column("hours", Text, nullable=False),
    Column("timeline", Text, nullable=False),
    Column("known_at", Instant, nullable=False),
    Column("quarters", Text),
    Index(None, "site", "day"),
)

announced_maintenance = Table(
    "announced_maintenance",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("scope", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("reason", Text, nullable=False),
    Column("announced_by", Text, nullable=False),
    Column("announced_at", Instant, nullable=False),
    Column("ended_by", Text),
    Column("ended_at", Instant),
    Index(None, "ends_at"),
)

pushes = Table(
    "pushes",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("monitor", Text, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("exit_code", Integer),
    Column("message", Text, nullable=False),
    Column("reported", Json, nullable=False),
    Column("signature", Text),
    UniqueConstraint("monitor", "signature"),
    Index(None, "monitor", "id"),
    Index(None, "received_at"),
)

push_standings = Table(
    "push_standings",
    metadata,
    Column("monitor", Text, primary_key=True),
    Column("folded", BigInteger, nullable=False),
    Column("judged_at", Instant, nullable=False),
    Column("state", Text, nullable=False),
    Column("fold", Json, nullable=False),
)

sync_nudges = Table(
    "sync_nudges",
    metadata,
    Column("signature", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("asked_at", Instant),
    Index(None, "received_at"),
)

domain_checks = Table(
    "domain_checks",
    metadata,
    Column("domain", Text, primary_key=True),
    Column("checked_at", Instant, primary_key=True, autoincrement=False),
    Column("found", Json, nullable=False),
    Index(None, "checked_at"),
)

domain_standings = Table(
    "domain_standings",
    metadata,
    Column("domain", Text, primary_key=True),
    Column("checked_at", Instant, nullable=False),
    Column("fold", Json, nullable=False),
)

endpoint_stops = Table(
    "endpoint_stops",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("since", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    Index(None, "until"),
)

incidents = Table(
    "incidents",
    metadata,
    Column("key", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("site", Text),
    Column("page", Text),
    Column("host", Text),
    Column("customer", Text),
    Column("reason", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("closed_at", Instant),
    Column("flapping", Boolean, nullable=False),
    Column("facts", Json, nullable=False),
    Index(
        "incidents_open_key",
        "kind",
        "subject",
        unique=True,
        postgresql_where=text("closed_at IS NULL"),
        sqlite_where=text("closed_at IS NULL"),
    ),
    Index(None, "started_at"),
    Index(None, "site", "started_at"),
)

alerts = Table(
    "alerts",
    metadata,
    Column("key", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("headline", Text, nullable=False),
    Column("site", Text),
    Column("customer", Text),
    Column("host", Text),
    Column("facts", Json, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("last_seen_at", Instant, nullable=False),
    Column("resolved_at", Instant),
    Column("settled_at", Instant),
    Column("acknowledged_at", Instant),
    Column("acknowledged_by", Text),
    Column("held", Boolean, nullable=False, server_default=false()),
    Column("acknowledged_until", Instant),
    Column("snoozed_by", Text),
    Column("snoozed_until", Instant),
    Column("resumed_at", Instant),
    Index(None, "kind", "opened_at"),
    # A key begins with what it is about: of a range of keys only in the order of their bytes.
    Index("alerts_key_pattern_idx", "key", postgresql_ops={"key": "text_pattern_ops"}),
    Index(
        "alerts_open_key",
        "kind",
        "subject",
        unique=True,
        postgresql_where=text("resolved_at IS NULL"),
        sqlite_where=text("resolved_at IS NULL"),
    ),
    Index(
        "alerts_open_severity_idx",
        "severity",
        "opened_at",
        "key",
        postgresql_where=text("resolved_at IS NULL"),
        sqlite_where=text("resolved_at IS NULL"),
    ),
    Index(
        "alerts_unsettled_idx",
        "opened_at",
        postgresql_where=text("settled_at IS NULL"),
        sqlite_where=text("settled_at IS NULL"),
    ),
)

alert_hold = Table(
    "alert_hold",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("since", Instant, nullable=False),
    Column("released_at", Instant),
    Column("released_by", Text),
)

alert_acts = Table(
    "alert_acts",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("alert", ForeignKey("alerts.key"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("note", Text, nullable=False),
    Column("ends_at", Instant),
    Index(None, "alert"),
)

silences = Table(
    "silences",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("matchers", Json, nullable=False),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("reason", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expired_by", Text),
    Column("expired_at", Instant),
    Column("replaces", BigInteger),
    Index(None, "ends_at"),
)

messages = Table(
    "messages",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("alert", ForeignKey("alerts.key"), nullable=False),
    Column("target", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("phase", Text, nullable=False),
    Column("step", Integer, nullable=False),
    Column("reminder", Integer, nullable=False),
    Column("why", Text, nullable=False),
    Column("urgency", Integer, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("queued_at", Instant, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", Instant, nullable=False),
    Column("claimed_by", Text),
    Column("claimed_at", Instant),
    Column("claimed_until", Instant),
    Column("maybe_sent", Boolean, nullable=False),
    Column("digest", Boolean, nullable=False, server_default=false()),
    Column("finished_at", Instant),
    Column("duty", Text),
    UniqueConstraint("alert", "target", "phase", "step", "reminder"),
    # A query uses it only where it has these very words.
    Index(
        "messages_undelivered_idx",
        "alert",
        postgresql_where=text(UNDELIVERED),
        sqlite_where=text(UNDELIVERED),
    ),
    Index(
        "messages_unfinished_idx",
        "next_attempt_at",
        postgresql_where=text("finished_at IS NULL"),
        sqlite_where=text("finished_at IS NULL"),
    ),
    Index(None, "target", "finished_at"),
)

notification_log = Table(
    "notification_log",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("message", ForeignKey("messages.id"), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("alert", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("bundle", Text),
    Column("started_at", Instant, nullable=False),
    Column("seconds", Float, nullable=False),
    UniqueConstraint("message", "attempt"),
    Index(None, "target", "started_at"),
    Index(None, "alert"),
)

incident_notes = Table(
    "incident_notes",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("about", Text, nullable=False, index=True),
    Column("cause", Text),
    Column("note", Text),
    Column("noted_by", Text, nullable=False),
    Column("noted_at", Instant, nullable=False),
    Column("done", Text),
)

notice_threads = Table(
    "notice_threads",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("customer", Text, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Column("closed_why", Text),
    Column("sites", Json, nullable=False),
    Column("incidents", Json, nullable=False),
    Index(None, "customer", "opened_at"),
    Index(
        "notice_threads_open_idx",
        "id",
        postgresql_where=text("closed_at IS NULL"),
        sqlite_where=text("closed_at IS NULL"),
    ),
)

notices = Table(
    "notices",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("thread", ForeignKey("notice_threads.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("language", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("items", Json, nullable=False),
    Column("cause", Text, nullable=False),
    Column("drafted_at", Instant, nullable=False),
    Column("decide_at", Instant, nullable=False),
    Column("timeout", Text, nullable=False),
    Column("edited", Boolean, nullable=False),
    Column("every", BigInteger),
    Column("decided_by", Text),
    Column("decided_at", Instant),
    Column("next_at", Instant),
    Column("alert", Text),
    Column("due", Text),
    UniqueConstraint("thread", "number"),
    Index(
        "notices_waiting_key",
        "thread",
        unique=True,
        postgresql_where=text("state = 'waiting'"),
        sqlite_where=text("state = 'waiting'"),
    ),
    Index(None, "drafted_at"),
    Index(None, "alert"),
)

notice_acts = Table(
    "notice_acts",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("notice", ForeignKey("notices.id"), nullable=False, index=True),
    Column("act", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("why", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
)

notice_comments = Table(
    "notice_comments",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("notice", ForeignKey("notices.id"), nullable=False),
    Column("source", Text, nullable=False),
    Column("ticket", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("counts_as", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", Instant, nullable=False),
    Column("detail", Text, nullable=False),
    Column("finished_at", Instant),
    UniqueConstraint("notice", "source", "ticket"),
    Index(None, "source", "ticket"),
    Index(
        "notice_comments_unfinished_idx",
        "next_attempt_at",
        postgresql_where=text("finished_at IS NULL"),
        sqlite_where=text("finished_at IS NULL"),
    ),
)

tickets = Table(
    "tickets",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("source", Text, nullable=False),
    Column("ticket", Text, nullable=False),
    Column("created_at", Instant),
    Column("subject", Text, nullable=False),
    Column("requester", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("priority", Text),
    Column("tier", Text),
    Column("assignee", Text),
    Column("site", Text),
    Column("customer", Text),
    Column("tags", Text, nullable=False),
    Column("merged_into", Text),
    Column("ended_at", Instant),
    Column("solved_at", Instant),
    Column("updated_at", Instant),
    Column("open", Boolean, nullable=False),
    Column("tier_rule", Text),
    Column("touched_at", Instant, nullable=False),
    Column("swept_at", Instant),
    Column("next_at", Instant),
    UniqueConstraint("source", "ticket"),
    Index(
        "tickets_open_idx",
        "id",
        postgresql_where=text("open"),
        sqlite_where=text("open"),
    ),
    # The order in which the queue judges tickets.
    Index(
        "tickets_queue_idx",
        text("(swept_at IS NOT NULL)"),
        text("(next_at IS NULL)"),
        "next_at",
        text("id DESC"),
        postgresql_where=text("open"),
        sqlite_where=text("open"),
    ),
    Index(None, "touched_at"),
    Index(None, "next_at"),
    Index(None, "site", "created_at"),
    Index(None, "created_at"),
    Index(None, "solved_at"),
    Index(None, "updated_at"),
)

ticket_events = Table(
    "ticket_events",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("source", Text, nullable=False),
    Column("source_event", Text, nullable=False),
    Column("ticket", ForeignKey("tickets.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("happened_at", Instant, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("value", Text),
    Column("facts", Json),
    Column("sequence", BigInteger, nullable=False, server_default="0"),
    UniqueConstraint("source", "source_event"),
    Index(None, "ticket", "happened_at"),
    Index(None, "recorded_at"),
)

what_ifs = Table(
    "what_ifs",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("started_by", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("policy", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("done", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("result", Json),
    Column("error", Text),
)

sync_marks = Table(
    "sync_marks",
    metadata,
    Column("source", Text, primary_key=True),
    Column("stream", Text, primary_key=True),
    Column("mark", Text, nullable=False),
    Column("moved_at", Instant, nullable=False),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("source", Text, nullable=False),
    Column("record", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    UniqueConstraint("source", "record", "reason"),
)

mailbox_messages = Table(
    "mailbox_messages",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("identity", Text, nullable=False, unique=True),
    Column("mailbox", Text, nullable=False),
    Column("folder", Text, nullable=False),
    Column("message_id", Text),
    Column("outcome", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("ticket", Text),
    Column("received_at", Instant, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Index(None, "message_id"),
)

recordings = Table(
    "recordings",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("message", ForeignKey("mailbox_messages.id"), nullable=False),
    Column("ticket", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("seconds", Float),
    Column("received_at", Instant, nullable=False),
    Column("transcribed_at", Instant),
    Column("content", LargeBinary, nullable=False),
    Index(None, "ticket"),
    Index(
        "recordings_untranscribed_idx",
        "id",
        postgresql_where=text("transcribed_at IS NULL"),
        sqlite_where=text("transcribed_at IS NULL"),
    ),
)

reports = Table(
    "reports",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("cadence", Text, nullable=False),
    Column("period", Text, nullable=False),
    Column("audience", Text, nullable=False),
    Column("edition", Integer, nullable=False),
    Column("customer", Text),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("as_of", Instant, nullable=False),
    Column("data_until", Instant),
    Column("made_at", Instant, nullable=False),
    Column("issued_at", Instant),
    Column("alert", Text),
    Column("configuration", ForeignKey("configurations.digest"), nullable=False),
    Column("code", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("recipients", Json, nullable=False),
    Column("figures", Json, nullable=False),
    Column("troubles", Json, nullable=False),
    Column("approval", Text),
    Column("decided_by", Text),
    Column("decided_at", Instant),
    UniqueConstraint("cadence", "period", "audience", "edition"),
    UniqueConstraint("alert"),
    Index(
        "reports_waiting_idx",
        "id",
        postgresql_where=text("approval = 'waiting'"),
        sqlite_where=text("approval = 'waiting'"),
    ),
    Index(None, "audience", "cadence", "starts_at"),
)

report_documents = Table(
    "report_documents",
    metadata,
    Column("report", ForeignKey("reports.id"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("media_type", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
)
