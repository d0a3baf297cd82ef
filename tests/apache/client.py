"""Fetches sites over new connections until it is told to end, then prints what failed.

It says first that it can be told.
Runs in a machine's network: `client.py ADDRESS PORT=BODY…`.
"""

import http.client
import json
import signal
import ssl
import sys
from types import FrameType

ended = False


def end(_signal: int, _frame: FrameType | None) -> None:
    global ended  # noqa: PLW0603 - what a signal handler can reach
    ended = True


def main() -> None:
    signal.signal(signal.SIGTERM, end)
    print("ready", flush=True)  # noqa: T201
    address, *sites = sys.argv[1:]
    context = ssl._create_unverified_context()  # noqa: S323, SLF001 - as a balancer
    sent, failed = 0, []
    while not ended:
        for site in sites:
            port, _, body = site.partition("=")
            sent += 1
            connection = http.client.HTTPSConnection(
                address, int(port), context=context, timeout=20
            )
            try:
                connection.request("GET", "/")
                response = connection.getresponse()
                found = response.read().decode().strip()
                if (response.status, found) != (200, body):
                    failed.append(f"{port}: {response.status} {found}")
            except (OSError, http.client.HTTPException) as error:
                failed.append(f"{port}: {error!r}")
            finally:
                connection.close()
    sys.stdout.write(json.dumps({"sent": sent, "failed": failed}))


main()
