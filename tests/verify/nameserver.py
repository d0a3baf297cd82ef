"""A name server on loopback that answers as it is told."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import dns.message

ADDRESS = f"127.62.{os.getpid() >> 8 & 255}.{os.getpid() & 255}"


@contextmanager
def serving(
    reply: Callable[[dns.message.Message], dns.message.Message],
    address: str = ADDRESS,
    port: int = 0,
) -> Iterator[tuple[str, int]]:
    """Answer by UDP until the end of the block; port 0 is any that is free."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.bind((address, port))
    listener.settimeout(0.05)
    stop = threading.Event()

    def run() -> None:
        while not stop.is_set():
            with suppress(TimeoutError):
                data, client = listener.recvfrom(4096)
                listener.sendto(reply(dns.message.from_wire(data)).to_wire(), client)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield listener.getsockname()
    finally:
        stop.set()
        thread.join()
        listener.close()
