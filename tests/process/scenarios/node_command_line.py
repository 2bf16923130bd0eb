"""aura-node's exit codes are those of the outcome: 0, 1, 2 without an agent, 3 refused, 4 overtaken, 64 usage."""
import json
import subprocess

from lib import check
from lib.node import IGNORES_TERM


def run(rig):
    node = rig.node()
    node.declare(command=IGNORES_TERM)
    check.equal(node.cli("stop").returncode, 2, "stop without an agent")
    node.start()
    node.until_running()
    shown = node.cli("status")
    check.equal(shown.returncode, 0, f"status: {shown.stderr}")
    check.contains(shown.stdout.splitlines()[0], "running", "the verdict stands first")
    check.equal(json.loads(node.cli("status", "--json").stdout)["node_id"], node.id, "status --json")
    check.contains(shown.stdout, "Tailnet        not used", "no listener on TCP, no way through the tailnet")
    slow = subprocess.Popen([rig.binary("aura-node"), "stop", "web", "--grace", "600"], env=node.environment(),
                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    rig.until(lambda: node.state() == "stopping", 20, "a slow stop has begun", node.workload)
    check.equal(node.cli("cancel", node.status()["commands"][0]["id"]).returncode, 0, "cancel")
    check.equal(slow.wait(20), 4, "the cancelled one")
    check.equal(node.cli("stop", "web", "--grace", "0").returncode, 0, "a stop with less time hastens the slow one")
    check.equal(node.cli("start", "nobody").returncode, 3, "an unknown workload")
    check.equal(node.cli("start", "web").returncode, 0, "start")
    check.equal(node.cli("restart", "web", "--grace", "0").returncode, 0, "restart")
    check.equal(node.cli("stop", "--grace").returncode, 64, "usage")
    check.equal(node.cli("explode").returncode, 64, "an unknown subcommand")
    check.equal(node.cli("version").returncode, 0, "version")
    check.contains(node.cli("config", *node.flags()).stdout, "agent.toml", "config tells origins")
    check.equal(node.cli("doctor", *node.flags()).returncode, 0, "doctor")
    for verb in ("status", "stop", "logs", "hold", "validate"):
        check.contains(node.cli(verb, "--help").stdout, "aura-node " + verb, f"{verb} --help shows an example")
