"""A real tailnet of a scenario's own: headscale and derper in a network namespace, and one more for each machine."""
import json
import os
import secrets
import shutil
import signal
import sqlite3
import subprocess
import time

from lib import netns
from lib.errors import Skip
from lib.node import read, write
from tailnet_lib.member import Member

TREE = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
PROGRAMS_TOOL = os.path.join(TREE, "tests", "support", "tailnet-programs")
NET = "10.99.0"          # of the bridge; nobody else sees it
ADDRESS = NET + ".1"     # where headscale and derper are
CONTROL_PORT = 18080
START_S = 30
END_S = 10
DOMAIN = "tn.test"

HEADSCALE = """\
server_url: http://{address}:{port}
listen_addr: {address}:{port}
metrics_listen_addr: 127.0.0.1:19090
grpc_listen_addr: 127.0.0.1:15443
grpc_allow_insecure: true
noise: {{private_key_path: {dir}/noise.key}}
prefixes: {{v4: 100.64.0.0/10, v6: "fd7a:115c:a1e0::/48", allocation: sequential}}
derp: {{server: {{enabled: false}}, urls: [], paths: [{dir}/derp.yaml], auto_update_enabled: false}}
disable_check_updates: true
node: {{ephemeral: {{inactivity_timeout: 70s}}}}
database: {{type: sqlite, sqlite: {{path: {dir}/db.sqlite}}}}
dns: {{magic_dns: true, base_domain: {domain}, override_local_dns: false}}
policy: {{mode: database}}
unix_socket: {dir}/s.sock
logtail: {{enabled: false}}
tuning: {{batch_change_delay: 50ms}}
"""
DERP = """\
regions: {{900: {{regionid: 900, regioncode: test, regionname: Test, nodes: [{{
  name: 900a, regionid: 900, hostname: {address}, ipv4: {address},
  stunport: 13478, derpport: 13340, insecurefortests: true}}]}}}}
"""


