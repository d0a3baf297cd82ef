"""The campaign's WebSocket carries messages of each length that it may have."""

from __future__ import annotations

import socket
import threading

import pytest

from tests.faults.websocket import Server, WebSocket


def test_each_message_comes_back() -> None:
    with Server(0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with socket.create_connection(server.socket.getsockname()) as connection:
            talk = WebSocket(connection, "localhost", "/")
            lengths = range(1, 126)
            assert [each for each in lengths if not talk.echoes(b"x" * each)] == []
            talk.close()
        server.shutdown()


def test_another_answer_is_no_websocket() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                connection.recv(4096)

        threading.Thread(target=answer).start()
        with (
            socket.create_connection(listening.getsockname()) as connection,
            pytest.raises(ConnectionError, match="200 OK"),
        ):
            WebSocket(connection, "localhost", "/")
