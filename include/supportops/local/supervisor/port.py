"""TCP ports of this machine: which are free, and who holds the others."""

from __future__ import annotations

import socket

import psutil

ADDRESS = "127.0.0.1"


def is_free(port: int, *, untouched: bool = False) -> bool:
    """Whether a server could listen on 127.0.0.1:`port` now.

    `untouched`: nor has anyone bound it without listening, nor used it a minute ago.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0 if untouched else 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError:
            return False
    return True


def free_from(preferred: int, taken: set[int] | None = None) -> int:
    """The first untouched port from `preferred` on that is not in `taken`."""
    for port in range(preferred, 65536):
        if port not in (taken or ()) and is_free(port, untouched=True):
            return port
    raise OSError(f"no free port from {preferred} on")


def bound(port: int) -> socket.socket:
    """A socket that has the port for itself, and refuses connections until it listens."""
    found = socket.socket()
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    found.bind((ADDRESS, port))
    return found


def holder(port: int) -> str:
    """Who listens on `port`, as words for a message; empty when this user may not know."""
    try:
        connections = psutil.net_connections("tcp")
    except (psutil.Error, OSError):
        return ""
    for connection in connections:
        if connection.status != psutil.CONN_LISTEN or not connection.laddr:
            continue
        if connection.laddr.port == port and connection.pid:
            return f"{name_of(connection.pid)} (process {connection.pid})"
    return ""


def name_of(pid: int) -> str:
    try:
        return psutil.Process(pid).name()
    except psutil.Error:
        return "a process"
