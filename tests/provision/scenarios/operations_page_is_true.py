"""Every command of "A customer's life" in docs/operations.md, in its order: installed, upgraded, a secret rotated, suspended, backed
up, restored, moved to another VM with its data, decommissioned."""
import json
import os
import shutil
import subprocess

from lib import check
from lib.node import read, write
from lib.rig import TREE
from provision_lib import usual

ABOUT_S = 150
DEADLINE_S = 420
COMMAND_S = 240
PAGE = os.path.join(TREE, "docs", "operations.md")
SECTION = "## A customer's life\n"


def commands():
    """What the section shows as commands, one a line."""
    section = read(PAGE).partition(SECTION)[2].partition("\n## ")[0]
    found = [line.strip() for line in section.splitlines() if line.startswith("    ")]
    assert len(found) > 15, f"{PAGE} shows {len(found)} commands under {SECTION!r}"
    return found


def run(rig):
    control = rig.start_tailnet()
    story = Story(rig, control)
    for command in commands():
        before = BEFORE.get(command)
        if before:
            before(story)
        said = story.do(command)
        after = AFTER.get(command)
        if after:
            after(story, said)
    unknown = (set(BEFORE) | set(AFTER)) - set(commands())
    check.equal(unknown, set(), "commands that this scenario looks at and the page no longer has")


class Story:
    def __init__(self, rig, control):
        self.rig = rig
        self.control = control
        self.hosts = {name: rig.fresh(name, release) for name, release in (("vm-17", "bookworm"), ("vm-18", "trixie"))}
        self.operator = rig.operator(*self.hosts.values())
        self.web = None
        usual.in_tailnet(rig, control, self.operator)
        for variables in self.operator.hosts.values():
            variables.pop("aura_node_enroll_code")
        self.operator.set(aura_node_package=rig.package(), aura_node_credentials={"greeting": "hello"}, aura_node_workloads={
            "web": usual.workload(rig, mounts=[{"source": "/srv/web", "target": "/data"}],
                                  secret_files={"greeting": {"credential": "greeting", "on_change": "restart"}})})
        for host in self.hosts.values():
            host.machine.shell("mkdir -p /srv/web")
        self.programs()

    @property
    def old(self):
        return self.hosts["vm-17"]

    @property
    def new(self):
        return self.hosts["vm-18"]

    def programs(self):
        """ssh and aura-control as the operator has them: with keys and names in a configuration, with a token."""
        operator = self.operator
        names = "".join(f"Host {name}\n  HostName {host.machine.address}\n" for name, host in self.hosts.items())
        write(operator.path("ssh_config"), f"{names}Host *\n  IdentityFile {operator.path('key')}\n"
                                           f"  UserKnownHostsFile {operator.path('known_hosts')}\n")
        inside = " ".join(self.control.member.prefix)
        tool = self.rig.binary("aura-control")
        token = os.path.join(self.control.dir, "operator-token")
        os.makedirs(operator.path("bin"))
        write(operator.path("bin", "ssh"), f'#!/bin/sh\nexec {shutil.which("ssh")} -F {operator.path("ssh_config")} "$@"\n', 0o755)
        write(operator.path("bin", "aura-control"), f'#!/bin/sh\nexec {inside} env AURA_CONTROL_URL=http://127.0.0.1:{self.control.port} '
                                                    f'{tool} "$@" --token-file {token}\n', 0o755)

    def do(self, command):
        self.operator.write_inventory()
        shutil.copy(self.operator.path("inventory.json"), self.operator.path("inventory.yml"))
        environment = self.operator.environment()
        environment["PATH"] = f"{self.operator.path('bin')}:{environment['PATH']}"
        done = subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=self.operator.dir, env=environment, capture_output=True,
                              text=True, stdin=subprocess.DEVNULL, timeout=COMMAND_S, check=False)
        assert done.returncode == 0, f"{command}\nended with {done.returncode}: {done.stdout[-4000:]}{done.stderr[-2000:]}"
        return done.stdout

    def inside(self, script):
        return self.old.in_container("mount", "sh", "-c", script).stdout.strip()


def code_for(name):
    def take(story, said):
        lines = said.split()
        story.operator.hosts[name]["aura_node_enroll_code"] = next(word for word in lines if len(word) >= 32)
    return take


def installed(story, said):
    check.contains(said, "running", "aura-control node")
    story.old.until_running()
    check.equal(story.inside("cat /run/secrets/greeting; echo kept >/data/file"), "hello", "the secret")


def bring_new_version(story):
    story.later, package = story.rig.later_version(1)
    shutil.copy(package, story.operator.path("aura-node_NEW.deb"))
    story.web = story.old.container()


def upgraded(story, _said):
    check.equal(story.old.status()["agent_version"], story.later, "the agent's version")
    check.same_run(story.web, story.old.container())


def change_secret(story):
    story.operator.set(aura_node_credentials={"greeting": "good day"})


def rotated(story, _said):
    story.rig.until(lambda: story.inside("cat /run/secrets/greeting") == "good day", 60, "the new secret is in the container")


def suspended(story, _said):
    check.equal(story.old.status()["state"], "suspended", "the node")


def resumed(story, _said):
    story.old.until_running()


def spoil(story):
    story.old.until_running()
    story.inside("echo spoilt >/data/file; echo more >/data/other")


def started(story, _said):
    """After the backup, and after what was put back."""
    story.old.until_running()
    check.equal(story.inside("cat /data/*"), "kept", "the data")


def moved(story, _said):
    story.new.until_running()
    check.equal(story.new.machine.read("/srv/web/file"), "kept\n", "the data on the new VM")
    check.equal(story.old.state("web"), "stopped", "the workload on the old VM")


def gone(story, _said):
    node = story.control.node("vm-17")
    check.equal(node["state"], "decommissioned", json.dumps(node)[:300])
    check.is_true(story.old.machine.exists("/srv/web/file"), "the data stays on the machine")


def line(begin):
    found = [one for one in commands() if one.startswith(begin)]
    assert found, f"{PAGE} has no command {begin}"
    return found[0]


PLAYBOOK = "ansible-playbook -i inventory.yml aura.node."
BEFORE = {line(PLAYBOOK + "upgrade"): bring_new_version,
          line(PLAYBOOK + "site --limit vm-17 --tags"): change_secret,
          line("ssh root@vm-17 aura-node stop web --reason restore"): spoil}
AFTER = {"aura-control enroll vm-17": code_for("vm-17"), "aura-control enroll vm-18": code_for("vm-18"),
         "aura-control node vm-17": installed,
         line(PLAYBOOK + "upgrade"): upgraded,
         line(PLAYBOOK + "site --limit vm-17 --tags"): rotated,
         line("aura-control send vm-17 suspend"): suspended,
         line("aura-control send vm-17 resume"): resumed,
         "ssh root@vm-17 aura-node start web": started,
         line(PLAYBOOK + "site --limit vm-18"): moved,
         line(PLAYBOOK + "decommission"): gone}
