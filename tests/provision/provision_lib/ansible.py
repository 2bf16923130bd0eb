"""The operator's machine: the collection, an inventory, an SSH key; and what a run of a playbook came to."""
import json
import os
import re
import subprocess
import time

from lib.node import write
from lib.rig import TREE

PROGRAMS_TOOL = os.path.join(TREE, "tests", "support", "ansible-programs")
COLLECTION = os.path.join(TREE, "ansible")
PLAY_S = 300
RECAP = re.compile(r"^(\S+)\s+:\s+((?:\w+=\d+\s*)+)$", re.MULTILINE)

SETTINGS = """\
[defaults]
inventory = {dir}/inventory.json
collections_path = {dir}/collections
local_tmp = {dir}/tmp
interpreter_python = /usr/bin/python3
retry_files_enabled = false
nocows = true
forks = 5
callback_result_format = yaml
[privilege_escalation]
become = false
[ssh_connection]
pipelining = true
ssh_args = -F none -i {dir}/key -o UserKnownHostsFile={dir}/known_hosts -o ControlMaster=auto -o ControlPersist=60s -o ConnectTimeout=5 -o ServerAliveInterval=5 -o ServerAliveCountMax=3
control_path_dir = {dir}/c
control_path = %(directory)s/%%h
"""


def programs():
    """The folder with Ansible's programs; the first call on a machine installs them."""
    done = subprocess.run([PROGRAMS_TOOL], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip()


class Controller:
    def __init__(self, rig, directory="op", installed=False):
        """`installed`: the collection is put there by install(), instead of being this tree's."""
        self.rig = rig
        self.dir = os.path.join(rig.dir, directory)
        self.programs = programs()
        self.hosts = {}
        self.variables = {"host_connection_timeout_s": 60, "aura_node_wait_timeout_s": 90}
        self.runs = 0
        space = self.path("collections", "ansible_collections", "aura")
        os.makedirs(space if not installed else self.path("collections"))
        if not installed:
            os.symlink(COLLECTION, os.path.join(space, "node"))
        write(self.path("ansible.cfg"), SETTINGS.format(dir=self.dir))
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "operator", "-f", self.path("key")], check=True,
                       timeout=30, stdin=subprocess.DEVNULL)
        write(self.path("known_hosts"), "")

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    # -- the inventory ------------------------------------------------------------------------------------------------

    def manage(self, host, **variables):
        """From now on it is in the inventory, in the group aura_nodes, with these variables."""
        with open(self.path("key.pub"), encoding="utf-8") as file:
            line = host.accept_ssh(file.read())
        with open(self.path("known_hosts"), "a", encoding="utf-8") as file:
            file.write(line)
        self.hosts[host.name] = {"ansible_host": host.machine.address, "ansible_user": "root", **variables}
        return self

    def set(self, **variables):
        """Of the whole group."""
        self.variables.update(variables)

    def write_inventory(self):
        write(self.path("inventory.json"), json.dumps({"aura_nodes": {"hosts": self.hosts, "vars": self.variables}}, indent=1), 0o600)

    # -- running ------------------------------------------------------------------------------------------------------

    def environment(self):
        kept = {key: value for key, value in os.environ.items() if not key.startswith("ANSIBLE_")}
        return {**kept, "ANSIBLE_CONFIG": self.path("ansible.cfg"), "ANSIBLE_NOCOLOR": "1", "ANSIBLE_HOME": self.path("home"),
                "PATH": f"{self.programs}:{kept['PATH']}", "LC_ALL": "C.UTF-8"}

    def program(self, name, *arguments, check=True, seconds=PLAY_S):
        done = subprocess.run([os.path.join(self.programs, name), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=seconds, cwd=self.dir, env=self.environment(), check=False)
        assert done.returncode == 0 or not check, f"{name} {' '.join(arguments)} ended with {done.returncode}: {done.stdout[-3000:]}"
        return done

    def begin(self, playbook, *arguments):
        """A run of a playbook of the collection, by its name; to be ended by Run.end()."""
        self.write_inventory()
        self.runs += 1
        return Run(self, playbook if "/" in playbook else f"aura.node.{playbook}", arguments)

    def play(self, playbook, *arguments, check=True, seconds=PLAY_S):
        return self.begin(playbook, *arguments).end(check, seconds)


class Run:
    def __init__(self, controller, playbook, arguments):
        self.log_path = os.path.join(controller.rig.log_dir, f"ansible-{controller.runs:02}-{playbook.rpartition('.')[2]}.log")
        self.began_s = time.monotonic()
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [os.path.join(controller.programs, "ansible-playbook"), playbook, *arguments], stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT, cwd=controller.dir, env=controller.environment())
        self.code = None
        self.seconds = None

    @property
    def text(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    @property
    def words(self):
        """The text without line breaks and doubled quotes, for sentences that YAML wrapped."""
        return " ".join(self.text.split()).replace("''", "'")

    def end(self, check=True, seconds=PLAY_S):
        try:
            self.code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.terminate()
            self.process.wait(20)
            raise AssertionError(f"the playbook did not end within {seconds} s: {self.text[-3000:]}") from None
        self.seconds = time.monotonic() - self.began_s
        assert self.code == 0 or not check, f"the playbook ended with {self.code}: {self.text[-5000:]}"
        return self

    def recap(self, host):
        """The numbers of a host by their words; {} where it had no part."""
        for name, numbers in RECAP.findall(self.text.rpartition("PLAY RECAP")[2]):
            if name == host:
                return {word: int(number) for word, number in (one.split("=") for one in numbers.split())}
        return {}

    def changed(self, host):
        return self.recap(host)["changed"]

    def changes(self):
        """The lines of tasks that changed something, each with its task."""
        task, found = "", []
        for line in self.text.splitlines():
            if line.startswith(("TASK [", "RUNNING HANDLER [")):
                task = line.strip(" *")
            if line.startswith("changed: ["):
                found.append(f"{task}: {line}")
        return found
