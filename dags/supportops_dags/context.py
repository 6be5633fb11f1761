"""The installation that a task works with; its secrets are Airflow's Connections."""

from airflow.sdk import Connection


def open_context():
    """A context manager of `supportops.context.Context`; see `supportops.bootstrap.open_context`.

    It is imported when a task calls it: what the bootstrap imports would slow down every parse.
    """
    from supportops.bootstrap import open_context

    return open_context(Connection.get)
