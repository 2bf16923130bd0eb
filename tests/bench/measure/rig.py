"""What the rows need: a Docker, folders, nodes and control planes, and the end of all of it."""
import os
import pathlib
import secrets
import shutil
import subprocess
import tempfile
import time

from lib import docker as engine_api
from lib.control import Control
from lib.node import Node
from measure import engine
from measure.relay import Relay

ROOT = pathlib.Path(__file__).resolve().parents[3]
SUPPORT = ROOT / "tests/support/docker"
IMAGE = os.environ.get("AURA_TEST_IMAGE") or "aura-test-busybox:1"

# Crashes follow each other quickly here: they must neither be held back nor be given up on.
CRASHING = """
[restart]
backoff_first_ms = 0
reset_after_s = 1
give_up = { restarts = 1000, within_s = 60 }
"""
CALM_S = 1.5   # longer than reset_after_s: the back-off starts anew
LIMITS = {"destructive_per_minute": 10_000, "destructive_burst": 10_000}


class Daemon:
    """A private dockerd, by tests/support/docker."""

    def __init__(self, live_restore=False):
        self.dir = tempfile.mkdtemp(prefix="aura-bench.", dir="/var/tmp")
        self.flags = ["--live-restore"] if live_restore else []
        self.socket = ""

    def up(self):
        self.socket = self.support("up", self.dir, *self.flags)
        self.support("image", self.socket, IMAGE)
        return self

    def stop(self):
        self.support("stop", self.dir)

    def down(self):
        self.support("down", self.dir)
        shutil.rmtree(self.dir, ignore_errors=True)

    @staticmethod
    def support(*arguments):
        done = subprocess.run([SUPPORT, *arguments], capture_output=True, text=True, timeout=120, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"tests/support/docker {arguments[0]}: {done.stderr.strip()}")
        return done.stdout.strip()


class Rig:
    """Of one row. Also what lib.node.Node and lib.control.Control ask of the one who makes them."""

    def __init__(self, name, docker):
        self.name = name
        self.dir = tempfile.mkdtemp(prefix=f"aura-bench-{name}.", dir="/var/tmp")
        os.chmod(self.dir, 0o755)
        self.log_dir = self.dir
        self.docker = docker
        self.id = f"{name}-{secrets.token_hex(3)}"
        self.nodes, self.controls, self.streams, self.daemons = [], [], [], []

    def binary(self, name):
        return str(binary(name))

    def note_node(self, node):
        self.nodes.append(node)

    def note_control(self, control):
        self.controls.append(control)

    def until(self, condition, seconds, what, detail=None):
        """For preparations only: nothing that is measured waits here."""
        deadline = time.monotonic() + seconds
        while not (value := condition()):
            if time.monotonic() > deadline:
                raise RuntimeError(f"not within {seconds} s: {what}{f', but {detail()}' if detail else ''}")
            time.sleep(0.05)
        return value

    def events(self, docker=None, since_s=None):
        self.streams.append(engine.Events(docker or self.docker, since_s))
        return self.streams[-1]

    def relay(self):
        self.streams.append(Relay(os.path.join(self.dir, "docker.sock"), self.docker.socket))
        return self.streams[-1]

    def own_docker(self, live_restore=False):
        self.daemons.append(Daemon(live_restore).up())
        return docker_at(self.daemons[-1].socket)

    def bare(self, events, docker=None):
        return engine.Bare(docker or self.docker, events, self.id)

    def node(self, name="node", docker=None, control=None):
        node = Node(self, name, docker, control)
        node.settings["limits"] = dict(LIMITS)
        if control:
            node.settings["control"]["heartbeat_s"] = 60
            node.give_code(control.code_for(node.id))
        return node

    def control(self, heartbeat_s=60):
        return Control(self, heartbeat_s=heartbeat_s).start()

    def close(self, failed):
        for part in self.nodes + self.controls:
            if part.process:
                part.kill() if isinstance(part, Node) else part.stop()
        for stream in self.streams:
            stream.close()
        for node in self.nodes:
            engine.clean(node.docker, self.id)
            node.docker.clean(node.id)
        for daemon in self.daemons:
            daemon.down()
        if failed:
            print(f"    logs of {self.name} are kept in {self.dir}", flush=True)
        else:
            shutil.rmtree(self.dir, ignore_errors=True)


def binary(name):
    folder = os.environ.get("AURA_BIN") or os.environ.get("AURA_TEST_BIN") or ROOT / "build/release/bin"
    path = pathlib.Path(folder) / name
    if not path.exists():
        raise SystemExit(f"bench: {path} is not there: cmake --preset release && cmake --build --preset release")
    return path


def docker_at(socket):
    return engine_api.Docker(socket, IMAGE)


def launch(node, notify_socket=None):
    """Starts a daemon that is prepared already (node.write_settings()); when, in ns."""
    environment = node.environment()
    if notify_socket:
        environment["NOTIFY_SOCKET"] = notify_socket
    command = node.command_line()
    with open(node.log_path, "ab") as log:
        started_ns = time.time_ns()
        node.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
    return started_ns
