"""Calls an outside monitor, which alerts somebody once the calls stop."""

from __future__ import annotations

import logging
import threading

_THREAD = "supportops-heartbeat"
_LOGGERS = ("urllib3.connectionpool", "urllib3.util.retry")


def beat(url: str, *, timeout: float = 10.0) -> str:
    """Answers "ok", or why the call failed, in a few words without secrets.

    Never raises, and returns within `timeout` seconds: the call has a daemon thread of its own,
    because the timeout of requests starts again with each byte that arrives.
    """
    results: list[str] = []
    call = threading.Thread(
        target=lambda: results.append(_call(url, timeout)), name=_THREAD, daemon=True
    )
    call.start()
    call.join(timeout)
    return results[0] if results else f"no answer within {timeout:g} s"


def _call(url: str, timeout: float) -> str:
    import requests

    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_is_not_ours)
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.get(url, timeout=timeout, allow_redirects=False, stream=True)
            answer.close()
    except Exception as error:  # its text may hold the address, its kind does not
        return f"no answer: {type(error).__name__}"
    return "ok" if answer.ok and answer.status_code < 300 else f"answered {answer.status_code}"


def _is_not_ours(_: logging.LogRecord) -> bool:
    """Filters the lines of urllib3 in our thread from every log: the path holds the secret."""
    return threading.current_thread().name != _THREAD
