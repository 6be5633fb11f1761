"""The configuration in force: the last good one while the folder is wrong, and an alert of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from builders import NOON
from flows.websites import Checks, Websites, websites
from supportops.config.yaml_source import ConfigurationError
from supportops.db.engine import reading
from supportops.db.schema import alerts, configurations
from supportops.flows.active_configuration import active_configuration, load_or_last_good

FIRING, OVER = ("configuration", "configuration", True), ("configuration", "configuration", False)


@pytest.fixture
def web() -> Iterator[Websites]:
    with websites("shop") as them:
        yield them


@pytest.fixture
def desk(store: Engine, tmp_path: Path, web: Websites) -> Checks:
    found = Checks(store, tmp_path / "config")
    found.write(web.entries())
    return found


def spoil(desk: Checks, key: str = "colour") -> None:
    with (desk.folder / "sites.yaml").open("a", encoding="utf-8") as file:
        file.write(f"{key}: blue\n")


def names_in_force(desk: Checks) -> list[str]:
    with reading(desk.engine) as connection:
        return [site.name for site in active_configuration(connection).fleet.sites]


def test_a_fault_at_run_time_leaves_the_last_good_one_in_force(desk: Checks, web: Websites) -> None:
    desk.run()
    spoil(desk)
    summary = desk.run(after=5)
    assert summary["pages"] == 1
    assert web.requests() == {"shop": 2}
    assert "sites.yaml:" in summary["faults"][0]
    assert "colour" in summary["faults"][0]
    assert desk.alerts() == [FIRING]


def test_the_alert_lists_the_faults_of_now_and_is_raised_once(desk: Checks) -> None:
    desk.run()
    spoil(desk)
    desk.run(after=5)
    spoil(desk, "shape")
    desk.run(after=5)
    assert desk.alerts() == [FIRING]
    with reading(desk.engine) as connection:
        row = connection.execute(select(alerts)).mappings().one()
    assert row["headline"].startswith("2 faults")
    assert len(row["facts"]["errors"]) == 2


def test_mending_it_resolves_the_alert(desk: Checks, web: Websites) -> None:
    desk.run()
    spoil(desk)
    desk.run(after=5)
    desk.write(web.entries())
    desk.run(after=5)
    assert desk.alerts() == [OVER]


def test_a_folder_that_is_gone_is_a_fault_like_any_other(desk: Checks) -> None:
    desk.run()
    for file in desk.folder.iterdir():
        file.unlink()
    assert len(desk.run(after=5)["faults"]) == 4
    assert desk.alerts() == [FIRING]


def test_a_file_that_never_was_good_stops_what_needs_it_and_is_an_alert(desk: Checks) -> None:
    spoil(desk)
    with pytest.raises(ConfigurationError, match="colour"):
        desk.run()
    assert desk.alerts() == [FIRING]
    with reading(desk.engine) as connection:
        configuration = active_configuration(connection)
        headline = connection.execute(select(alerts.c.headline)).scalar_one()
    assert configuration.has("alerts", "service_levels")
    assert headline == (
        "1 fault in the configuration; what needs sites.yaml stops until it is corrected"
    )
    with pytest.raises(ConfigurationError, match=r"sites\.yaml: found no version of it"):
        _ = configuration.fleet


def test_without_any_good_file_there_is_nothing_to_work_by(desk: Checks) -> None:
    for file in desk.folder.iterdir():
        file.unlink()
    with pytest.raises(ConfigurationError, match="no such file"):
        desk.run()
    assert desk.alerts() == [FIRING]
    with reading(desk.engine) as connection, pytest.raises(LookupError, match="site check first"):
        active_configuration(connection)


def test_a_secret_written_into_the_file_is_told_to_nobody(desk: Checks) -> None:
    desk.run()
    desk.write([{"name": "shop", "url": "https://me:hunter22@shop.example/"}])
    path = desk.folder / "alerts.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("apprise_team_email", "json://h/hunter22"), encoding="utf-8")
    faults = desk.run(after=5)["faults"]
    assert len(faults) == 2
    assert "hunter22" not in str(faults)
    with reading(desk.engine) as connection:
        assert "hunter22" not in str(connection.execute(select(alerts)).all())


def test_a_configuration_that_comes_back_is_in_force_again(desk: Checks, web: Websites) -> None:
    other = [{"name": "other", "url": web.servers["shop"].url()}]
    for sites, name in ((web.entries(), "shop"), (other, "other"), (web.entries(), "shop")):
        desk.write(sites)
        desk.run(after=5)
        assert names_in_force(desk) == [name]
    with reading(desk.engine) as connection:
        assert len(connection.execute(select(configurations)).all()) == 2


def test_taking_up_the_same_again_writes_nothing(desk: Checks) -> None:
    for minutes in (0, 5, 10):
        load_or_last_good(desk.engine, desk.folder, NOON + timedelta(minutes=minutes))
    with reading(desk.engine) as connection:
        assert connection.execute(select(configurations.c.loaded_at)).scalars().all() == [NOON]


def test_a_new_one_is_in_force_also_after_the_clock_jumped_back(
    desk: Checks, web: Websites
) -> None:
    load_or_last_good(desk.engine, desk.folder, NOON)
    for name in ("other", "third", "other"):
        desk.write([{"name": name, "url": web.servers["shop"].url()}])
        load_or_last_good(desk.engine, desk.folder, NOON - timedelta(hours=1))
        assert names_in_force(desk) == [name]
