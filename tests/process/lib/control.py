"""One aura-control with a state folder of its own, and what an operator asks of it."""
import os
import signal
import socket
import subprocess

from lib import http
from lib.node import read

START_S = 20
END_S = 20


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Control:
    def __init__(self, rig, name="control", heartbeat_s=1):
        self.rig = rig
        self.dir = os.path.join(rig.dir, name)
        self.log_path = os.path.join(rig.log_dir, f"{name}.log")
        self.port = free_port()  # kept over restarts: nodes know it by its address
        self.heartbeat_s = heartbeat_s
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None
        rig.note_control(self)

    def command_line(self):
        return [self.rig.binary("aura-control"), "serve", "--listen", f"127.0.0.1:{self.port}",
                "--state-dir", self.dir, "--heartbeat-s", str(self.heartbeat_s)]

    def start(self):
        assert self.process is None
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.command_line(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.rig.until(self.answers, START_S, "aura-control answers")
        return self

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"aura-control ended with {self.process.returncode}: {read(self.log_path)[-1500:]}")
        try:
            return self.call("GET", "/health").status == 200
        except OSError:
            return False

    def stop(self, number=signal.SIGTERM):
        process, self.process = self.process, None
        process.send_signal(number)
        return process.wait(END_S)

    # -- as an operator -----------------------------------------------------------------------------------------------

    def connect(self):
        return http.tcp(self.port)

    def call(self, method, path, body=None, headers=None):
        """Without any identity."""
        return http.call(self.connect, method, path, body, headers)

    @property
    def token(self):
        return read(os.path.join(self.dir, "operator-token")).split()[0]

    def api(self, method, path, body=None):
        return self.call(method, path, body, {"Authorization": f"Bearer {self.token}"})

    def code_for(self, node_id):
        reply = self.api("POST", "/v1/enroll-codes", {"node_id": node_id})
        assert reply.status == 200, f"no enrolment code: {reply}"
        return reply.json["code"]

    def node(self, node_id):
        """What it shows of a node; {} where it knows none."""
        reply = self.api("GET", f"/v1/nodes/{node_id}")
        return reply.json if reply.status == 200 else {}

    def node_in_list(self, node_id):
        """As in the list, where those that wait for approval stand too; {} where it is not."""
        found = [one for one in self.api("GET", "/v1/nodes").json["nodes"] if one["node_id"] == node_id]
        return found[0] if found else {}

    def post(self, node_id, verb, target="node", **fields):
        return self.api("POST", f"/v1/nodes/{node_id}/commands", {"verb": verb, "target": target, **fields})

    def send(self, node_id, verb, target="node", **fields):
        """Returns the command's id."""
        reply = self.post(node_id, verb, target, **fields)
        assert reply.status in (200, 202), f"{verb} was not taken: {reply}"
        return reply.json["command"]["id"]

    def command(self, node_id, command_id, wait_s=0):
        return self.api("GET", f"/v1/nodes/{node_id}/commands/{command_id}?wait_s={wait_s}").json

    def outcome_of(self, node_id, command_id, seconds=40):
        def settled():
            view = self.command(node_id, command_id, wait_s=5)
            return view.get("outcome")
        return self.rig.until(settled, seconds, f"command {command_id} has its outcome",
                              lambda: self.command(node_id, command_id))

    def outcome(self, node_id, verb, target="node", **fields):
        return self.outcome_of(node_id, self.send(node_id, verb, target, **fields))

    def events(self, node_id, source=None):
        """The events of a node as they are stored, oldest first; `source` is node or control."""
        found, after = [], 0
        while True:
            page = self.api("GET", f"/v1/events?after={after}&limit=1000&node={node_id}").json["events"]
            if not page:
                break
            found += page
            after = page[-1]["id"]
        return [one for one in found if source is None or one["source"] == source]

    def cli(self, *arguments, timeout_s=40):
        environment = {**os.environ, "AURA_CONTROL_URL": self.url,
                       "AURA_CONTROL_TOKEN_FILE": os.path.join(self.dir, "operator-token")}
        return subprocess.run([self.rig.binary("aura-control"), *arguments], capture_output=True, text=True,
                              timeout=timeout_s, env=environment, stdin=subprocess.DEVNULL)
