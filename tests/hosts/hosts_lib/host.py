"""A machine with the aura-node package: what is declared there, what its agent says."""
import os

from hosts_lib.door import Door
from hosts_lib.machine import Machine
from lib import http
from lib.node import toml, workload_file
from lib.node_api import NodeApi

ETC = "/etc/aura-node"
STATE = "/var/lib/aura-node"
UNIT = "aura-node.service"
READY_S = 30


class Host(NodeApi):
    def __init__(self, rig, name="host"):
        self.rig = rig
        self.machine = Machine(rig, rig.release, name)
        self.door = None
        self.settings = {}

    # -- the package --------------------------------------------------------------------------------------------------

    def install(self, package=None, check=True):
        """apt install, as an administrator does from a file; nothing is fetched. By default the package of this tree."""
        source = package or self.rig.package("aura-node")
        inside = "/root/" + os.path.basename(source)
        self.machine.put(source, inside, 0o644)
        return self.apt("install", "--allow-downgrades", "--reinstall", inside, check=check)

    def apt(self, *arguments, check=True):
        return self.machine.run("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y", "--no-install-recommends",
                                *arguments, check=check, seconds=120)

    def until_ready(self, seconds=READY_S):
        """Until the unit is active and its agent has looked at Docker."""
        def ready():
            unit = self.machine.unit(UNIT, "ActiveState", "Result", "NRestarts")
            assert unit["ActiveState"] != "failed", f"{UNIT} failed: {unit}: {self.log()[-8:]}"
            return unit["ActiveState"] == "active" and self.answers()
        self.rig.until(ready, seconds, f"{UNIT} is ready", lambda: self.log()[-8:])
        return self

    def answers(self):
        try:
            return self.api("GET", "/health/startup").status == 200
        except OSError:
            return False

    def log(self, *arguments):
        return self.machine.messages("-u", UNIT, *arguments)

    def main_pid(self):
        """As the host counts."""
        return int(self.machine.unit(UNIT, "MainPID")["MainPID"])

    # -- files --------------------------------------------------------------------------------------------------------

    def declare(self, name="web", **options):
        self.machine.write(f"{ETC}/workloads.d/{name}.toml", workload_file(self.machine.outer.image, **options))

    def set(self, table, **keys):
        """Settings in a fragment of agent.toml."""
        self.settings.setdefault(table, {}).update(keys)
        text = "".join(f"[{one}]\n{toml(values)}" for one, values in self.settings.items())
        self.machine.write(f"{ETC}/agent.toml.d/50-scenario.toml", text)

    def drop_in(self, unit, name, text):
        """For the unit, read by systemd at once."""
        self.machine.write(f"/etc/systemd/system/{unit}.d/{name}.conf", text)
        self.machine.run("systemctl", "daemon-reload")

    def credential(self, name, value):
        """A credential of the unit, from its next start on."""
        self.machine.write(f"{ETC}/credentials/{name}", value, 0o600)

    def encrypted_credential(self, name, value):
        """The same, readable on this host alone."""
        sealed = f"{ETC}/credentials.encrypted/{name}"
        self.machine.write(sealed, "", 0o600)
        self.machine.run("systemd-creds", "encrypt", "--with-key=host", f"--name=aura-node-encrypted_{name}", "-", sealed,
                         stdin=value)

    def report_to(self, control, node_id):
        """Settings and enrolment code for a control plane of this scenario; before the package is installed."""
        self.set("control", url=control.url, auth="token")
        self.set("node", id=node_id)
        self.credential("enroll-code", control.code_for(node_id))
        self.door = Door(self.machine, control.port).open()

    # -- power --------------------------------------------------------------------------------------------------------

    def boot(self):
        self.machine.boot()
        if self.door:
            self.door.open()
        return self

    def reboot(self, *command):
        self.machine.reboot(*command)
        if self.door:
            self.door.open()
        return self

    # -- the agent ----------------------------------------------------------------------------------------------------

    @property
    def docker(self):
        return self.machine.docker

    @property
    def id(self):
        return self.status()["node_id"]

    def connect(self):
        return http.UnixConnection(self.machine.path("/run/aura-node/agent.sock"))

    def cli(self, *arguments, user=None, seconds=60):
        return self.machine.run("aura-node", *arguments, check=False, user=user, seconds=seconds)
