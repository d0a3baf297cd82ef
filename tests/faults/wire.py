"""The link between Terraform and a server's sshd, which can be cut, stalled and refused."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum

_CHUNK = 4096
_PAUSE = 0.005
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER that has close(2) send a reset, as a firewall does that forgot the connection."""

Address = tuple[str, int]


class Direction(Enum):
    """Of the bytes that a cut waits for."""

    UP = "from Terraform to the server"
    DOWN = "from the server to Terraform"


@dataclass(slots=True)
class Wire:
    """Forwards connections at `address` to `target`, in order and unchanged."""

    address: Address
    target: Address
    carried: dict[Direction, int] = field(default_factory=lambda: dict.fromkeys(Direction, 0))
    """Bytes since the wire was made."""
    cuts: int = 0
    _stalled: threading.Event = field(default_factory=threading.Event)
    _refusing: threading.Event = field(default_factory=threading.Event)
    _closing: threading.Event = field(default_factory=threading.Event)
    _limit: tuple[Direction, int] | None = None
    _open: list[socket.socket] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def cut(self) -> None:
        """End every connection with a reset on both sides; new ones pass."""
        with self._lock:
            self._limit = None
            if self._open:
                self.cuts += 1
            for each in self._open:
                with suppress(OSError):
                    each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
                each.close()
            self._open.clear()

    @contextmanager
    def cut_after(self, count: int, direction: Direction = Direction.UP) -> Iterator[None]:
        """Cut once `count` more bytes have passed in a direction.

        :raises AssertionError: so many never came.
        """
        before = self.cuts
        self._limit = (direction, self.carried[direction] + count)
        try:
            yield
            assert self.cuts > before, f"fewer than {count} bytes came {direction.value}"
        finally:
            self._limit = None

    @contextmanager
    def cut_when(self, holds: Callable[[], bool]) -> Iterator[None]:
        """Cut as soon as something holds.

        :raises AssertionError: it never did, or nothing was connected then.
        """
        before, over = self.cuts, threading.Event()

        def watch() -> None:
            while not over.wait(_PAUSE):
                if holds():
                    self.cut()
                    return

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            yield
            assert self.cuts > before, "the moment of the cut never came"
        finally:
            over.set()
            watcher.join()

    def stall(self) -> None:
        """Carry nothing more, and close nothing, as a link that is dead without a word."""
        self._stalled.set()

    def refuse(self) -> None:
        """Take no new connection."""
        self._refusing.set()

    def heal(self) -> None:
        """Carry and accept again; what was stalled is lost."""
        if self._stalled.is_set():
            self.cut()
        self._stalled.clear()
        self._refusing.clear()

    def _accept(self, listening: socket.socket) -> None:
        while not self._closing.is_set():
            try:
                near, _ = listening.accept()
            except OSError:
                return
            if self._refusing.is_set():
                near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                near.close()
                continue
            try:
                far = socket.create_connection(self.target, timeout=5)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            with self._lock:
                self._open += [near, far]
            for pair in ((near, far, Direction.UP), (far, near, Direction.DOWN)):
                threading.Thread(target=self._pump, args=pair, daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, direction: Direction) -> None:
        try:
            while data := source.recv(_CHUNK):
                while self._stalled.is_set() and not self._closing.is_set():
                    time.sleep(_PAUSE)
                data, ends = self._within(data, direction)
                sink.sendall(data)
                if ends:
                    self.cut()
                    return
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            return

    def _within(self, data: bytes, direction: Direction) -> tuple[bytes, bool]:
        """Return what may still pass, and whether the cut comes after it."""
        with self._lock:
            if self._limit and self._limit[0] is direction:
                room = self._limit[1] - self.carried[direction]
                if len(data) >= room:
                    data, ends = data[: max(room, 0)], True
                    self.carried[direction] += len(data)
                    return data, ends
            self.carried[direction] += len(data)
            return data, False


@contextmanager
def wire(address: str, target: Address) -> Iterator[Wire]:
    """Have a wire from any free port of an address to a target."""
    with socket.create_server((address, 0)) as listening:
        made = Wire((address, listening.getsockname()[1]), target)
        thread = threading.Thread(target=made._accept, args=(listening,), daemon=True)  # noqa: SLF001
        thread.start()
        try:
            yield made
        finally:
            made._closing.set()  # noqa: SLF001
            listening.shutdown(socket.SHUT_RDWR)
            made.cut()
            thread.join()
