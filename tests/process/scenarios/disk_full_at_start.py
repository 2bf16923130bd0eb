"""An agent that starts on a full disk runs what is declared, refuses commands, and takes its ledger into use by itself
when there is space."""
from lib import check
from lib.disk import Tmpfs

ABOUT_S = 20


def run(rig):
    rig.fault("the agent starts on a full disk", "a real tmpfs without a free byte, no ledger on it yet",
              "degraded, workload runs, 507 no_space; well again by itself, same container")
    node = rig.node()
    disk = Tmpfs(rig, node.path("state"), size_mib=4)
    disk.fill()
    node.declare()
    node.start()
    before = node.until_running()
    check.equal(node.status()["state"], "degraded", "the node's state")
    check.equal(node.command("stop", "workload:web", wait_s=1).status, 507, "a command")
    rig.docker.kill_main_process(before["Id"])
    rig.until(lambda: node.container()["State"]["StartedAt"] != before["State"]["StartedAt"], 30, "it is restarted")
    after = node.until_running()
    disk.free()
    rig.until(lambda: well(node), 45, "the ledger is in use", node.log)
    check.same_run(after, node.until_running())
    check.equal(node.outcome("stop", "workload:web", args={"grace_s": 0})["kind"], "succeeded", "a command")
    node.restart()
    check.equal(node.workload()["intent"], "stopped", "what was decided is kept")


def well(node):
    try:
        return node.answers() and node.status()["state"] == "running"
    except OSError:
        return False  # between two lives of the daemon its socket is gone
