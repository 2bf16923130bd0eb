"""A changed file whose workload does not get healthy is taken back: the very container from before runs again, the node says
why, and an agent that is restarted leaves it at that; a mended file is taken."""
from lib import check

DEADLINE_S = 120
ABOUT_S = 30
GOOD = "touch /tmp/well; exec sleep 3600"
PROBE = """
[health.liveness]
exec = ["test", "-e", "/tmp/well"]
every_s = 1
timeout_s = 2
start_grace_s = 4
[stop]
grace_s = 1
"""


def run(rig):
    node = rig.node()
    node.declare(command=GOOD, tables=PROBE)
    node.start()
    node.until_running()
    rig.until(lambda: node.workload().get("health") == "healthy", 20, "it is healthy", node.workload)
    before = node.container()
    node.declare(command="exec sleep 3600", tables=PROBE)
    node.reload_by_signal()
    event = node.until_event("spec_refused", "web", seconds=40)
    check.contains(event["text"], "did not show itself healthy within 4 s", "why it was taken back")
    rig.until(lambda: node.until_running()["Id"] == before["Id"], 20, "the container from before runs", node.workload)
    rig.until(lambda: len(node.containers()) == 1, 20, "the other one is gone", lambda: [one["Name"] for one in node.containers()])
    report = node.status()
    check.equal(report["state"], "degraded", "the node's state")
    check.is_true(any("spec_refused: web runs as before" in reason for reason in report["reasons"]), "a reason", report["reasons"])

    run_before = node.until_running()
    node.restart()
    check.same_run(run_before, node.until_running())
    rig.stays(lambda: len(node.events("spec_refused")) == 1 and node.until_running()["Id"] == before["Id"], 6,
              "it is not tried again by itself", node.workload)

    node.declare(command=GOOD, tables=PROBE, env={"VERSION": "2"})
    node.reload_by_signal()
    node.until_event("spec_proven", "web", seconds=40)
    check.is_true(node.until_running()["Id"] != before["Id"], "the mended file is what runs")
    rig.until(lambda: node.status()["state"] == "running", 10, "the node is well", node.status)
