"""The DAG tests run in a real Airflow of their own."""

import pytest

import airflow_home


@pytest.fixture(scope="session", autouse=True)
def _airflow():
    airflow_home.migrated()


@pytest.fixture(scope="session")
def bag():
    """Every DAG file as Airflow's processor reads it."""
    return airflow_home.dag_bag()
