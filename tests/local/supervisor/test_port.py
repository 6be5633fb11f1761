from __future__ import annotations

import os
import socket

import pytest

from supportops.local.supervisor.port import free_from, holder, is_free
from supportops.local.supervisor.up import CannotStart, check_port_is_free


def test_a_port_that_someone_listens_on_is_not_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        assert not is_free(port)
        assert f"(process {os.getpid()})" in holder(port)
        assert free_from(port) != port

    assert is_free(port)
    assert holder(port) == ""


def test_taken_ports_are_passed_over() -> None:
    first = free_from(20000)

    assert free_from(20000, {first}) > first


def test_a_taken_port_is_refused_with_its_holder_and_the_variable_to_change_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        with pytest.raises(CannotStart) as refusal:
            check_port_is_free(port)

    message = str(refusal.value)
    assert f"port {port} is in use by " in message
    assert f"(process {os.getpid()})" in message
    assert "SUPPORTOPS_PORT=" in message
