"""When a task has the dispatch run: after it raised something, or an earlier try may have."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest


@pytest.fixture
def dispatching(bag: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module as the DAG files see it, with their folder on `sys.path`."""
    import importlib

    from airflow_home import DAGS

    monkeypatch.syspath_prepend(str(DAGS))
    return importlib.import_module("supportops_dags.dispatching")


@pytest.mark.parametrize(
    ("raised", "tries", "events"),
    [(True, 1, ["alerts"]), (False, 1, []), (False, 2, ["alerts"]), (True, 3, ["alerts"])],
)
def test_a_try_after_a_killed_one_asks_in_any_case(
    dispatching: Any, monkeypatch: pytest.MonkeyPatch, raised: bool, tries: int, events: list[str]
) -> None:
    class Instance:
        try_number = tries

    class Events(list[str]):
        def add(self, asset: Any) -> None:
            self.append(asset.name)

    monkeypatch.setattr(dispatching, "get_current_context", lambda: {"ti": Instance()})
    made: defaultdict[str, Events] = defaultdict(Events)
    dispatching.dispatch_after(made, "alias", raised)
    assert made["alias"] == events
