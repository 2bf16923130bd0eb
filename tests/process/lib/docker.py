"""The Engine API of the Docker under test, and what a scenario left in it."""
import hashlib
import json
import os
import signal
import time
import urllib.parse

from lib import http


def network_of(node_id):
    """The name of a node's bridge network, as the design fixes it."""
    return "aura-" + hashlib.sha256(node_id.encode()).hexdigest()[:8]


class Docker:
    def __init__(self, socket_path, image):
        self.socket = socket_path
        self.image = image

    def connect(self):
        return http.UnixConnection(self.socket)

    def call(self, method, path, body=None):
        return http.call(self.connect, method, path, body)

    def ok(self, method, path, body=None):
        reply = self.call(method, path, body)
        assert reply.status < 300, f"Docker answered {method} {path} with {reply}"
        return reply

    def list(self, label):
        """All containers with the label, running or not."""
        filters = urllib.parse.quote(json.dumps({"label": [label]}))
        return self.ok("GET", f"/containers/json?all=1&filters={filters}").json

    def of_node(self, node_id):
        return self.list(f"aura.node={node_id}")

    def inspect(self, container_id):
        """None: no such container."""
        reply = self.call("GET", f"/containers/{container_id}/json")
        return None if reply.status == 404 else reply.json

    def pid(self, container_id):
        return self.inspect(container_id)["State"]["Pid"]

    def kill_main_process(self, container_id):
        """As the kernel would: Docker is not asked and only sees its end."""
        pid = self.pid(container_id)
        assert pid > 0, "it does not run"  # 0 would be our own process group
        os.kill(pid, signal.SIGKILL)

    def run(self, name, labels, command=("sleep", "3600"), mounts=()):
        """A container of somebody else."""
        host = {"Mounts": [{"Type": "bind", "Source": path, "Target": "/data"} for path in mounts], "Init": True}
        body = {"Image": self.image, "Cmd": list(command), "Labels": labels, "HostConfig": host}
        made = self.ok("POST", f"/containers/create?name={name}", body).json["Id"]
        self.ok("POST", f"/containers/{made}/start")
        return made

    def stop(self, container_id, grace_s=1):
        self.ok("POST", f"/containers/{container_id}/stop?t={grace_s}")

    def remove(self, container_id):
        self.call("DELETE", f"/containers/{container_id}?force=1&v=1")

    def watch(self, node_id):
        """The events of a node's containers from now on, as a stream of JSON lines."""
        filters = urllib.parse.quote(json.dumps({"label": [f"aura.node={node_id}"]}))
        return http.Stream(self.connect, f"/events?filters={filters}")

    def starts(self, container_id, since_s):
        """How often it was started since that wall time, from Docker's own history."""
        filters = urllib.parse.quote(json.dumps({"container": [container_id], "event": ["start"]}))
        text = self.ok("GET", f"/events?since={since_s:.6f}&until={time.time():.6f}&filters={filters}").text
        return len([line for line in text.splitlines() if line.strip()])

    def networks(self, name):
        """The ids of all networks of that very name: Docker lets there be several."""
        filters = urllib.parse.quote(json.dumps({"name": [name]}))
        found = self.ok("GET", f"/networks?filters={filters}").json
        return [network["Id"] for network in found if network["Name"] == name]

    def leftovers(self, node_id):
        """What is there of a node: containers and its network."""
        names = [container["Names"][0].lstrip("/") for container in self.of_node(node_id)]
        return names + [f"network {one}" for one in self.networks(network_of(node_id))]

    def clean(self, node_id):
        for container in self.of_node(node_id):
            self.remove(container["Id"])
        for network in self.networks(network_of(node_id)):
            self.call("DELETE", f"/networks/{network}")
