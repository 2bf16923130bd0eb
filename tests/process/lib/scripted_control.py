"""A control plane that says what a scenario wants it to say: what aura-control itself never sends."""
import json
import socket
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class ScriptedControl:
    """Enrols everybody, confirms everything, hands out `wanted` and each command of `commands` once. The protocol's
    long poll is off: commands go with the next heartbeat's reply.

    `misbehave`, where it is set, answers heartbeats in its place: a function of the handler, called once the request
    has been read. `tls` is (certificate, key): the paths of a certificate that nobody has vouched for.
    """

    def __init__(self, interval_s=1, tls=None, address="127.0.0.1", port=0):
        self.lock = threading.Lock()
        self.interval_s = interval_s
        self.wanted = None
        self.commands = []
        self.beats = []
        self.outcomes = {}
        self.events = []
        self.enrolments = []
        self.misbehave = None
        self.misbehaved = 0
        self.tls = tls
        self.server = None
        self.connections = set()
        self.address = address
        self.port = port  # 0: any free one
        self.listen()
        self.url = f"{'https' if tls else 'http'}://{address}:{self.port}"

    def listen(self):
        """Also after close(): on the same port as before."""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                outer.connections.add(self.connection)

            def finish(self):
                outer.connections.discard(self.connection)
                super().finish()

            def do_POST(self):  # noqa: N802 - the base class asks for the name
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                misbehave = outer.misbehave
                if misbehave and self.path != "/v1/enroll":
                    outer.misbehaved += 1
                    misbehave(self)
                    return
                reply = outer.enrol(body) if self.path == "/v1/enroll" else outer.beat(body)
                self.answer(200, "application/json", json.dumps(reply).encode())

            def answer(self, status, kind, data, **headers):
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, *_):
                pass  # a client that hangs up on nonsense does what it should

        self.server = Server((self.address, self.port), Handler)
        self.port = self.server.server_port
        if self.tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        """Ends what is open; from now on connections are refused."""
        self.server.shutdown()
        self.server.server_close()
        for one in list(self.connections):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it ended by itself

    def enrol(self, body):
        with self.lock:
            self.enrolments.append(body)
        return {"node_key": "k" * 64}

    def beat(self, body):
        with self.lock:
            self.beats.append(body)
            known = {event["seq"] for event in self.events}
            self.events += [event for event in body["events"] if event["seq"] not in known]
            for outcome in body["outcomes"]:
                self.outcomes.setdefault(outcome["command_id"], []).append(outcome)
            commands, self.commands = self.commands, []
            return {
                "server_time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                "next_heartbeat_s": self.interval_s,
                "long_poll": False,
                "confirmed_event_seq": max((event["seq"] for event in self.events), default=0),
                "confirmed_outcomes": [outcome["command_id"] for outcome in body["outcomes"]],
                "wanted": self.wanted,
                "commands": commands,
            }

    def want(self, intent, generation, suspended=False, reason=""):
        with self.lock:
            self.wanted = {"intent": intent, "suspended": suspended, "reason": reason, "generation": generation}
            if suspended:
                self.wanted["mode"] = "stop"

    def order(self, *commands):
        """To be delivered in one reply, in this order."""
        with self.lock:
            self.commands += [{"target": "node", "actor": "test", "age_s": 0, **command} for command in commands]

    def outcome(self, command_id):
        """None until the node has told it."""
        with self.lock:
            told = self.outcomes.get(command_id)
        return told[0] if told else None

    def count(self):
        with self.lock:
            return len(self.beats)
