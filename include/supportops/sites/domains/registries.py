"""Asks registries by RDAP when registrations end."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import requests
import whoisit
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPSConnectionPool
from whoisit.errors import (
    ParseError,
    QueryError,
    ResourceDoesNotExist,
    UnsupportedError,
    WhoisItError,
)

from supportops.addresses import refusal
from supportops.sites.domains.registration import Registration, RegistryStatus

REGISTRIES = "https://data.iana.org/rdap/dns.json"
LARGEST = 4 * 1024 * 1024
LONGEST_SECONDS = 15.0
MOST_REDIRECTS = 3
_CONNECT_SECONDS = 5.0
# A registry that gave no answer so often in a row is not asked about its other domains.
_MOST_FAILURES = 3
_TOO_MANY_REQUESTS = 429


class _Guarded(HTTPSConnection):
    """Speaks to public addresses alone: the name of a registry's server comes from outside."""

    allow_private = False

    def _new_conn(self) -> Any:
        made = super()._new_conn()
        why = refusal(made.getpeername()[0], allow_private=self.allow_private)
        if why is not None:
            made.close()
            raise OSError(f"its address is not a public one ({why})")
        return made


class _GuardedPrivate(_Guarded):
    allow_private = True


class _Pool(HTTPSConnectionPool):
    ConnectionCls = _Guarded


class _PrivatePool(HTTPSConnectionPool):
    ConnectionCls = _GuardedPrivate


class _Bounded(HTTPAdapter):
    """Ends a request after a time and a size, whatever the server does."""

    def __init__(self, *, allow_private: bool) -> None:
        super().__init__(max_retries=0)
        pool = _PrivatePool if allow_private else _Pool
        self.poolmanager.pool_classes_by_scheme = {"https": pool}

    def send(self, request: Any, *args: Any, **kwargs: Any) -> requests.Response:
        until = time.monotonic() + LONGEST_SECONDS
        kwargs |= {"stream": True, "timeout": (_CONNECT_SECONDS, _CONNECT_SECONDS)}
        response = super().send(request, *args, **kwargs)
        content = b""
        for chunk in response.iter_content(65_536):
            content += chunk
            if len(content) > LARGEST or time.monotonic() > until:
                response.close()
                raise requests.exceptions.ConnectionError("the answer is too large or too slow")
        response._content = content
        return response


class Registries:
    """Asks registries, one after another. `registries`: where their list is; `trust`: a file of
    authorities instead of the usual ones; `allow_private`: any of them may be in our network."""

    def __init__(
        self, registries: str = REGISTRIES, *, trust: str | None = None, allow_private: bool = False
    ) -> None:
        self._registries, self._lock, self._listed = registries, threading.Lock(), False
        self._failures = Counter[str]()  # in a row, by top-level domain
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.max_redirects = MOST_REDIRECTS
        self._session.adapters.clear()  # plain http among them
        self._session.mount("https://", _Bounded(allow_private=allow_private))
        if trust is not None:
            self._session.verify = trust

    def ask(self, domain: str) -> Registration:
        """What the registry of `domain` says. Never raises.

        One that asks for a pause, or did not answer several times in a row, is left alone: each of
        its domains would cost the time of others.
        """
        top = domain.rpartition(".")[2]
        with self._lock:
            if self._failures[top] >= _MOST_FAILURES:
                return Registration(RegistryStatus.UNKNOWN, detail="its registry is not answering")
            found = self._ask(domain)
            if found.status is not RegistryStatus.UNKNOWN:
                self._failures[top] = 0
            else:
                paused = found.detail == _status_words(_TOO_MANY_REQUESTS)
                self._failures[top] += _MOST_FAILURES if paused else 1
            return found

    def _ask(self, domain: str) -> Registration:
        try:
            self._list()
            found = whoisit.domain(domain, session=self._session, follow_related=False)
        except UnsupportedError:
            return Registration(RegistryStatus.NO_RDAP)
        except ResourceDoesNotExist:
            return Registration(RegistryStatus.NOT_REGISTERED)
        except (QueryError, ParseError, WhoisItError) as error:
            return Registration(RegistryStatus.UNKNOWN, detail=_why(error))
        except Exception as error:  # a registry's answer can be anything
            return Registration(RegistryStatus.UNKNOWN, detail=type(error).__name__)
        return _registration(found)

    def _list(self) -> None:
        """Reads once which registry has which server."""
        if self._listed and whoisit.is_bootstrapped():
            return
        response = self._session.get(self._registries)
        response.raise_for_status()
        nothing: dict[str, Any] = {"services": [[[], []]]}  # the library insists on one
        data = {"timestamp": 0, "dns": json.loads(response.content)}
        data |= dict.fromkeys(("asn", "ipv4", "ipv6", "object"), nothing)
        whoisit.clear_bootstrapping()
        whoisit.load_bootstrap_data(data, from_json=False)
        self._listed = True

    def close(self) -> None:
        """Ends the connections."""
        self._session.close()


def _registration(found: Mapping[str, Any]) -> Registration:
    ends = found.get("expiration_date")
    if not isinstance(ends, datetime):
        return Registration(RegistryStatus.NO_DATE)
    try:
        ends = ends.replace(tzinfo=UTC) if ends.tzinfo is None else ends.astimezone(UTC)
    except (OverflowError, ValueError):
        return Registration(RegistryStatus.UNKNOWN, detail="a date that no clock has")
    return Registration(RegistryStatus.KNOWN, ends)


def _why(error: Exception) -> str:
    status = getattr(error, "status_code", None)
    return _status_words(status) if status else type(error).__name__


def _status_words(status: int) -> str:
    return f"HTTP status {status}"
