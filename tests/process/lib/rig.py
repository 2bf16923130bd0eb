"""What a scenario gets: folders, Docker, nodes, control planes, waiting; and the clearing away afterwards."""
import os
import subprocess
import time

from lib import http
from lib.control import Control
from lib.docker import Docker
from lib.errors import Skip  # noqa: F401 - scenarios take it from here
from lib.fault_log import Fault
from lib.node import Node
from lib.registry import Registry, SlowLine

TREE = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
POLL_S = 0.1  # between looks where no event came: what a process or a file says tells nobody
BINARIES = os.environ.get("AURA_BIN") or os.environ.get("AURA_TEST_BIN") or os.path.join(TREE, "build", "release", "bin")
DOCKER_TOOL = os.path.join(TREE, "tests", "support", "docker")


class Rig:
    def __init__(self, name, directory, log_dir):
        self.name = name
        self.dir = directory
        self.log_dir = log_dir
        self.docker = Docker(os.environ["AURA_TEST_DOCKER_SOCKET"], os.environ["AURA_TEST_IMAGE"])
        self.began_s = time.time()
        self.nodes = []
        self.controls = []
        self.foreign = []
        self.own_daemons = []
        self.watches = []
        self.faults = []
        self.disks = []
        self.registries = []
        self.references = []

    # -- making things ------------------------------------------------------------------------------------------------

    def binary(self, name):
        return os.path.join(BINARIES, name)

    def node(self, name="node", **options):
        return Node(self, name, **options)

    def control(self, **options):
        return Control(self, **options)

    def enrolled(self, heartbeat_s=1, **options):
        """A running control plane and a node that holds a code for it, not started yet."""
        control = self.control(heartbeat_s=heartbeat_s).start()
        node = self.node(control=control, **options)
        node.give_code(control.code_for(node.id))
        return control, node

    def own_docker(self, live_restore=False, prefix=()):
        """A Docker daemon of the scenario's own, to be ended and started at will; `prefix` is put in front of what
        starts it."""
        daemon = OwnDocker(self, os.path.join(self.dir, f"docker{len(self.own_daemons)}"), live_restore, prefix)
        self.own_daemons.append(daemon)
        daemon.up()
        daemon.load_image(self.docker.image)
        return daemon

    def registry(self, login=False):
        made = Registry(os.path.join(self.dir, f"registry{len(self.registries)}"), login)
        self.registries.append(made)
        return made

    def slow_line(self, registry, bytes_per_s):
        made = SlowLine(registry.port, bytes_per_s)
        self.registries.append(made)
        return made

    def will_pull(self, reference):
        """That image is removed from Docker at the end."""
        self.references.append(reference)
        return reference

    def foreign_container(self, name, labels=None, **options):
        made = self.docker.run(name, {"aura.test": self.name, **(labels or {})}, **options)
        self.foreign.append(made)
        return made

    def fault(self, fault, how, observed="", times=1):
        """Says what the scenario provokes; docs/faults.md lists it with how the scenario ended."""
        self.faults.append(Fault(fault, how, observed, times))
        return self.faults[-1]

    def note_node(self, node):
        self.nodes.append(node)
        with open(os.path.join(self.dir, "nodes"), "a", encoding="utf-8") as file:
            file.write(node.id + "\n")
        self.watches.append(node.docker.watch(node.id))

    def note_control(self, control):
        self.controls.append(control)

    # -- waiting ------------------------------------------------------------------------------------------------------

    def until(self, predicate, seconds, what, detail=None):
        """The first true answer of `predicate`, asked again whenever Docker tells something of our containers, and at
        least every POLL_S. Fails, naming `what` and showing `detail()`, when time is up."""
        deadline = time.monotonic() + seconds
        while True:
            answer = predicate()
            if answer:
                return answer
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                seen = f"; instead: {detail()}" if detail else ""
                raise AssertionError(f"not within {seconds} s: {what}{seen}")
            http.wait_for_any(self.watches, min(POLL_S, left_s))

    def stays(self, predicate, seconds, what, detail=None):
        """That `predicate` holds all the time; the proof that something does not happen has no event to wait for."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            assert predicate(), f"{what} did not last{': ' + str(detail()) if detail else ''}"
            http.wait_for_any(self.watches, POLL_S)

    # -- the end ------------------------------------------------------------------------------------------------------

    def clear(self):
        """Ends and removes everything; returns what could not be removed, as sentences."""
        problems = []
        for owner in [*self.nodes, *self.controls]:
            if owner.process:
                owner.process.kill()  # also one that was stopped by SIGSTOP
                owner.process.wait(20)
        for disk in self.disks:
            disk.clear()
        for watch in self.watches:
            watch.close()
        for daemon in self.own_daemons:
            daemon.down()
        for container in self.foreign:
            self.docker.remove(container)
        for one in self.registries:
            one.close()
        for node in self.nodes:
            if node.docker is not self.docker:
                continue
            self.docker.clean(node.id)
            problems += [f"{left} of {node.id} is left in Docker" for left in self.docker.leftovers(node.id)]
        for reference in self.references:
            self.docker.call("DELETE", f"/images/{reference}?force=1")
        return problems


class OwnDocker(Docker):
    def __init__(self, rig, directory, live_restore, prefix):
        super().__init__(os.path.join(directory, "docker.sock"), "")
        self.flags = ["--live-restore"] if live_restore else []
        self.prefix = prefix
        self.rig = rig
        self.dir = directory

    def tool(self, *arguments):
        done = subprocess.run([*self.prefix, DOCKER_TOOL, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=90)
        assert done.returncode == 0, f"tests/support/docker {' '.join(arguments)}: {done.stdout}"

    def up(self):
        self.tool("up", self.dir, *self.flags)

    def load_image(self, name):
        self.image = name
        self.tool("image", self.socket, name)

    def stop_daemon(self):
        """The daemon only, as an administrator would."""
        self.tool("stop", self.dir)

    def down(self):
        self.tool("down", self.dir)
