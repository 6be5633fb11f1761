"""What the errors of an engine say."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from supportops.db.engine import reading


def test_an_error_holds_no_value_that_was_written_or_looked_for(store: Engine) -> None:
    statement = text("SELECT * FROM nothing WHERE a = :value")
    with pytest.raises(DBAPIError) as caught, reading(store) as connection:
        connection.execute(statement, {"value": "zq7secret"})
    assert "nothing" in str(caught.value)
    assert "zq7secret" not in str(caught.value)
