"""Docker with timestamps: its events as they come, and bare calls of its API to compare with."""
import collections
import http.client
import json
import os
import secrets
import signal
import threading
import time
import urllib.parse

from lib import http as plain

EVENT_S = 60             # the longest wait for one event
KEPT_EVENTS = 20_000
BENCH_LABEL = "aura.bench"


def ms(nanoseconds):
    return nanoseconds / 1e6


class Events:
    """Container events of one Docker from now on, or from `since_s` on where Docker still remembers them.

    Times are the engine's own (timeNano): the same wall clock as time.time_ns() here.
    """

    def __init__(self, docker, since_s=None):
        filters = urllib.parse.quote(json.dumps({"type": ["container"]}))
        since = f"&since={since_s:.6f}" if since_s else ""
        self.connection = plain.UnixConnection(docker.socket, timeout_s=EVENT_S)
        self.connection.request("GET", f"/events?filters={filters}{since}")
        self.answer = self.connection.getresponse()
        self.connection.sock.settimeout(None)
        self.events = collections.deque(maxlen=KEPT_EVENTS)
        self.news = threading.Condition()
        self.ended = False
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        try:
            while line := self.answer.readline():
                event = json.loads(line)
                with self.news:
                    self.events.append(event)
                    self.news.notify_all()
        except (OSError, ValueError, AttributeError, http.client.HTTPException):
            pass   # the connection was closed, here or by Docker
        with self.news:
            self.ended = True
            self.news.notify_all()

    def wait(self, action, after_ns, container_id=None, workload=None, node=None):
        """The time in ns of the first such event after `after_ns`."""
        def find():
            for event in self.events:
                actor = event["Actor"]
                if (event["Action"] == action and event["timeNano"] > after_ns
                        and container_id in (None, actor["ID"])
                        and workload in (None, actor["Attributes"].get("aura.workload"))
                        and node in (None, actor["Attributes"].get("aura.node"))):
                    return event["timeNano"]
            return None

        deadline = time.monotonic() + EVENT_S
        with self.news:
            while (found := find()) is None:
                left = deadline - time.monotonic()
                if left <= 0 or self.ended:
                    raise RuntimeError(f"no {action} event of {container_id or workload} within {EVENT_S} s")
                self.news.wait(left)
        return found

    def close(self):
        try:
            self.connection.sock.shutdown(2)
        except OSError:
            pass
        self.thread.join(5)
        self.connection.close()


class Prepared:
    """A request whose bytes and connection are there before the clock starts."""

    def __init__(self, connect, method, path, body=None, headers=None):
        self.connection = connect()
        self.connection.connect()
        data = json.dumps(body).encode() if body is not None else b""
        fields = {"Host": "localhost", "Content-Length": str(len(data)), **(headers or {})}
        if data:
            fields["Content-Type"] = "application/json"
        head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self.bytes = head.encode() + b"\r\n" + data
        self.method = method

    def send(self):
        """When it was sent, in ns."""
        sent_ns = time.time_ns()
        self.connection.sock.sendall(self.bytes)
        return sent_ns

    def answer(self):
        """Status and body; the connection is closed."""
        response = http.client.HTTPResponse(self.connection.sock, method=self.method)
        response.begin()
        body = response.read()
        self.connection.close()
        return response.status, body

    def ok(self):
        status, body = self.answer()
        if status >= 400:
            raise RuntimeError(f"{self.method} was answered with {status}: {body[:300]!r}")
        return json.loads(body) if body else None


class Bare:
    """Containers of the bench's own, made like one of the agent's, driven by bare API calls."""

    def __init__(self, docker, events, bench_id):
        self.docker = docker
        self.events = events
        self.bench_id = bench_id

    def body_like(self, container_id, policy="no"):
        """What creates a container with the very settings of that one."""
        seen = self.docker.inspect(container_id)
        config = {key: seen["Config"].get(key) for key in ("Image", "Cmd", "Entrypoint", "Env", "User", "StopSignal",
                                                           "StopTimeout", "ExposedPorts")}
        host = {**seen["HostConfig"], "RestartPolicy": {"Name": policy}}
        networks = {name: {} for name in seen["NetworkSettings"]["Networks"]}
        return {**config, "HostConfig": host, "Labels": {BENCH_LABEL: self.bench_id},
                "NetworkingConfig": {"EndpointsConfig": networks}}

    def path(self):
        return f"/containers/create?name=aura-bench-{self.bench_id}-{secrets.token_hex(4)}"

    def create_like(self, container_id, policy="no"):
        return self.docker.ok("POST", self.path(), self.body_like(container_id, policy)).json["Id"]

    def running_like(self, container_id, policy="no"):
        made = self.create_like(container_id, policy)
        self.start_ms(made)
        return made

    def start_ms(self, container_id):
        """Bare start call -> running (Docker's start event)."""
        call = Prepared(self.docker.connect, "POST", f"/containers/{container_id}/start")
        sent_ns = call.send()
        call.ok()
        return ms(self.events.wait("start", sent_ns, container_id) - sent_ns)

    def die_ms(self, container_id):
        """SIGKILL of its PID 1 -> Docker's die event; returns with the event, while Docker still cleans up."""
        sent_ns = kill(self.docker, container_id)
        return ms(self.events.wait("die", sent_ns, container_id) - sent_ns)

    def kill_ms(self, container_id):
        """As die_ms(), but returns once Docker shows it exited."""
        taken_ms = self.die_ms(container_id)
        while self.docker.inspect(container_id)["State"]["Running"]:
            time.sleep(0.002)
        return taken_ms

    def stop_ms(self, container_id):
        """Bare stop call -> the signal is sent (Docker's kill event)."""
        call = Prepared(self.docker.connect, "POST", f"/containers/{container_id}/stop?t=10")
        sent_ns = call.send()
        call.ok()
        return ms(self.events.wait("kill", sent_ns, container_id) - sent_ns)

    def create_and_start_ms(self, body):
        sent_ns = time.time_ns()
        create = Prepared(self.docker.connect, "POST", self.path(), body)
        create.send()
        made = create.ok()["Id"]
        self.start_ms(made)
        running_ns = self.events.wait("start", sent_ns, made)
        self.docker.remove(made)
        return ms(running_ns - sent_ns)


def kill(docker, container_id):
    """SIGKILL of the container's PID 1; when it was sent, in ns."""
    pid = docker.pid(container_id)
    if pid <= 0:
        raise RuntimeError(f"container {container_id[:12]} does not run")
    sent_ns = time.time_ns()
    os.kill(pid, signal.SIGKILL)
    return sent_ns


def clean(docker, bench_id):
    for container in docker.list(f"{BENCH_LABEL}={bench_id}"):
        docker.remove(container["Id"])
