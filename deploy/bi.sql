-- A user for reports of one's own (Metabase, Power BI, a spreadsheet), who reads these views and nothing
-- else: no secret, no recording, nothing that a customer or an agent wrote, nobody's name or address.
-- Run by PostgreSQL's administrator, again after each upgrade:
--
--     docker compose exec -T postgres psql -U postgres < deploy/bi.sql
--     docker compose exec postgres psql -U postgres -c '\password supportops_bi'
--
-- Views run with the rights of their owner, the store's user; the reader has none on the tables.
\set ON_ERROR_STOP on
SET client_min_messages = warning;

SELECT 'CREATE ROLE supportops_bi' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'supportops_bi') \gexec
ALTER ROLE supportops_bi LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 4;
ALTER ROLE supportops_bi SET default_transaction_read_only = on;
-- A long question must not keep old rows from being removed.
ALTER ROLE supportops_bi SET statement_timeout = '60s';
ALTER ROLE supportops_bi SET idle_in_transaction_session_timeout = '60s';
-- A session may change those for itself, but not this: what a question may write while it sorts.
ALTER ROLE supportops_bi SET temp_file_limit = '2GB';
SELECT format('REVOKE %s FROM supportops_bi GRANTED BY %s CASCADE', roleid::regrole, grantor::regrole)
FROM pg_auth_members WHERE member = 'supportops_bi'::regrole \gexec
GRANT CONNECT ON DATABASE supportops TO supportops_bi;

\connect supportops
SET client_min_messages = warning;
-- Whoever may connect may otherwise take the locks by which the store's user works, which would stop
-- every alert, and fill the disk with large objects.
SELECT format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', pg_proc.oid::regprocedure)
FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace
AND proname ~ '^(pg_(try_)?advisory_|lo_|loread$|lowrite$)' \gexec
SELECT format('GRANT EXECUTE ON FUNCTION %s TO supportops', pg_proc.oid::regprocedure)
FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND proname ~ '^pg_(try_)?advisory_' \gexec
SET ROLE supportops;
BEGIN;
DROP SCHEMA IF EXISTS bi CASCADE;
CREATE SCHEMA bi;

CREATE VIEW bi.tickets AS
SELECT source, ticket, created_at, status, priority, tier, site, customer, merged_into, open,
       solved_at, ended_at, updated_at
FROM public.tickets;

CREATE VIEW bi.incidents AS
SELECT kind, site, page, host, customer, reason, started_at, opened_at, ended_at, closed_at, flapping
FROM public.incidents;

-- Seconds of each day in each state.
CREATE VIEW bi.site_days AS
SELECT day, site, customer, up / 1e6 AS up, degraded / 1e6 AS degraded, down / 1e6 AS down,
       maintenance / 1e6 AS maintenance, checks
FROM public.site_days;

CREATE VIEW bi.site_status AS
SELECT site, page, state, reason, since, checked_at, total_ms, certificate_expires
FROM public.site_status;

CREATE VIEW bi.alerts AS
SELECT kind, severity, site, customer, host, opened_at, acknowledged_at, resolved_at
FROM public.alerts;

CREATE VIEW bi.notifications AS
SELECT target, channel, outcome, started_at, seconds FROM public.notification_log;

CREATE VIEW bi.reports AS
SELECT cadence, period, audience, edition, customer, starts_at, ends_at, made_at, issued_at, approval
FROM public.reports;

GRANT USAGE ON SCHEMA bi TO supportops_bi;
GRANT SELECT ON ALL TABLES IN SCHEMA bi TO supportops_bi;
COMMIT;
