"""A control plane that says what a scenario wants it to say: what aura-control itself never sends."""
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class ScriptedControl:
    """Enrols everybody, confirms everything, hands out `wanted` and each command of `commands` once. The protocol's
    long poll is off: commands go with the next heartbeat's reply."""

    def __init__(self, interval_s=1):
        self.lock = threading.Lock()
        self.interval_s = interval_s
        self.wanted = None
        self.commands = []
        self.beats = []
        self.outcomes = {}
        self.events = []
        self.enrolments = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):  # noqa: N802 - the base class asks for the name
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                reply = outer.enrol(body) if self.path == "/v1/enroll" else outer.beat(body)
                data = json.dumps(reply).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

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
