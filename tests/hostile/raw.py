"""Sends bytes as they are, and prints all that comes back until the connection is closed.

Runs in a machine's network. Standard input is JSON, a list of conversations at once: `source`,
`address`, `port`, what comes `before` TLS, whether `tls` is spoken, and `sent`; bytes are Latin-1.
"""

import json
import socket
import ssl
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

SECONDS = 3
"""Of silence, which end a conversation too."""


def answer(conversation: dict[str, Any]) -> str:
    source = (conversation["source"], 0) if conversation["source"] else None
    target = (conversation["address"], conversation["port"])
    received = b""
    with socket.create_connection(target, 10, source) as plain:
        connection = plain
        plain.sendall(conversation["before"].encode("latin-1"))
        if conversation["tls"]:
            context = ssl._create_unverified_context()  # noqa: S323, SLF001 - as a balancer
            connection = context.wrap_socket(plain, server_hostname=None)
        connection.settimeout(SECONDS)
        try:
            connection.sendall(conversation["sent"].encode("latin-1"))
            while more := connection.recv(65536):
                received += more
        except OSError:
            pass
    return received.decode("latin-1")


def main() -> None:
    conversations = json.load(sys.stdin)
    with ThreadPoolExecutor(16) as pool:
        json.dump(list(pool.map(answer, conversations)), sys.stdout)


main()
