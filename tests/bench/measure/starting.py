"""From nothing to running: declared, died unwatched, Docker restarted, the agent itself."""
import os
import socket
import threading
import time

from lib import http
from measure import engine
from measure.rig import CALM_S, CRASHING, Daemon, docker_at, launch
from measure.table import Row, median, percentile

ADOPTED = 20
ALLOWANCE_MS = 40   # beside 1.25 bare starts
NOTIFY_S = 30


def detail_of(values):
    return f"median of {len(values)}, worst {max(values):.0f}"


def declare(rig, size):
    """One workload more, by a file and SIGHUP, beside the two bare calls; then it is withdrawn."""
    events = rig.events()
    bare = rig.bare(events)
    node = rig.node()
    node.declare("base")
    node.start()
    base = node.until_running("base")["Id"]
    body = bare.body_like(base)
    taken, own = [], []
    for turn in range(size.starts):
        name = f"more-{turn}"
        node.declare(name)
        told_ns = time.time_ns()
        node.process.send_signal(1)   # SIGHUP
        taken.append(engine.ms(events.wait("start", told_ns, workload=name, node=node.id) - told_ns))
        own.append(bare.create_and_start_ms(body))
        gone_ns = time.time_ns()
        os.unlink(node.workload_path(name))
        node.process.send_signal(1)
        events.wait("die", gone_ns, workload=name, node=node.id)
    reference = median(own)
    return [Row("declare", "declared workload → running (image present)", median(taken), "ms", detail_of(taken), reference,
                "bare create + start calls", 1.10 * reference, "≤ 1.10 × bare create + start")]


def died(rig, size):
    """The workload dies while the agent is down."""
    events = rig.events()
    bare = rig.bare(events)
    node = rig.node()
    node.declare("web", tables=CRASHING)
    node.start()
    ours = node.until_running("web")["Id"]
    plain = bare.running_like(ours)
    taken, own = [], []
    for _ in range(size.starts):
        time.sleep(CALM_S)
        node.stop()
        bare.kill_ms(ours)
        started_ns = launch(node)
        taken.append(engine.ms(events.wait("start", started_ns, ours) - started_ns))
        bare.kill_ms(plain)
        own.append(bare.start_ms(plain))
    reference = median(own)
    return [Row("died", "workload died while the agent was down: agent exec → running", median(taken), "ms",
                detail_of(taken), reference, "bare start call", 1.25 * reference + ALLOWANCE_MS,
                f"≤ 1.25 × bare start + {ALLOWANCE_MS} ms")]


class FirstAnswer:
    """Asks a socket, a thousand times a second, until Docker answers there for the first time."""

    def __init__(self, path):
        self.path = path
        self.answered_ns = None
        self.asks = True
        self.thread = threading.Thread(target=self.ask, daemon=True)
        self.thread.start()

    def ask(self):
        while self.asks:
            try:
                if http.call(lambda: http.UnixConnection(self.path, 5), "GET", "/_ping").status == 200:
                    self.answered_ns = time.time_ns()
                    return
            except OSError:
                time.sleep(0.001)

    def result(self):
        self.thread.join(5)
        self.asks = False
        if self.answered_ns is None:
            raise RuntimeError("Docker is up, but did not answer")
        return self.answered_ns


def docker(rig, size):
    """A dockerd of the row's own is stopped and started again, with all that it runs."""
    daemon = Daemon()
    try:
        return docker_restarts(rig, size, daemon.up())
    finally:
        rig.docker = docker_at(daemon.socket)
        for node in rig.nodes:
            if node.process:
                node.kill()
        daemon.down()
        rig.nodes.clear()


def docker_restarts(rig, size, daemon):
    private = docker_at(daemon.socket)
    node = rig.node(docker=private)
    node.declare("web", tables=CRASHING)
    node.start()
    ours = node.until_running("web")["Id"]
    plain = rig.bare(rig.events(private), private).create_like(ours)
    taken, own = [], []
    for _ in range(size.docker_restarts):
        time.sleep(CALM_S)
        daemon.stop()
        stopped_s = time.time()
        first = FirstAnswer(daemon.socket)
        daemon.up()
        answered_ns = first.result()
        events = rig.events(private, since_s=stopped_s)
        taken.append(engine.ms(events.wait("start", int(stopped_s * 1e9), ours) - answered_ns))
        bare = rig.bare(events, private)
        for _ in range(3):
            own.append(bare.start_ms(plain))
            bare.kill_ms(plain)
    reference = median(own)
    return [Row("docker", "Docker restarted: its socket answers → workload running", median(taken), "ms",
                detail_of(taken), reference, "bare start call", 1.25 * reference + ALLOWANCE_MS,
                f"≤ 1.25 × bare start + {ALLOWANCE_MS} ms")]


def ready(rig, size):
    """exec -> READY=1 with workloads to adopt; the bench is its service manager."""
    node = rig.node()
    for number in range(ADOPTED):
        node.declare(f"w{number}")
    node.start()
    for number in range(ADOPTED):
        node.until_running(f"w{number}", 120)
    node.stop()
    path = os.path.join(rig.dir, "notify")
    taken, loading = [], []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path)
        manager.settimeout(NOTIFY_S)
        for _ in range(size.readies):
            started_ns = launch(node, path)
            while b"READY=1" not in manager.recv(65536).split(b"\n"):
                pass
            taken.append(engine.ms(time.time_ns() - started_ns))
            node.stop()
            drain(manager)
            began_ns = time.time_ns()
            node.cli("version")
            loading.append(engine.ms(time.time_ns() - began_ns))
    return [Row("ready", f"exec → READY=1 with {ADOPTED} workloads to adopt", median(taken), "ms",
                f"median of {len(taken)}, p99 {percentile(taken, 99):.0f}", median(loading), "exec → exit of `aura-node version`: the "
                "loader and the libraries alone", 15, "≤ 15 ms")]


def drain(manager):
    manager.setblocking(False)
    try:
        while manager.recv(65536):
            pass
    except BlockingIOError:
        pass
    manager.settimeout(NOTIFY_S)
