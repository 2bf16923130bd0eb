"""While the control plane is away workloads are supervised; afterwards every event arrives once, in order, without
gaps."""
from lib import check

ABOUT_S = 15


def run(rig):
    control, node = rig.enrolled()
    node.declare()
    node.start()
    node.until_running()
    rig.until(lambda: control.node(node.id).get("state") == "running", 20, "the first report",
              lambda: control.node(node.id))
    control.stop()
    before = node.until_running()
    rig.docker.kill_main_process(before["Id"])
    node.until_event("workload_started", "web", count=2)
    check.equal(node.outcome("stop", "workload:web", args={"grace_s": 0})["kind"], "succeeded", "a local stop")
    check.equal(node.outcome("start", "workload:web")["kind"], "succeeded", "a local start")
    check.contains(node.status()["control"], "away", "the status says so")
    check.equal(node.cli("status").returncode, 0, "status is as intended all the same")
    control.start()
    last = node.events()[-1]["seq"]
    rig.until(lambda: seqs(control, node)[-1:] >= [last], 60, "all events arrived", lambda: (seqs(control, node), last))
    check.no_gaps(seqs(control, node), "the numbers of the events")
    rig.until(lambda: "ok" in node.status()["control"], 20, "the node is heard again", node.status)


def seqs(control, node):
    return [record["event"]["seq"] for record in control.events(node.id, "node")]
