"""What every task of every DAG starts from; a DAG adds how often and how soon it tries again."""

from datetime import timedelta

DEFAULT_ARGS = {
    "owner": "supportops",
    # A task's token lasts ten minutes, and renewing it can fail (apache/airflow#67939).
    "execution_timeout": timedelta(minutes=7),
}
