from __future__ import annotations

import pytest

from supportops.notify import send
from supportops.notify.buttons import with_action

ACTION = "https://ack.example.org/abc.1.t.sig"


def test_ntfy_gets_a_button_that_takes_the_alert() -> None:
    send._load()
    from apprise import Apprise

    for url in ("ntfys://ntfy.example/ops", "ntfys://tk@ntfy.example/ops?priority=high"):
        service = Apprise.instantiate(with_action(url, ACTION))
        assert service is not None
        assert (
            f"http%2C+Acknowledge%2C+{ACTION[:5]}" in service.url() or "actions=" in service.url()
        )
        button = service._NotifyNtfy__actions
        assert button == f"http, Acknowledge, {ACTION}, method=POST, clear=true"


@pytest.mark.parametrize(
    "url", ["slack://a/b/c", "mailto://u:p@example.org", "ntfy://host/topic?actions=view"]
)
def test_other_addresses_stay_as_they_are(url: str) -> None:
    assert with_action(url, ACTION) == url
    assert with_action("ntfy://host/topic", None) == "ntfy://host/topic"
