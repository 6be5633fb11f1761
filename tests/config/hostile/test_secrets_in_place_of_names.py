"""Whoever writes a secret where its name belongs does not find it in a message afterwards."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel

from builders import SHIPPED
from supportops.config.documents import MODELS
from supportops.config.loader import check
from supportops.config.validation import NAMES_OF_SECRETS

SECRET = "ZQ7/secret=="
# Each key with a place where it may stand.
PLACES: dict[str, tuple[str, dict[str, Any]]] = {
    "secret": (
        "alerts",
        {"receivers": {"team": [{"name": "team_chat", "channel": "chat", "secret": SECRET}]}},
    ),
    "heartbeat": ("sites", {"check": {"heartbeat": SECRET}}),
    "heartbeat_failure": ("sites", {"check": {"heartbeat_failure": SECRET}}),
    "login": ("sites", {"sites": [{"name": "a", "url": "https://a.example/", "login": SECRET}]}),
    "token": (
        "sites",
        {"monitors": [{"name": "a", "server": "b", "every": "1d", "token": SECRET}]},
    ),
    "signature": (
        "sites",
        {"monitors": [{"name": "a", "server": "b", "every": "1d", "signature": SECRET}]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("key", sorted(NAMES_OF_SECRETS))
@pytest.mark.parametrize("value", [SECRET, 20261126])
def test_the_fault_does_not_show_it(tmp_path: Path, key: str, value: Any) -> None:
    for file in SHIPPED.glob("*.yaml"):
        shutil.copy(file, tmp_path)
    name, data = PLACES[key]
    text = yaml.safe_dump(data).replace(SECRET, str(value) if isinstance(value, int) else SECRET)
    (tmp_path / f"{name}.yaml").write_text(text)
    said = "\n".join(map(str, check(tmp_path).all_faults))
    assert "not shown: it may be the secret" in said
    assert str(value) not in said


def test_every_key_that_names_a_secret_is_known() -> None:
    """By its words in the models: what another key of such a name would show, nobody looks for."""
    found = {key for model in MODELS.values() for key in keys(model)}
    alike = {key for key in found if any(word in key for word in ("secret", "token", "password"))}
    assert alike <= NAMES_OF_SECRETS
    assert found >= NAMES_OF_SECRETS


def keys(kind: Any) -> set[str]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        inner = [keys(field.annotation) for field in kind.model_fields.values()]
        return {field.alias or key for key, field in kind.model_fields.items()}.union(*inner)
    return set().union(*(keys(each) for each in get_args(kind)))
