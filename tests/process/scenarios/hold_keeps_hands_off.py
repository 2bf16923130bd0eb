"""A held workload is left as people leave it, is shown as held, and is supervised again when the hold ends by
itself."""
from lib import check


def run(rig):
    node = rig.node()
    node.declare("web")
    node.declare("other")
    node.start()
    before, other = node.until_running(), node.until_running("other")
    check.equal(node.outcome("hold", "workload:web", args={"for_s": 8}, reason="repair")["kind"], "succeeded", "hold")
    rig.docker.stop(before["Id"], 0)
    rig.docker.kill_main_process(other["Id"])
    node.until_event("workload_started", "other", count=2)
    check.equal(node.state(), "held", "the state")
    check.equal(node.container()["State"]["Running"], False, "the held one is left alone")
    node.until_event("hold_ended", "web")
    check.other_run(before, node.until_running())
    check.equal(node.cli("hold", "--for", "1h").returncode, 0, "hold of the node")
    check.equal(node.status()["state"], "held", "the node's state")
    check.is_true(3_500 < node.status()["held_for_s"] <= 3_600, "how long", node.status())
    node.restart()
    check.equal(node.status()["state"], "held", "after a restart of the agent")
    check.equal(node.cli("release").returncode, 0, "release")
    rig.until(lambda: node.status()["state"] == "running", 20, "supervised again", node.status)
