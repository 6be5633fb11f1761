"""What this machine allows a run: open files, and a way to an address."""

from __future__ import annotations

import contextlib
import errno
import resource
import socket
from pathlib import Path

# Errors of a machine that has run out of something: another try may succeed.
SHORTAGES = frozenset(
    {
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOBUFS,
        errno.ENOMEM,
        errno.EAGAIN,
        errno.EADDRINUSE,
        errno.EADDRNOTAVAIL,  # of a connection: no port is free
    }
)
# Errors that say that a packet never left this machine or its network.
NO_ROUTE = frozenset(
    {
        errno.ENETUNREACH,
        errno.ENETDOWN,
        errno.EADDRNOTAVAIL,
        errno.EAFNOSUPPORT,
        errno.EACCES,
        errno.EPERM,
    }
)
LOCAL_ERRORS = SHORTAGES | NO_ROUTE
# For the store, log files and the name servers, which open files while a run goes on.
_RESERVED_FILES = 16
# libcurl tries both address families side by side.
_SOCKETS_PER_REQUEST = 2
_DISCARD = 9


def files_left() -> int | None:
    """How many more files this process may open; None: that is not known or not limited."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return None
    with contextlib.suppress(OSError):
        return max(0, soft - len(list(Path("/dev/fd").iterdir())))
    # Listing them needs one more, which there is not.
    return 0


def requests_at_once(wanted: int) -> int:
    """`wanted`, or as many requests as there are files for; at least 1."""
    left = files_left()
    if left is None:
        return max(1, wanted)
    return max(1, min(wanted, (left - _RESERVED_FILES) // _SOCKETS_PER_REQUEST))


def has_route(address: str) -> bool:
    """Whether this machine knows a way to `address`. Sends nothing."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, _DISCARD))
    except OSError as error:
        return error.errno not in NO_ROUTE | {errno.EHOSTUNREACH}
    return True
