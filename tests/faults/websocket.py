"""A WebSocket's two ends: `python -m tests.faults.websocket PORT` sends back what it gets.

https://www.rfc-editor.org/rfc/rfc6455
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import socket
import socketserver
import sys
from io import BufferedIOBase

_ACCEPTED = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT, _MASKED = 0x81, 0x80
_LENGTH = 0x7F
"""Bits of the header that have it, for messages of up to 125 bytes."""


class WebSocket:
    """The client's end, over a connection that is open; messages are short."""

    def __init__(self, connection: socket.socket, host: str, path: str) -> None:
        self._connection = connection
        self._stream = connection.makefile("rb")
        key = base64.b64encode(os.urandom(16))
        request = (
            f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key.decode()}\r\n\r\n"
        )
        connection.sendall(request.encode())
        head = _head(self._stream)
        if not head.startswith(b"HTTP/1.1 101 ") or _answer(key) not in head:
            raise ConnectionError(f"no WebSocket: {head[:200]!r}")

    def echoes(self, message: bytes) -> bool:
        """Send a message; return whether it comes back."""
        mask = os.urandom(4)
        header = bytes((_TEXT, _MASKED | len(message)))
        self._connection.sendall(header + mask + _with(mask, message))
        return _message(self._stream) == message

    def close(self) -> None:
        self._stream.close()
        self._connection.close()


class _Echo(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        key = re.search(rb"(?i)sec-websocket-key: *(\S+)", _head(self.rfile))
        if key is None:
            return
        self.wfile.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + _answer(key[1]) + b"\r\n\r\n"
        )
        while message := _message(self.rfile):
            self.wfile.write(bytes((_TEXT, len(message))) + message)


class Server(socketserver.ThreadingTCPServer):
    """Sends back each message, at a port of the loopback address."""

    allow_reuse_address = daemon_threads = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Echo)


def _head(stream: BufferedIOBase) -> bytes:
    head = b""
    while line := stream.readline():
        head += line
        if not line.strip():
            break
    return head


def _message(stream: BufferedIOBase) -> bytes:
    """Read one; b"" at the connection's end."""
    header = stream.read(2)
    if len(header) < 2 or header[0] != _TEXT:
        return b""
    mask = stream.read(4) if header[1] & _MASKED else bytes(4)
    return _with(mask, stream.read(header[1] & _LENGTH))


def _with(mask: bytes, message: bytes) -> bytes:
    return bytes(byte ^ mask[position % 4] for position, byte in enumerate(message))


def _answer(key: bytes) -> bytes:
    return base64.b64encode(hashlib.sha1(key + _ACCEPTED).digest())  # noqa: S324 - the RFC's


if __name__ == "__main__":
    with Server(int(sys.argv[1])) as server:
        server.serve_forever()
