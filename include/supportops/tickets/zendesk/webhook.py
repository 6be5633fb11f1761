"""Whether a request is a webhook of our Zendesk, now and for the first time.

Source of the rule: Zendesk's "Verifying webhook authenticity". The signature is the base64 of the
HMAC-SHA256 of timestamp and body, with the webhook's signing secret.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime, timedelta

SIGNATURE_HEADER = "x-zendesk-webhook-signature"
TIMESTAMP_HEADER = "x-zendesk-webhook-signature-timestamp"
# Zendesk's bodies are smaller; only the signature of one is used.
LARGEST_BODY = 256 * 1024
CLOCKS_APART = timedelta(minutes=5)


class NotOurs(ValueError):
    """Why a request counts as nobody's, in a few words."""


def verify(secret: str, timestamp: str, signature: str, body: bytes, now: datetime) -> None:
    """Raises NotOurs unless the body is signed with `secret` within five minutes of `now`.

    The body may be empty. That it comes for the first time is for the caller to see.
    """
    signed = timestamp.encode("utf-8", "surrogatepass") + body
    right = base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest())
    if not hmac.compare_digest(right, signature.encode("utf-8", "surrogatepass")):
        raise NotOurs("its signature is wrong")
    try:
        sent_at = datetime.fromisoformat(timestamp)
    except ValueError:
        raise NotOurs("its timestamp is no instant") from None
    if sent_at.tzinfo is None or abs(sent_at - now) > CLOCKS_APART:
        raise NotOurs("its timestamp is more than five minutes away from our clock")
