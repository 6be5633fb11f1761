"""The installation that a task works with, and its time; its secrets are Airflow's Connections."""

from airflow.sdk import Connection


def open_context():
    """A context manager of `supportops.context.Context`; see `supportops.bootstrap.open_context`.

    It is imported when a task calls it: what the bootstrap imports would slow down every parse.
    """
    from supportops.bootstrap import open_context

    return open_context(Connection.get)


def clock_of(context):
    """The time that all workers share, whatever the clocks of their machines say."""
    from supportops.bootstrap import shared_clock

    return shared_clock(context.engine)
