"""Opens connections to Apache as balancers do, and prints what each request on them got.

Runs in a machine's network. Standard input is JSON, a list of connections at once: `source` and
`address` and `port`; `header`, hex of what is sent before TLS; and for each request on it the
`pauses` in seconds before. A request's outcome is its status, or `closed`.
"""

import http.client
import json
import socket
import ssl
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def outcomes(connection: dict[str, Any]) -> list[int | str]:
    context = ssl._create_unverified_context()  # noqa: S323, SLF001 - as a balancer
    target = (connection["address"], connection["port"])
    with socket.create_connection(target, 10, (connection["source"], 0)) as plain:
        plain.sendall(bytes.fromhex(connection["header"]))
        try:
            client = http.client.HTTPSConnection(*target)
            client.sock = context.wrap_socket(plain, server_hostname=None)
        except OSError:
            return ["closed"]
        return [_outcome(client, connection, pause) for pause in connection["pauses"]]


def _outcome(
    client: http.client.HTTPSConnection, connection: dict[str, Any], pause: float
) -> int | str:
    time.sleep(pause)
    try:
        client.request("GET", connection["path"], headers=connection["headers"])
        answer = client.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        return "closed"
    return answer.status


def main() -> None:
    connections = json.load(sys.stdin)
    with ThreadPoolExecutor(len(connections)) as pool:
        json.dump(list(pool.map(outcomes, connections)), sys.stdout)


main()
