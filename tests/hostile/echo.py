"""An application behind Apache that answers with the headers it got, as JSON."""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Echo(BaseHTTPRequestHandler):
    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        body = json.dumps(self.headers.items()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = answer  # noqa: N815 - the names that http.server looks for


server = ThreadingHTTPServer(("127.0.0.1", 9000), Echo)
sys.stdout.write("ready\n")
sys.stdout.flush()
server.serve_forever()
