import json as standard

import pytest

from reports.figure_builders import figures
from reports.hostile_texts import HOSTILE
from supportops.reports.formats.json_file import json
from supportops.reports.measuring.figures_json import to_json


def test_what_is_read_back_is_what_was_written() -> None:
    for hostile in (False, True):
        values = to_json(figures(hostile=hostile))
        made = json(values)
        assert standard.loads(made.content) == values
        assert made == json(values)
        assert (made.name, made.media_type) == ("figures.json", "application/json")


def test_it_is_indented_utf_8_and_ends_with_a_newline() -> None:
    assert json({"b": "é", "a": [1, None]}).content.decode() == (
        '{\n  "b": "é",\n  "a": [\n    1,\n    null\n  ]\n}\n'
    )


@pytest.mark.parametrize("text", [*HOSTILE, "\ud800", "a\udfffb"])
def test_any_text_is_utf_8(text: str) -> None:
    assert standard.loads(json({"text": text}).content.decode("utf-8")) == {"text": text}


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_json_has_not_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        json({"share": value})
