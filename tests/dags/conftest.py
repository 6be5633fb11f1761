"""The DAG tests run in a real Airflow of their own."""

import pytest

import airflow_home


@pytest.fixture(scope="session", autouse=True)
def _airflow():
    airflow_home.migrated()
