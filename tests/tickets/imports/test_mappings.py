"""The mappings of imports: what ships loads, and faults are listed with their place."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from builders import SHIPPED
from supportops.config.loader import check, load_mapping
from supportops.config.yaml_source import ConfigurationError


def test_every_shipped_mapping_loads() -> None:
    names = check(SHIPPED).configuration.mapping_names()
    assert names == [
        "freshdesk",
        "generic",
        "glpi",
        "jira",
        "osticket",
        "servicenow",
        "uci",
        "zammad",
        "zendesk",
    ]
    assert [load_mapping(SHIPPED, name).name for name in names] == names


def test_an_unknown_mapping_names_those_there_are() -> None:
    with pytest.raises(ConfigurationError, match="freshdesk, generic, glpi"):
        load_mapping(SHIPPED, "../sites")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"encoding": "klingon"}, "an encoding"),
        ({"encoding": "base64"}, "an encoding"),
        ({"delimiter": "||"}, "character"),
        ({"times": {"formats": ["%H:%M"]}}, "format with a year"),
        ({"times": {"zone": "Mars/Base"}}, "zone of the IANA list"),
        ({"state": {"status": {"column": "s", "values": {"x": "asleep"}}}}, "a status for 'x'"),
        ({"from_creation": ["status"]}, "except the status"),
        ({"from_creation": ["customer"]}, "what `state` has"),
        ({"rows": "events"}, "`happening` where rows are events"),
        ({"row_id": []}, "at least one entry"),
        ({"source": "Not A Name"}, "pattern"),
        ({"wishes": 1}, "no such key"),
    ],
)
def test_a_wrong_mapping_says_what_was_expected(
    tmp_path: Path, change: dict[str, object], expected: str
) -> None:
    written = yaml.safe_load((SHIPPED / "imports" / "uci.yaml").read_text()) | change
    (tmp_path / "imports").mkdir()
    (tmp_path / "imports" / "mine.yaml").write_text(yaml.safe_dump(written))
    with pytest.raises(ConfigurationError) as error:
        load_mapping(tmp_path, "mine")
    assert expected in str(error.value)
    assert "mine.yaml" in str(error.value)
