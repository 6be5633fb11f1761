"""A connection whose address cannot be read is one line, which holds nothing of its password."""

from __future__ import annotations

import traceback

import pytest

from supportops.airflow_settings import AIRFLOW_VARIABLE, airflow_login
from supportops.bootstrap import open_ticket_sources, store_address
from supportops.connections import SetupError
from supportops.db.engine import StoreAddressError, store_url

# What urllib's own errors repeat: signs that mean others once they are normalized, and brackets.
ADDRESSES = (
    "https://user:pa\u2100hunter2@host",
    "https://user:[hunter2@host",
    "https://u:hunter2]@h",
)


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_error_repeats_a_password(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AIRFLOW_CONN_ZENDESK", AIRFLOW_VARIABLE, "AIRFLOW_CONN_SUPPORT_DB"):
        monkeypatch.setenv(name, address)
    monkeypatch.delenv("SUPPORTOPS_DATABASE_URL", raising=False)
    with (
        pytest.raises(SetupError, match="the connection zendesk") as of_tickets,
        open_ticket_sources(),
    ):
        pass
    with pytest.raises(SetupError, match="the connection airflow_api") as of_airflow:
        airflow_login()
    with pytest.raises(StoreAddressError) as of_store:
        store_url(store_address())
    for error in (of_tickets, of_airflow, of_store):
        assert "hunter2" not in "".join(traceback.format_exception(error.value))
