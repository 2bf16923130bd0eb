"""A gateway that speaks OpenClaw's admin RPC as far as a stop hook needs it: gateway.suspend.prepare with busy answers and
leases (docs/plugins/admin-http-rpc.md of OpenClaw; the leases by its pull request 103618)."""
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LEASE_S = 120


class Gateway:
    def __init__(self, token):
        self.token = token
        self.turns = 0          # of work under way: busy while there are any
        self.prepares = []      # request ids, each time one was asked
        self.lease = None       # (request id, end) while it is ready to be suspended
        self.lock = threading.Lock()
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):  # noqa: N802, the name that the library calls
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, answer = gateway.answer(self.path, self.headers.get("Authorization", ""), body)
                data = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *unused):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, path, authorization, body):
        if path != "/api/v1/admin/rpc":
            return 404, {}
        if authorization != f"Bearer {self.token}":
            return 401, {}
        try:
            asked = json.loads(body)
            method, request_id = asked["method"], asked["params"]["requestId"]
        except (ValueError, KeyError, TypeError):
            return 400, error("INVALID_REQUEST", "bad params")
        if method != "gateway.suspend.prepare":
            return 400, error("INVALID_REQUEST", "unknown method")
        with self.lock:
            return self.prepare(request_id)

    def prepare(self, request_id):
        now = time.monotonic()
        self.prepares.append(request_id)
        if self.lease and self.lease[1] > now and self.lease[0] != request_id:
            return 503, error("UNAVAILABLE", "another suspension is prepared", retryAfterMs=1000)
        if self.turns:
            return 200, {"ok": True, "payload": {"status": "busy", "retryAfterMs": 1000, "activeCount": self.turns,
                                                 "blockers": []}}
        self.lease = (request_id, now + LEASE_S)
        return 200, {"ok": True, "payload": {"status": "ready", "suspensionId": "s-1",
                                             "expiresAtMs": int((time.time() + LEASE_S) * 1000)}}


def error(code, message, **more):
    return {"ok": False, "error": {"code": code, "message": message, **more}}
