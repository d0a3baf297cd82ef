"""Visits a server while it is changed, then prints as JSON what it saw.

Runs in a machine's network: `reload_load.py ADDRESS PATH FILE PORT…`; PATH is short, FILE long. It
prints a line when all is under way, and ends at a line of input, or after `LIMIT`. Four kinds of
visitors, spread over the ports: new connections, begun at a fixed rate however long others wait;
idle kept-alive connections; kept-alive connections with a request now and then; slow downloads.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import itertools
import json
import socket
import ssl
import sys
import time
from collections.abc import Iterator

RATE = 40
"""New connections a second."""
IDLE = 40
BUSY = 10
PAUSE = 0.5
"""Seconds between two requests of a busy connection."""
DOWNLOADS = 6
SIP = 16 * 1024
"""Bytes that a download takes every `REST` seconds, until the end: then the rest at once."""
REST = 0.2
LIMIT = 240
"""Seconds."""
PATIENCE = 60
"""Seconds after which a request has failed."""

CONTEXT = ssl._create_unverified_context()  # noqa: S323, SLF001 - as a balancer

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclasses.dataclass
class Seen:
    sent: int = 0
    failed: list[str] = dataclasses.field(default_factory=list)
    visits: list[tuple[float, float, float, str]] = dataclasses.field(default_factory=list)
    """Of each new connection, by the system's monotonic clock: its beginning, when its handshake
    was done, when its answer was there, and the release that answered."""
    retried: int = 0
    """Requests on kept-alive connections that were closed just then, without a byte of an answer:
    clients send them again over a new one (RFC 9112, 9.3.1)."""
    kept: int = 0
    closed: int = 0
    """Of the kept-alive connections; one that is opened anew counts as another one."""


class Load:
    def __init__(self, address: str, path: str, file: str, ports: list[int]) -> None:
        self.address, self.path, self.file = address, path, file
        self.ports = itertools.cycle(ports)
        self.seen = Seen()
        self.ended = asyncio.Event()

    async def run(self) -> Seen:
        """Visit until standard input has a line."""
        idle = [asyncio.create_task(self.idle()) for _ in range(IDLE)]
        busy = [asyncio.create_task(self.busy()) for _ in range(BUSY)]
        downloads = [asyncio.create_task(self.download()) for _ in range(DOWNLOADS)]
        await asyncio.sleep(1)
        print("ready", flush=True)
        asyncio.get_running_loop().add_reader(sys.stdin, self.ended.set)
        visits: list[asyncio.Task[None]] = []
        due = time.monotonic()
        while not self.ended.is_set() and len(visits) < RATE * LIMIT:
            visits.append(asyncio.create_task(self.visit()))
            due += 1 / RATE
            await asyncio.sleep(max(0, due - time.monotonic()))
        self.ended.set()
        await asyncio.gather(*visits, *busy, *downloads)
        for task in idle:
            task.cancel()
        return self.seen

    async def open(self, buffer: int | None = None) -> Streams:
        connection = socket.socket()
        connection.settimeout(0)
        if buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(connection, (self.address, next(self.ports)))
        return await asyncio.open_connection(
            sock=connection,
            ssl=CONTEXT,
            server_hostname="",
            limit=SIP,
            ssl_handshake_timeout=PATIENCE,
        )

    @contextlib.contextmanager
    def counted(self, what: str) -> Iterator[None]:
        self.seen.sent += 1
        try:
            yield
        except (OSError, EOFError, ValueError) as error:
            self.seen.failed.append(f"{what}: {error!r}")

    async def visit(self) -> None:
        with self.counted("new connection"):
            async with asyncio.timeout(PATIENCE):
                begun = time.monotonic()
                streams = await self.open()
                shaken = time.monotonic()
                release = await visit(streams, self.path)
                self.seen.visits.append((begun, shaken, time.monotonic(), release))
            streams[1].close()

    async def idle(self) -> None:
        with self.counted("kept-alive connection"):
            streams = await self.open()
            await visit(streams, self.path)
            self.seen.kept += 1
            await streams[0].read(1)
            self.seen.closed += 1
            streams[1].close()

    async def busy(self) -> None:
        streams = await self.open()
        self.seen.kept += 1
        while not self.ended.is_set():
            with self.counted("request on a kept-alive connection"):
                async with asyncio.timeout(PATIENCE):
                    if streams[0].at_eof():
                        streams = await self.reopen(streams)
                    try:
                        await visit(streams, self.path)
                    except (asyncio.IncompleteReadError, ConnectionError) as error:
                        if getattr(error, "partial", b""):
                            raise
                        self.seen.retried += 1
                        streams = await self.reopen(streams)
                        await visit(streams, self.path)
            await asyncio.sleep(PAUSE)
        streams[1].close()

    async def reopen(self, streams: Streams) -> Streams:
        streams[1].close()
        self.seen.closed += 1
        self.seen.kept += 1
        return await self.open()

    async def download(self) -> None:
        with self.counted("download"):
            streams = await self.open(buffer=4 * SIP)
            _, length = await ask(streams, self.file)
            while length:
                length -= len(await streams[0].readexactly(min(length, SIP)))
                if not self.ended.is_set():
                    await asyncio.sleep(REST)
            streams[1].close()


async def visit(streams: Streams, path: str) -> str:
    """Fetch a path over a connection that stays; return the release that answered."""
    release, length = await ask(streams, path)
    await streams[0].readexactly(length)
    return release


async def ask(streams: Streams, path: str) -> tuple[str, int]:
    """Send a request, and read the answer's head: the release, and the length of the body.

    :raises ValueError: the status is not 200.
    """
    reader, writer = streams
    writer.write(f"GET {path} HTTP/1.1\r\nHost: portico.invalid\r\n\r\n".encode())
    await writer.drain()
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    if " 200 " not in first:
        raise ValueError(first)
    headers = dict(line.lower().split(": ", 1) for line in lines if ": " in line)
    return headers.get("portico-release", ""), int(headers["content-length"])


def main() -> None:
    address, path, file, *ports = sys.argv[1:]

    async def run() -> Seen:
        return await Load(address, path, file, [int(port) for port in ports]).run()

    print(json.dumps(dataclasses.asdict(asyncio.run(run()))))


if __name__ == "__main__":
    main()
