"""SIGTERM ends the agent at once with 0 and leaves its containers running; a start adopts them without a bounce."""
import time

from lib import check


def run(rig):
    node = rig.node()
    node.declare()
    node.start()
    before = node.until_running()
    began = time.monotonic()
    check.equal(node.stop(), 0, "the exit code")
    check.is_true(time.monotonic() - began < 5, "how long it took")
    rig.stays(lambda: node.container()["State"]["Running"], 1, "running without the agent")
    gone = node.cli("status")
    check.equal(gone.returncode, 2, "status while the agent is down")
    check.is_true(gone.stderr.strip() and gone.stderr.count("\n") <= 1, "one sentence", gone.stderr)
    node.start()
    check.same_run(before, node.until_running())
    rig.docker.kill_main_process(before["Id"])
    node.until_event("workload_started", "web", count=2)
