"""A locked node refuses every remote command but resume and says so; local ones go on; unlock lifts it."""
from lib import check
from lib.node import ENDS_ON_TERM


def run(rig):
    control, node = rig.enrolled()
    node.declare(command=ENDS_ON_TERM)
    node.start()
    before = node.until_running()
    check.equal(node.cli("lock", "--reason", "repair").returncode, 0, "lock")
    check.equal((node.status()["locked"], node.status()["state"]), (True, "locked"), "the status")
    refused = control.outcome(node.id, "stop", "workload:web")
    check.equal((refused["kind"], refused["code"]), ("refused", "locked"), "a remote stop")
    # The level is not taken either: wanted comes with every reply, and suspending is not lifting.
    refused = control.outcome(node.id, "suspend", reason="late")
    check.equal(refused["code"], "locked", "a remote suspend")
    rig.stays(lambda: node.container()["State"]["Running"], 2.5, "running under wanted = suspended")
    check.same_run(before, node.container())
    check.equal(node.outcome("restart", "workload:web")["kind"], "succeeded", "a local restart")
    node.restart()
    check.equal(node.status()["locked"], True, "after a restart of the agent")
    check.equal(control.outcome(node.id, "resume")["kind"], "succeeded", "a remote resume")
    check.equal(node.cli("unlock").returncode, 0, "unlock")
    check.equal(control.outcome(node.id, "restart", "workload:web")["kind"], "succeeded", "a remote restart")
