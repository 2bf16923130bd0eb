"""Without a tailscaled that answers, status and doctor say which link is broken and what to do: nobody listens, the socket may not
be opened, it hangs, it is something else. Nothing is sent to any control plane."""
import os
import socket

from lib import check

STATE = {"absent": "systemctl start tailscaled", "denied": "mode 0755", "no_answer": "journalctl -u tailscaled"}


def run(rig):
    control = rig.control().start()
    node = rig.node()
    folder = node.path("tailscale")
    os.mkdir(folder, 0o755)
    path = os.path.join(folder, "tailscaled.sock")
    node.settings["tailscale"] = {"socket": path}
    node.settings["control"] = {"url": control.url, "auth": "tailnet"}
    node.settings["api"] = {"listen": "tailnet"}
    node.declare()
    node.start()
    rig.until(lambda: node.status()["tailnet_facts"]["state"] == "absent", 20, "status says that nobody listens")
    told(node, "absent")
    check.contains(node.status()["control"], "tailscaled is absent", "why the control plane is not reached")

    # Something listens there and never answers.
    with listener(path):
        rig.until(lambda: node.status()["tailnet_facts"]["state"] == "no_answer", 30, "status says that it hangs")
        told(node, "no_answer")
        # As another user than root, who opens every socket; without an agent doctor looks for itself.
        os.chmod(folder, 0o700)
        nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        for part in (rig.dir, node.dir):
            os.chmod(part, 0o755)
        shown = node.cli("doctor", "--config", node.path("config", "agent.toml"), "--socket", node.path("none"), prefix=nobody)
        line = next(one for one in shown.stdout.splitlines() if " tailnet " in one)
        check.contains(line, "denied", "what doctor says where the socket may not be opened")
        check.contains(shown.stdout, STATE["denied"], "what to do about it")
    check.equal(control.api("GET", "/v1/nodes").json["nodes"], [], "nodes that the control plane has heard of")


def told(node, state):
    check.contains(node.cli("status").stdout, state, "status shows the state")
    check.contains(node.cli("status").stdout, STATE[state], "status shows what to do")
    shown = node.cli("doctor", *node.flags())
    check.equal(shown.returncode, 1, "doctor's exit code")
    check.contains(shown.stdout, f"tailscaled is {state}", "doctor names the link")
    check.contains(shown.stdout, STATE[state], "doctor names the remedy")


def listener(path):
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.bind(path)
    made.listen(64)
    return made
