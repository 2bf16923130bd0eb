"""The simulated cloud of a scenario, and what a caller of its API asks."""
import json
import os
import select
import signal
import subprocess

from lib import http
from lib.rig import TREE

PROGRAM = os.path.join(TREE, "tests", "support", "hcloud", "hcloud-sim")
START_S = 30
END_S = 60
ACTION_S = 60


class Cloud:
    """`images` are the host images by release. Ended by close(), with all its servers."""

    def __init__(self, rig, images):
        self.rig = rig
        self.log_path = os.path.join(rig.log_dir, "hcloud-sim.log")
        systems = {"debian-12": images["bookworm"], "debian-13": images["trixie"]}
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [PROGRAM, "--docker", rig.docker.socket, *[word for one in systems.items() for word in ("--image", "=".join(one))]],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True)
        ready, _, _ = select.select([self.process.stdout], [], [], START_S)
        line = self.process.stdout.readline() if ready else ""
        assert line, "the simulator did not start: see hcloud-sim.log"
        said = json.loads(line)
        self.url, self.token = said["url"], said["token"]
        self.port = int(self.url.split(":")[2].split("/")[0])

    def call(self, method, path, body=None, token=None):
        headers = {"Authorization": f"Bearer {token or self.token}"}
        return http.call(lambda: http.tcp(self.port), method, path, body, headers)

    def ok(self, method, path, body=None):
        reply = self.call(method, path, body)
        assert reply.status < 300, f"{method} {path}: {reply}"
        return reply.json if reply.text else None

    def order(self, kind, **body):
        self.ok("POST", f"/_test/{kind}", body)

    def create(self, name, system="debian-12", **more):
        return self.ok("POST", "/v1/servers", {"name": name, "server_type": "cx22", "image": system, **more})

    def server(self, number):
        return self.ok("GET", f"/v1/servers/{number}")["server"]

    def act(self, number, verb, **body):
        return self.ok("POST", f"/v1/servers/{number}/actions/{verb}", body)["action"]

    def ended(self, action, seconds=ACTION_S):
        """The action once it is no longer running."""
        def done():
            seen = self.ok("GET", f"/v1/actions/{action['id']}")["action"]
            return seen if seen["status"] != "running" else None
        return self.rig.until(done, seconds, f"action {action['command']} has ended")

    def inside(self, number):
        """Container, pid and address of a server's machine; {} until there is one."""
        found = [one for one in self.ok("GET", "/_test/servers")["servers"] if one["id"] == number]
        return found[0] if found else {}

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(END_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(END_S)
        self.process.stdout.close()
