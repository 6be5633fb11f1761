"""Asks a token endpoint for an access token, within one deadline for the whole exchange."""

from __future__ import annotations

from threading import Lock
from time import monotonic
from urllib.parse import urlencode

import certifi
import pycurl

from supportops.mailbox.folder import Fault, MailboxError
from supportops.mailbox.oauth import OAuthClient, OAuthError, Token, refusal_in, token_of

SECONDS = 20.0
MOST_BYTES = 100_000
# With the instant on the machine's own clock until which each is used.
_tokens: dict[OAuthClient, tuple[Token, float]] = {}
_lock = Lock()


def access_token(
    client: OAuthClient, *, fresh: bool = False, trust: str | None = None, seconds: float = SECONDS
) -> str:
    """A token, the last one while it is good, unless a `fresh` one is wanted. Raises MailboxError.

    `trust`: a PEM file of authorities instead of certifi's.
    """
    known = None if fresh else _known(client)
    if known is not None:
        return known.value
    asked_at = monotonic()
    found = _asked(client, trust or certifi.where(), seconds)
    with _lock:
        _tokens[client] = found, asked_at + found.life.total_seconds()
    return found.value


def is_known(client: OAuthClient) -> bool:
    """Whether the next token would be one that was given before."""
    return _known(client) is not None


def _known(client: OAuthClient) -> Token | None:
    with _lock:
        token, until = _tokens.get(client, (None, 0.0))
    return token if monotonic() < until else None


def _asked(client: OAuthClient, trust: str, seconds: float) -> Token:
    status, answer = _post(client, trust, seconds)
    if status == 200:
        try:
            return token_of(answer)
        except OAuthError as error:
            raise MailboxError(Fault.PROTOCOL, f"{client.host}: {error}") from None
    said = refusal_in(answer, client)
    words = f"{client.host} gives no token (status {status})" + (f": {said}" if said else "")
    # A busy endpoint says so; what else it refuses somebody has to mend.
    passing = status == 429 or status >= 500
    raise MailboxError(Fault.PROTOCOL if passing else Fault.LOGIN, words)


def _post(client: OAuthClient, trust: str, seconds: float) -> tuple[int, bytes]:
    content = bytearray()

    def write(piece: bytes) -> int:
        if len(content) + len(piece) > MOST_BYTES:
            return -1
        content.extend(piece)
        return len(piece)

    curl = pycurl.Curl()
    try:
        for option, value in (
            (pycurl.URL, client.token_endpoint),
            (pycurl.POSTFIELDS, urlencode(client.form)),
            (pycurl.HTTPHEADER, ["Accept: application/json"]),
            (pycurl.FOLLOWLOCATION, 0),  # a redirect would carry the secret elsewhere
            (pycurl.TIMEOUT_MS, int(seconds * 1000)),
            (pycurl.NOSIGNAL, 1),
            (pycurl.CAINFO, trust),
            (pycurl.USERAGENT, "supportops"),
            (pycurl.WRITEFUNCTION, write),
        ):
            curl.setopt(option, value)
        curl.perform()
        return int(curl.getinfo(pycurl.RESPONSE_CODE)), bytes(content)
    except pycurl.error as error:
        raise _failed(client, error) from None
    finally:
        curl.close()


def _failed(client: OAuthClient, error: pycurl.error) -> MailboxError:
    code = error.args[0] if error.args else 0
    match code:
        case pycurl.E_OPERATION_TIMEDOUT:
            return MailboxError(Fault.TIMEOUT, f"{client.host} did not answer in time")
        case pycurl.E_PEER_FAILED_VERIFICATION | pycurl.E_SSL_CONNECT_ERROR:
            return MailboxError(Fault.TLS, f"TLS with {client.host} failed")
        case pycurl.E_WRITE_ERROR:
            return MailboxError(Fault.PROTOCOL, f"{client.host} answers with too much")
    return MailboxError(Fault.UNREACHABLE, f"{client.host} is not reachable (curl {code})")
