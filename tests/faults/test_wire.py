"""The wire carries bytes in order, and breaks when and how it is told."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from tests.faults.wire import Direction, Wire, wire


@contextmanager
def echoing() -> Iterator[Wire]:
    """Yield a wire to a server that sends back what it gets."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

        def answer(connection: socket.socket) -> None:
            try:
                with connection:
                    while data := connection.recv(65536):
                        connection.sendall(data)
            except OSError:
                return

        threading.Thread(target=serve, daemon=True).start()
        with wire("127.0.0.1", listening.getsockname()) as made:
            yield made
        listening.shutdown(socket.SHUT_RDWR)


def connected(made: Wire) -> socket.socket:
    return socket.create_connection(made.address, timeout=5)


def said(connection: socket.socket, data: bytes) -> bytes:
    connection.sendall(data)
    answer = b""
    while len(answer) < len(data) and (more := connection.recv(65536)):
        answer += more
    return answer


def ends(connection: socket.socket) -> bool:
    """Read until the other side ends the connection, in whichever way; a timeout is no end."""
    with suppress(ConnectionError):
        while connection.recv(65536):
            pass
    return True


def refuses(made: Wire) -> bool:
    try:
        with connected(made) as connection:
            return said(connection, b"x") == b""
    except ConnectionError:
        return True


def test_bytes_pass_unchanged() -> None:
    data = bytes(range(256)) * 100
    with echoing() as made, connected(made) as connection:
        assert said(connection, data) == data
        assert made.carried == {Direction.UP: len(data), Direction.DOWN: len(data)}


def test_a_cut_comes_after_so_many_bytes() -> None:
    with echoing() as made, connected(made) as connection:
        assert said(connection, b"x" * 100) == b"x" * 100
        with made.cut_after(50):
            connection.sendall(b"y" * 80)
            assert ends(connection)
        assert made.carried[Direction.UP] == 150
        with connected(made) as again:
            assert said(again, b"z") == b"z"


def test_a_cut_that_never_comes_is_told() -> None:
    with (
        echoing() as made,
        connected(made) as connection,
        pytest.raises(AssertionError, match="fewer than 50 bytes"),
        made.cut_after(50),
    ):
        said(connection, b"x" * 49)


def test_a_cut_comes_at_a_moment() -> None:
    now = threading.Event()
    with echoing() as made, connected(made) as connection:
        assert said(connection, b"x") == b"x"
        with made.cut_when(now.is_set):
            now.set()
            assert ends(connection)


def test_a_stalled_wire_carries_nothing_and_closes_nothing() -> None:
    with echoing() as made, connected(made) as connection:
        assert said(connection, b"x") == b"x"
        made.stall()
        connection.sendall(b"y")
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        made.heal()
        with connected(made) as again:
            assert said(again, b"z") == b"z"


def test_a_refusing_wire_takes_no_connection() -> None:
    with echoing() as made:
        assert not refuses(made)
        made.refuse()
        assert refuses(made)
        made.heal()
        assert not refuses(made)
