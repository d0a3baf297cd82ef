"""Network namespaces, entered by a thread: the others of the process stay where they are."""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

_NEWNET = 0x40000000
"""CLONE_NEWNET of setns(2); `os.setns` came with Python 3.12."""

_libc = ctypes.CDLL(None, use_errno=True)


def enter(namespace: Path) -> None:
    """Move the calling thread into a network namespace.

    :raises OSError: there is none, or no right to.
    """
    descriptor = os.open(namespace, os.O_RDONLY)
    try:
        if _libc.setns(descriptor, _NEWNET):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(namespace))
    finally:
        os.close(descriptor)


def run_in(namespace: Path, function: Callable[[], T]) -> T:
    """Return what a function returns that runs in a thread inside a network namespace."""
    result: list[T] = []
    trouble: list[BaseException] = []

    def body() -> None:
        try:
            enter(namespace)
            result.append(function())
        except BaseException as error:  # noqa: BLE001 - raised again where it is awaited
            trouble.append(error)

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    if trouble:
        raise trouble[0]
    return result[0]
