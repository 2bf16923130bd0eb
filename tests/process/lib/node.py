"""One aura-node with folders of its own."""
import json
import os
import secrets
import signal
import subprocess

from lib import http
from lib.node_api import NodeApi

START_S = 30
END_S = 20

# Commands for a workload's shell.
ENDS_ON_TERM = "trap 'exit 0' TERM; while :; do sleep 60 & wait $!; done"
IGNORES_TERM = "trap '' TERM; while :; do sleep 1; done"


class Node(NodeApi):
    """A node of a scenario. Its folders stand in `dir`; the daemon runs between start() and stop(), kill()."""

    def __init__(self, rig, name="node", docker=None, control=None, roots=()):
        self.rig = rig
        self.docker = docker or rig.docker
        self.id = f"p-{rig.name[:30].replace('_', '-')}-{name}-{secrets.token_hex(3)}"
        self.dir = os.path.join(rig.dir, name)
        self.log_path = os.path.join(rig.log_dir, f"{name}.log")
        for part in ("config", "workloads", "credentials", "srv"):
            os.makedirs(self.path(part), mode=0o755)
        self.process = None
        self.wrapper = []  # a command in front of the daemon's, such as unshare with its script
        self.settings = {"docker": {"socket": self.docker.socket}, "node": {"id": self.id}, "api": {"listen": "none"}}
        if control:
            self.use_control(control)
        self.write_policy(mount_roots=[self.path("srv"), *roots])
        rig.note_node(self)

    # -- files --------------------------------------------------------------------------------------------------------

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def use_control(self, control):
        self.settings["control"] = {"url": control.url, "auth": "token"}

    def give_code(self, code):
        """The enrolment code, as the unit's LoadCredential= would."""
        self.write_credential("enroll-code", code)

    def write_credential(self, name, value):
        write(self.path("credentials", name), value, 0o600)

    def write_policy(self, **keys):
        write(self.path("config", "policy.toml"), toml(keys))

    def write_settings(self):
        text = "".join(f"[{table}]\n{toml(keys)}" for table, keys in self.settings.items())
        write(self.path("config", "agent.toml"), text)

    def workload_path(self, name="web"):
        return self.path("workloads", name + ".toml")

    def declare(self, name="web", command="exec sleep 3600", tables="", path=None, **keys):
        """Writes a workload file; `command` runs in a shell. `tables` is TOML put behind the keys."""
        write(path or self.workload_path(name), workload_file(**{"image": self.docker.image, **keys}, command=command, tables=tables))

    def put_in_set(self, name="web", **options):
        """A workload file in the folder that is applied."""
        os.makedirs(self.path("set"), exist_ok=True)
        self.declare(name, path=self.path("set", name + ".toml"), **options)

    def take_out_of_set(self, name):
        os.remove(self.path("set", name + ".toml"))

    def apply(self, *flags, timeout_s=60):
        return self.cli("apply", self.path("set"), *flags, timeout_s=timeout_s)

    # -- the daemon ---------------------------------------------------------------------------------------------------

    def flags(self):
        return ["--config", self.path("config", "agent.toml"), "--state-dir", self.path("state"),
                "--runtime-dir", self.path("run"), "--workloads-dir", self.path("workloads"),
                "--credentials-dir", self.path("credentials")]

    def command_line(self):
        return [*self.wrapper, self.rig.binary("aura-node"), "daemon", *self.flags()]

    def environment(self):
        hidden = ("STATE_DIRECTORY", "RUNTIME_DIRECTORY", "CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET")
        kept = {key: value for key, value in os.environ.items() if key not in hidden}
        return {**kept, "AURA_NODE_SOCKET": self.socket}

    @property
    def socket(self):
        return self.path("run", "agent.sock")

    def start(self, wait=True):
        assert self.process is None, f"{self.id} runs already"
        self.write_settings()
        log = open(self.log_path, "ab")
        self.process = subprocess.Popen(self.command_line(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                        env=self.environment())
        log.close()
        if wait:
            self.rig.until(self.answers, START_S, f"{self.id} has looked at Docker for the first time")
        return self

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"{self.id} ended with {self.process.returncode}: {self.log()[-1500:]}")
        try:
            return self.api("GET", "/health/startup").status == 200
        except OSError:
            return False

    def stop(self):
        """SIGTERM; returns the exit code."""
        return self.end(signal.SIGTERM)

    def kill(self):
        return self.end(signal.SIGKILL)

    def end(self, number):
        process, self.process = self.process, None
        process.send_signal(number)
        return process.wait(END_S)

    def restart(self):
        self.stop()
        return self.start()

    def reload_by_signal(self):
        """SIGHUP, and until the agent says in its log that it has read everything anew; returns that line."""
        before = self.reload_lines()
        self.process.send_signal(signal.SIGHUP)
        self.rig.until(lambda: len(self.reload_lines()) > len(before), 20, "the reload is done")
        return self.reload_lines()[-1]

    def reload_lines(self):
        return [line for line in self.log().splitlines() if "reload: " in line]

    def log(self):
        return read(self.log_path)

    def connect(self):
        return http.UnixConnection(self.socket)

    def cli(self, *arguments, timeout_s=40, prefix=(), stdin=None):
        """aura-node ARGUMENTS against this node's socket: a CompletedProcess with text."""
        return subprocess.run([*prefix, self.rig.binary("aura-node"), *arguments], capture_output=True, text=True,
                              timeout=timeout_s, env=self.environment(), stdin=stdin or subprocess.DEVNULL)


def workload_file(image, command="exec sleep 3600", tables="", **keys):
    return toml({"image": image, "command": ["/bin/sh", "-c", command], **keys}) + tables


def write(path, text, mode=0o644):
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path + ".new", mode)
    os.rename(path + ".new", path)


def read(path):
    if not os.path.exists(path):
        return ""
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def toml(keys):
    """`key = value` lines; JSON's words for strings, numbers, flags and lists of them are TOML's too."""
    lines = []
    for key, value in keys.items():
        if isinstance(value, dict):
            inner = ", ".join(f"{json.dumps(name)} = {inline(one)}" for name, one in value.items())
            lines.append(f"{key} = {{ {inner} }}")
        else:
            lines.append(f"{key} = {inline(value)}")
    return "\n".join(lines) + "\n"


def inline(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(name)} = {inline(one)}" for name, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(inline(one) for one in value) + "]"
    return json.dumps(value)
