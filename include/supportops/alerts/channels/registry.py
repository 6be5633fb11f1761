"""Every channel by the name that `alerts.yaml` gives it; the only place that lists them."""

from __future__ import annotations

from supportops.alerts.channels.channel import Channel
from supportops.alerts.channels.chat import Chat
from supportops.alerts.channels.email import Email
from supportops.alerts.channels.sms import Sms

# The names are stored with each message, so that none may be given another meaning.
CHANNELS: dict[str, Channel] = {"email": Email(), "sms": Sms(), "chat": Chat()}