def programs():
    """The folder with the built programs; the first call on a machine builds them."""
    done = subprocess.run([PROGRAMS_TOOL], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip()


class Tailnet:
    """Everything stands in `directory`; what the programs write in `log_dir`. Its machines are `Member`s. The names of its
    network namespaces are kept in the file `namespaces`, for whoever clears away after a scenario that was killed."""

    def __init__(self, directory, log_dir, namespaces):
        self.programs = programs()
        self.dir = directory
        self.log_dir = log_dir
        self.id = "aura-tn-" + secrets.token_hex(4)
        self.hub = self.id + "-hub"
        self.members = {}
        self.neighbours = 0
        self.processes = []  # of the hub
        self.headscale = None
        self.namespaces = []
        self.namespaces_path = namespaces
        os.makedirs(self.path())

    @property
    def login_server(self):
        return f"http://{ADDRESS}:{CONTROL_PORT}"

    def path(self, *parts):
        return os.path.join(self.dir, "hub", *parts)

    # -- the hub ------------------------------------------------------------------------------------------------------

    def start(self, policy=None):
        try:
            with open("/dev/net/tun", "rb"):
                pass
        except OSError as error:
            raise Skip(f"a tailscale0 needs /dev/net/tun, which cannot be opened: {error}") from error
        self.make_namespace(self.hub)
        netns.ip("-n", self.hub, "link", "add", "bridge", "type", "bridge")
        netns.ip("-n", self.hub, "addr", "add", ADDRESS + "/24", "dev", "bridge")
        netns.ip("-n", self.hub, "link", "set", "bridge", "up")
        facts = {"address": ADDRESS, "port": CONTROL_PORT, "dir": self.path(), "domain": DOMAIN}
        write(self.path("derp.yaml"), DERP.format(**facts))
        write(self.path("config.yaml"), HEADSCALE.format(**facts))
        self.spawn(self.hub, "derper", [
            "derper", "-a", f"{ADDRESS}:13340", "-http-port", "-1", "-c", self.path("derp.key"), "-certdir", self.path(),
            "-hostname", ADDRESS, "-stun=true", "-stun-port", "13478", "-verify-clients=false"])
        self.start_headscale()
        self.policy(policy or {})
        return self

    def start_headscale(self):
        self.headscale = self.spawn(self.hub, "headscale", ["headscale", "-c", self.path("config.yaml"), "serve"])
        self.until(self.headscale_answers, START_S, "headscale answers")

    def headscale_answers(self):
        log = os.path.join(self.log_dir, "headscale.log")
        assert self.headscale.poll() is None, f"headscale ended: {read(log)[-1500:]}"
        try:
            with netns.connect(self.hub, ADDRESS, CONTROL_PORT, 2):
                return os.path.exists(self.path("s.sock"))
        except OSError:
            return False

    def stop_headscale(self):
        self.end(self.headscale)

    def spawn(self, namespace, name, command, environment=None):
        """A program of the tailnet's in a namespace; its log is NAME.log."""
        with open(os.path.join(self.log_dir, name + ".log"), "ab") as log:
            process = subprocess.Popen(
                [*netns.prefix(namespace), os.path.join(self.programs, command[0]), *command[1:]], cwd=self.dir,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, **(environment or {})})
        self.processes.append(process)
        return process

    def end(self, process, number=signal.SIGTERM):
        if process.poll() is None:
            process.send_signal(number)
            try:
                process.wait(END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(END_S)
        self.processes.remove(process)

    # -- what its administrator does ----------------------------------------------------------------------------------

    def admin(self, *arguments):
        """headscale ARGUMENTS; what it answered as JSON."""
        return json.loads(self.tell(*arguments, "-o", "json") or "null")

    def tell(self, *arguments):
        command = [os.path.join(self.programs, "headscale"), "-c", self.path("config.yaml"), *arguments]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=START_S,
                              cwd=self.dir, check=False)
        assert done.returncode == 0, f"headscale {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def policy(self, policy):
        """The whole policy, a dict; in force with the nodes a moment after."""
        write(self.path("policy.json"), json.dumps(policy))
        self.tell("policy", "set", "-f", self.path("policy.json"))

    def key(self, tags=(), user=None):
        """An auth key for any number of machines, by tags or by the name of a user."""
        owner = ["--tags", ",".join(tags)] if tags else ["-u", str(self.user(user))]
        return self.admin("preauthkeys", "create", "--reusable", "-e", "1h", *owner)["key"]

    def user(self, name):
        """Its number; it is made where there is none."""
        found = [one["id"] for one in self.admin("users", "list") or [] if one["name"] == name]
        return found[0] if found else self.admin("users", "create", name)["id"]

    def record(self, name):
        """What headscale knows of a machine, by the name that it joined with or was given since."""
        found = [one for one in self.admin("nodes", "list") if name in (one["name"], one.get("given_name"))]
        assert len(found) == 1, f"{len(found)} machines are called {name}"
        return found[0]

    def number(self, name):
        return str(self.record(name)["id"])

    def rename_node(self, name, new):
        self.tell("nodes", "rename", "-i", self.number(name), new)

    def expire_node(self, name, when=None):
        """Its key ends now, or at that RFC 3339 time."""
        self.tell("nodes", "expire", "-i", self.number(name), *(["-e", when] if when else []))

    def tag_node(self, name, *tags):
        self.tell("nodes", "tag", "-i", self.number(name), "-t", ",".join(tags))

    def delete_node(self, name):
        self.tell("nodes", "delete", "-i", self.number(name), "--force")

    def change_address(self, name, ip4):
        """Where the operator gives it another one. headscale has no word for it: its database is told while it is down."""
        number = self.number(name)
        self.stop_headscale()
        with sqlite3.connect(self.path("db.sqlite")) as database:
            database.execute("UPDATE nodes SET ipv4 = ? WHERE id = ?", (ip4, number))
        database.close()
        self.start_headscale()

    # -- machines -----------------------------------------------------------------------------------------------------

    def add(self, *members):
        """Members made by machine() join, all at the same time; they can reach each other when this returns."""
        for member in members:
            member.begin_to_join()
        for member in members:
            member.until_joined()
        for member in members:
            self.until(member.knows_the_way, START_S, f"{member.name} knows how to reach the others", member.status)

    def machine(self, name, tags=(), user=None, userspace=False):
        """One that has not joined yet, in a namespace of its own."""
        member = Member(self, name, tags, user, userspace)
        self.members[name] = member
        return member

    def add_node(self, name, tags=(), user=None, userspace=False):
        member = self.machine(name, tags, user, userspace)
        self.add(member)
        return member

    def make_namespace(self, name):
        with open(self.namespaces_path, "a", encoding="utf-8") as file:
            file.write(name + "\n")
        netns.ip("netns", "add", name)
        self.namespaces.append(name)
        netns.ip("-n", name, "link", "set", "lo", "up")

    def attach(self, name):
        """A namespace with an address on the bridge, a neighbour of all machines: (namespace, address)."""
        self.neighbours += 1
        namespace, address = f"{self.id}-{name}", f"{NET}.{self.neighbours + 1}"
        self.make_namespace(namespace)
        other = f"v{self.neighbours}"
        netns.ip("-n", namespace, "link", "add", "eth0", "type", "veth", "peer", "name", other, "netns", self.hub)
        netns.ip("-n", self.hub, "link", "set", other, "master", "bridge", "up")
        netns.ip("-n", namespace, "addr", "add", address + "/24", "dev", "eth0")
        netns.ip("-n", namespace, "link", "set", "eth0", "up")
        netns.ip("-n", namespace, "route", "add", "default", "via", ADDRESS)
        return namespace, address

    # -- waiting and the end ------------------------------------------------------------------------------------------

    def until(self, predicate, seconds, what, detail=None):
        """As Rig.until, for what no event tells."""
        deadline = time.monotonic() + seconds
        while True:
            answer = predicate()
            if answer:
                return answer
            seen = f"; instead: {detail()}" if detail else ""
            assert time.monotonic() < deadline, f"not within {seconds} s: {what}{seen}"
            time.sleep(0.05)

    def clear(self):
        """Ends and removes everything; returns what could not be removed, as sentences."""
        for process in self.processes:
            process.send_signal(signal.SIGCONT)
            process.terminate()
        for process in list(self.processes):
            self.end(process, signal.SIGTERM)
        for namespace in self.namespaces:
            netns.ip("netns", "del", namespace, check=False)
        shutil.rmtree(self.dir, ignore_errors=True)
        return [f"namespace {one} is left" for one in netns.names() if one in self.namespaces]
