"""A server in the place of Apache, which answers with what it sees of who connects.

Arguments: its name, its PEM file, and ports: `8443` by TLS, `80/plain`, `8444/proxy` by TLS after
a header of PROXY protocol 2.
"""

import json
import socket
import ssl
import sys
import threading

HEALTH = "/health"

checks: list[dict[str, object]] = []


def serve(name: str, pem: str, port: int, way: str) -> None:
    # Its own address comes with the instance.
    with socket.create_server(("", port)) as listening:
        while True:
            connection, peer = listening.accept()
            seen = {"server": name, "peer": peer[0], "port": port, "proxy": None}
            threading.Thread(target=answer, args=(connection, pem, way, seen), daemon=True).start()


def answer(connection: socket.socket, pem: str, way: str, seen: dict[str, object]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    try:
        if way == "proxy":
            seen["proxy"] = proxy_header(connection)
        if way != "plain":
            connection = context.wrap_socket(connection, server_side=True)
        with connection:
            head = connection.recv(65536).decode().split("\r\n\r\n")[0]
            request, *lines = head.split("\r\n")
            path = request.split()[1]
            if path == HEALTH:
                checks.append(seen)
            headers = dict(line.lower().split(": ", 1) for line in lines)
            body = json.dumps({**seen, "headers": headers, "checks": checks}).encode()
            connection.sendall(
                b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b"
                % (len(body), body)
            )
    except (OSError, IndexError):
        connection.close()


def proxy_header(connection: socket.socket) -> str:
    """Read a header: `LOCAL`, or the client's address."""
    fixed = connection.recv(16, socket.MSG_WAITALL)
    rest = connection.recv(int.from_bytes(fixed[14:]), socket.MSG_WAITALL)
    return socket.inet_ntoa(rest[:4]) if fixed[12] == 0x21 else "LOCAL"


def main(name: str, pem: str, *ports: str) -> None:
    for each in ports:
        port, _, way = each.partition("/")
        threading.Thread(target=serve, args=(name, pem, int(port), way)).start()


if __name__ == "__main__":
    main(*sys.argv[1:])
