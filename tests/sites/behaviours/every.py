"""Every behaviour of a server that one check judges."""

from __future__ import annotations

from sites.behaviours.answers import CONNECTION, HTTP
from sites.behaviours.behaviour import Arranged, Behaviour
from sites.behaviours.codings import CODING
from sites.behaviours.network import CERTIFICATES, CONNECTIONS, NAMES, SECURED
from sites.behaviours.ourselves import OURSELVES
from sites.behaviours.statuses import REDIRECTS, STATUS
from sites.behaviours.texts import CHARSETS

BEHAVIOURS: tuple[Behaviour | Arranged, ...] = (
    *NAMES,
    *CONNECTIONS,
    *CONNECTION,
    *CERTIFICATES,
    *HTTP,
    *SECURED,
    *STATUS,
    *REDIRECTS,
    *CODING,
    *CHARSETS,
    *OURSELVES,
)
