"""Other users of the machine as callers of a node's socket."""
import json
import secrets
import subprocess

from lib.node import read, write

OPERATORS_GID = 64_999

def with_operators_group(node):
    """The daemon sees a group file with the group aura-node in it, whatever the machine's has."""
    lines = [line for line in read("/etc/group").splitlines() if not line.startswith("aura-node:")]
    write(node.path("group"), "\n".join([*lines, f"aura-node:x:{OPERATORS_GID}:", ""]))
    script = 'mount --bind "$0" /etc/group && exec "$@"'
    node.wrapper = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, node.path("group")]


class Caller:
    """`identity` is what setpriv(1) takes."""

    def __init__(self, node, *identity):
        self.node = node
        self.identity = identity

    def call(self, method, target, body=None):
        """Status and body: a value where it is JSON, else text."""
        line = ["setpriv", *self.identity, "curl", "-sS", "--max-time", "40", "--unix-socket", self.node.socket,
                "-X", method, "-w", "\n%{http_code}", "http://localhost" + target]
        if body:
            line += ["-H", "Content-Type: application/json", "-d", json.dumps(body)]
        done = subprocess.run(line, capture_output=True, text=True, timeout=60, cwd="/", stdin=subprocess.DEVNULL)
        assert done.returncode == 0, f"the caller failed: {done.stderr}"
        text, _, status = done.stdout.rpartition("\n")
        return int(status), json.loads(text) if text[:1] in ("{", "[") else text

    def get(self, target):
        return self.call("GET", target)

    def send(self, verb, target):
        body = {"id": "p-" + secrets.token_hex(8), "verb": verb, "target": target}
        if verb == "hold":
            body["args"] = {"for_s": 60}
        return self.call("POST", "/v1/commands?wait_s=20", body)
