"""TCP ports of this machine: which are free, and who holds the others."""

from __future__ import annotations

import socket

import psutil

ADDRESS = "127.0.0.1"


def is_free(port: int, *, unused: bool = False) -> bool:
    """Whether a server could listen on 127.0.0.1:`port` now.

    `unused`: nor has anyone bound it without listening, nor used it a minute ago.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0 if unused else 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError:
            return False
    return True


def free_from(preferred: int, taken: set[int] | None = None) -> int:
    """The first unused port from `preferred` on that is not in `taken`."""
    for port in range(preferred, 65536):
        if port not in (taken or ()) and is_free(port, unused=True):
            return port
    raise OSError(f"no free port from {preferred} on")


def reserve(port: int) -> socket.socket:
    """A socket bound to the port; connections are refused until it listens."""
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind((ADDRESS, port))
    return reserved


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
    """The name of a process, for a message."""
    try:
        return psutil.Process(pid).name()
    except psutil.Error:
        return "a process"
