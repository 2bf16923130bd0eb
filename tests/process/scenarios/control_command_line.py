"""aura-control send --wait ends with the outcome's exit code and its evidence; node, nodes and events show the
same facts."""
import json

from lib import check


def run(rig):
    control, node = rig.enrolled()
    node.declare(command="trap 'exit 3' TERM; while :; do sleep 60 & wait $!; done")
    node.start()
    node.until_running()
    stopped = control.cli("send", node.id, "stop", "web", "--reason", "test", "--wait")
    check.equal(stopped.returncode, 0, f"send stop --wait: {stopped.stderr}")
    check.contains(stopped.stdout, "exit 3", "the evidence")
    check.equal(control.cli("send", node.id, "start", "workload:web", "--wait").returncode, 0, "send start --wait")
    node.until_running()
    check.equal(control.cli("send", node.id, "start", "workload:nobody", "--wait").returncode, 3, "a refused one")
    bad = control.cli("send", node.id, "suspend", "--wait")
    check.equal(bad.returncode, 3, "a suspend without a reason")
    check.contains(bad.stderr, "reason", "what it says")
    check.equal(control.cli("send", node.id, "explode").returncode in (3, 64), True, "an unknown verb")
    check.contains(control.cli("node", node.id).stdout, "web", "node")
    shown = json.loads(control.cli("nodes", "--json").stdout)["nodes"]
    check.equal([(one["node_id"], one["heard"]) for one in shown], [(node.id, "ok")], "nodes --json")
    check.contains(control.cli("events", "--node", node.id, "-n", "100").stdout, "workload_started", "events")
    check.equal(control.cli("node", "nobody").returncode != 0, True, "node of an unknown one")
